//! `liftlock.toml` at the root of a project: `[rules]` gives levels to rules and areas.

use std::fs;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

use liftlock_check::codes::BAD_PROJECT_FILE;
use liftlock_check::{Level, Levels, Origin};
use liftlock_diagnostics::{Finding, Sources, Span};
use liftlock_model::near;
use toml::de::{DeTable, DeValue};

use crate::exit::Problem;
use crate::levels;

pub const NAME: &str = "liftlock.toml";

/// The file, with what is wrong with it.
#[derive(Debug)]
pub struct ProjectFile {
    path: PathBuf,
    text: String,
    mistakes: Vec<Mistake>,
}

#[derive(Debug)]
struct Mistake {
    at: Range<usize>,
    message: String,
    help: String,
}

/// Reads the file in `root`, if there is one, and adds its levels.
pub fn read(root: &Path, levels: &mut Levels) -> Result<Option<ProjectFile>, Problem> {
    let here = std::env::current_dir().is_ok_and(|here| here == root);
    let path = if here { PathBuf::from(NAME) } else { root.join(NAME) };
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Problem::failed(format!("`{}` cannot be read: {error}", path.display()))),
    };
    let mistakes = understand(&text, levels);
    Ok(Some(ProjectFile { path, text, mistakes }))
}

impl ProjectFile {
    pub fn into_findings(self, sources: &mut Sources) -> Vec<Finding> {
        if self.mistakes.is_empty() {
            return Vec::new();
        }
        let source = sources.add(self.path, self.text);
        let finding = |mistake: Mistake| {
            let span = Span::new(source, mistake.at.start, mistake.at.end);
            Finding::error(BAD_PROJECT_FILE, mistake.message, span, "").with_help(mistake.help)
        };
        self.mistakes.into_iter().map(finding).collect()
    }
}

fn understand(text: &str, levels: &mut Levels) -> Vec<Mistake> {
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => {
            let message = error.message().lines().next().unwrap_or("this is no TOML").to_owned();
            let help =
                "the file is TOML: `[rules]`, then lines such as `\"names/allowance-unused\" = \"deny\"`".to_owned();
            return vec![Mistake { at: error.span().unwrap_or(0..0), message, help }];
        }
    };
    let mut mistakes = Vec::new();
    for (key, value) in table.get_ref() {
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("rules", DeValue::Table(rules)) => understand_rules(rules, levels, &mut mistakes),
            ("rules", _) => mistakes.push(Mistake {
                at: value.span(),
                message: "`rules` is a table".to_owned(),
                help: "write `[rules]`, and below it a line for each rule".to_owned(),
            }),
            (name, _) => mistakes.push(Mistake {
                at: key.span(),
                message: format!("`{NAME}` has no `{name}`"),
                help: near::help(name, ["rules"], "key"),
            }),
        }
    }
    mistakes.sort_by_key(|mistake| mistake.at.start);
    mistakes
}

fn understand_rules(rules: &DeTable<'_>, levels: &mut Levels, mistakes: &mut Vec<Mistake>) {
    for (key, value) in rules {
        let name = key.get_ref().as_ref();
        let level = match value.get_ref().as_str() {
            Some("deny") => Level::Deny,
            Some("warn") => Level::Warn,
            Some("allow") => Level::Allow,
            _ => {
                mistakes.push(Mistake {
                    at: value.span(),
                    message: format!("this is no level for `{name}`"),
                    help: "a level is `\"deny\"`, `\"warn\"` or `\"allow\"`".to_owned(),
                });
                continue;
            }
        };
        if let Err(error) = levels.give(Origin::Project, name, level) {
            let (message, help) = levels::explained(error, name);
            mistakes.push(Mistake { at: key.span(), message, help });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_of_its_finding_tells_the_truth() {
        let pages = liftlock_check::pages();
        let page = pages.iter().find(|page| page.code == BAD_PROJECT_FILE).expect("every code has a page");
        let mut examples = page.text.split("```toml\n").skip(1).map(|part| part.split("\n```").next().unwrap_or(part));
        let mut found = |what| understand(examples.next().expect(what), &mut Levels::default()).len();
        assert_eq!(found("a bad example"), 1);
        assert_eq!(found("a good example"), 0);
    }
}
