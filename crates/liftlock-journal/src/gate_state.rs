//! Where one gate of a run stands.

use jiff::Timestamp;
use liftlock_names::Digest;

use crate::run_state::by_whom;
use crate::{Event, Record};

#[derive(Debug, Clone, PartialEq)]
pub struct GateState {
    pub status: GateStatus,
    /// The first time that it was waited for.
    pub since: Timestamp,
    pub approvals: Vec<Approval>,
    /// False while it was only approved or rejected ahead of time; `since` is then when that was.
    pub waited: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub enum GateStatus {
    Waiting { why: String, until: Option<Timestamp> },
    Open { why: String },
    Refused { why: String },
}

#[derive(Debug, Clone, PartialEq)]
pub struct Approval {
    pub by: String,
    pub at: Timestamp,
    /// The plan that it was given for.
    pub plan_hash: Digest,
    pub reason: Option<String>,
}

impl GateState {
    /// What is there before the gate is waited for.
    pub(crate) fn unwaited(since: Timestamp) -> GateState {
        GateState {
            status: GateStatus::Waiting { why: String::new(), until: None },
            since,
            approvals: Vec::new(),
            waited: false,
        }
    }

    pub(crate) fn apply(&mut self, record: &Record) {
        match &record.event {
            Event::GateWaiting { why, until, .. } => {
                if !self.waited {
                    self.waited = true;
                    self.since = record.at;
                }
                // A rejection may have come from another process just before: it is for good.
                if !matches!(self.status, GateStatus::Refused { .. }) {
                    self.status = GateStatus::Waiting { why: why.clone(), until: *until };
                }
            }
            // A refusal is for good, also one that came in just before.
            Event::GateOpened { .. } if matches!(self.status, GateStatus::Refused { .. }) => {}
            Event::GateOpened { why, .. } => self.status = GateStatus::Open { why: why.clone() },
            Event::GateRefused { why, .. } => {
                self.status = GateStatus::Refused { why: why.clone() };
            }
            Event::ApprovalGiven { by, plan_hash, reason, .. } => {
                self.approvals.retain(|approval| approval.by != *by);
                let (by, reason) = (by.clone(), reason.clone());
                self.approvals.push(Approval { by, at: record.at, plan_hash: *plan_hash, reason });
            }
            Event::ApprovalRejected { by, reason, .. } => {
                let why = format!("rejected {}", by_whom(by, reason.as_deref()));
                self.status = GateStatus::Refused { why };
            }
            _ => {}
        }
    }
}
