//! The verbs, one file each.

mod approve;
mod cancel;
pub mod check;
mod compare;
mod diff;
mod drift;
mod explain;
mod history;
mod log;
mod overview;
mod plan;
mod resume;
mod rollback;
mod run;
mod status;

use crate::cli::{Output, Verb};
use crate::exit::{Exit, Problem};
use crate::session::Session;

/// Runs a verb; without one, says what can be done.
pub fn run(verb: Option<Verb>, session: &Session<'_>) -> Result<Exit, Problem> {
    refuse_markdown(verb.as_ref(), session.options.output)?;
    match verb {
        None => overview::run(session),
        Some(Verb::Check(arguments)) => check::run(&arguments, session),
        Some(Verb::Explain(arguments)) => explain::run(&arguments),
        Some(Verb::Plan(arguments)) if arguments.detailed_exitcode => {
            plan::run(&arguments, session).map_err(Problem::beside_differences)
        }
        Some(Verb::Plan(arguments)) => plan::run(&arguments, session),
        Some(Verb::Compare(arguments)) => compare::run(&arguments, session),
        Some(Verb::Diff(arguments)) => diff::run(&arguments, session).map_err(Problem::beside_differences),
        Some(Verb::Drift(arguments)) => drift::run(&arguments, session).map_err(Problem::beside_differences),
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

/// Only what is read on a pull request has a form for it; the other verbs must not pass theirs off as Markdown.
fn refuse_markdown(verb: Option<&Verb>, output: Output) -> Result<(), Problem> {
    match (output, verb) {
        (Output::Human | Output::Json, _) | (Output::Markdown, Some(Verb::Plan(_) | Verb::Diff(_))) => Ok(()),
        (Output::Markdown, _) => Err(Problem::usage("`--output markdown` is a form of plans only")
            .with_help("it goes with `liftlock plan` and `liftlock diff`; the others have `human` and `json`")),
    }
}
