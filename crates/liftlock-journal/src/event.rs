//! The records: everything that can have happened, as typed, versioned data.

use std::collections::BTreeMap;
use std::fmt;

use jiff::Timestamp;
use liftlock_names::{Address, Digest, ReleaseRef, RunId};
use serde::{Deserialize, Serialize};

use crate::drill::{Differs, Drill, Fault};

/// One entry of the journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Record {
    /// Rises by one from record to record of the whole store, from 1.
    pub sequence: u64,
    pub run: RunId,
    /// When it was appended, by the clock of the machine that did.
    pub at: Timestamp,
    pub event: Event,
    /// The digest of the record before it and of this one's own text.
    pub hash: Digest,
}

/// What happened.
///
/// A change to these types keeps every record readable that was ever written: fields are added with a default, and a
/// variant is never given another meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// A run began; it needs nothing but this record to be carried to its end.
    RunStarted {
        pipeline: String,
        action: Action,
        version: String,
        /// The release number, rising from 1 within the pipeline.
        number: u64,
        plan_hash: Digest,
        /// The whole plan, as JSON text: the very bytes that were hashed.
        plan: String,
        by: String,
        host: String,
        /// The process id on that host; 0 where it is not known.
        #[serde(default)]
        process: u32,
        /// Gates approved on the command line that began the run.
        #[serde(default)]
        approve: Vec<String>,
    },
    /// Another process took the run up.
    RunResumed {
        by: String,
        host: String,
        /// The process id on that host; 0 where it is not known.
        #[serde(default)]
        process: u32,
    },
    /// The artifact is in the store.
    ArtifactReady {
        artifact: String,
        version: String,
        digest: Digest,
        /// The file's name, without folders.
        name: String,
        bytes: u64,
        /// The digest of the sources and of how they are built.
        sources: Digest,
        /// False where the sources had been built before.
        built: bool,
    },
    /// The digest of the image is known: from here on it alone is released.
    ImageReady {
        artifact: String,
        version: String,
        digest: Digest,
        /// The image by its digest: `registry.example.com/shop/web@sha256:…`.
        image: String,
        /// The digest of the sources and of how they are built, where it is built from any.
        sources: Option<Digest>,
        /// Whether this run has built it.
        built: bool,
    },
    /// Building or storing the artifact failed.
    ArtifactFailed {
        artifact: String,
        failure: Failure,
    },
    /// The run holds an environment's lock.
    LeaseTaken {
        lock: String,
        token: u64,
        /// The host and the process id of the holder; empty and 0 where they are not known.
        #[serde(default)]
        host: String,
        #[serde(default)]
        process: u32,
    },
    LeaseReleased {
        lock: String,
        token: u64,
    },
    /// A stage began to change its environment.
    StageEntered {
        environment: String,
        replaces: Option<ReleaseRef>,
    },
    GateWaiting {
        gate: Address,
        why: String,
        /// When it can open at the earliest, where that is known.
        until: Option<Timestamp>,
        /// Whether it is people that it waits for.
        #[serde(default)]
        approval: bool,
    },
    GateOpened {
        gate: Address,
        why: String,
    },
    /// The gate said no, for good.
    GateRefused {
        gate: Address,
        why: String,
    },
    ApprovalGiven {
        gate: Address,
        by: String,
        plan_hash: Digest,
        reason: Option<String>,
    },
    ApprovalRejected {
        gate: Address,
        by: String,
        reason: Option<String>,
    },
    /// On disk before the effect begins.
    EffectStarted {
        effect: Address,
        attempt: u32,
        before: State,
    },
    /// Nothing to do: the environment is as desired.
    EffectInPlace {
        effect: Address,
        state: State,
    },
    /// Nothing to do: nothing that it would take notice of has changed.
    EffectNotNeeded {
        effect: Address,
    },
    /// On disk before the next effect begins.
    EffectFinished {
        effect: Address,
        after: State,
        took_ms: u64,
        /// What it wrote for later effects, by name.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, String>,
    },
    EffectFailed {
        effect: Address,
        failure: Failure,
        took_ms: u64,
        /// After which wait it is tried again; none where it is not.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        retry_ms: Option<u64>,
        /// What it wrote before it failed, which its undo may need.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        outputs: BTreeMap<String, String>,
    },
    /// A person is to follow the instructions of an effect, or those of its undo, and to confirm it.
    ManualWaiting {
        effect: Address,
        way: Way,
    },
    /// A person has followed them; or has not, and says why.
    ManualConfirmed {
        effect: Address,
        way: Way,
        by: String,
        #[serde(default)]
        failed: Option<String>,
    },
    /// Somebody could not be told. That fails nothing.
    NoticeFailed {
        effect: Address,
        failure: Failure,
        took_ms: u64,
    },
    /// A check in a body begins. Those behind the body begin one after the other, without saying so.
    CheckStarted {
        check: Address,
    },
    CheckPassed {
        check: Address,
        detail: String,
        took_ms: u64,
    },
    CheckFailed {
        check: Address,
        failure: Failure,
        took_ms: u64,
    },
    /// A stage that was released into is about to be undone.
    StageLowering {
        environment: String,
    },
    StageReleased {
        environment: String,
        release: ReleaseRef,
    },
    /// The stage is to be undone.
    StageFailed {
        environment: String,
        at: Option<Address>,
        failure: Failure,
    },
    UndoStarted {
        effect: Address,
    },
    /// `state` is what was observed after the undo.
    UndoFinished {
        effect: Address,
        state: State,
        took_ms: u64,
    },
    UndoFailed {
        effect: Address,
        failure: Failure,
        took_ms: u64,
    },
    /// How the environment was left by the undo.
    StageEnded {
        environment: String,
        end: End,
    },
    /// A person says how an effect in doubt, or an undo that failed, is to be taken.
    Settled {
        effect: Address,
        settlement: Settlement,
        by: String,
        reason: Option<String>,
    },
    CancelRequested {
        by: String,
        reason: Option<String>,
    },
    RunFinished {
        outcome: Outcome,
    },
    /// An effect that says that it only reads ran in a drill, and what is observed at another changed meanwhile.
    ReadOnlyChanged {
        effect: Address,
        differs: Vec<Differs>,
    },
    /// A drill came to its end; its last round was this run.
    DrillFinished {
        drill: Drill,
    },
}

