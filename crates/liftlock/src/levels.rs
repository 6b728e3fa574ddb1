//! Levels from the command line.

use liftlock_check::{Level, LevelError, Levels, Origin, RULES};
use liftlock_model::near;

use crate::cli::LevelArgs;
use crate::exit::Problem;

/// The levels of `--deny`, `--warn` and `--allow`.
pub fn asked(arguments: &LevelArgs) -> Result<Levels, Problem> {
    let mut levels = Levels::default();
    let flags = [
        ("deny", Level::Deny, &arguments.deny),
        ("warn", Level::Warn, &arguments.warn),
        ("allow", Level::Allow, &arguments.allow),
    ];
    for (flag, level, names) in flags {
        for name in names {
            levels.give(Origin::CommandLine, name, level).map_err(|error| {
                let (message, help) = explained(error, name);
                Problem::usage(format!("`--{flag} {name}`: {message}")).with_help(help)
            })?;
        }
    }
    Ok(levels)
}

/// What is wrong with a level, and what to do next.
pub fn explained(error: LevelError, name: &str) -> (String, String) {
    match error {
        LevelError::Unknown => {
            let help = match near::nearest(name, liftlock_check::codes::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`liftlock explain --list` shows the rules".to_owned(),
            };
            (format!("there is no rule and no area `{name}`"), help)
        }
        LevelError::AlwaysError => {
            // Of what keeps a file from being understood, nothing can be allowed at all.
            let mut rules = RULES.iter().map(|rule| rule.code.0);
            let rule = rules.find(|code| *code == name || code.split_once('/').is_some_and(|(area, _)| area == name));
            match rule {
                Some(rule) => (
                    format!("`{name}` is an error, and can be allowed only in the source, with its reason"),
                    format!("write `# allow {rule} -- REASON` above the item"),
                ),
                None => (
                    format!("`{name}` is an error, and stays one"),
                    "only findings of the rules that `liftlock explain --list` shows can be allowed".to_owned(),
                ),
            }
        }
    }
}
