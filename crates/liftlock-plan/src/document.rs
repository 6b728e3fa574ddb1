//! The document: for each stage its gates, its effects in order with resolved inputs, their diffs and their undo.

use indexmap::IndexMap;
use liftlock_journal::{Fault, State};
use liftlock_model::expr::{Freeze, Window};
use liftlock_model::value::{Late, Piece, Program, Secret, Text};
use liftlock_names::{Address, Digest, ReleaseRef, RunId};
use serde::{Deserialize, Serialize};

use crate::artifact::ArtifactPlan;

/// The version of the document's format. It rises when a reader of the old one could misunderstand the new one.
pub const FORMAT: u32 = 1;

/// What one run would do, all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    pub format: u32,
    pub pipeline: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    pub action: ActionKind,
    /// The inputs, as texts.
    pub inputs: IndexMap<String, String>,
    pub version: String,
    pub artifact: Option<ArtifactPlan>,
    /// The stages in order; those of a wave are entered together.
    pub waves: Vec<Vec<Stage>>,
    pub on_failure: OnFailure,
    /// False where nothing was observed, so that nothing is known of what is there.
    pub observed: bool,
    /// What is done when the run ends, or was interrupted.
    #[serde(default, skip_serializing_if = "Hooks::is_default")]
    pub on: Hooks,
}

/// Notices that are sent when the run ends, each list at one kind of end, and what an interruption means.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Hooks {
    /// Everything was released.
    #[serde(default)]
    pub success: Vec<Effect>,
    /// It failed, or was refused, or a person is needed.
    #[serde(default)]
    pub failure: Vec<Effect>,
    /// Somebody asked for its end, and nobody is needed.
    #[serde(default)]
    pub interrupt: Vec<Effect>,
    #[serde(default)]
    pub in_doubt: InDoubt,
}

/// What happens to an effect that was under way when the run was interrupted, and of which nothing tells whether it was
/// done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InDoubt {
    /// A person says how it stands.
    #[default]
    Ask,
    /// It is undone, and the stage with it.
    Undo,
}

impl Hooks {
    fn is_default(&self) -> bool {
        *self == Hooks::default()
    }

    /// Every notice.
    pub fn notices(&self) -> impl Iterator<Item = &Effect> {
        self.success.iter().chain(&self.failure).chain(&self.interrupt)
    }
}

/// What the plan is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum ActionKind {
    Release,
    /// Undo what the run `of` did in `environment`. The effects of the stage are those that were applied, and are undone
    /// in reverse.
    Rollback {
        environment: String,
        of: RunId,
        /// The number of the release that is taken back.
        number: u64,
        /// The release below it, which runs again then; none where it was the first.
        to: Option<ReleaseRef>,
    },
    /// One round of a drill: release into `environment`, let something go wrong there, and undo it.
    Drill {
        environment: String,
        #[serde(flatten)]
        fault: Fault,
    },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OnFailure {
    Stage,
    Pipeline,
    None,
}

/// One environment of the path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    pub environment: String,
    pub protected: bool,
    /// The lock held while the release is in the environment.
    pub lock: String,
    /// Environments in which the digest must have succeeded.
    pub requires: Vec<String>,
    /// Whether drills may take place here.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub drill: bool,
    /// How old the newest drill of the pipeline may be when a release enters here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drill_within_ms: Option<u64>,
    /// What the environment runs now.
    pub previous: Option<ReleaseRef>,
    pub gates: Vec<Gate>,
    pub body: Vec<Node>,
    pub verify: Vec<Check>,
    /// The checks of the release that a rollback returns to; none where there was no release.
    pub verify_restored: Vec<Check>,
    pub coverage: Coverage,
}

/// At how many of the stage's failure points it would be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    pub restored: usize,
    pub total: usize,
}

/// One item of a body.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Node {
    Effect(Box<Effect>),
    /// Looks at its place, and fails the stage there. It changes nothing and has no undo.
    Check(Box<Check>),
    Phase {
        name: String,
        body: Vec<Node>,
        rollback: Option<Vec<Effect>>,
    },
    Parallel {
        name: String,
        body: Vec<Node>,
    },
}