/// What a run is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Action {
    /// Raise a release through its environments.
    Release,
    /// Undo in `environment` what the run `of` did there.
    Rollback { environment: String, of: RunId },
    /// Release into `environment`, let something go wrong there, and undo it.
    Drill {
        environment: String,
        #[serde(flatten)]
        fault: Fault,
    },
}

/// Which way an effect is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    Up,
    /// It is taken back.
    Down,
}

/// A person's word on an effect that the runner cannot judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Settlement {
    /// The effect is in place.
    Done,
    /// The effect is not in place: it never was, or a person undid it.
    Undone,
    /// Run it, or its undo, again.
    Retry,
}

/// What was observed of an effect's place in the world.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum State {
    /// Nobody can tell: the effect has no `observe`.
    Unobserved,
    /// The observation failed.
    Unknown {
        why: String,
    },
    /// Nothing is there.
    Absent,
    /// What `observe` printed, without the line end that closes it.
    Output {
        text: String,
    },
    /// A file whose content is kept under its digest; `mode` is its permission bits.
    File {
        digest: Digest,
        bytes: u64,
        mode: u32,
    },
    Link {
        target: String,
    },
    Directory,
    /// Something else stands in the place: a folder where a file is meant, say.
    Other {
        what: String,
    },
}

impl State {
    /// Whether a look has shown anything: what nobody can tell is equal to nothing.
    pub fn is_told(&self) -> bool {
        !matches!(self, State::Unobserved | State::Unknown { .. })
    }
}

impl fmt::Display for State {
    /// For people, as the end of a sentence: what is there.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            State::Unobserved => f.write_str("not observed"),
            State::Unknown { why } => write!(f, "unknown ({why})"),
            State::Absent => f.write_str("nothing there"),
            State::Output { text } => write!(f, "`{text}`"),
            State::File { digest, bytes, mode } => {
                write!(f, "a file of {bytes} bytes ({}, mode {mode:04o})", digest.short())
            }
            State::Link { target } => write!(f, "a link to {target}"),
            State::Directory => f.write_str("a folder"),
            State::Other { what } => f.write_str(what),
        }
    }
}

/// Why something failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    /// One clause, for people.
    pub message: String,
    /// The last lines of output, secrets masked.
    #[serde(default)]
    pub tail: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// A program ended with a status other than 0, or a file operation failed.
    Failed,
    /// It took longer than its time-out.
    TimedOut,
    /// The program could not be started.
    NotStarted,
    /// A person or a signal asked for the end.
    Cancelled,
    /// It reported success, and the observation says otherwise.
    NotInEffect,
    /// A check did not find what it looks for.
    Unhealthy,
    /// A gate refused.
    Refused,
    /// The runner was interrupted while it was under way, and nothing tells whether it was done.
    InDoubt,
    /// The artifact is not what was proven, or is gone.
    Artifact,
    /// The order among releases forbids it.
    Order,
    /// What the plan rests on has changed since it was made.
    Stale,
    /// It ended well, and a drill says that it failed.
    Drill,
}

/// How an environment was left after its stage was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// Every observation is what it was before the release.
    Restored,
    /// Nothing had been changed.
    Untouched,
    /// At an acknowledged point of no return: what stands behind it was undone.
    Held { why: String },
    /// An undo failed or did not restore what was observed before; a person is needed.
    Stranded { why: String },
    /// Left as it is: the pipeline says `rollback = none`, a newer release stands on it, or a person said so.
    LeftAsIs { why: String },
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Every environment on the path was released into.
    Released,
    /// A rollback was asked for and done.
    RolledBack,
    /// It failed, and every environment is as it was before, or as an earlier stage of this run left it.
    Restored { why: String },
    /// It failed, and an environment was left as it is on purpose.
    Left { why: String },
    /// It was refused before anything was changed.
    Refused { why: String, kind: FailureKind },
    /// It failed, and an environment is held or stranded: a person is needed.
    Stranded { why: String },
}
