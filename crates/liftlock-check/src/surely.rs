//! What is certain for one environment before a release is planned.
//!
//! A rule that looks at an environment leaves out what never happens there, and must not rely on what only may.

use liftlock_model::evaluate::{Facts, evaluate};
use liftlock_model::expr::{Expr, ExprKind, Operator, Reference};
use liftlock_model::value::Value;
use liftlock_model::{EnvironmentId, Frame, Gate, Model, Node};

use crate::same::resolved;

/// The value of an expression in an environment, where the files say all of it.
pub fn value(model: &Model, environment: EnvironmentId, expr: &Expr) -> Option<Value> {
    if !is_settled(model, environment, expr) {
        return None;
    }
    // Nothing in it asks for an input.
    let inputs = Default::default();
    let facts = Facts { environment: Some(environment), ..Facts::new(model, &inputs) };
    Some(evaluate(expr, facts))
}

/// Whether a condition holds in an environment, where every release there has the same answer.
pub fn holds(model: &Model, environment: EnvironmentId, condition: &Expr) -> Option<bool> {
    let holds = |part: &Expr| holds(model, environment, part);
    match &*resolved(condition).kind {
        ExprKind::Not(inner) => holds(inner).map(|inner| !inner),
        ExprKind::Binary(Operator::And, left, right) => match (holds(left), holds(right)) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        ExprKind::Binary(Operator::Or, left, right) => match (holds(left), holds(right)) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        _ => match value(model, environment, condition) {
            Some(Value::Bool(value)) => Some(value),
            _ => None,
        },
    }
}

/// An environment of a model, to be asked what is certain in it.
#[derive(Debug, Clone, Copy)]
pub struct Here<'m> {
    pub model: &'m Model,
    pub environment: EnvironmentId,
}

impl Here<'_> {
    /// See [`holds`].
    pub fn holds(self, condition: &Expr) -> Option<bool> {
        holds(self.model, self.environment, condition)
    }

    /// See [`members`].
    pub fn members(self, over: &Expr) -> Option<usize> {
        members(self.model, self.environment, over)
    }

    /// How many members of a list are worked on at once, where every release into the environment has the same answer.
    pub fn together(self, over: &Expr, at_most: Option<&Expr>) -> Option<usize> {
        let Some(at_most) = at_most else { return Some(1) };
        match value(self.model, self.environment, at_most)? {
            Value::Int(..=1) => Some(1),
            Value::Int(number) => Some(usize::try_from(number).unwrap_or(usize::MAX).min(self.members(over)?)),
            // A share is rounded down, but never below one.
            Value::Percent(share) => Some(((self.members(over)? as f64 * share / 100.0) as usize).max(1)),
            _ => None,
        }
    }

    /// Whether nothing of what is written there is ever a part of a release into the environment.
    pub fn is_never(self, node: &Node) -> bool {
        match node {
            Node::When { condition, .. } => self.holds(condition) == Some(false),
            Node::Each { over, .. } => self.members(over) == Some(0),
            Node::Effect(_) | Node::Check(_) | Node::Phase { .. } | Node::Parallel { .. } => false,
        }
    }
}

/// How many members a list has in an environment, where every release there has the same answer.
pub fn members(model: &Model, environment: EnvironmentId, over: &Expr) -> Option<usize> {
    match value(model, environment, over)? {
        Value::List(members) => Some(members.len()),
        Value::Range(from, to) => match (*from, *to) {
            (Value::Int(from), Value::Int(to)) => usize::try_from((i128::from(to) - i128::from(from) + 1).max(0)).ok(),
            _ => None,
        },
        _ => None,
    }
}

/// Whether what stands in these frames may be there in an environment.
pub fn may_be(model: &Model, environment: EnvironmentId, frames: &[Frame]) -> bool {
    frames.iter().all(|frame| match frame {
        Frame::Call { .. } => true,
        Frame::When { condition } => holds(model, environment, condition) != Some(false),
        Frame::Each { over, .. } => members(model, environment, over) != Some(0),
    })
}

/// Whether a gate stands in the way of every release into an environment.
pub fn is_in_the_way(model: &Model, environment: EnvironmentId, gate: &Gate) -> bool {
    gate.frames.iter().all(|frame| match frame {
        Frame::Call { .. } => true,
        Frame::When { condition } => holds(model, environment, condition) == Some(true),
        Frame::Each { over, .. } => members(model, environment, over).is_some_and(|members| members > 0),
    })
}

/// Whether nothing in an expression waits for a release: an input, a version, what is in the environment now.
fn is_settled(model: &Model, current: EnvironmentId, expr: &Expr) -> bool {
    let setting = |id: EnvironmentId, name: &str| {
        model.environment(id).settings.get(name).is_some_and(|value| is_settled(model, current, value))
    };
    match &*expr.kind {
        ExprKind::Error | ExprKind::Secret(_) => false,
        ExprKind::Reference(reference) => match reference {
            Reference::CurrentName => true,
            Reference::CurrentSetting(name) => setting(current, name),
            Reference::Setting(id, name) => setting(*id, name),
            _ => false,
        },
        _ => expr.parts().all(|part| is_settled(model, current, part)),
    }
}
