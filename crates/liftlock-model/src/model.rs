//! The model: what is declared, with every reference resolved.

use indexmap::IndexMap;
use liftlock_diagnostics::Span;

use crate::Map;
use crate::expr::{EffectId, Expr, Freeze, LocalId, Window};
use crate::types::Type;

macro_rules! ids {
    ($($(#[$doc:meta])* $id:ident),* $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $id(pub usize);
    )*};
}

ids! {
    /// An index into [`Model::environments`].
    EnvironmentId,
    /// An index into [`Model::groups`].
    GroupId,
    /// An index into [`Model::calendars`].
    CalendarId,
    /// An index into [`Model::artifacts`].
    ArtifactId,
}

/// All that a file and its imports declare, in the order of declaration.
#[derive(Debug, Clone, Default)]
pub struct Model {
    pub settings: Map<String, Setting>,
    pub environments: IndexMap<String, Environment>,
    pub groups: IndexMap<String, Group>,
    pub calendars: IndexMap<String, Calendar>,
    pub inputs: IndexMap<String, Input>,
    /// The `let`s of the files; what names one holds its value already.
    pub lets: Vec<Let>,
    pub artifacts: IndexMap<String, Artifact>,
    pub pipelines: IndexMap<String, Pipeline>,
    /// The functions and procedures of the project's own files; what calls one holds its body already.
    pub callables: Vec<Callable>,
    /// The imports that give names to use: of modules of the library, and those with a name of their own.
    pub imports: Vec<ImportedModule>,
    /// The calls that have been written out, so that a finding inside a procedure can show the way in.
    pub expansions: Vec<Expansion>,
}

/// A function or a procedure.
#[derive(Debug, Clone)]
pub struct Callable {
    pub what: &'static str,
    pub name: String,
    pub span: Span,
    pub docs: Option<String>,
    pub used: bool,
    /// In the order in which they are declared.
    pub parameters: Vec<Let>,
}

#[derive(Debug, Clone)]
pub struct ImportedModule {
    pub name: String,
    pub span: Span,
    pub used: bool,
}

/// A procedure that was written out where it was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    pub procedure: String,
    /// The whole declaration.
    pub body: Span,
    pub call: Span,
}

impl Model {
    pub fn environment(&self, id: EnvironmentId) -> &Environment {
        &self.environments[id.0]
    }

    pub fn group(&self, id: GroupId) -> &Group {
        &self.groups[id.0]
    }

    pub fn calendar(&self, id: CalendarId) -> &Calendar {
        &self.calendars[id.0]
    }

    pub fn artifact(&self, id: ArtifactId) -> &Artifact {
        &self.artifacts[id.0]
    }
}

/// What every environment says about itself.
#[derive(Debug, Clone)]
pub struct Setting {
    pub name: String,
    pub span: Span,
    pub docs: Option<String>,
    pub ty: Type,
    pub default: Option<Expr>,
}

#[derive(Debug, Clone)]
pub struct Environment {
    pub name: String,
    /// The name, where it is declared.
    pub span: Span,
    pub docs: Option<String>,
    pub requires: Vec<(EnvironmentId, Span)>,
    pub protected: bool,
    pub lock: Option<String>,
    /// Whether drills may take place here.
    pub drill: bool,
    /// How old the newest drill may be when a release enters, in milliseconds, and where that is said.
    pub drill_within: Option<(u64, Span)>,
    /// By the name of the setting; defaults are filled in.
    pub settings: Map<String, Expr>,
}

impl Environment {
    /// The lock that is held while a release is in this environment.
    pub fn lock(&self) -> &str {
        self.lock.as_deref().unwrap_or(&self.name)
    }
}

#[derive(Debug, Clone)]
pub struct Group {
    pub name: String,
    pub span: Span,
    pub members: Vec<String>,
}

#[derive(Debug, Clone)]
pub struct Calendar {
    pub name: String,
    pub span: Span,
    pub zone: String,
    pub allow: Vec<Window>,
    pub deny: Vec<Freeze>,
}

