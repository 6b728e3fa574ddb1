//! The verbs, one file each.

mod approve;
mod cancel;
pub mod check;
mod explain;
mod fmt;
mod history;
mod log;
mod overview;
mod plan;
mod resume;
mod rollback;
mod run;
mod status;

use crate::cli::Verb;
use crate::exit::{Exit, Problem};
use crate::session::Session;

/// Runs a verb; without one, says what can be done.
pub fn run(verb: Option<Verb>, session: &Session<'_>) -> Result<Exit, Problem> {
    match verb {
        None => overview::run(session),
        Some(Verb::Check(arguments)) => check::run(&arguments, session),
        Some(Verb::Fmt(arguments)) => fmt::run(&arguments, session),
        Some(Verb::Explain(arguments)) => explain::run(&arguments),
        Some(Verb::Plan(arguments)) => plan::run(&arguments, session),
        Some(Verb::Run(arguments)) => run::run(&arguments, session),
        Some(Verb::Resume(arguments)) => resume::run(&arguments, session),
        Some(Verb::Cancel(arguments)) => cancel::run(&arguments, session),
        Some(Verb::Approve(arguments)) => approve::run(&arguments, session, approve::Decision::Approve),
        Some(Verb::Reject(arguments)) => approve::run(&arguments, session, approve::Decision::Reject),
        Some(Verb::Rollback(arguments)) => rollback::run(&arguments, session),
        Some(Verb::Status) => status::run(session),
        Some(Verb::History(arguments)) => history::run(&arguments, session),
        Some(Verb::Log(arguments)) => log::run(&arguments, session),
    }
}
