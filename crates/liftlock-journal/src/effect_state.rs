//! Where one effect of a run stands.

use std::collections::BTreeMap;

use crate::{Event, Failure, Settlement, State};

#[derive(Debug, Clone, PartialEq)]
pub struct EffectState {
    pub status: EffectStatus,
    pub attempt: u32,
    /// What was observed just before it was first begun.
    pub before: Option<State>,
    /// What was observed after it, or found in place.
    pub after: Option<State>,
    /// Why it, or its undo, failed.
    pub failure: Option<Failure>,
    /// It, or its undo, is to be begun again, and was not yet: a person wants it, or tries are left.
    pub retry: bool,
    /// What it wrote for later effects, by name; of an effect that failed, what it wrote before.
    pub outputs: BTreeMap<String, String>,
}

/// Where an effect stands. *In doubt* is said of what was begun when the last record was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectStatus {
    Started,
    InPlace,
    NotNeeded,
    Finished,
    Failed,
    UndoStarted,
    Undone,
    UndoFailed,
}

impl EffectState {
    /// What is there before the first record of an effect.
    pub(crate) fn unbegun() -> EffectState {
        EffectState {
            status: EffectStatus::NotNeeded,
            attempt: 0,
            before: None,
            after: None,
            failure: None,
            retry: false,
            outputs: BTreeMap::new(),
        }
    }

    pub(crate) fn apply(&mut self, event: &Event) {
        use EffectStatus::{Failed, Finished, InPlace, NotNeeded, Started, UndoFailed, UndoStarted, Undone};
        self.retry = false;
        match event {
            Event::EffectStarted { attempt, before, .. } => {
                self.status = Started;
                self.attempt = *attempt;
                // What a later attempt observes is what the first one left behind.
                self.before.get_or_insert_with(|| before.clone());
                self.after = None;
                self.failure = None;
            }
            Event::EffectInPlace { state, .. } => {
                self.status = InPlace;
                self.after = Some(state.clone());
            }
            Event::EffectNotNeeded { .. } => self.status = NotNeeded,
            Event::EffectFinished { after, outputs, .. } => {
                self.status = Finished;
                self.outputs.extend(outputs.clone());
                self.after = Some(after.clone());
                self.failure = None;
            }
            Event::EffectFailed { failure, retry_ms, outputs, .. } => {
                self.status = Failed;
                self.retry = retry_ms.is_some();
                self.outputs.extend(outputs.clone());
                self.failure = Some(failure.clone());
            }
            Event::NoticeFailed { failure, .. } => {
                self.status = Failed;
                self.failure = Some(failure.clone());
            }
            Event::UndoStarted { .. } => {
                // Why the effect failed is kept; why its undo failed before is not, now that it is tried again.
                if matches!(self.status, UndoFailed | UndoStarted) {
                    self.failure = None;
                }
                self.status = UndoStarted;
            }
            Event::UndoFinished { state, .. } => {
                self.status = Undone;
                self.after = Some(state.clone());
            }
            Event::UndoFailed { failure, .. } => {
                self.status = UndoFailed;
                self.failure = Some(failure.clone());
            }
            _ => {}
        }
    }

    /// Takes a person's word. What was observed after the effect stays only while it says something about where the
    /// person says it stands.
    pub(crate) fn settle(&mut self, settlement: Settlement) {
        use EffectStatus::{Failed, Finished, Started, UndoFailed, UndoStarted, Undone};
        match (settlement, self.status) {
            (Settlement::Done, _) => self.status = Finished,
            (Settlement::Undone, _) => {
                self.status = Undone;
                self.after = None;
            }
            (Settlement::Retry, Started | Failed) => self.status = Started,
            (Settlement::Retry, UndoStarted | UndoFailed) => self.status = UndoStarted,
            // There is nothing to begin again.
            (Settlement::Retry, _) => return,
        }
        self.failure = None;
        self.retry = settlement == Settlement::Retry;
    }
}
