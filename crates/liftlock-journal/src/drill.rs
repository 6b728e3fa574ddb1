//! What a drill is, and what has come of it.
//!
//! A drill releases into an environment again and again, and lets something go wrong each time. Each round is a run like any
//! other, whose [`Action`](crate::Action) names its [`Fault`]; what all of them have shown is one record behind the last.

use jiff::Timestamp;
use liftlock_names::{Address, RunId};
use serde::{Deserialize, Serialize};

use crate::State;

/// What goes wrong in a round, on purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub effect: Address,
    pub fault: FaultKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FaultKind {
    /// The effect runs for real, and is then declared failed.
    Failure,
    /// The effect runs for real, and then somebody asks for the end of the run.
    Interrupt,
}

/// The version of [`Drill`]. It rises when a reader of the old one could misunderstand the new one.
pub const DRILL_FORMAT: u32 = 1;

/// What a drill has shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drill {
    pub format: u32,
    pub pipeline: String,
    pub environment: String,
    /// What was released, and taken back each time.
    pub version: String,
    pub by: String,
    pub started_at: Timestamp,
    pub rounds: usize,
    /// Every effect that would change something, in the order of the body.
    pub effects: Vec<Drilled>,
}

/// What a drill has shown of one effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drilled {
    pub effect: Address,
    #[serde(flatten)]
    pub result: DrillResult,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum DrillResult {
    /// It was undone, and everything that can be observed is what it was.
    Proven,
    /// It was undone, and nobody can tell whether that restored anything: it has no `observe`.
    Unobserved,
    /// It only reads, and nothing that can be observed changed while it ran.
    OnlyRead,
    /// It was undone, and something is not what it was; or its undo failed.
    NotRestored { run: RunId, why: String, differs: Vec<Differs> },
    /// It says that it only reads, and something that can be observed changed while it ran.
    Changed { run: RunId, differs: Vec<Differs> },
    /// It was not begun, or not for long: the release failed by itself.
    NotReached { run: RunId, why: String },
    /// It was left out.
    NotDrilled { why: String },
}

/// One observation that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Differs {
    /// The effect whose place was looked at.
    pub at: Address,
    pub before: State,
    pub after: State,
}

impl Drill {
    /// Whether nothing speaks against going back: whatever was drilled was undone, and what only reads did.
    pub fn is_good(&self) -> bool {
        self.count(|result| matches!(result, DrillResult::Proven | DrillResult::Unobserved | DrillResult::OnlyRead)) > 0
            && !self.effects.iter().any(|effect| effect.result.is_bad() || effect.result.is_unexpected())
    }

    pub fn count(&self, which: impl Fn(&DrillResult) -> bool) -> usize {
        self.effects.iter().filter(|effect| which(&effect.result)).count()
    }
}

impl DrillResult {
    /// Whether the environment was left as it should not be.
    pub fn is_bad(&self) -> bool {
        matches!(self, DrillResult::NotRestored { .. })
    }

    /// Whether it shows a mistake that left nothing behind.
    fn is_unexpected(&self) -> bool {
        matches!(self, DrillResult::Changed { .. } | DrillResult::NotReached { .. })
    }
}
