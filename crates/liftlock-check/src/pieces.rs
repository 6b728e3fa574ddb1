//! A text as far as the files say what it is.
//!
//! What it is in one release is for `liftlock_model::evaluate` to say.

use liftlock_model::expr::{Expr, ExprKind, Part, Reference};
use liftlock_model::value::Value;
use liftlock_model::{EnvironmentId, Model};

use crate::surely::value;

/// A part of such a text: two equal sequences are the same text in every release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    Literal(String),
    /// Known only when a release is planned, or later.
    Open(Reference),
}

/// The text of an expression in one environment; `None` where it is no plain text.
pub fn pieces(model: &Model, environment: EnvironmentId, expr: &Expr) -> Option<Vec<Piece>> {
    let mut found = Vec::new();
    collect(model, environment, expr, &mut found)?;
    let mut merged: Vec<Piece> = Vec::new();
    for piece in found {
        match (merged.last_mut(), piece) {
            (Some(Piece::Literal(last)), Piece::Literal(text)) => last.push_str(&text),
            (_, piece) => merged.push(piece),
        }
    }
    Some(merged)
}

/// As [`pieces`], for a path: two that lead to the same place are written the same.
pub fn path_pieces(model: &Model, environment: EnvironmentId, path: &Expr) -> Option<Vec<Piece>> {
    let mut pieces = pieces(model, environment, path)?;
    let last = pieces.len().checked_sub(1)?;
    for (at, piece) in pieces.iter_mut().enumerate() {
        if let Piece::Literal(text) = piece {
            *text = plain(text, at == 0, at == last);
        }
    }
    Some(pieces)
}

/// A part of a path without what says nothing: `./`, a slash after a slash, a slash at the end.
fn plain(text: &str, first: bool, last: bool) -> String {
    let mut plain = text.to_owned();
    let says_nothing = |pair: &[u8]| matches!(pair, b"//" | b"/.");
    while plain.as_bytes().windows(2).any(says_nothing) && (plain.contains("//") || plain.contains("/./")) {
        plain = plain.replace("/./", "/").replace("//", "/");
    }
    while let Some(rest) = plain.strip_prefix("./").filter(|rest| first && !rest.is_empty()) {
        plain = rest.to_owned();
    }
    if last && plain.len() > 1 {
        plain.truncate(plain.trim_end_matches('/').len());
    }
    plain
}

/// The text of an expression in one environment, where the files say all of it.
pub fn known(model: &Model, environment: EnvironmentId, expr: &Expr) -> Option<String> {
    match pieces(model, environment, expr)?.as_slice() {
        [Piece::Literal(text)] => Some(text.clone()),
        _ => None,
    }
}

fn collect(model: &Model, current: EnvironmentId, expr: &Expr, found: &mut Vec<Piece>) -> Option<()> {
    let setting = |id: EnvironmentId, name: &str, found: &mut Vec<Piece>| {
        collect(model, current, model.environment(id).settings.get(name)?, found)
    };
    match &*expr.kind {
        ExprKind::Named(inner) => collect(model, current, inner, found)?,
        ExprKind::Text(parts) => {
            for part in parts {
                match part {
                    Part::Literal(text) => found.push(Piece::Literal(text.clone())),
                    Part::Value(expr) => collect(model, current, expr, found)?,
                }
            }
        }
        ExprKind::Int(value) => found.push(Piece::Literal(value.to_string())),
        ExprKind::Bool(value) => found.push(Piece::Literal(value.to_string())),
        ExprKind::Reference(reference) => match reference {
            Reference::CurrentName => found.push(Piece::Literal(model.environment(current).name.clone())),
            Reference::CurrentSetting(name) => setting(current, name, found)?,
            Reference::Setting(id, name) => setting(*id, name, found)?,
            other => found.push(Piece::Open(other.clone())),
        },
        // What operators, functions and records give is a text where all that they are given is known.
        _ => match value(model, current, expr)? {
            Value::Text(text) => found.push(Piece::Literal(text.known()?)),
            Value::Int(value) => found.push(Piece::Literal(value.to_string())),
            Value::Bool(value) => found.push(Piece::Literal(value.to_string())),
            _ => return None,
        },
    }
    Some(())
}
