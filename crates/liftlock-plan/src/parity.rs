//! Two environments side by side: what the files say of them, and what runs there.

use indexmap::IndexMap;
use liftlock_check::Checked;
use liftlock_journal::Ledger;
use liftlock_model::Environment;
use liftlock_model::evaluate::{Facts, evaluate, value_text};
use liftlock_model::expr::Expr;
use liftlock_model::value::Value;
use serde::Serialize;

/// Two environments, line by line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Parity {
    pub left: String,
    pub right: String,
    pub rows: Vec<ParityRow>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ParityRow {
    pub kind: ParityKind,
    /// The setting, the attribute, or the pipeline.
    pub name: String,
    pub left: String,
    pub right: String,
    pub equal: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ParityKind {
    /// What an environment is, beside its settings.
    Attribute,
    Setting,
    /// What runs there now.
    Release,
}

/// Holds two environments against one another; `None` where the files do not declare both.
pub fn parity(checked: &Checked, left: &str, right: &str, ledger: &Ledger) -> Option<Parity> {
    let model = checked.model();
    let (one, other) = (model.environments.get(left)?, model.environments.get(right)?);
    // What nobody gives stands there as it is written.
    let mut inputs = IndexMap::new();
    for input in model.inputs.values() {
        let nothing = IndexMap::new();
        let facts = Facts::new(model, &nothing);
        let open = || Value::Text(format!("${{input.{}}}", input.name).into());
        let value = input.default.as_ref().map_or_else(open, |default| evaluate(default, facts));
        inputs.insert(input.name.clone(), value);
    }
    let facts = Facts::new(model, &inputs);
    let mut rows = Vec::new();
    let mut row = |kind, name: &str, left: String, right: String| {
        rows.push(ParityRow { kind, name: name.to_owned(), equal: left == right, left, right });
    };
    let requires = |environment: &Environment| {
        let names = environment.requires.iter().map(|(id, _)| model.environment(*id).name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    row(ParityKind::Attribute, "protected", one.protected.to_string(), other.protected.to_string());
    row(ParityKind::Attribute, "drill", one.drill.to_string(), other.drill.to_string());
    row(ParityKind::Attribute, "requires", requires(one), requires(other));
    for name in one.settings.keys().chain(other.settings.keys().filter(|name| !one.settings.contains_key(*name))) {
        let value = |setting: Option<&Expr>| setting.map(|expr| shown(&evaluate(expr, facts))).unwrap_or_default();
        row(ParityKind::Setting, name, value(one.settings.get(name)), value(other.settings.get(name)));
    }
    let pipelines = ledger.environments.iter().filter(|((_, name), _)| name == left || name == right);
    let pipelines: IndexMap<&str, ()> = pipelines.map(|((pipeline, _), _)| (pipeline.as_str(), ())).collect();
    for pipeline in pipelines.keys() {
        let release = |environment: &str| match ledger.current(pipeline, environment) {
            None => "no release".to_owned(),
            Some(it) => match &it.release.digest {
                None => it.release.version.clone(),
                Some(digest) => format!("{} ({})", it.release.version, digest.short()),
            },
        };
        row(ParityKind::Release, pipeline, release(left), release(right));
    }
    Some(Parity { left: left.to_owned(), right: right.to_owned(), rows })
}

fn shown(value: &Value) -> String {
    match value {
        Value::None => "none".to_owned(),
        Value::Range(from, to) => format!("{}..{}", shown(from), shown(to)),
        Value::List(items) => format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Value::Map(entries) => {
            let entries: Vec<String> =
                entries.iter().map(|(name, value)| format!("{name} = {}", shown(value))).collect();
            format!("{{{}}}", entries.join(", "))
        }
        value => value_text(value).to_string(),
    }
}
