//! The model: what is declared, with every reference resolved.

use indexmap::IndexMap;
use liftlock_diagnostics::Span;

use crate::expr::{Expr, Freeze, Window};
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
    pub settings: IndexMap<String, Setting>,
    pub environments: IndexMap<String, Environment>,
    pub groups: IndexMap<String, Group>,
    pub calendars: IndexMap<String, Calendar>,
    pub inputs: IndexMap<String, Input>,
    /// The `let`s of the files; what names one holds its value already.
    pub lets: IndexMap<String, Let>,
    pub artifacts: IndexMap<String, Artifact>,
    pub pipelines: IndexMap<String, Pipeline>,
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
    /// By the name of the setting; defaults are filled in.
    pub settings: IndexMap<String, Expr>,
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
    pub sources: Expr,
    pub build: Expr,
    pub file: Expr,
    pub env: Expr,
    pub cwd: Expr,
    /// Milliseconds.
    pub timeout: u64,
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
    /// The gates into each environment.
    pub before: IndexMap<EnvironmentId, Vec<Gate>>,
    pub deploy: Vec<Node>,
    pub verify: Vec<Check>,
    pub on_failure: OnFailure,
}

impl Pipeline {
    /// The environments in the order in which they are entered, with the place in `promote` that names each.
    pub fn stages(&self) -> impl Iterator<Item = (EnvironmentId, Span)> + '_ {
        self.path.iter().flat_map(|wave| wave.environments.iter().copied())
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
}

/// Times in milliseconds.
#[derive(Debug, Clone)]
pub enum CheckKind {
    Http { url: Expr, status: Expr, contains: Option<Expr>, within: u64, every: u64 },
    Tcp { host: Expr, port: Expr, within: u64, every: u64 },
    Command { run: Expr, env: Expr, cwd: Expr, within: u64, every: u64, timeout: u64 },
}

/// One item of a body.
#[derive(Debug, Clone)]
pub enum Node {
    Effect(Box<Effect>),
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
    pub name: String,
    /// The kind and the name, where the effect is declared.
    pub span: Span,
    pub docs: Option<String>,
    pub kind: EffectKind,
}

#[derive(Debug, Clone)]
pub enum EffectKind {
    Step(Box<Step>),
    File { path: Expr, content: Expr, mode: Option<u32> },
    Link { path: Expr, target: Expr },
    Directory { path: Expr },
    Refresh { run: Expr, env: Expr, cwd: Expr, timeout: u64 },
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
    /// Milliseconds.
    pub timeout: u64,
}
