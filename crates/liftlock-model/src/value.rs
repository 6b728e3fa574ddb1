//! Values, and texts with places that are filled in while the release runs.

use std::fmt;

use indexmap::IndexMap;
use jiff::civil;
use liftlock_names::Digest;
use serde::{Deserialize, Serialize};

use crate::expr::{Freeze, Window};
use crate::model::{ArtifactId, CalendarId, EnvironmentId, GroupId};

/// A value, as far as it is known when the release is planned.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// The absent value of an optional type.
    None,
    Bool(bool),
    Int(i64),
    Number(f64),
    /// Every type that is written as a string.
    Text(Text),
    /// Milliseconds.
    Duration(u64),
    Percent(f64),
    Bytes(u64),
    Time(civil::Time),
    Date(civil::Date),
    DateTime(civil::DateTime),
    List(Vec<Value>),
    Map(IndexMap<String, Value>),
    Command(Program),
    Range(Box<Value>, Box<Value>),
    Secret(Secret),
    Window(Window),
    Freeze(Freeze),
    Environment(EnvironmentId),
    Group(GroupId),
    Calendar(CalendarId),
    Artifact(ArtifactId),
}

/// A program with its arguments, or a script.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// The program and its arguments.
    Command(Vec<Text>),
    Script {
        interpreter: String,
        text: String,
    },
}

/// A text with places that are filled in while the release runs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Text {
    pub pieces: Vec<Piece>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Piece {
    Literal(String),
    Late(Late),
}

/// What is known only while the release runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Late {
    /// The path of the verified copy of the artifact.
    ArtifactFile(String),
    ArtifactDigest(String),
    /// The image by its digest.
    ArtifactImage(String),
    ReleaseNumber,
    /// What `observe` printed just before `run`.
    Observed,
    /// Opened by the runner at the moment of use.
    Secret(Secret),
    /// What a step of the same stage has given out; `step` is its address within the stage, such as `deploy/create`.
    Output {
        step: String,
        name: String,
    },
    /// What is known of a failure when people are told of it.
    Failure(FailureFact),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureFact {
    /// One line: what failed, and why.
    Summary,
    Environment,
    Effect,
}

/// A handle of a secret; it says where the value is kept, and nothing about it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// An environment variable of the runner.
    Env(String),
    /// A file, relative to the project.
    File(String),
    /// What a program prints, without the last line break.
    Command(Vec<String>),
}

impl fmt::Display for Secret {
    /// As an author would write it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Env(name) => write!(f, "secret.env({name:?})"),
            Secret::File(path) => write!(f, "secret.file({path:?})"),
            Secret::Command(words) => write!(f, "secret.command(`{}`)", words.join(" ")),
        }
    }
}

impl fmt::Display for Late {
    /// As the author wrote it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Late::ArtifactFile(name) => write!(f, "artifact.{name}.file"),
            Late::ArtifactDigest(name) => write!(f, "artifact.{name}.digest"),
            Late::ArtifactImage(name) => write!(f, "artifact.{name}.image"),
            Late::ReleaseNumber => f.write_str("release.number"),
            Late::Observed => f.write_str("observed"),
            Late::Secret(secret) => secret.fmt(f),
            Late::Output { step, name } => {
                write!(f, "step.{}.{name}", step.rsplit('/').next().unwrap_or(step))
            }
            Late::Failure(FailureFact::Summary) => f.write_str("failure.summary"),
            Late::Failure(FailureFact::Environment) => f.write_str("failure.environment"),
            Late::Failure(FailureFact::Effect) => f.write_str("failure.effect"),
        }
    }
}

impl Text {
    pub fn late(late: Late) -> Self {
        Text { pieces: vec![Piece::Late(late)] }
    }

    /// The secret that the text is, as a whole.
    pub fn secret(&self) -> Option<&Secret> {
        match self.pieces.as_slice() {
            [Piece::Late(Late::Secret(secret))] => Some(secret),
            _ => None,
        }
    }

    /// Whether any part of the text is a secret.
    pub fn has_secret(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, Piece::Late(Late::Secret(_))))
    }

    /// The text where all of it is known.
    pub fn known(&self) -> Option<String> {
        self.resolve(|_| None)
    }

    /// The text with each open place filled in by `fill`; `None` where one stays open.
    pub fn resolve(&self, mut fill: impl FnMut(&Late) -> Option<String>) -> Option<String> {
        self.pieces
            .iter()
            .map(|piece| match piece {
                Piece::Literal(text) => Some(text.clone()),
                Piece::Late(late) => fill(late),
            })
            .collect()
    }

    /// Adds another text at the end, keeping neighbouring literals in one piece.
    pub fn push(&mut self, other: Text) {
        for piece in other.pieces {
            match (self.pieces.last_mut(), piece) {
                (Some(Piece::Literal(last)), Piece::Literal(text)) => last.push_str(&text),
                (_, piece) => self.pieces.push(piece),
            }
        }
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Text { pieces: vec![Piece::Literal(text)] }
    }
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl From<Digest> for Text {
    fn from(digest: Digest) -> Self {
        digest.to_string().into()
    }
}

impl fmt::Display for Text {
    /// The text, its open places as `${…}`; a secret as its handle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(secret) = self.secret() {
            return secret.fmt(f);
        }
        for piece in &self.pieces {
            match piece {
                Piece::Literal(text) => f.write_str(text)?,
                Piece::Late(late) => write!(f, "${{{late}}}")?,
            }
        }
        Ok(())
    }
}