/// One change to the environment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Effect {
    pub address: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    pub kind: EffectKind,
    pub class: Class,
    /// What was observed when the plan was made.
    pub observed: Option<State>,
    pub change: Change,
    /// In a rollback: what was observed before the release that is undone, which is what the undo goes back to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_over: Option<State>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EffectKind {
    Step(Box<Step>),
    File {
        path: String,
        content: String,
        mode: Option<u32>,
    },
    Link {
        path: String,
        target: String,
    },
    Directory {
        path: String,
    },
    Refresh {
        run: Invocation,
    },
    Http(Box<HttpEffect>),
    /// A person follows the instructions, and confirms it; the same for `undo` on the way back.
    Manual {
        instructions: String,
        undo: Option<String>,
        atomic: bool,
    },
    /// Tells somebody. It changes nothing, and that it fails never fails a release.
    Notify {
        run: Invocation,
    },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    pub observe: Option<Invocation>,
    pub desired: Option<String>,
    pub preview: Option<Invocation>,
    pub run: Invocation,
    pub rollback: Option<Invocation>,
    pub idempotent: bool,
    pub atomic: bool,
    /// Whether it is tried again where it fails; only an idempotent step is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<Retry>,
    /// The names of the values that `run` writes for later effects.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<String>,
}

/// How often, and after which waits, a step is tried again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Retry {
    /// Tries after the first.
    pub times: u32,
    /// The longest wait before the second try.
    pub wait_ms: u64,
    /// By how much the longest wait grows from one try to the next.
    pub factor: f64,
    /// What it does not grow beyond.
    pub most_ms: u64,
}

/// A change that a request to a server makes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpEffect {
    pub request: HttpRequest,
    /// The request that takes it back.
    pub undo: Option<HttpRequest>,
    pub observe: Option<Invocation>,
    /// What `observe` prints when it is in place.
    pub desired: Option<String>,
    /// Whether the server takes the same request twice, under the same key, for one.
    pub idempotent: bool,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct HttpRequest {
    pub method: String,
    pub url: Text,
    pub headers: IndexMap<String, Text>,
    pub body: Option<Text>,
    /// The statuses that are welcome; where there are none, those from 200 to 299.
    pub status: Vec<u16>,
    pub timeout_ms: u64,
}

impl HttpRequest {
    /// Every text that the server is given.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        std::iter::once(&self.url).chain(self.headers.values()).chain(&self.body)
    }

    fn reads_artifact(&self) -> bool {
        self.texts().any(reads_artifact)
    }
}

impl EffectKind {
    /// The program that shows the state, where it is a program that does.
    pub fn observed_by(&self) -> Option<&Invocation> {
        match self {
            EffectKind::Step(step) => step.observe.as_ref(),
            EffectKind::Http(http) => http.observe.as_ref(),
            _ => None,
        }
    }

    /// What that program prints when the effect is in place.
    pub fn desired_output(&self) -> Option<&String> {
        match self {
            EffectKind::Step(step) => step.desired.as_ref(),
            EffectKind::Http(http) => http.desired.as_ref(),
            _ => None,
        }
    }
}

/// A program with all that it is given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invocation {
    pub program: Program,
    pub env: IndexMap<String, Text>,
    /// Relative to the project.
    pub cwd: String,
    pub stdin: Option<Text>,
    pub timeout_ms: u64,
    /// The host that it runs on, reached by ssh; `cwd` is a folder there then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on: Option<Text>,
}

/// How an effect is taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "class", rename_all = "kebab-case")]
pub enum Class {
    Reversible,
    Covered,
    Irreversible { why: String },
    ReadOnly,
}

