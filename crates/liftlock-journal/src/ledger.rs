//! What is where, and what was there before: a fold over all records.

use indexmap::IndexMap;
use jiff::Timestamp;
use liftlock_names::{Digest, ReleaseRef, RunId};

use crate::run_summary::RunSummary;
use crate::stored::Stored;
use crate::{Action, Drill, End, Event, Record};

/// What promotion is checked against, and what `status` and `history` show.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Ledger {
    /// The sequence of the last record folded.
    pub sequence: u64,
    /// By pipeline and environment.
    pub environments: IndexMap<(String, String), EnvironmentState>,
    /// In order of their beginning.
    pub runs: IndexMap<RunId, RunSummary>,
    /// Every artifact that was built, oldest first.
    pub artifacts: Vec<BuiltArtifact>,
}

/// One environment, as one pipeline's releases have left it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EnvironmentState {
    /// The releases that stand on one another; the last is the current one. A rollback takes it off.
    pub stack: Vec<Released>,
    /// Every release that ever succeeded here, with whether it was rolled back since.
    pub history: Vec<Released>,
    /// Set while a person is needed: nothing else enters.
    pub trouble: Option<Trouble>,
    /// Set while a release that failed is left standing there, on purpose.
    pub left: Option<Trouble>,
    /// When something was last undone here and then verified: by a rollback, or because a release failed.
    pub restored: Option<Timestamp>,
    /// The run that entered and has neither released nor come back out.
    pub occupied: Option<RunId>,
    /// How many effects that run has finished here so far.
    pub finished: usize,
    /// The newest drill that came to its end here.
    pub drill: Option<(Timestamp, Drill)>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Released {
    pub release: ReleaseRef,
    pub at: Timestamp,
    pub rolled_back: Option<Timestamp>,
    /// How many effects it had to finish there; the others were in place.
    pub finished: usize,
}

/// A stage that ended held or stranded.
#[derive(Debug, Clone, PartialEq)]
pub struct Trouble {
    pub run: RunId,
    pub at: Timestamp,
    pub why: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuiltArtifact {
    pub pipeline: String,
    pub artifact: String,
    pub version: String,
    pub digest: Digest,
    pub stored: Stored,
    pub sources: Digest,
}

impl Ledger {
    pub fn fold(records: &[Record]) -> Ledger {
        let mut ledger = Ledger::default();
        for record in records {
            ledger.apply(record);
        }
        ledger
    }

    /// Extends the ledger by a record. Records are to come each once, in order of their sequence.
    pub fn apply(&mut self, record: &Record) {
        self.sequence = self.sequence.max(record.sequence);
        if let Event::RunStarted { .. } = record.event {
            self.begin(record);
            return;
        }
        let Some(run) = self.runs.get_mut(&record.run) else {
            return;
        };
        run.apply(record);
        match &record.event {
            Event::ArtifactReady { artifact, version, digest, sources, built, .. }
            | Event::ImageReady { artifact, version, digest, sources: Some(sources), built, .. } => {
                let Some(stored) = Stored::of(&record.event) else { return };
                let built_artifact = BuiltArtifact {
                    pipeline: run.pipeline.clone(),
                    artifact: artifact.clone(),
                    version: version.clone(),
                    digest: *digest,
                    stored,
                    sources: *sources,
                };
                // What was built before has its place already, and is the younger the nearer to the end.
                if *built || !self.artifacts.iter().rev().any(|known| *known == built_artifact) {
                    self.artifacts.push(built_artifact);
                }
            }
            Event::DrillFinished { drill } => {
                let key = (drill.pipeline.clone(), drill.environment.clone());
                self.environments.entry(key).or_default().drill = Some((record.at, drill.clone()));
            }
            Event::StageReleased { environment, release } => {
                let key = (run.pipeline.clone(), environment.clone());
                let environment = self.environments.entry(key).or_default();
                environment.release(record, release);
            }
            Event::StageEntered { environment, .. } | Event::StageLowering { environment } => {
                let key = (run.pipeline.clone(), environment.clone());
                self.environments.entry(key).or_default().occupy(&record.run);
            }
            Event::EffectFinished { effect, .. } => {
                let key = (run.pipeline.clone(), effect.environment.clone());
                self.finish(record.run.as_str(), &key);
            }
            Event::StageEnded { environment, end } => {
                let action = run.action.clone();
                let key = (run.pipeline.clone(), environment.clone());
                self.environments.entry(key).or_default().end(record, &action, end);
            }
            _ => {}
        }
    }

    /// Moves on to a record of a run that tells the ledger no more than its time.
    pub(crate) fn pass(&mut self, sequence: u64, run: &str, at: Timestamp) {
        self.sequence = self.sequence.max(sequence);
        if let Some(run) = self.runs.get_mut(run) {
            run.last_at = at;
        }
    }

    /// Whether a run waits for anything.
    pub(crate) fn waits(&self, run: &str) -> bool {
        self.runs.get(run).is_some_and(|run| !run.waiting.is_empty())
    }

    /// Counts an effect that a run has finished in an environment.
    pub(crate) fn finish(&mut self, run: &str, environment: &(String, String)) {
        if let Some(state) = self.environments.get_mut(environment)
            && state.occupied.as_ref().is_some_and(|occupied| occupied.as_str() == run)
        {
            state.finished += 1;
        }
    }

