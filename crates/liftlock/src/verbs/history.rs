//! `liftlock history`: what was done.

use crate::cli::{HistoryArgs, Output};
use crate::exit::{Exit, Problem};
use crate::project;
use crate::session::Session;
use crate::terminal::{self, Stream};

pub fn run(arguments: &HistoryArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let ledger = session.open_to_look(&project::find_root()?)?.ledger()?;
    terminal::print(&match session.options.output() {
        Output::Json => liftlock_report::history::json(&ledger, arguments.limit),
        Output::Human | Output::Markdown => {
            let style = terminal::style(session.options, Stream::Stdout);
            liftlock_report::history::human(&ledger, arguments.limit, &style)
        }
    });
    // The process ends here, and takes what it knows of ten thousand runs with it at once.
    std::mem::forget(ledger);
    Ok(Exit::Done)
}
