//! `liftlock resume`: takes a run up where it stopped.

use liftlock_engine::Resumable;
use liftlock_journal::{Event, Guard, Settlement};
use liftlock_names::Address;

use crate::cli::ResumeArgs;
use crate::exit::{Exit, Problem};
use crate::session::{Opened, Session};
use crate::{project, runs};

pub fn run(arguments: &ResumeArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open(&project::find_root()?)?;
    let run = runs::find(&opened.ledger()?, arguments.run.as_deref(), runs::is_open, "to be resumed")?;
    let mut resumable = Resumable::read(opened.store.as_ref(), &run)?;
    if !arguments.settle.is_empty() {
        settle(&opened, &resumable, &arguments.settle)?;
        resumable = Resumable::read(opened.store.as_ref(), &run)?;
    }
    let plan = resumable.plan.clone();
    runs::see_through(session, &opened, &plan, !arguments.no_wait, async |engine| {
        liftlock_engine::resume(engine, resumable).await
    })
}

/// Records a person's word on effects that the runner cannot judge.
fn settle(opened: &Opened, resumable: &Resumable, settlements: &[String]) -> Result<(), Problem> {
    let mut events = Vec::new();
    for text in settlements {
        let (address, word) =
            text.rsplit_once('=').ok_or_else(|| Problem::usage(format!("`--settle {text}` has no `=`")))?;
        let effect: Address = address.parse().map_err(|error| Problem::usage(format!("{error}")))?;
        let settlement = match word {
            "done" => Settlement::Done,
            "undone" => Settlement::Undone,
            "retry" => Settlement::Retry,
            _ => return Err(Problem::usage(format!("`{word}` settles nothing; write `done`, `undone` or `retry`"))),
        };
        if !resumable.state.effects.contains_key(&effect) {
            return Err(Problem::usage(format!("run {} has not begun `{effect}`", resumable.state.run))
                .with_help(format!("`liftlock log {}` shows what it has", resumable.state.run)));
        }
        let by = opened.who().by.clone();
        events.push(Event::Settled { effect, settlement, by, reason: None });
    }
    opened.store.append(&resumable.state.run, opened.now(), &events, Guard::Always)?;
    Ok(())
}
