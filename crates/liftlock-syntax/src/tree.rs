//! The tree of one file: what stands where, without a judgement on what it means.
//!
//! The tree is uniform. A body is a list of items whatever it belongs to, and a block is a block whatever its kind,
//! so that the kinds themselves can be declared in the language and this crate need not know them.

use jiff::civil;
use liftlock_diagnostics::{SourceId, Span};

/// One file.
#[derive(Debug, Clone, PartialEq)]
pub struct File {
    pub source: SourceId,
    pub items: Vec<Item>,
    /// Every comment, in order, each from its `#` to the end of its line.
    pub comments: Vec<Span>,
}

/// One item of a body.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// The comments that stand directly above, without `#` and without those that allow findings, joined by newlines.
    pub docs: Option<String>,
    pub kind: ItemKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ItemKind {
    /// `edition 2026`
    Edition(Edition),
    /// `import "./shared.release" as shared`
    Import(Import),
    /// `input version: semver = "1.0.0"`
    Input(Field),
    /// `let name = value`
    Let(Attribute),
    /// `promote artifact.storefront through dev -> [eu, us] -> production`
    Promote(Promote),
    /// `name = value`
    Attribute(Attribute),
    /// `name: type = default`, in `settings` and in the declarations of kinds
    Field(Field),
    /// `kind name { … }`
    Block(Block),
    /// `each host in env.hosts { … }`
    Each(Each),
    /// `when env.protected { … }`
    When(When),
    /// `function tag(version: semver): string = "v${version}"`
    Function(Function),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Edition {
    /// The year; `None` where it is missing or no number, which has been reported.
    pub year: Option<u32>,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Import {
    pub path: String,
    pub path_span: Span,
    pub alias: Option<Name>,
}

/// An identifier where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Name {
    pub text: String,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Attribute {
    pub name: Name,
    pub value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    pub name: Name,
    pub ty: TypeExpr,
    pub default: Option<Expr>,
}

/// A type as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeExpr {
    /// `plan path`: the latest phase a value may have; only the outermost type has one.
    pub phase: Option<Phase>,
    pub kind: TypeKind,
    pub span: Span,
}

/// When a value is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Phase {
    /// It stands in the files.
    Const,
    /// It is known when the plan is made.
    Plan,
    /// It is known only while the plan runs.
    Run,
}

#[derive(Debug, Clone, PartialEq)]
pub enum TypeKind {
    /// Not there, or not readable; reported.
    Missing,
    /// `url`, `list<path>`: a name and its arguments
    Named { name: Name, arguments: Vec<TypeExpr> },
    /// `"stage" | "pipeline" | "none"`
    OneOf(Vec<String>),
    /// `T?`
    Optional(Box<TypeExpr>),
    /// `{ host: host, port: int = 5432 }`
    Record(Vec<Field>),
}

