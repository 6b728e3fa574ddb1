//! Expressions with every name resolved.

use std::slice;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::civil;
use liftlock_diagnostics::Span;
use serde::{Deserialize, Serialize};

pub use liftlock_syntax::Operator;

use crate::functions::Function;
use crate::model::{ArtifactId, CalendarId, EnvironmentId, GroupId};
use crate::types::{Phase, Type};

/// An expression that was understood. Cheap to clone: a value that is named in many places is kept once.
#[derive(Debug, Clone, PartialEq)]
pub struct Expr {
    pub kind: Arc<ExprKind>,
    pub ty: Type,
    pub phase: Phase,
    pub span: Span,
    /// How many parts it has when every name in it is written out; bounds what it can grow to.
    pub weight: u32,
    /// How many names lead from it to the value that is furthest away; bounds the recursion over it.
    pub depth: u32,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ExprKind {
    /// Not understood, and reported.
    Error,
    None,
    Bool(bool),
    Int(i64),
    Number(f64),
    Duration(u64),
    Percent(f64),
    Bytes(u64),
    Time(civil::Time),
    Date(civil::Date),
    DateTime(civil::DateTime),
    Text(Vec<Part>),
    List(Vec<Expr>),
    Map(IndexMap<String, Expr>),
    Command(Vec<Word>),
    Script {
        interpreter: String,
        text: String,
    },
    Fallback(Expr, Expr),
    Reference(Reference),
    /// The value of a `let`, or of a neighbouring attribute.
    Named(Expr),
    Binary(Operator, Expr, Expr),
    Not(Expr),
    /// A member of a list, by its place from 0, or of a map, by its key; missing where there is none.
    Index(Expr, Expr),
    /// A field of a record, or the value of a key of a map.
    Member(Expr, String),
    Call(Function, Vec<Expr>),
    Range(Expr, Expr),
    Days(Days),
    Hours(Hours),
    Window(Window),
    Freeze(Freeze),
    Secret(SecretSource),
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq)]
pub enum SecretSource {
    /// The name of an environment variable.
    Env(Expr),
    /// The path of a file.
    File(Expr),
    /// A command that prints it.
    Command(Expr),
}

#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Literal(String),
    Value(Expr),
}

/// One argument of a command; a list makes several.
#[derive(Debug, Clone, PartialEq)]
pub enum Word {
    One(Vec<Part>),
    Several(Expr),
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    Environment(EnvironmentId),
    Group(GroupId),
    Calendar(CalendarId),
    Artifact(ArtifactId),
    /// `env.name`
    CurrentName,
    /// `env.url`
    CurrentSetting(String),
    /// `environment.staging.url`
    Setting(EnvironmentId, String),
    Input(String),
    ArtifactVersion(ArtifactId),
    ArtifactFile(ArtifactId),
    ArtifactDigest(ArtifactId),
    /// The image by its digest.
    ArtifactImage(ArtifactId),
    ReleaseVersion,
    ReleaseDigest,
    ReleaseNumber,
    PreviousVersion,
    PreviousDigest,
    Observed,
    /// A loop variable, or a parameter of a procedure that is checked by itself.
    Local(LocalId, String),
    /// What a step has given out.
    Output(EffectId, String),
    FailureSummary,
    FailureEnvironment,
    FailureEffect,
}

/// A loop variable or a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocalId(pub u32);

/// An effect as it stands in the files; `each` may make several of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EffectId(pub u32);

/// Days of the week, Monday first; the first may stand behind the last: `sat..mon`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Days {
    /// 1 is Monday, 7 is Sunday.
    pub from: u8,
    pub to: u8,
}

/// A span of the day; the end is not part of it. A span that ends before it begins runs over midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hours {
    pub from: civil::Time,
    pub to: civil::Time,
}

/// A recurring time in which a release may start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Window {
    pub days: Days,
    pub hours: Hours,
}

/// A time in which no release may start; both days are part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freeze {
    pub from: civil::Date,
    pub to: civil::Date,
    pub reason: String,
}

impl Expr {
    pub fn new(kind: ExprKind, ty: Type, phase: Phase, span: Span) -> Self {
        Expr { kind: Arc::new(kind), ty, phase, span, weight: 1, depth: 1 }
    }

