//! `liftlock history`: what was done.

use liftlock_journal::Ledger;

use crate::cli::{HistoryArgs, Output};
use crate::exit::{Exit, Problem};
use crate::project;
use crate::session::Session;
use crate::terminal::{self, Stream};

pub fn run(arguments: &HistoryArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open_existing(&project::find_root()?)?;
    let ledger = match &opened {
        Some(opened) => opened.ledger()?,
        None => Ledger::default(),
    };
    terminal::print(&match session.options.output {
        Output::Json => liftlock_report::history::json(&ledger, arguments.limit),
        Output::Human => {
            let style = terminal::style(session.options, Stream::Stdout);
            liftlock_report::history::human(&ledger, arguments.limit, &style)
        }
    });
    Ok(Exit::Done)
}