/// What the effect would change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case")]
pub enum Change {
    /// Nothing was observed yet, or on purpose.
    Unobserved,
    /// It is as desired: nothing to do.
    InPlace,
    /// A unified diff without its header; of a step, of what `observe` prints.
    Diff {
        diff: String,
        /// Whether the lines are values of JSON or YAML, each with its place, and not lines of the text.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        by_structure: bool,
        /// What the step's `preview` printed, which says more than what is observed of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preview: Option<String>,
    },
    /// It runs, because something before it changes.
    Runs { because: String },
    /// It does not run, because nothing before it changes.
    NotNeeded,
    /// It runs, and nothing tells what that changes.
    Unknown { why: String, preview: Option<String> },
}

impl Change {
    /// Whether the effect would certainly do nothing.
    pub fn is_none(&self) -> bool {
        matches!(self, Change::InPlace | Change::NotNeeded)
    }

    /// What the step's `preview` printed, or why it failed.
    pub fn preview(&self) -> Option<&str> {
        match self {
            Change::Diff { preview, .. } | Change::Unknown { preview, .. } => preview.as_deref(),
            Change::Unobserved | Change::InPlace | Change::Runs { .. } | Change::NotNeeded => None,
        }
    }

    /// The change with what `preview` printed, where there is something to preview.
    pub(crate) fn previewed(mut self, printed: Option<String>) -> Change {
        if let Change::Diff { preview, .. } | Change::Unknown { preview, .. } = &mut self {
            *preview = printed;
        }
        self
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Gate {
    pub address: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    pub kind: GateKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GateKind {
    Approval {
        group: String,
        members: Vec<String>,
        need: u32,
        own: bool,
        expires_ms: u64,
    },
    Window {
        calendar: String,
        zone: String,
        allow: Vec<Window>,
        deny: Vec<Freeze>,
    },
    /// `checks` are those of the environment soaked in.
    Soak {
        environment: String,
        lasts_ms: u64,
        every_ms: u64,
        checks: Vec<Check>,
    },
    Check(CheckKind),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    pub address: Address,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub docs: Option<String>,
    pub kind: CheckKind,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    Http {
        url: String,
        status: u16,
        contains: Option<String>,
        #[serde(flatten)]
        timing: Timing,
    },
    Tcp {
        host: String,
        port: u16,
        #[serde(flatten)]
        timing: Timing,
    },
    Command {
        run: Invocation,
        #[serde(flatten)]
        timing: Timing,
    },
    /// What a Prometheus measures. Each series that the query gives must be within the bounds.
    Metric {
        /// Its address, without the path of its interface.
        server: String,
        query: String,
        /// What each value must be above.
        above: Option<f64>,
        /// What each value must be below.
        below: Option<f64>,
        /// The fewest samples that count as data; 0 where any number does.
        samples: u32,
        /// What says how many samples there are, all of its series together; without it, the series of `query` are
        /// counted.
        samples_query: Option<String>,
        no_data: NoData,
        #[serde(flatten)]
        timing: Timing,
    },
}

/// What it means that there is no data, or too little: no series, a value that is no number, fewer samples than wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoData {
    /// The check fails at once.
    Fail,
    /// The check passes.
    Pass,
    /// It is asked again, until there is data or the check's time is over.
    Wait,
}

/// For how long a check is tried, and for how long it has to go on passing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timing {
    /// For how long it may fail before that counts; 0 means that it is tried once.
    pub within_ms: u64,
    /// The pause between two tries, and between two looks at one that passes.
    pub every_ms: u64,
    /// Once it has passed it must go on passing for so long; one failure in that time fails it. 0 means that it has passed
    /// at once.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub lasts_ms: u64,
}

// Serde hands out a reference.
fn is_zero(milliseconds: &u64) -> bool {
    *milliseconds == 0
}

impl CheckKind {
    pub fn timing(&self) -> Timing {
        match self {
            CheckKind::Http { timing, .. }
            | CheckKind::Tcp { timing, .. }
            | CheckKind::Command { timing, .. }
            | CheckKind::Metric { timing, .. } => *timing,
        }
    }
}

impl Plan {
    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.waves.iter().flatten()
    }

    pub fn stage(&self, environment: &str) -> Option<&Stage> {
        self.stages().find(|stage| stage.environment == environment)
    }

