//! `liftlock compare`: two environments side by side.

use liftlock_plan::parity;

use crate::cli::{CompareArgs, Output};
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::terminal::{self, Stream};
use crate::{planning, project};

pub fn run(arguments: &CompareArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let root = project::find_root()?;
    let opened = session.open_to_look(&root)?;
    let sound = planning::sound_project(session, &root)?;
    let ledger = opened.ledger()?;
    let (left, right) = (arguments.left.as_str(), arguments.right.as_str());
    let parity = sound.checked.iter().find_map(|checked| parity(checked, left, right, &ledger));
    let Some(parity) = parity else {
        let mut known: Vec<String> = sound
            .checked
            .iter()
            .flat_map(|checked| checked.model().environments.keys())
            .map(|name| format!("`{name}`"))
            .collect();
        known.dedup();
        return Err(Problem::usage(format!("`{left}` and `{right}` are not declared together"))
            .with_help(format!("known here: {}", known.join(", "))));
    };
    terminal::print(&match session.options.output() {
        Output::Json => liftlock_report::parity::json(&parity),
        Output::Human | Output::Markdown => {
            liftlock_report::parity::human(&parity, &terminal::style(session.options, Stream::Stdout))
        }
    });
    Ok(Exit::Done)
}
