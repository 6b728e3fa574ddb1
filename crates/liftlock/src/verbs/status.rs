//! `liftlock status`: what is where, what is under way, what waits.

use liftlock_journal::Ledger;
use liftlock_names::RunId;

use crate::cli::Output;
use crate::exit::{Exit, Problem};
use crate::project;
use crate::session::Session;
use crate::terminal::{self, Stream};

pub fn run(session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open_existing(&project::find_root()?)?;
    let (ledger, now) = match &opened {
        Some(opened) => (opened.ledger()?, opened.now()),
        None => (Ledger::default(), jiff::Timestamp::now()),
    };
    let lives = |run: &RunId| opened.as_ref().is_some_and(|opened| opened.is_under_way(run));
    terminal::print(&match session.options.output {
        Output::Json => liftlock_report::status::json(&ledger, &lives),
        Output::Human => {
            let style = terminal::style(session.options, Stream::Stdout);
            liftlock_report::status::human(&ledger, &lives, now, &style)
        }
    });
    Ok(Exit::Done)
}
