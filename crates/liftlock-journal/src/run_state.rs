//! The state of one run: a fold over its records.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use liftlock_names::{Address, Digest, ReleaseRef, RunId};

use crate::effect_state::EffectState;
use crate::gate_state::GateState;
use crate::stored::Stored;
use crate::{Action, End, Event, Failure, Outcome, Record, Way};

/// All that is known of a run. A new process makes this from the records and goes on where the old one stopped.
#[derive(Debug, Clone, PartialEq)]
pub struct RunState {
    pub run: RunId,
    pub pipeline: String,
    pub action: Action,
    pub version: String,
    pub number: u64,
    pub plan_hash: Digest,
    /// The plan as JSON text.
    pub plan: String,
    pub by: String,
    /// The host of the process that began the run, or took it up last.
    pub host: String,
    /// That process's id there; 0 where it is not known.
    pub process: u32,
    pub started_at: Timestamp,
    /// The time of the last record.
    pub last_at: Timestamp,
    /// The sequence of the last record.
    pub sequence: u64,
    /// Gates approved on the command line that began the run.
    pub approve: Vec<String>,
    /// Artifacts whose digest is known, by name.
    pub artifacts: IndexMap<String, ArtifactState>,
    /// Locks taken and not given back, with their tokens.
    pub leases: BTreeMap<String, u64>,
    /// Stages that were entered or failed, by environment, in that order.
    pub stages: IndexMap<String, StageState>,
    pub gates: IndexMap<Address, GateState>,
    /// Effects in the order in which they were first begun or found in place.
    pub effects: IndexMap<Address, EffectState>,
    /// Effects that a person is to do or to undo now, until the run has taken in that it is done.
    pub asked: IndexMap<Address, Asked>,
    /// How the last run of each check ended: `None` where it passed.
    pub checks: IndexMap<Address, Option<Failure>>,
    /// Why the artifact could not be built or stored.
    pub artifact_failure: Option<Failure>,
    pub cancelled: Option<String>,
    pub finished: Option<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArtifactState {
    pub version: String,
    pub digest: Digest,
    pub stored: Stored,
    pub built: bool,
}

/// What a person is asked to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub way: Way,
    /// Who said that it is done, or why it is not.
    pub said: Option<(String, Result<(), String>)>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct StageState {
    pub entered_at: Option<Timestamp>,
    pub replaces: Option<ReleaseRef>,
    pub released: Option<ReleaseRef>,
    /// Whether it was released into, and is being undone since.
    pub lowering: bool,
    pub failed: Option<(Option<Address>, Failure)>,
    pub end: Option<End>,
    /// When it was released, or the undo ended.
    pub ended_at: Option<Timestamp>,
}

impl RunState {
    /// Folds the records of one run. `None` where the first is not its beginning.
    pub fn fold(records: &[Record]) -> Option<RunState> {
        let (first, rest) = records.split_first()?;
        let mut state = RunState::begin(first)?;
        for record in rest {
            state.apply(record);
        }
        Some(state)
    }

    fn begin(record: &Record) -> Option<RunState> {
        let Event::RunStarted { pipeline, action, version, number, plan_hash, plan, by, host, process, approve } =
            &record.event
        else {
            return None;
        };
        Some(RunState {
            run: record.run.clone(),
            pipeline: pipeline.clone(),
            action: action.clone(),
            version: version.clone(),
            number: *number,
            plan_hash: *plan_hash,
            plan: plan.clone(),
            by: by.clone(),
            host: host.clone(),
            process: *process,
            started_at: record.at,
            last_at: record.at,
            sequence: record.sequence,
            approve: approve.clone(),
            artifacts: IndexMap::new(),
            leases: BTreeMap::new(),
            stages: IndexMap::new(),
            gates: IndexMap::new(),
            effects: IndexMap::new(),
            asked: IndexMap::new(),
            checks: IndexMap::new(),
            artifact_failure: None,
            cancelled: None,
            finished: None,
        })
    }

