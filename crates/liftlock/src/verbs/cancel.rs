//! `liftlock cancel`: asks a run to stop.

use liftlock_journal::{Event, Guard};

use crate::cli::DecisionArgs;
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::{project, runs, terminal};

pub fn run(arguments: &DecisionArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open(&project::find_root()?)?;
    let run = runs::find(&opened.ledger()?, arguments.run.as_deref(), |run| run.outcome.is_none(), "under way")?;
    let is_over = opened.run_state(&run).is_some_and(|state| state.finished.is_some());
    if is_over {
        return Err(Problem::usage(format!("run {run} is over"))
            .with_help("a release is taken back with `liftlock rollback ENV`"));
    }
    let event = Event::CancelRequested { by: opened.who().by.clone(), reason: arguments.reason.clone() };
    opened.store.append(&run, opened.now(), &[event], Guard::Always)?;
    let next = format!(
        "run {run} stops at its next safe point and undoes its stage; if its process is gone, `liftlock resume {run}` does it"
    );
    terminal::tell(session.options, &next);
    Ok(Exit::Done)
}
