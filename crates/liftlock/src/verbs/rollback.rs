//! `liftlock rollback`: takes the current release of an environment back, or several.

use crate::cli::RollbackArgs;
use crate::exit::{Exit, Problem};
use crate::planning::Known;
use crate::session::Session;
use crate::terminal::Stream;
use crate::{planning, project, runs};

pub fn run(arguments: &RollbackArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open(&project::find_root()?)?;
    let (pipeline, to) = (arguments.pipeline.as_deref(), arguments.to.as_deref());
    let known = Known::read(&opened)?;
    let plans = planning::plan_rollback(&opened, &known, pipeline, &arguments.environment, to, false)?;
    planning::show(session, &opened, &known, &plans, Stream::Stderr);
    super::run::confirm(&plans, arguments.yes)?;
    runs::start_each(session, &opened, &plans, true, &[])
}