#[derive(Debug, Clone)]
pub struct Input {
    pub name: String,
    pub span: Span,
    pub docs: Option<String>,
    pub ty: Type,
    pub default: Option<Expr>,
}

/// A value with a name: of a `let`, or of a parameter.
#[derive(Debug, Clone)]
pub struct Let {
    pub name: String,
    pub span: Span,
    /// Whether anything names it.
    pub used: bool,
}

#[derive(Debug, Clone)]
pub struct Artifact {
    pub name: String,
    pub span: Span,
    pub docs: Option<String>,
    pub version: Expr,
    pub kind: ArtifactKind,
    pub env: Expr,
    pub cwd: Expr,
    /// Milliseconds.
    pub timeout: u64,
}

#[derive(Debug, Clone)]
pub enum ArtifactKind {
    /// A file that is built and then kept by its digest.
    File {
        build: Build,
        /// Where the build leaves it.
        file: Expr,
    },
    /// A container image, which stays in its registry.
    Image {
        /// As it is written, mostly with a tag.
        image: Expr,
        digest: ImageDigest,
    },
}

#[derive(Debug, Clone)]
pub struct Build {
    /// Globs.
    pub sources: Expr,
    pub command: Expr,
}

/// How the digest of an image comes to be known.
#[derive(Debug, Clone)]
pub enum ImageDigest {
    /// The image is written with it.
    Written,
    /// A program finds it when the release is planned.
    Resolved { resolve: Expr },
    /// A program finds it in the run, behind the one that builds the image and pushes it.
    Built { build: Build, resolve: Expr },
}

impl ArtifactKind {
    pub fn build(&self) -> Option<&Build> {
        match self {
            ArtifactKind::File { build, .. } | ArtifactKind::Image { digest: ImageDigest::Built { build, .. }, .. } => {
                Some(build)
            }
            ArtifactKind::Image { .. } => None,
        }
    }

    pub fn resolve(&self) -> Option<&Expr> {
        match self {
            ArtifactKind::Image {
                digest: ImageDigest::Resolved { resolve } | ImageDigest::Built { resolve, .. },
                ..
            } => Some(resolve),
            ArtifactKind::Image { .. } | ArtifactKind::File { .. } => None,
        }
    }

    /// Every expression of it.
    pub fn expressions(&self) -> impl Iterator<Item = &Expr> {
        let (ArtifactKind::File { file: named, .. } | ArtifactKind::Image { image: named, .. }) = self;
        let of_build = self.build().into_iter().flat_map(|build| [&build.sources, &build.command]);
        std::iter::once(named).chain(of_build).chain(self.resolve())
    }
}

#[derive(Debug, Clone)]
pub struct Pipeline {
    pub name: String,
    pub span: Span,
    pub docs: Option<String>,
    pub artifact: Option<ArtifactId>,
    /// The waves of the path; the environments of a wave are entered together.
    pub path: Vec<Wave>,
    pub promote_span: Option<Span>,
    /// Whether each part of the path was understood; of one that was not, nobody can say what it leaves out.
    pub path_is_whole: bool,
    /// The gates into each environment.
    pub before: IndexMap<EnvironmentId, Vec<Gate>>,
    /// The body for every environment that has none of its own.
    pub deploy: Vec<Node>,
    pub verify: Vec<Check>,
    /// The bodies for one environment alone.
    pub own_deploy: IndexMap<EnvironmentId, OwnBody>,
    /// The checks that one environment has besides.
    pub own_verify: IndexMap<EnvironmentId, Vec<Check>>,
    pub on_failure: OnFailure,
    pub hooks: Hooks,
}

/// The body of one environment alone.
#[derive(Debug, Clone)]
pub struct OwnBody {
    /// Why it differs.
    pub differs: Option<String>,
    pub span: Span,
    pub body: Vec<Node>,
}

/// What is done beside a release; only notices.
#[derive(Debug, Clone, Default)]
pub struct Hooks {
    pub success: Vec<Node>,
    pub failure: Vec<Node>,
    pub interrupt: Vec<Node>,
    pub in_doubt: InDoubt,
}