    /// Extends the state by a record of the same run; one of another run changes nothing. Records are to come each once,
    /// in order of their sequence.
    ///
    /// Other processes append to the same run, approvals say. Whoever applies what `append` returned reads what was
    /// appended between it and [`RunState::sequence`] first, or never sees it.
    pub fn apply(&mut self, record: &Record) {
        if record.run != self.run {
            return;
        }
        self.sequence = self.sequence.max(record.sequence);
        self.last_at = record.at;
        match &record.event {
            // A run begins once.
            Event::RunStarted { .. } => {}
            Event::ArtifactFailed { failure, .. } => self.artifact_failure = Some(failure.clone()),
            Event::RunResumed { host, process, .. } => {
                self.host = host.clone();
                self.process = *process;
                self.resume();
            }
            Event::ArtifactReady { artifact, version, digest, built, .. }
            | Event::ImageReady { artifact, version, digest, built, .. } => {
                let (version, digest, built) = (version.clone(), *digest, *built);
                let state = Stored::of(&record.event).map(|stored| ArtifactState { version, digest, stored, built });
                self.artifacts.extend(state.map(|state| (artifact.clone(), state)));
            }
            Event::LeaseTaken { lock, token, host, process } => {
                self.leases.insert(lock.clone(), *token);
                // From here on it is this process that has the run.
                if *process != 0 {
                    self.host = host.clone();
                    self.process = *process;
                }
            }
            // What was taken again in the meantime is still held.
            Event::LeaseReleased { lock, token } if self.leases.get(lock) == Some(token) => {
                self.leases.remove(lock);
            }
            Event::LeaseReleased { .. } => {}
            Event::StageEntered { .. }
            | Event::StageLowering { .. }
            | Event::StageReleased { .. }
            | Event::StageFailed { .. }
            | Event::StageEnded { .. } => self.apply_to_stage(record),
            Event::GateWaiting { .. }
            | Event::GateOpened { .. }
            | Event::GateRefused { .. }
            | Event::ApprovalGiven { .. }
            | Event::ApprovalRejected { .. } => self.apply_to_gate(record),
            Event::EffectStarted { effect, .. }
            | Event::EffectInPlace { effect, .. }
            | Event::EffectNotNeeded { effect }
            | Event::EffectFinished { effect, .. }
            | Event::EffectFailed { effect, .. }
            | Event::NoticeFailed { effect, .. }
            | Event::UndoStarted { effect }
            | Event::UndoFinished { effect, .. }
            | Event::UndoFailed { effect, .. } => {
                // Whatever has been said belongs to what is on record as begun.
                if !matches!(record.event, Event::EffectStarted { .. } | Event::UndoStarted { .. }) {
                    self.asked.shift_remove(effect);
                }
                let state = self.effects.entry(effect.clone());
                state.or_insert_with(EffectState::unbegun).apply(&record.event);
            }
            Event::Settled { effect, settlement, .. } => {
                self.asked.shift_remove(effect);
                if let Some(state) = self.effects.get_mut(effect) {
                    state.settle(*settlement);
                }
            }
            Event::ManualWaiting { effect, way } => {
                // A word that came in just before is an answer to the same question, asked by another process.
                if self.asked.get(effect).is_none_or(|asked| asked.way != *way) {
                    self.asked.insert(effect.clone(), Asked { way: *way, said: None });
                }
            }
            Event::ManualConfirmed { effect, way, by, failed } => {
                // A word on the other way comes too late.
                if let Some(asked) = self.asked.get_mut(effect).filter(|asked| asked.way == *way) {
                    asked.said = Some((by.clone(), failed.clone().map_or(Ok(()), Err)));
                }
            }
            Event::CheckStarted { .. } => {}
            Event::CheckPassed { check, .. } => {
                self.checks.insert(check.clone(), None);
            }
            Event::CheckFailed { check, failure, .. } => {
                self.checks.insert(check.clone(), Some(failure.clone()));
            }
            Event::CancelRequested { by, reason } => {
                self.cancelled = Some(by_whom(by, reason.as_deref()));
            }
            Event::RunFinished { outcome } => self.finished = Some(outcome.clone()),
            // They say what was seen, and change nothing of how the run stands.
            Event::ReadOnlyChanged { .. } | Event::DrillFinished { .. } => {}
        }
    }

    /// A run that ended for want of a person is under way again once a person has taken it up.
    fn resume(&mut self) {
        if self.finished.take().is_none() {
            return;
        }
        for stage in self.stages.values_mut() {
            if let Some(End::Stranded { .. } | End::Held { .. }) = stage.end {
                stage.end = None;
                stage.ended_at = None;
            }
        }
    }

    fn apply_to_stage(&mut self, record: &Record) {
        let (Event::StageEntered { environment, .. }
        | Event::StageLowering { environment }
        | Event::StageReleased { environment, .. }
        | Event::StageFailed { environment, .. }
        | Event::StageEnded { environment, .. }) = &record.event
        else {
            return;
        };
        let stage = self.stages.entry(environment.clone()).or_default();
        match &record.event {
            // Entered again after an interruption, it still replaces what it found the first time.
            Event::StageEntered { replaces, .. } if stage.entered_at.is_none() => {
                stage.entered_at = Some(record.at);
                stage.replaces = replaces.clone();
            }
            Event::StageReleased { release, .. } => {
                stage.released = Some(release.clone());
                stage.ended_at = Some(record.at);
            }
            Event::StageLowering { .. } => stage.lowering = true,
            Event::StageFailed { at, failure, .. } => {
                stage.failed = Some((at.clone(), failure.clone()));
            }
            Event::StageEnded { end, .. } => {
                stage.end = Some(end.clone());
                stage.ended_at = Some(record.at);
            }
            _ => {}
        }
    }

    fn apply_to_gate(&mut self, record: &Record) {
        let (Event::GateWaiting { gate, .. }
        | Event::GateOpened { gate, .. }
        | Event::GateRefused { gate, .. }
        | Event::ApprovalGiven { gate, .. }
        | Event::ApprovalRejected { gate, .. }) = &record.event
        else {
            return;
        };
        let gate = self.gates.entry(gate.clone());
        gate.or_insert_with(|| GateState::unwaited(record.at)).apply(record);
    }
}

/// `by ada: too late on a Friday`.
pub(crate) fn by_whom(by: &str, reason: Option<&str>) -> String {
    match reason {
        Some(reason) => format!("by {by}: {reason}"),
        None => format!("by {by}"),
    }
}
