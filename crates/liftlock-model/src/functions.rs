//! The functions that the language has by itself, in one table: their parameters, what they give, and how.
//!
//! All are pure and total: for whatever they are given they give a value. No text grows beyond [`LONGEST_TEXT`]: what would is
//! cut there.

use crate::evaluate::value_text;
use crate::types::Type;
use crate::value::{Text, Value};

/// A function of the language. `window`, `freeze` and `secret.…` are no functions: what they make has no parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Function {
    Contains,
    EndsWith,
    Join,
    Json,
    Keys,
    Length,
    Lower,
    Replace,
    Satisfies,
    Split,
    StartsWith,
    Trim,
    Upper,
    Values,
}

/// What a function takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    Text,
    /// A list of texts.
    Texts,
    Map,
    /// A list, a map or a text.
    Sized,
    Semver,
    /// A range of versions, such as `">=1.2, <2"`.
    Versions,
    /// Whatever is no secret.
    Any,
}

/// A function, what it is called, and its parameters in the order in which they are given.
type Signature = (Function, &'static str, &'static [(&'static str, Taken)]);

impl Function {
    /// Every function.
    pub const ALL: &[Signature] = &[
        (Function::Contains, "contains", &[("text", Taken::Text), ("part", Taken::Text)]),
        (Function::EndsWith, "ends_with", &[("text", Taken::Text), ("end", Taken::Text)]),
        (Function::Join, "join", &[("list", Taken::Texts), ("with", Taken::Text)]),
        (Function::Json, "json", &[("value", Taken::Any)]),
        (Function::Keys, "keys", &[("map", Taken::Map)]),
        (Function::Length, "length", &[("of", Taken::Sized)]),
        (Function::Lower, "lower", &[("text", Taken::Text)]),
        (Function::Replace, "replace", &[("text", Taken::Text), ("part", Taken::Text), ("by", Taken::Text)]),
        (Function::Satisfies, "satisfies", &[("version", Taken::Semver), ("range", Taken::Versions)]),
        (Function::Split, "split", &[("text", Taken::Text), ("at", Taken::Text)]),
        (Function::StartsWith, "starts_with", &[("text", Taken::Text), ("start", Taken::Text)]),
        (Function::Trim, "trim", &[("text", Taken::Text)]),
        (Function::Upper, "upper", &[("text", Taken::Text)]),
        (Function::Values, "values", &[("map", Taken::Map)]),
    ];

    /// What it gives, being given arguments of these types.
    pub fn gives(self, arguments: &[Type]) -> Type {
        match self {
            Function::Contains | Function::EndsWith | Function::StartsWith | Function::Satisfies => Type::Bool,
            Function::Join
            | Function::Json
            | Function::Lower
            | Function::Replace
            | Function::Trim
            | Function::Upper => Type::String,
            Function::Keys | Function::Split => Type::List(Box::new(Type::String)),
            Function::Length => Type::Int,
            Function::Values => match arguments.first() {
                Some(Type::Map(item)) => Type::List(item.clone()),
                _ => Type::Error,
            },
        }
    }

    /// The value for these arguments, of which there are as many as it has parameters.
    pub(crate) fn call(self, arguments: &[Value]) -> Value {
        let text = |at: usize| arguments.get(at).map(plain).unwrap_or_default();
        match self {
            Function::Contains => Value::Bool(text(0).contains(&text(1))),
            Function::EndsWith => Value::Bool(text(0).ends_with(&text(1))),
            Function::StartsWith => Value::Bool(text(0).starts_with(&text(1))),
            Function::Join => {
                let members: Vec<String> = match arguments.first() {
                    Some(Value::List(items)) => items.iter().map(plain).collect(),
                    _ => Vec::new(),
                };
                of_text(members.join(&text(1)))
            }
            Function::Json => of_text(arguments.first().map(json).unwrap_or_default().to_string()),
            Function::Keys => match arguments.first() {
                Some(Value::Map(entries)) => Value::List(entries.keys().map(|key| of_text(key.clone())).collect()),
                _ => Value::List(Vec::new()),
            },
            Function::Values => match arguments.first() {
                Some(Value::Map(entries)) => Value::List(entries.values().cloned().collect()),
                _ => Value::List(Vec::new()),
            },
            Function::Length => {
                let length = match arguments.first() {
                    Some(Value::List(items)) => items.len(),
                    Some(Value::Map(entries)) => entries.len(),
                    Some(value) => plain(value).chars().count(),
                    None => 0,
                };
                Value::Int(i64::try_from(length).unwrap_or(i64::MAX))
            }
            Function::Lower => of_text(text(0).to_lowercase()),
            Function::Upper => of_text(text(0).to_uppercase()),
            Function::Trim => of_text(text(0).trim().to_owned()),
            // An empty part stands between all characters, and nobody means that.
            Function::Replace if text(1).is_empty() => of_text(text(0)),
            Function::Replace => of_text(replaced(&text(0), &text(1), &text(2))),
            Function::Split if text(1).is_empty() => Value::List(vec![of_text(text(0))]),
            Function::Split => Value::List(text(0).split(&text(1)).map(|part| of_text(part.to_owned())).collect()),
            Function::Satisfies => {
                let version = semver::Version::parse(&text(0));
                let range = semver::VersionReq::parse(&text(1));
                Value::Bool(version.is_ok_and(|version| range.is_ok_and(|range| range.matches(&version))))
            }
        }
    }
}

fn plain(value: &Value) -> String {
    value_text(value).to_string()
}

/// The longest text that a function makes, in bytes.
pub const LONGEST_TEXT: usize = 4 << 20;

/// A text with every `part` replaced, as far as it may grow.
fn replaced(text: &str, part: &str, by: &str) -> String {
    let mut replaced = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(part).filter(|_| replaced.len() <= LONGEST_TEXT) {
        replaced.push_str(&rest[..at]);
        replaced.push_str(by);
        rest = &rest[at + part.len()..];
    }
    replaced.push_str(rest);
    replaced
}

fn of_text(mut text: String) -> Value {
    if text.len() > LONGEST_TEXT {
        let end = (0..=LONGEST_TEXT).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
        text.truncate(end);
    }
    Value::Text(Text::from(text))
}

/// A value as JSON: what has a type there keeps it, everything else is its text.
fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::None => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Number(value) => (*value).into(),
        Value::Bytes(value) => (*value).into(),
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|(key, value)| (key.clone(), json(value))).collect(),
        value => plain(value).into(),
    }
}
