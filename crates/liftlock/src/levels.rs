//! Levels from the command line.

use liftlock_check::{Level, LevelError, Levels, Origin};
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
            let message = format!("`{name}` is an error, and can be allowed only in the source, with its reason");
            let rule = if name.contains('/') { name.to_owned() } else { format!("{name}/…") };
            (message, format!("write `# allow {rule} -- REASON` above the item"))
        }
    }
}
