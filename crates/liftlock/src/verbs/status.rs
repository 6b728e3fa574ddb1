//! `liftlock status`: what is where, what is under way, what waits.

use liftlock_names::RunId;

use crate::cli::Output;
use crate::exit::{Exit, Problem};
use crate::project;
use crate::session::Session;
use crate::terminal::{self, Stream};

pub fn run(session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open_to_look(&project::find_root()?)?;
    let (ledger, now) = (opened.ledger()?, opened.now());
    let lives = |run: &RunId| opened.is_under_way(run);
    terminal::print(&match session.options.output() {
        Output::Json => liftlock_report::status::json(&ledger, &lives),
        Output::Human | Output::Markdown => {
            let style = terminal::style(session.options, Stream::Stdout);
            liftlock_report::status::human(&ledger, &lives, now, &style)
        }
    });
    // The process ends here, and takes what it knows of ten thousand runs with it at once.
    std::mem::forget(ledger);
    Ok(Exit::Done)
}
