//! Inputs from the command line, values files and the prompt.

use std::fs;
use std::path::Path;

use indexmap::IndexMap;
use liftlock_model::Model;
use liftlock_model::evaluate::parse_input;

use crate::cli::ReleaseArgs;
use crate::exit::Problem;
use crate::terminal;

/// The inputs that were given, as texts: `--set` goes before the values files, the last file before the first.
pub fn given(arguments: &ReleaseArgs) -> Result<IndexMap<String, String>, Problem> {
    let mut inputs = IndexMap::new();
    for path in &arguments.values {
        inputs.extend(read_values(path)?);
    }
    for pair in &arguments.set {
        let (name, value) = pair.split_once('=').ok_or_else(|| {
            Problem::usage(format!("`--set {pair}` has no `=`")).with_help("write `--set NAME=VALUE`")
        })?;
        inputs.insert(name.trim().to_owned(), value.to_owned());
    }
    Ok(inputs)
}

/// The inputs of an earlier plan, as if they were given once more: those that can be, and that there still are.
pub fn as_given(model: &Model, mut inputs: IndexMap<String, String>) -> IndexMap<String, String> {
    inputs.retain(|name, text| model.inputs.get(name).is_some_and(|input| parse_input(text, &input.ty).is_ok()));
    inputs
}

fn read_values(path: &Path) -> Result<IndexMap<String, String>, Problem> {
    let unreadable = |why: String| Problem::usage(format!("the values file `{}`: {why}", path.display()));
    let text = fs::read_to_string(path).map_err(|error| unreadable(terminal::reason(&error)))?;
    let table: toml::Table = toml::from_str(&text).map_err(|error| unreadable(error.message().to_owned()))?;
    table
        .into_iter()
        .map(|(name, value)| match value {
            toml::Value::String(text) => Ok((name, text)),
            toml::Value::Integer(number) => Ok((name, number.to_string())),
            toml::Value::Float(number) => Ok((name, number.to_string())),
            toml::Value::Boolean(value) => Ok((name, value.to_string())),
            _ => Err(unreadable(format!("`{name}` is no text, number, `true` or `false`"))),
        })
        .collect()
}

/// Asks for the inputs that are missing, where there is somebody to ask.
pub fn ask_missing(model: &Model, inputs: &mut IndexMap<String, String>) -> Result<(), Problem> {
    if !terminal::can_ask() {
        return Ok(());
    }
    for input in model.inputs.values() {
        let optional = matches!(input.ty, liftlock_model::Type::Optional(_));
        if optional || input.default.is_some() || inputs.contains_key(&input.name) {
            continue;
        }
        if let Some(docs) = &input.docs {
            terminal::say(&liftlock_report::plain(docs));
        }
        let answer = terminal::ask(&format!("{} ({}): ", input.name, input.ty))?;
        inputs.insert(input.name.clone(), answer);
    }
    Ok(())
}
