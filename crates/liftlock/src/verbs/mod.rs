//! The verbs, one file each.

mod approve;
mod cancel;
pub mod check;
mod compare;
mod confirm;
mod diff;
mod doc;
mod drift;
mod drill;
mod explain;
mod fmt;
mod graph;
mod history;
mod init;
mod log;
mod overview;
mod plan;
mod resume;
mod rollback;
mod run;
mod status;

use clap::ValueEnum as _;

use crate::cli::{Format, Verb};
use crate::exit::{Exit, Problem};
use crate::session::Session;

/// Runs a verb; without one, says what can be done.
pub fn run(verb: Option<Verb>, session: &Session<'_>) -> Result<Exit, Problem> {
    refuse_format(verb.as_ref(), session.options.format)?;
    match verb {
        None => overview::run(session),
        Some(Verb::Init(arguments)) => init::run(&arguments, session),
        Some(Verb::Check(arguments)) => check::run(&arguments, session),
        Some(Verb::Fmt(arguments)) => fmt::run(&arguments, session),
        Some(Verb::Explain(arguments)) => explain::run(&arguments),
        Some(Verb::Graph(arguments)) => graph::run(&arguments, session),
        Some(Verb::Doc(arguments)) => doc::run(&arguments, session),
        Some(Verb::Plan(arguments)) if arguments.detailed_exitcode => {
            plan::run(&arguments, session).map_err(Problem::beside_differences)
        }
        Some(Verb::Plan(arguments)) => plan::run(&arguments, session),
        Some(Verb::Compare(arguments)) => compare::run(&arguments, session),
        Some(Verb::Diff(arguments)) => diff::run(&arguments, session).map_err(Problem::beside_differences),
        Some(Verb::Drift(arguments)) => drift::run(&arguments, session).map_err(Problem::beside_differences),
        Some(Verb::Drill(arguments)) => drill::run(&arguments, session),
        Some(Verb::Run(arguments)) => run::run(&arguments, session),
        Some(Verb::Resume(arguments)) => resume::run(&arguments, session),
        Some(Verb::Cancel(arguments)) => cancel::run(&arguments, session),
        Some(Verb::Approve(arguments)) => approve::run(&arguments, session, approve::Decision::Approve),
        Some(Verb::Reject(arguments)) => approve::run(&arguments, session, approve::Decision::Reject),
        Some(Verb::Confirm(arguments)) => confirm::run(&arguments, session),
        Some(Verb::Rollback(arguments)) => rollback::run(&arguments, session),
        Some(Verb::Status) => status::run(session),
        Some(Verb::History(arguments)) => history::run(&arguments, session),
        Some(Verb::Log(arguments)) => log::run(&arguments, session),
    }
}

/// Findings have forms for the services that read them, and plans one for pull requests; a verb that has no such form
/// must not pass another off as it.
fn refuse_format(verb: Option<&Verb>, format: Format) -> Result<(), Problem> {
    let (what, whose) = match (format, verb) {
        (Format::Human | Format::Json, _) => return Ok(()),
        (Format::Markdown, Some(Verb::Plan(_) | Verb::Diff(_))) => return Ok(()),
        (Format::Markdown, _) => ("plans", "`plan` and `diff` have"),
        (_, Some(Verb::Check(_))) => return Ok(()),
        (_, _) => ("findings", "`check` has"),
    };
    let value = format.to_possible_value();
    let name = value.as_ref().map_or("", |value| value.get_name());
    Err(Problem::usage(format!("`--output {name}` is a form of {what}, which only {whose}"))
        .with_help("take `--output human` or `--output json`"))
}