/// What becomes of an effect that an interruption has left in doubt, where nothing else settles it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InDoubt {
    /// A person says.
    #[default]
    Ask,
    /// It is undone.
    Undo,
}

impl Pipeline {
    /// The environments in the order in which they are entered, with the place in `promote` that names each.
    pub fn stages(&self) -> impl Iterator<Item = (EnvironmentId, Span)> + '_ {
        self.path.iter().flat_map(|wave| wave.environments.iter().copied())
    }

    /// The body that is run in an environment.
    pub fn deploy_in(&self, environment: EnvironmentId) -> &[Node] {
        self.own_deploy.get(&environment).map_or(&self.deploy, |own| &own.body)
    }

    /// The checks behind the body in an environment: those of every one, and its own.
    pub fn verify_in(&self, environment: EnvironmentId) -> impl Iterator<Item = &Check> {
        self.verify.iter().chain(self.own_verify.get(&environment).into_iter().flatten())
    }

    /// Every body, the common one first.
    pub fn bodies(&self) -> impl Iterator<Item = &[Node]> {
        std::iter::once(self.deploy.as_slice()).chain(self.own_deploy.values().map(|own| own.body.as_slice()))
    }

    /// Every check behind a body.
    pub fn checks(&self) -> impl Iterator<Item = &Check> {
        self.verify.iter().chain(self.own_verify.values().flatten())
    }
}

#[derive(Debug, Clone)]
pub struct Wave {
    pub environments: Vec<(EnvironmentId, Span)>,
    pub span: Span,
}

/// What is undone when a stage fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OnFailure {
    /// The stage that failed.
    #[default]
    Stage,
    /// Every stage of the run, last first.
    Pipeline,
    /// Nothing.
    None,
}

#[derive(Debug, Clone)]
pub struct Gate {
    pub name: String,
    pub span: Span,
    pub docs: Option<String>,
    pub kind: GateKind,
    /// What stands around it, outermost first.
    pub frames: Vec<Frame>,
}

impl Gate {
    /// Whether it stands in the way of every release: no condition and no list could leave it out.
    pub fn is_certain(&self) -> bool {
        self.frames.iter().all(|frame| matches!(frame, Frame::Call { .. }))
    }
}

/// What stands around a gate or a check.
#[derive(Debug, Clone)]
pub enum Frame {
    Each {
        variable: LocalId,
        name: String,
        over: Expr,
    },
    When {
        condition: Expr,
    },
    /// A call of a procedure, by its name.
    Call {
        name: String,
    },
}

/// Times in milliseconds.
#[derive(Debug, Clone)]
pub enum GateKind {
    Approval { from: GroupId, need: u32, own: bool, expires: u64 },
    Window { calendar: CalendarId },
    Soak { environment: EnvironmentId, lasts: u64, every: u64 },
    Check(CheckKind),
}

#[derive(Debug, Clone)]
pub struct Check {
    pub name: String,
    pub span: Span,
    pub docs: Option<String>,
    pub kind: CheckKind,
    /// What stands around it in `verify`, outermost first.
    pub frames: Vec<Frame>,
}

#[derive(Debug, Clone)]
pub enum CheckKind {
    Http { url: Expr, status: Expr, contains: Option<Expr>, timing: Timing },
    Tcp { host: Expr, port: Expr, timing: Timing },
    Command { run: Expr, env: Expr, cwd: Expr, timeout: u64, timing: Timing },
    Metric(Box<Metric>),
}

/// How long a check may fail, how often it looks, and for how long it must go on passing; in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timing {
    pub within: u64,
    pub every: u64,
    pub lasts: u64,
}

/// A question to Prometheus.
#[derive(Debug, Clone)]
pub struct Metric {
    pub server: Expr,
    pub query: Expr,
    pub above: Option<Expr>,
    pub below: Option<Expr>,
    /// The query that counts samples, and how few are too few.
    pub samples: Option<Expr>,
    pub at_least: u32,
    pub no_data: NoData,
    pub timing: Timing,
}

/// What missing data means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoData {
    Fail,
    Pass,
    /// Look again, as long as `within` allows.
    Wait,
}

