//! Whether two expressions say the same, wherever they stand.

use liftlock_model::expr::{Expr, ExprKind, Part, SecretSource, Word};

/// The expression behind the names that lead to it.
pub fn resolved(expr: &Expr) -> &Expr {
    match &*expr.kind {
        ExprKind::Named(inner) => resolved(inner),
        _ => expr,
    }
}

/// Whether two expressions say the same, wherever they stand.
pub fn same(one: &Expr, other: &Expr) -> bool {
    let all = |one: &[Expr], other: &[Expr]| {
        one.len() == other.len() && one.iter().zip(other).all(|(one, other)| same(one, other))
    };
    match (&*resolved(one).kind, &*resolved(other).kind) {
        (ExprKind::Error, _) | (_, ExprKind::Error) => false,
        (ExprKind::Text(one), ExprKind::Text(other)) => same_parts(one, other),
        (ExprKind::List(one), ExprKind::List(other)) => all(one, other),
        (ExprKind::Map(one), ExprKind::Map(other)) => {
            one.len() == other.len()
                && one.iter().all(|(key, value)| other.get(key).is_some_and(|other| same(value, other)))
        }
        (ExprKind::Command(one), ExprKind::Command(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|words| match words {
                    (Word::One(one), Word::One(other)) => same_parts(one, other),
                    (Word::Several(one), Word::Several(other)) => same(one, other),
                    _ => false,
                })
        }
        (ExprKind::Fallback(one, fallback), ExprKind::Fallback(other, other_fallback)) => {
            same(one, other) && same(fallback, other_fallback)
        }
        (ExprKind::Not(one), ExprKind::Not(other)) => same(one, other),
        (ExprKind::Member(one, field), ExprKind::Member(other, other_field)) => {
            field == other_field && same(one, other)
        }
        (ExprKind::Index(one, at), ExprKind::Index(other, other_at)) => same(one, other) && same(at, other_at),
        (ExprKind::Range(one, to), ExprKind::Range(other, other_to)) => same(one, other) && same(to, other_to),
        (ExprKind::Call(one, arguments), ExprKind::Call(other, other_arguments)) => {
            one == other && all(arguments, other_arguments)
        }
        (ExprKind::Binary(one, left, right), ExprKind::Binary(other, other_left, other_right)) => {
            one == other && same(left, other_left) && same(right, other_right)
        }
        (ExprKind::Secret(one), ExprKind::Secret(other)) => match (one, other) {
            (SecretSource::Env(one), SecretSource::Env(other))
            | (SecretSource::File(one), SecretSource::File(other))
            | (SecretSource::Command(one), SecretSource::Command(other)) => same(one, other),
            _ => false,
        },
        (one, other) => one == other,
    }
}

fn same_parts(one: &[Part], other: &[Part]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|parts| match parts {
            (Part::Literal(one), Part::Literal(other)) => one == other,
            (Part::Value(one), Part::Value(other)) => same(one, other),
            _ => false,
        })
}
