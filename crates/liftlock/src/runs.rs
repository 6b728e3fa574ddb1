//! Naming a run, and seeing one through.

use liftlock_engine::{Engine, EngineError, Interrupt, Start};
use liftlock_journal::{Ledger, Outcome, RunState};
use liftlock_names::RunId;
use liftlock_plan::Plan;

use crate::cli::Output;
use crate::exit::{Exit, Problem};
use crate::session::{Opened, Session, runtime};
use crate::signals;
use crate::terminal::{self, Stream};
use crate::view::RunView;

/// The run that is meant by the beginning of its name; where nothing is named, the only one that `fits`.
pub fn find(
    ledger: &Ledger,
    named: Option<&str>,
    fits: impl Fn(&liftlock_journal::RunSummary) -> bool,
    what: &str,
) -> Result<RunId, Problem> {
    let found: Vec<&RunId> = match named {
        Some(prefix) => ledger.runs_named(prefix),
        None => ledger.runs.iter().filter(|(_, run)| fits(run)).map(|(id, _)| id).collect(),
    };
    match (found.as_slice(), named) {
        ([run], _) => Ok((*run).clone()),
        ([], Some(prefix)) => {
            Err(Problem::usage(format!("there is no run `{prefix}`")).with_help("`liftlock history` lists the runs"))
        }
        ([], None) => {
            Err(Problem::usage(format!("there is no run {what}")).with_help("`liftlock history` lists the runs"))
        }
        (several, _) => {
            let names: Vec<String> = several.iter().map(|run| format!("`{run}`")).collect();
            Err(Problem::usage(format!("several runs are meant: {}", names.join(", "))).with_help("name one of them"))
        }
    }
}

/// Whether a run is not over, or ended for want of a person.
pub fn is_open(run: &liftlock_journal::RunSummary) -> bool {
    matches!(run.outcome, None | Some(Outcome::Stranded { .. }))
}

/// Runs plans one after the other, each only once the one before it has come to its good end.
pub fn start_each(
    session: &Session<'_>,
    opened: &Opened,
    plans: &[Plan],
    wait: bool,
    approve: &[String],
) -> Result<Exit, Problem> {
    for (at, plan) in plans.iter().enumerate() {
        let approve = approve.to_vec();
        let exit = see_through(session, opened, plan, wait, async |engine| {
            liftlock_engine::start(engine, Start { plan, approve }).await
        })?;
        let left = plans.len() - at - 1;
        if exit != Exit::Done && left > 0 {
            terminal::say(&format!(
                "{left} more of the way back was not begun; once this is settled, ask for it again"
            ));
        }
        if exit != Exit::Done {
            return Ok(exit);
        }
    }
    Ok(Exit::Done)
}

/// Runs `work` to its end under the eyes of a view, and reports how it ended.
pub fn see_through(
    session: &Session<'_>,
    opened: &Opened,
    plan: &Plan,
    wait: bool,
    work: impl AsyncFnOnce(Engine<'_>) -> Result<RunState, EngineError>,
) -> Result<Exit, Problem> {
    let view = RunView::new(session.options, plan);
    let interrupt = Interrupt::default();
    let end = runtime()?.block_on(async {
        let engine = opened.engine(&view, &interrupt, wait);
        tokio::select! {
            end = work(engine) => end,
            () = signals::watch(&interrupt) => unreachable!("signals are watched for ever"),
        }
    });
    view.finish();
    let state = end?;
    match session.options.output() {
        Output::Json => terminal::print(&liftlock_report::outcome::json(&state, plan)),
        Output::Human | Output::Markdown => {
            let style = terminal::style(session.options, Stream::Stdout);
            terminal::print(&liftlock_report::outcome::human(&state, plan, &style));
        }
    }
    Ok(state.finished.as_ref().map_or(Exit::Failed, Exit::of))
}
