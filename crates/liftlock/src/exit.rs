//! Exit codes, and the error that ends a verb.

use std::process::ExitCode;

use liftlock_engine::EngineError;
use liftlock_journal::{FailureKind, Outcome, StoreError};
use liftlock_plan::PlanError;

use crate::cli::Options;
use crate::terminal;

/// How the program ends. The numbers are a promise to scripts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    Done,
    /// Findings, a release that failed and was undone or refused, or something that could not be done.
    Failed,
    /// Wrong usage.
    Usage,
    /// With `drift`, `diff` and `plan --detailed-exitcode`: something is different. The number is that of wrong usage, as
    /// scripts know it from other tools; errors of these verbs end with 1.
    Different,
    /// A gate is closed, and `--no-wait` was given.
    Waiting,
    /// The plan is stale or was changed.
    Stale,
    /// A lock is held, or a newer release is there.
    Order,
    /// An environment is held or stranded: a person is needed.
    Person,
    /// Stopped by a second interrupt; the run can be resumed.
    Interrupted,
}

impl Exit {
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage | Exit::Different => 2,
            Exit::Waiting => 3,
            Exit::Stale => 4,
            Exit::Order => 5,
            Exit::Person => 6,
            Exit::Interrupted => 130,
        }
    }

    /// How a run that ended in `outcome` ends the program.
    pub fn of(outcome: &Outcome) -> Exit {
        match outcome {
            Outcome::Released | Outcome::RolledBack => Exit::Done,
            Outcome::Restored { .. } | Outcome::Left { .. } => Exit::Failed,
            Outcome::Refused { kind: FailureKind::Order, .. } => Exit::Order,
            Outcome::Refused { kind: FailureKind::Stale, .. } => Exit::Stale,
            Outcome::Refused { .. } => Exit::Failed,
            Outcome::Stranded { .. } => Exit::Person,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

/// Why a verb could not do what it was asked, and what to do next.
#[derive(Debug)]
pub struct Problem {
    pub exit: Exit,
    /// What is wrong: lower case, no full stop.
    pub message: String,
    pub help: Option<String>,
}

impl Problem {
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Problem { exit, message: message.into(), help: None }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Problem::new(Exit::Usage, message)
    }

    pub fn failed(message: impl Into<String>) -> Self {
        Problem::new(Exit::Failed, message)
    }

    /// The same, where the number of wrong usage says that there are differences.
    #[must_use]
    pub fn beside_differences(mut self) -> Self {
        if self.exit == Exit::Usage {
            self.exit = Exit::Failed;
        }
        self
    }

    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub fn print(&self, options: &Options) {
        let style = terminal::style(options, terminal::Stream::Stderr);
        terminal::say(&format!(
            "{}: {}",
            style.paint(liftlock_report::Tone::Bad, "error"),
            liftlock_report::plain(&self.message)
        ));
        if let Some(help) = &self.help {
            terminal::say(&format!("  help: {}", liftlock_report::plain(help)));
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        let help = match &error {
            StoreError::Full { .. } => Some("make room, then go on with `liftlock resume`; nothing recorded was lost"),
            StoreError::ReadOnly { .. } | StoreError::Open { .. } => {
                Some("make the folder writable, or name another journal with `--store`")
            }
            StoreError::Damaged { .. } => {
                Some("put back a copy of it; `liftlock log --verify` says whether it is whole")
            }
            StoreError::Newer { .. } => Some("take a newer liftlock"),
            StoreError::LeaseLost { .. } | StoreError::Conflict => {
                Some("`liftlock status` shows which runs are under way")
            }
            StoreError::Unreachable { .. } => Some(
                "look whether the server runs and `--store` names it; nothing acknowledged was lost, and \
                 `liftlock resume` goes on with a run that this ended",
            ),
            StoreError::Refused { .. } => Some("ask who runs the server, or name another journal with `--store`"),
            StoreError::Unreadable { .. } | StoreError::Sqlite { .. } | StoreError::Server { .. } => None,
        };
        let exit = match &error {
            StoreError::LeaseLost { .. } => Exit::Order,
            _ => Exit::Failed,
        };
        Problem { exit, message: error.to_string(), help: help.map(str::to_owned) }
    }
}

impl From<PlanError> for Problem {
    fn from(error: PlanError) -> Self {
        let exit = match &error {
            PlanError::Tampered { .. } | PlanError::OtherFormat { .. } | PlanError::Expired { .. } => Exit::Stale,
            PlanError::NothingToRollBack { .. }
            | PlanError::NoRelease { .. }
            | PlanError::NoWayBack { .. }
            | PlanError::Journal { .. } => Exit::Failed,
            _ => Exit::Usage,
        };
        Problem::new(exit, error.to_string())
    }
}

impl From<EngineError> for Problem {
    fn from(error: EngineError) -> Self {
        let message = error.to_string();
        match error {
            EngineError::Store(error) => error.into(),
            EngineError::Waiting { run, .. } => Problem::new(Exit::Waiting, message)
                .with_help(format!("once it is open or confirmed, go on with `liftlock resume {run}`")),
            EngineError::InDoubt { run, address } => Problem::new(Exit::Person, message).with_help(format!(
                "look, and say how it stands: `liftlock resume {run} --settle {address}=done`, `=undone` or `=retry`"
            )),
            EngineError::Killed { .. } => Problem::new(Exit::Interrupted, message),
            EngineError::UnderWay { .. } => Problem::new(Exit::Order, message)
                .with_help("watch it with `liftlock status`, or end it with `liftlock cancel`"),
            EngineError::NoSuchRun(_) => {
                Problem::new(Exit::Usage, message).with_help("`liftlock history` lists the runs")
            }
            EngineError::Finished { .. } | EngineError::NothingToLeave { .. } => Problem::new(Exit::Usage, message),
            EngineError::NothingToSettle { run, .. } => {
                Problem::new(Exit::Usage, message).with_help(format!("`liftlock log {run}` shows what it has done"))
            }
            EngineError::Blob(_)
            | EngineError::Plan { .. }
            | EngineError::Log { .. }
            | EngineError::Unwritten { .. } => Problem::failed(message),
        }
    }
}
