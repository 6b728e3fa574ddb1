//! `liftlock rollback`: takes the current release of an environment back.

use liftlock_engine::Start;

use crate::cli::RollbackArgs;
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::terminal::Stream;
use crate::{planning, project, runs};

pub fn run(arguments: &RollbackArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open(&project::find_root()?)?;
    let plan = planning::plan_rollback(&opened, arguments.pipeline.as_deref(), &arguments.environment, false)?;
    planning::show(session, &opened, &plan, Stream::Stderr);
    super::run::confirm(&plan, arguments.yes)?;
    runs::see_through(session, &opened, &plan, true, async |engine| {
        liftlock_engine::start(engine, Start { plan: &plan, approve: Vec::new() }).await
    })
}