    pub fn error(span: Span) -> Self {
        Expr::new(ExprKind::Error, Type::Error, Phase::Const, span)
    }

    /// Takes the weight and the depth of its parts.
    #[must_use]
    pub fn holding<'a>(self, parts: impl IntoIterator<Item = &'a Expr>) -> Self {
        let (weight, depth) = grown((self.weight, self.depth), parts);
        Expr { weight, depth, ..self }
    }

    /// The same, where the parts are its own.
    #[must_use]
    pub fn whole(self) -> Self {
        let (weight, depth) = grown((self.weight, self.depth), self.parts());
        Expr { weight, depth, ..self }
    }

    /// The expressions that it is made of, as they are written.
    pub fn parts(&self) -> Parts<'_> {
        match &*self.kind {
            ExprKind::Text(parts) => Parts::Words { parts: parts.iter(), words: [].iter() },
            ExprKind::Command(words) => Parts::Words { parts: [].iter(), words: words.iter() },
            ExprKind::List(items) | ExprKind::Call(_, items) => Parts::Items(items.iter()),
            ExprKind::Map(entries) => Parts::Values(entries.values()),
            ExprKind::Fallback(left, right)
            | ExprKind::Binary(_, left, right)
            | ExprKind::Index(left, right)
            | ExprKind::Range(left, right) => Parts::Few([Some(left), Some(right)]),
            ExprKind::Not(inner) | ExprKind::Member(inner, _) | ExprKind::Named(inner) => {
                Parts::Few([Some(inner), None])
            }
            ExprKind::Secret(SecretSource::Env(of) | SecretSource::File(of) | SecretSource::Command(of)) => {
                Parts::Few([Some(of), None])
            }
            ExprKind::Error
            | ExprKind::None
            | ExprKind::Bool(_)
            | ExprKind::Int(_)
            | ExprKind::Number(_)
            | ExprKind::Duration(_)
            | ExprKind::Percent(_)
            | ExprKind::Bytes(_)
            | ExprKind::Time(_)
            | ExprKind::Date(_)
            | ExprKind::DateTime(_)
            | ExprKind::Script { .. }
            | ExprKind::Reference(_)
            | ExprKind::Days(_)
            | ExprKind::Hours(_)
            | ExprKind::Window(_)
            | ExprKind::Freeze(_) => Parts::Few([None, None]),
        }
    }

    pub fn is_error(&self) -> bool {
        matches!(*self.kind, ExprKind::Error)
    }

    /// The text, where it is a literal without anything put in.
    pub fn literal(&self) -> Option<&str> {
        match &*self.kind {
            ExprKind::Text(parts) => match parts.as_slice() {
                [] => Some(""),
                [Part::Literal(text)] => Some(text),
                _ => None,
            },
            ExprKind::Named(inner) => inner.literal(),
            _ => None,
        }
    }
}

/// What a weight and a depth become with such parts.
pub(crate) fn grown<'a>(from: (u32, u32), parts: impl IntoIterator<Item = &'a Expr>) -> (u32, u32) {
    parts.into_iter().fold(from, |(weight, depth), part| {
        (weight.saturating_add(part.weight), depth.max(part.depth.saturating_add(1)))
    })
}

/// What an expression is made of, one part after another. Every rule goes over all expressions, so nothing is gathered.
#[derive(Debug, Clone)]
pub enum Parts<'e> {
    Items(slice::Iter<'e, Expr>),
    Values(indexmap::map::Values<'e, String, Expr>),
    Words { parts: slice::Iter<'e, Part>, words: slice::Iter<'e, Word> },
    Few([Option<&'e Expr>; 2]),
}

impl<'e> Iterator for Parts<'e> {
    type Item = &'e Expr;

    fn next(&mut self) -> Option<&'e Expr> {
        match self {
            Parts::Items(items) => items.next(),
            Parts::Values(values) => values.next(),
            Parts::Few(few) => few.iter_mut().find_map(Option::take),
            Parts::Words { parts, words } => loop {
                let value = parts.find_map(|part| match part {
                    Part::Literal(_) => None,
                    Part::Value(expr) => Some(expr),
                });
                if value.is_some() {
                    return value;
                }
                match words.next()? {
                    Word::One(next) => *parts = next.iter(),
                    Word::Several(expr) => return Some(expr),
                }
            },
        }
    }
}