#[derive(Debug, Clone, PartialEq)]
pub struct Promote {
    /// What is promoted; `ExprKind::Missing` where it is missing.
    pub artifact: Expr,
    /// The environments in order; the members of a wave are entered together.
    pub waves: Vec<Wave>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Wave {
    pub environments: Vec<Name>,
    pub span: Span,
}

/// `kind label label { body }`
#[derive(Debug, Clone, PartialEq)]
pub struct Block {
    /// `step`, or a path such as `notify.chat`.
    pub kind: Vec<Name>,
    /// The words between the kind and the brace: the name of `environment dev`, the `failure` of `on failure`.
    pub labels: Vec<Name>,
    pub body: Vec<Item>,
    /// From the kind to the last label.
    pub head: Span,
}

/// `each name in over { body }`
#[derive(Debug, Clone, PartialEq)]
pub struct Each {
    pub name: Name,
    pub over: Expr,
    pub body: Vec<Item>,
    /// From `each` to the end of the value.
    pub head: Span,
}

/// `when condition { body }`
#[derive(Debug, Clone, PartialEq)]
pub struct When {
    pub condition: Expr,
    pub body: Vec<Item>,
    /// From `when` to the end of the condition.
    pub head: Span,
}

/// `function name(parameters): result = value`
#[derive(Debug, Clone, PartialEq)]
pub struct Function {
    pub name: Name,
    pub parameters: Vec<Field>,
    pub result: Option<TypeExpr>,
    pub value: Expr,
    /// The parentheses of the parameters.
    pub brackets: Span,
}

/// A value as it is written.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub kind: ExprKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// Not there, or not readable; a finding has said so, and nobody need say it again.
    Missing,
    Bool(bool),
    Int(i64),
    Number(f64),
    /// Milliseconds.
    Duration(u64),
    /// `25%` is 25.0.
    Percent(f64),
    /// `512MiB`, in bytes.
    Bytes(u64),
    Time(civil::Time),
    Date(civil::Date),
    DateTime(civil::DateTime),
    /// `sha256:…`, in lower case, without the prefix.
    Digest(String),
    /// `"…"` or `"""…"""`, the latter dedented.
    String(Vec<Part>),
    /// `` `program argument` ``: each word is one argument and is never split again.
    Command(Vec<Word>),
    Script(Script),
    /// `version`, `env.url`, `previous?.version`
    Reference(Vec<Segment>),
    List(Vec<Expr>),
    /// `{ KEY = value }`
    Map(Vec<Entry>),
    /// `mon..thu`, `09:00..16:00`
    Range(Box<Expr>, Box<Expr>),
    /// `secret.env("NAME")`, `window(days: mon..thu, hours: 09:00..16:00)`
    Call {
        function: Vec<Name>,
        arguments: Vec<Argument>,
    },
    /// `value ?? fallback`
    Fallback(Box<Expr>, Box<Expr>),
    /// `env.workers > 2`, `a and b`
    Binary(Operator, Box<Expr>, Box<Expr>),
    /// `not input.hotfix`
    Not(Box<Expr>),
    /// `env.hosts[0]`, `env.labels["tier"]`
    Index(Box<Expr>, Box<Expr>),
    /// `primary(env.hosts).name`, where what is in front is no path
    Member(Box<Expr>, Segment),
}

/// What joins two values, the loosest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    Or,
    And,
    Equal,
    Unequal,
    Less,
    AtMost,
    Greater,
    AtLeast,
    In,
    Plus,
    Minus,
    Times,
}

impl Operator {
    /// As it is written.
    pub fn sign(self) -> &'static str {
        match self {
            Operator::Or => "or",
            Operator::And => "and",
            Operator::Equal => "==",
            Operator::Unequal => "!=",
            Operator::Less => "<",
            Operator::AtMost => "<=",
            Operator::Greater => ">",
            Operator::AtLeast => ">=",
            Operator::In => "in",
            Operator::Plus => "+",
            Operator::Minus => "-",
            Operator::Times => "*",
        }
    }

    /// Whether it asks how two values compare; such are not chained.
    pub fn compares(self) -> bool {
        matches!(
            self,
            Operator::Equal
                | Operator::Unequal
                | Operator::Less
                | Operator::AtMost
                | Operator::Greater
                | Operator::AtLeast
                | Operator::In
        )
    }
}

/// A piece of a string or of a word of a command.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    /// Literal text, escapes resolved, dedented.
    Text(String),
    /// `${…}`
    Interpolation(Expr),
}

/// One argument of a command.
#[derive(Debug, Clone, PartialEq)]
pub struct Word {
    pub parts: Vec<Part>,
    pub span: Span,
}

/// A fenced script; its text is literal and dedented.
#[derive(Debug, Clone, PartialEq)]
pub struct Script {
    pub interpreter: Name,
    pub text: String,
}

/// One name of a reference; `optional` where `?.` leads to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Segment {
    pub name: Name,
    pub optional: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    pub key: Name,
    pub value: Expr,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Argument {
    pub name: Option<Name>,
    pub value: Expr,
}