impl CheckKind {
    pub fn timing(&self) -> Timing {
        match self {
            CheckKind::Http { timing, .. } | CheckKind::Tcp { timing, .. } | CheckKind::Command { timing, .. } => {
                *timing
            }
            CheckKind::Metric(metric) => metric.timing,
        }
    }
}

/// One item of a body.
#[derive(Debug, Clone)]
pub enum Node {
    Effect(Box<Effect>),
    /// A look at the world in between: where it fails, the stage fails there.
    Check(Box<Check>),
    /// A body for each member of a list, one after another, or so many at once.
    Each {
        variable: LocalId,
        name: String,
        span: Span,
        over: Expr,
        /// A number or a share.
        at_most: Option<Expr>,
        body: Vec<Node>,
    },
    /// A body that is part of the release where a condition holds.
    When {
        condition: Expr,
        span: Span,
        body: Vec<Node>,
    },
    /// A named sequence; `rollback` covers all of it.
    Phase {
        name: String,
        span: Span,
        body: Vec<Node>,
        rollback: Option<Vec<Effect>>,
    },
    /// Members that run together.
    Parallel {
        name: String,
        span: Span,
        body: Vec<Node>,
    },
}

#[derive(Debug, Clone)]
pub struct Effect {
    pub id: EffectId,
    pub name: String,
    /// The kind and the name, where the effect is declared.
    pub span: Span,
    pub docs: Option<String>,
    pub kind: EffectKind,
}

#[derive(Debug, Clone)]
pub enum EffectKind {
    Step(Box<Step>),
    File {
        path: Expr,
        content: Expr,
        mode: Option<u32>,
    },
    Link {
        path: Expr,
        target: Expr,
    },
    Directory {
        path: Expr,
    },
    Refresh {
        run: Expr,
        env: Expr,
        cwd: Expr,
        timeout: u64,
    },
    /// People are told; it changes nothing, and its failure fails nothing.
    Notify {
        run: Expr,
        env: Expr,
        cwd: Expr,
        stdin: Option<Expr>,
        timeout: u64,
    },
    Http(Box<HttpEffect>),
    Manual(Box<Manual>),
}

/// A request that changes something elsewhere.
#[derive(Debug, Clone)]
pub struct HttpEffect {
    pub request: HttpRequest,
    pub rollback: Option<HttpRequest>,
    pub observe: Option<Expr>,
    pub desired: Option<Expr>,
    pub env: Expr,
    pub cwd: Expr,
    pub irreversible: Option<String>,
    pub readonly: bool,
    pub idempotent: bool,
    /// Milliseconds.
    pub timeout: u64,
}

#[derive(Debug, Clone)]
pub struct HttpRequest {
    pub method: Expr,
    pub url: Expr,
    pub headers: Expr,
    pub body: Option<Expr>,
    /// The statuses that are welcome; empty for all from 200 to 299.
    pub status: Expr,
}

/// What a person does.
#[derive(Debug, Clone)]
pub struct Manual {
    pub instructions: Expr,
    pub rollback: Option<Expr>,
    pub irreversible: Option<String>,
    pub readonly: bool,
    pub atomic: bool,
}

#[derive(Debug, Clone)]
pub struct Step {
    pub observe: Option<Expr>,
    pub desired: Option<Expr>,
    pub preview: Option<Expr>,
    pub run: Expr,
    pub rollback: Option<Expr>,
    pub irreversible: Option<String>,
    pub readonly: bool,
    pub idempotent: bool,
    pub atomic: bool,
    pub env: Expr,
    pub cwd: Expr,
    pub stdin: Option<Expr>,
    /// The host on which its programs run, by ssh; without it, this one.
    pub on: Option<Expr>,
    pub retry: Option<Retry>,
    /// What it gives out, by name.
    pub outputs: Vec<String>,
    /// Milliseconds.
    pub timeout: u64,
}

/// How often a failed step is tried again; times in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Retry {
    /// Tries after the first.
    pub times: u32,
    /// The longest pause before the second try.
    pub wait: u64,
    /// By how much that grows with each try.
    pub factor: f64,
    /// What it does not grow beyond.
    pub most: u64,
}
