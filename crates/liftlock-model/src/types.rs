//! Types and phases.

use std::fmt;
use std::sync::Arc;

use crate::expr::Expr;

/// When a value becomes known; later phases may use earlier values, never the reverse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It stands in the files.
    Const,
    /// Inputs, the ledger, settings of the environment being entered, what was observed.
    Plan,
    /// The digest of an artifact that is yet to be built, what a step observed just before it ran.
    Run,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Const => "in the files",
            Phase::Plan => "when the release is planned",
            Phase::Run => "while the release runs",
        })
    }
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Type {
    /// Of a value that could not be understood; fits everywhere, so that one mistake is reported once.
    Error,
    Bool,
    Int,
    Number,
    String,
    Duration,
    Percent,
    Bytes,
    Time,
    Date,
    DateTime,
    Semver,
    Digest,
    Url,
    Path,
    Host,
    Zone,
    /// A command or a script.
    Command,
    /// A day of the week, or a range of them.
    Days,
    /// A range of times of day.
    Hours,
    Window,
    Freeze,
    Environment,
    Group,
    Calendar,
    Artifact,
    List(Box<Type>),
    Map(Box<Type>),
    /// From one value to another; of times of day it is [`Type::Hours`], of days [`Type::Days`].
    Range(Box<Type>),
    /// One of these texts.
    OneOf(Vec<String>),
    /// Named values, and no others.
    Record(Arc<[RecordField]>),
    /// A handle that only the runner opens, at the moment of use.
    Secret,
    /// What a program is handed: anything that has a text, or a secret.
    Variable,
    Optional(Box<Type>),
}

/// One value of a record.
#[derive(Debug, Clone)]
pub struct RecordField {
    pub name: String,
    pub ty: Type,
    /// What it is where nothing is said; `None` where something must be.
    pub default: Option<Expr>,
}

impl PartialEq for RecordField {
    /// Two fields are of one type whatever they are by default.
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.ty == other.ty
    }
}

impl Eq for RecordField {}

impl Type {
    /// Whether a value of type `self` may stand where `wanted` is asked for. Text literals are checked by their content
    /// where they are lowered; a text that is put together fits where any text-like type is asked for.
    pub fn fits(&self, wanted: &Type) -> bool {
        match (self, wanted) {
            (Type::Error, _) | (_, Type::Error) => true,
            (Type::Optional(inner), Type::Optional(wanted)) => inner.fits(wanted),
            (_, Type::Optional(wanted)) => self.fits(wanted),
            (Type::List(item), Type::List(wanted)) => item.fits(wanted),
            (Type::Map(item), Type::Map(wanted)) => item.fits(wanted),
            (Type::Int, Type::Number) => true,
            (Type::Range(item), Type::Range(wanted)) => item.fits(wanted),
            (Type::Record(fields), Type::Record(wanted)) => {
                fields.len() == wanted.len()
                    && wanted
                        .iter()
                        .all(|wanted| fields.iter().any(|field| field.name == wanted.name && field.ty.fits(&wanted.ty)))
            }
            (Type::Secret | Type::Variable, Type::Variable) => true,
            (any, Type::Variable) => any.can_be_text(),
            // A checked text is still a text. The reverse needs a check of what it says.
            (text, Type::String) => text.is_text(),
            (Type::String, wanted) => wanted.is_text() && !matches!(wanted, Type::OneOf(_)),
            _ => self == wanted,
        }
    }

    /// Whether a value of this type is written as a string.
    pub fn is_text(&self) -> bool {
        matches!(
            self,
            Type::String
                | Type::Semver
                | Type::Digest
                | Type::Url
                | Type::Path
                | Type::Host
                | Type::Zone
                | Type::OneOf(_)
        ) || self.is_versions()
    }

    /// Whether it is a range of versions, which is written as a string: `">=1.2, <2"`.
    pub fn is_versions(&self) -> bool {
        matches!(self, Type::Range(item) if **item == Type::Semver)
    }

    /// Whether values of it are ordered, so that `<` and `..` mean something.
    pub fn is_ordered(&self) -> bool {
        matches!(
            self,
            Type::Error
                | Type::Int
                | Type::Number
                | Type::Duration
                | Type::Percent
                | Type::Bytes
                | Type::Time
                | Type::Date
                | Type::DateTime
                | Type::Semver
        )
    }

    /// Whether `${…}` may put it into a text.
    pub fn can_be_text(&self) -> bool {
        self.is_text()
            || matches!(
                self,
                Type::Error
                    | Type::Bool
                    | Type::Int
                    | Type::Number
                    | Type::Duration
                    | Type::Percent
                    | Type::Bytes
                    | Type::Time
                    | Type::Date
                    | Type::DateTime
            )
    }
}

impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Error => "unknown",
            Type::Bool => "bool",
            Type::Int => "int",
            Type::Number => "number",
            Type::String => "string",
            Type::Duration => "duration",
            Type::Percent => "percent",
            Type::Bytes => "bytes",
            Type::Time => "time",
            Type::Date => "date",
            Type::DateTime => "datetime",
            Type::Semver => "semver",
            Type::Digest => "digest",
            Type::Url => "url",
            Type::Path => "path",
            Type::Host => "host",
            Type::Zone => "zone",
            Type::Command => "command",
            Type::Days => "range<day>",
            Type::Hours => "range<time>",
            Type::Window => "window",
            Type::Freeze => "freeze",
            Type::Environment => "environment",
            Type::Group => "group",
            Type::Calendar => "calendar",
            Type::Artifact => "artifact",
            Type::Secret => "secret",
            Type::Variable => "string | secret",
            Type::Range(item) => return write!(f, "range<{item}>"),
            Type::Record(fields) => {
                let fields: Vec<String> = fields.iter().map(|field| format!("{}: {}", field.name, field.ty)).collect();
                return write!(f, "{{ {} }}", fields.join(", "));
            }
            Type::List(item) => return write!(f, "list<{item}>"),
            Type::Map(item) => return write!(f, "map<{item}>"),
            Type::Optional(inner) => return write!(f, "{inner}?"),
            Type::OneOf(texts) => {
                let texts: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
                return f.write_str(&texts.join(" | "));
            }
        })
    }
}
