//! What the ledger keeps of a run.

use jiff::Timestamp;
use liftlock_names::{Address, Digest};
use serde::Serialize;

use crate::run_state::by_whom;
use crate::{Action, Drill, End, Event, Outcome, Record, Way};

#[derive(Debug, Clone, PartialEq)]
pub struct RunSummary {
    pub pipeline: String,
    pub action: Action,
    pub version: String,
    pub number: u64,
    pub plan_hash: Digest,
    pub by: String,
    pub host: String,
    pub started_at: Timestamp,
    pub last_at: Timestamp,
    /// Environments released into and not restored by this very run or, in a rollback, restored.
    pub reached: Vec<String>,
    /// Gates that are waited for now.
    pub waiting: Vec<WaitingGate>,
    /// What somebody has said since that ends it when it is taken up: a rejection, a request to cancel.
    pub ends: Option<String>,
    /// `None` while it is under way, or was interrupted.
    pub outcome: Option<Outcome>,
    /// What a drill has shown whose last round this was.
    pub drill: Option<Drill>,
}

/// A gate that a run waits for, or an effect that a person has to do or to take back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WaitingGate {
    pub gate: Address,
    pub why: String,
    /// Whether it is people that it waits for.
    pub approval: bool,
}

impl RunSummary {
    pub(crate) fn apply(&mut self, record: &Record) {
        self.last_at = record.at;
        if let Event::ApprovalRejected { by, reason, .. } = &record.event {
            self.ends = Some(format!("rejected {}", by_whom(by, reason.as_deref())));
        }
        match &record.event {
            Event::RunResumed { .. } => self.outcome = None,
            Event::RunFinished { outcome } => {
                self.outcome = Some(outcome.clone());
                self.ends = None;
                self.waiting.clear();
            }
            Event::GateWaiting { gate, why, approval, .. } => {
                self.waiting.retain(|waiting| waiting.gate != *gate);
                self.waiting.push(WaitingGate { gate: gate.clone(), why: why.clone(), approval: *approval });
            }
            Event::GateOpened { gate, .. } | Event::GateRefused { gate, .. } | Event::ApprovalRejected { gate, .. } => {
                self.waiting.retain(|waiting| waiting.gate != *gate);
            }
            Event::ManualWaiting { effect, way } => {
                self.waiting.retain(|waiting| waiting.gate != *effect);
                let why = match way {
                    Way::Up => "a person has to do it",
                    Way::Down => "a person has to take it back",
                };
                self.waiting.push(WaitingGate { gate: effect.clone(), why: why.to_owned(), approval: false });
            }
            Event::ManualConfirmed { effect, by, .. } => {
                if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.gate == *effect) {
                    waiting.why.push_str(&format!("; {by} has said how it stands since"));
                }
            }
            Event::EffectFinished { effect, .. }
            | Event::EffectFailed { effect, .. }
            | Event::UndoFinished { effect, .. }
            | Event::UndoFailed { effect, .. }
            | Event::Settled { effect, .. } => self.waiting.retain(|waiting| waiting.gate != *effect),
            Event::ApprovalGiven { gate, by, .. } => {
                if let Some(waiting) = self.waiting.iter_mut().find(|waiting| waiting.gate == *gate) {
                    waiting.why.push_str(&format!("; approved by {by} since"));
                }
            }
            Event::CancelRequested { by, reason } => {
                self.ends = Some(format!("cancelled {}", by_whom(by, reason.as_deref())));
            }
            Event::DrillFinished { drill } => self.drill = Some(drill.clone()),
            Event::StageReleased { environment, .. } => self.reach(environment),
            Event::StageEnded { environment, end: End::Restored } => match self.action {
                Action::Rollback { .. } => self.reach(environment),
                Action::Release | Action::Drill { .. } => self.reached.retain(|reached| reached != environment),
            },
            _ => {}
        }
    }

    fn reach(&mut self, environment: &str) {
        if !self.reached.iter().any(|reached| reached == environment) {
            self.reached.push(environment.to_owned());
        }
    }
}