    fn begin(&mut self, record: &Record) {
        let Event::RunStarted { pipeline, action, version, number, plan_hash, by, host, .. } = &record.event else {
            return;
        };
        let summary = RunSummary {
            pipeline: pipeline.clone(),
            action: action.clone(),
            version: version.clone(),
            number: *number,
            plan_hash: *plan_hash,
            by: by.clone(),
            host: host.clone(),
            started_at: record.at,
            last_at: record.at,
            reached: Vec::new(),
            waiting: Vec::new(),
            ends: None,
            outcome: None,
            drill: None,
        };
        self.runs.entry(record.run.clone()).or_insert(summary);
    }

    /// What an environment runs now.
    pub fn current(&self, pipeline: &str, environment: &str) -> Option<&Released> {
        self.environment(pipeline, environment)?.stack.last()
    }

    /// Every pipeline's part of an environment.
    pub fn in_environment<'a>(&'a self, environment: &'a str) -> impl Iterator<Item = &'a EnvironmentState> {
        self.environments.iter().filter(move |((_, name), _)| name == environment).map(|(_, state)| state)
    }

    pub fn environment(&self, pipeline: &str, environment: &str) -> Option<&EnvironmentState> {
        self.environments.get(&(pipeline.to_owned(), environment.to_owned()))
    }

    /// When `digest` last succeeded in `environment`, by any pipeline, and was not rolled back there since.
    pub fn proven(&self, environment: &str, digest: &Digest) -> Option<Timestamp> {
        let named = self.environments.iter().filter(|((_, name), _)| name == environment);
        let succeeded = |(_, state): (_, &EnvironmentState)| {
            let stands =
                |released: &&Released| released.release.digest == Some(*digest) && released.rolled_back.is_none();
            state.history.iter().rev().find(stands).map(|released| released.at)
        };
        named.filter_map(succeeded).max()
    }

    /// The number that the pipeline's next release gets.
    pub fn next_number(&self, pipeline: &str) -> u64 {
        let runs = self.runs.values();
        let releases = runs.filter(|run| run.pipeline == pipeline && run.action == Action::Release);
        releases.map(|run| run.number).max().unwrap_or(0).saturating_add(1)
    }

    /// The newest artifact built from these very sources in this very way.
    pub fn built(&self, pipeline: &str, artifact: &str, sources: &Digest) -> Option<&BuiltArtifact> {
        self.artifacts
            .iter()
            .rev()
            .find(|built| built.sources == *sources && built.artifact == artifact && built.pipeline == pipeline)
    }

    /// The digest under which a version has entered an environment before: a version never means two artifacts.
    pub fn released_as(&self, pipeline: &str, version: &str) -> Option<Digest> {
        let own = self.environments.iter().filter(|((owner, _), _)| owner == pipeline);
        let mut releases = own.flat_map(|(_, state)| &state.history).map(|entry| &entry.release);
        releases.find_map(|release| release.digest.filter(|_| release.version == version))
    }

    /// Runs whose name begins with `prefix`.
    pub fn runs_named(&self, prefix: &str) -> Vec<&RunId> {
        self.runs.keys().filter(|run| run.as_str().starts_with(prefix)).collect()
    }
}

impl EnvironmentState {
    fn occupy(&mut self, run: &RunId) {
        if self.occupied.as_ref() != Some(run) {
            self.occupied = Some(run.clone());
            self.finished = 0;
        }
    }

    fn release(&mut self, record: &Record, release: &ReleaseRef) {
        let finished = if self.occupied.as_ref() == Some(&record.run) { self.finished } else { 0 };
        let released = Released { release: release.clone(), at: record.at, rolled_back: None, finished };
        self.stack.push(released.clone());
        self.history.push(released);
        self.left = None;
        self.occupied.take_if(|run| *run == record.run);
        // A stage that was stranded, and was then brought to its end by the same run, needs nobody any more.
        self.trouble.take_if(|trouble| trouble.run == record.run);
    }

    fn end(&mut self, record: &Record, action: &Action, end: &End) {
        let is_rollback = matches!(action, Action::Rollback { .. });
        self.occupied.take_if(|run| *run == record.run);
        match end {
            End::Held { why } | End::Stranded { why } => {
                let (run, at, why) = (record.run.clone(), record.at, why.clone());
                self.trouble = Some(Trouble { run, at, why });
            }
            End::Restored | End::Untouched => {
                self.trouble.take_if(|trouble| is_rollback || trouble.run == record.run);
            }
            End::LeftAsIs { why } => {
                self.trouble.take_if(|trouble| trouble.run == record.run);
                // Where the run had released before, what it left is covered by a newer release.
                if !self.history.iter().any(|released| released.release.run == record.run) {
                    self.left = Some(Trouble { run: record.run.clone(), at: record.at, why: why.clone() });
                }
            }
        }
        if *end == End::Restored {
            self.restored = Some(record.at);
            // A rollback undoes another run's release; a release that failed later on undoes its own.
            let undone = match action {
                Action::Rollback { of, .. } => of,
                Action::Release | Action::Drill { .. } => &record.run,
            };
            self.take_off(undone, record.at);
        }
    }

    fn take_off(&mut self, run: &RunId, at: Timestamp) {
        self.stack.retain(|released| released.release.run != *run);
        for released in self.history.iter_mut().rev() {
            if released.release.run == *run && released.rolled_back.is_none() {
                released.rolled_back = Some(at);
                return;
            }
        }
    }
}