    /// Every gate of every stage.
    pub fn gates(&self) -> impl Iterator<Item = &Gate> {
        self.stages().flat_map(|stage| &stage.gates)
    }

    /// The plan as JSON text, always the same for the same plan: the bytes that are hashed and journalled.
    pub fn canonical(&self) -> String {
        serde_json::to_string(self).expect("a plan holds only maps with text keys and finite numbers")
    }

    /// The identity of the plan, which ties its preview, its approval and its run together.
    pub fn hash(&self) -> Digest {
        // The text of a large plan is many times its size in memory, so that it is hashed without being there.
        Digest::of_written(|out| serde_json::to_writer(out, self))
            .expect("a plan holds only maps with text keys and finite numbers, and hashing does not fail")
    }

    /// Whether a run of this plan would change nothing: every environment runs this very artifact, and every effect is in
    /// place.
    pub fn is_empty(&self) -> bool {
        self.stages().all(|stage| self.has_nothing_to_do(stage))
    }

    /// Whether it is known that there is nothing to do in an environment.
    pub fn has_nothing_to_do(&self, stage: &Stage) -> bool {
        self.observed && self.is_released(stage) && !stage.changes()
    }

    /// Whether the environment's current release is this very artifact.
    pub fn is_released(&self, stage: &Stage) -> bool {
        let Some(previous) = &stage.previous else { return false };
        let digest = match &self.artifact {
            None => None,
            Some(artifact) => match artifact.digest() {
                None => return false,
                digest => digest,
            },
        };
        previous.version == self.version && previous.digest == digest
    }
}

impl Stage {
    /// Whether any effect may change something.
    pub fn changes(&self) -> bool {
        self.effects().iter().any(|effect| !effect.is_notice() && !effect.change.is_none())
    }

    /// Whether taking the stage back reads the artifact that was released.
    pub fn undo_needs_artifact(&self) -> bool {
        undo_reads_artifact(&self.body)
    }

    /// The effects in the order in which they are written, without those of `rollback { … }` blocks.
    pub fn effects(&self) -> Vec<&Effect> {
        effects_of(&self.body)
    }
}

fn undo_reads_artifact(nodes: &[Node]) -> bool {
    let of_effect = |effect: &Effect| match &effect.kind {
        EffectKind::Step(step) => step.rollback.as_ref().is_some_and(Invocation::reads_artifact),
        EffectKind::Refresh { run } => run.reads_artifact(),
        EffectKind::Http(http) => http.undo.as_ref().is_some_and(HttpRequest::reads_artifact),
        EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } => false,
        EffectKind::Notify { .. } | EffectKind::Manual { .. } => false,
    };
    let of_cover = |effect: &Effect| match &effect.kind {
        EffectKind::Step(step) => step.run.reads_artifact(),
        EffectKind::Http(http) => http.request.reads_artifact(),
        _ => of_effect(effect),
    };
    nodes.iter().any(|node| match node {
        Node::Effect(effect) => of_effect(effect),
        Node::Check(_) => false,
        Node::Phase { body, rollback, .. } => undo_reads_artifact(body) || rollback.iter().flatten().any(of_cover),
        Node::Parallel { body, .. } => undo_reads_artifact(body),
    })
}

impl Effect {
    /// Whether it is done or not, and never half.
    pub fn is_atomic(&self) -> bool {
        match &self.kind {
            EffectKind::Step(step) => step.atomic,
            EffectKind::Manual { atomic, .. } => *atomic,
            _ => false,
        }
    }

    /// Whether it only tells somebody, so that it counts nowhere as a change.
    pub fn is_notice(&self) -> bool {
        matches!(self.kind, EffectKind::Notify { .. })
    }
}

impl Invocation {
    /// A secret that the program is given.
    pub fn secret(&self) -> Option<&Secret> {
        self.env.values().chain(&self.stdin).find_map(Text::secret)
    }

    /// Every text that the program is given.
    pub fn texts(&self) -> impl Iterator<Item = &Text> {
        let words: &[Text] = match &self.program {
            Program::Command(words) => words,
            Program::Script { .. } => &[],
        };
        words.iter().chain(self.env.values()).chain(&self.stdin).chain(&self.on)
    }

