//! Rollouts: an `each` over hosts that changes something on them.

use liftlock_diagnostics::Span;
use liftlock_model::expr::Expr;
use liftlock_model::value::Value;
use liftlock_model::{EffectKind, EnvironmentId, Model, Node, Type};

use crate::effects::{checks, effects};
use crate::surely::{holds, members, value};
use crate::{Class, class};

/// An `each` over hosts, as it is in one environment.
#[derive(Debug, Clone, Copy)]
pub struct Rollout<'m> {
    pub name: &'m str,
    pub span: Span,
    pub at_most: Option<&'m Expr>,
    /// How many hosts there are, where the files say so.
    pub hosts: Option<usize>,
    body: &'m [Node],
}

impl Rollout<'_> {
    /// Whether it surely works on all hosts at once; one host alone is no crowd.
    pub fn is_all_at_once(&self, model: &Model, environment: EnvironmentId) -> bool {
        let Some(at_most) = self.at_most.and_then(|at_most| value(model, environment, at_most)) else { return false };
        match (at_most, self.hosts) {
            (_, Some(0 | 1)) => false,
            (Value::Percent(share), _) => share >= 100.0,
            (Value::Int(number), Some(hosts)) => usize::try_from(number).is_ok_and(|number| number >= hosts),
            _ => false,
        }
    }

    /// How many hosts are changed at the same time, where the files say so.
    pub fn together(&self, model: &Model, environment: EnvironmentId) -> Option<usize> {
        let Some(at_most) = self.at_most else { return Some(1) };
        let hosts = self.hosts?;
        match value(model, environment, at_most)? {
            Value::Percent(share) => Some(((hosts as f64 * share / 100.0) as usize).max(1)),
            Value::Int(number) => Some(usize::try_from(number).unwrap_or(1).min(hosts)),
            _ => None,
        }
    }

    /// Whether every change is held to what is desired, so that a host on which it has not come about fails the release.
    pub fn is_held(&self) -> bool {
        let changes = effects(self.body).into_iter().filter(|effect| class(effect, true) != Class::ReadOnly);
        let mut changes = changes.filter(|effect| !matches!(effect.kind, EffectKind::Refresh { .. })).peekable();
        changes.peek().is_some()
            && changes.all(|effect| match &effect.kind {
                EffectKind::Step(step) => step.desired.is_some(),
                EffectKind::Http(http) => http.desired.is_some(),
                // Files are read again when they have been written.
                EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } => true,
                _ => false,
            })
    }

    /// Whether anything looks at a host before the next ones are touched.
    pub fn looks(&self) -> bool {
        let is_look = |kind: &EffectKind| match kind {
            EffectKind::Step(step) => step.readonly,
            EffectKind::Http(http) => http.readonly,
            // A person looks at everything.
            EffectKind::Manual(_) => true,
            _ => false,
        };
        !checks(self.body).is_empty() || effects(self.body).into_iter().any(|effect| is_look(&effect.kind))
    }
}

/// The rollouts of a body in an environment.
pub fn rollouts<'m>(model: &Model, environment: EnvironmentId, nodes: &'m [Node]) -> Vec<Rollout<'m>> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(_) | Node::Check(_) => {}
            Node::Phase { body, .. } | Node::Parallel { body, .. } => {
                found.extend(rollouts(model, environment, body));
            }
            Node::When { condition, body, .. } => {
                if holds(model, environment, condition) != Some(false) {
                    found.extend(rollouts(model, environment, body));
                }
            }
            Node::Each { name, span, over, at_most, body, .. } => {
                if is_over_hosts(over, body) && changes(body) {
                    let (at_most, hosts) = (at_most.as_ref(), members(model, environment, over));
                    found.push(Rollout { name, span: *span, at_most, hosts, body });
                }
                found.extend(rollouts(model, environment, body));
            }
        }
    }
    found
}

/// Whether the members are hosts, or stand for some: the programs of the body run elsewhere.
fn is_over_hosts(over: &Expr, body: &[Node]) -> bool {
    let is_elsewhere = |kind: &EffectKind| matches!(kind, EffectKind::Step(step) if step.on.is_some());
    matches!(&over.ty, Type::List(item) if **item == Type::Host)
        || effects(body).into_iter().any(|effect| is_elsewhere(&effect.kind))
}

fn changes(body: &[Node]) -> bool {
    effects(body).into_iter().any(|effect| class(effect, true) != Class::ReadOnly)
}
