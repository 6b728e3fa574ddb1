//! `liftlock resume`: takes a run up where it stopped.

use liftlock_engine::{Resumable, Word};
use liftlock_journal::Settlement;
use liftlock_names::Address;

use crate::cli::ResumeArgs;
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::{project, runs};

pub fn run(arguments: &ResumeArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open(&project::find_root()?)?;
    let run = runs::find(&opened.ledger()?, arguments.run.as_deref(), runs::is_open, "to be resumed")?;
    let settlements = arguments.settle.iter().map(|text| settlement(text)).collect::<Result<_, _>>()?;
    let word = Word { settlements, leave: arguments.leave.clone() };
    let plan = Resumable::read(opened.store.as_ref(), &run)?.plan;
    runs::see_through(session, &opened, &plan, !arguments.no_wait, async |engine| {
        liftlock_engine::resume(engine, &run, &word).await
    })
}

/// `ADDRESS=done`
fn settlement(text: &str) -> Result<(Address, Settlement), Problem> {
    let (address, word) =
        text.rsplit_once('=').ok_or_else(|| Problem::usage(format!("`--settle {text}` has no `=`")))?;
    let address: Address = address.parse().map_err(|error| Problem::usage(format!("{error}")))?;
    let settlement = match word {
        "done" => Settlement::Done,
        "undone" => Settlement::Undone,
        "retry" => Settlement::Retry,
        _ => return Err(Problem::usage(format!("`{word}` settles nothing; write `done`, `undone` or `retry`"))),
    };
    Ok((address, settlement))
}