    fn reads_artifact(&self) -> bool {
        self.texts().any(reads_artifact)
    }
}

fn reads_artifact(text: &Text) -> bool {
    text.pieces.iter().any(|piece| matches!(piece, Piece::Late(Late::ArtifactFile(_))))
}

/// The effects of a body in the order in which they are written, without those of `rollback { … }` blocks.
pub fn effects_of(nodes: &[Node]) -> Vec<&Effect> {
    let mut effects: Vec<&Effect> = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(effect) => effects.push(effect),
            Node::Check(_) => {}
            Node::Phase { body, .. } | Node::Parallel { body, .. } => effects.extend(effects_of(body)),
        }
    }
    effects
}

/// The checks that stand in a body, in the order in which they are written.
pub fn checks_in(nodes: &[Node]) -> Vec<&Check> {
    let mut checks: Vec<&Check> = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(_) => {}
            Node::Check(check) => checks.push(check),
            Node::Phase { body, .. } | Node::Parallel { body, .. } => checks.extend(checks_in(body)),
        }
    }
    checks
}

impl Effect {
    /// Every program that it may run.
    pub fn invocations(&self) -> Vec<&Invocation> {
        match &self.kind {
            EffectKind::Step(step) => {
                let others = [&step.observe, &step.preview, &step.rollback];
                std::iter::once(&step.run).chain(others.into_iter().flatten()).collect()
            }
            EffectKind::Refresh { run } | EffectKind::Notify { run } => vec![run],
            EffectKind::Http(http) => http.observe.iter().collect(),
            EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } => Vec::new(),
            EffectKind::Manual { .. } => Vec::new(),
        }
    }

    /// Every text that its programs and requests are given.
    pub fn texts(&self) -> Vec<&Text> {
        let requests = match &self.kind {
            EffectKind::Http(http) => Some(&http.request).into_iter().chain(&http.undo).collect(),
            _ => Vec::new(),
        };
        let of_programs = self.invocations().into_iter().flat_map(Invocation::texts);
        of_programs.chain(requests.into_iter().flat_map(HttpRequest::texts)).collect()
    }
}

impl Retry {
    /// How often the step is tried at most.
    pub fn tries(&self) -> u32 {
        self.times.saturating_add(1)
    }

    /// The longest wait after the failure of the try `attempt`, counted from 1.
    pub fn longest_wait_ms(&self, attempt: u32) -> u64 {
        let grown =
            self.wait_ms as f64 * self.factor.max(1.0).powi(i32::try_from(attempt.max(1) - 1).unwrap_or(i32::MAX));
        // A float beyond the limit, also an infinite one, ends at the limit.
        (grown.min(self.most_ms as f64) as u64).min(self.most_ms)
    }
}

impl Node {
    /// Whether two nodes of one body are turns of the same `each`: the body once for a member, which is a phase called
    /// `host["a"]`, or those members that are worked on together, a parallel called `host wave 1`. What somebody has named
    /// is an identifier, and has neither a bracket nor a space.
    pub fn is_turn_beside(&self, other: &Node) -> bool {
        self.turn_of().is_some() && self.turn_of() == other.turn_of()
    }

    /// What the `each` is called of which this is a turn.
    fn turn_of(&self) -> Option<&str> {
        let each = match self {
            Node::Effect(_) | Node::Check(_) => None,
            Node::Phase { name, .. } => name.split_once('['),
            Node::Parallel { name, .. } => name.split_once(" wave "),
        };
        each.map(|(each, _)| each)
    }

    /// Every effect of `nodes`, to be changed.
    pub(crate) fn for_each_mut<'n>(nodes: &'n mut [Node], change: &mut dyn FnMut(&'n mut Effect)) {
        for node in nodes {
            match node {
                Node::Effect(effect) => change(effect),
                Node::Check(_) => {}
                Node::Phase { body, .. } | Node::Parallel { body, .. } => Node::for_each_mut(body, change),
            }
        }
    }
}
