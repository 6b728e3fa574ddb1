//! `liftlock drift`: what was changed by hand since the current release of an environment.

use liftlock_engine::{Interrupt, observe};
use liftlock_plan::baseline;
use liftlock_report::plan::drift as view;

use crate::cli::{DriftArgs, Output};
use crate::exit::{Exit, Problem};
use crate::planning;
use crate::project;
use crate::session::{Session, runtime};
use crate::terminal::{self, Stream};

pub fn run(arguments: &DriftArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open_to_look(&project::find_root()?)?;
    let ledger = opened.ledger()?;
    let environment = arguments.environment.as_str();
    let pipeline = planning::released_pipeline(&ledger, arguments.pipeline.as_deref(), environment)?;
    let state = ledger.environment(pipeline, environment);
    if let Some(run) = state.and_then(|state| state.occupied.as_ref()) {
        return Err(Problem::failed(format!("run {run} is in `{environment}`: what is there is not a release yet"))
            .with_help("`liftlock status` shows how it stands"));
    }
    let baseline = baseline(pipeline, environment, &ledger, &opened.past())?;
    let interrupt = Interrupt::default();
    let engine = opened.observer(&interrupt);
    let observations = runtime()?.block_on(observe(&engine, &baseline.plan));
    let drift = baseline.drift(&observations);
    terminal::print(&match session.options.output() {
        Output::Json => view::json(&drift),
        Output::Human | Output::Markdown => view::human(&drift, &terminal::style(session.options, Stream::Stdout)),
    });
    Ok(match (drift.changed().next(), drift.failed().next()) {
        (Some(_), _) => Exit::Different,
        (None, Some(_)) => Exit::Failed,
        (None, None) => Exit::Done,
    })
}
