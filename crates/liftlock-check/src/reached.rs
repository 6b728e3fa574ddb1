//! The effects that a body may run in one environment, and what stands around each.

use liftlock_model::expr::{Expr, LocalId};
use liftlock_model::{Effect, EnvironmentId, Model, Node, Pipeline};

use crate::same::same;
use crate::surely::{holds, members};

/// An effect that a release may run in an environment.
#[derive(Debug, Clone)]
pub struct Reached<'m> {
    pub effect: &'m Effect,
    /// The conditions that it depends on, outermost first, but for those that always hold there.
    pub conditions: Vec<&'m Expr>,
    /// The `each` that it is repeated by, outermost first.
    pub loops: Vec<Loop<'m>>,
}

/// An `each` around an effect.
#[derive(Debug, Clone, Copy)]
pub struct Loop<'m> {
    pub variable: LocalId,
    pub name: &'m str,
    pub over: &'m Expr,
}

impl Reached<'_> {
    /// Whether one of the two is surely run where the other is: it depends on nothing that the other does not.
    pub fn goes_with(&self, other: &Self) -> bool {
        let within = |one: &Self, other: &Self| {
            one.conditions.iter().all(|condition| other.conditions.iter().any(|known| same(known, condition)))
        };
        within(self, other) || within(other, self)
    }
}

/// What a pipeline may run in an environment, in the order in which it stands; those of `rollback { … }` blocks are left out.
pub fn reached<'m>(model: &'m Model, pipeline: &'m Pipeline, environment: EnvironmentId) -> Vec<Reached<'m>> {
    let mut walk = Walk { model, environment, conditions: Vec::new(), loops: Vec::new(), found: Vec::new() };
    walk.body(pipeline.deploy_in(environment));
    walk.found
}

struct Walk<'m> {
    model: &'m Model,
    environment: EnvironmentId,
    conditions: Vec<&'m Expr>,
    loops: Vec<Loop<'m>>,
    found: Vec<Reached<'m>>,
}

impl<'m> Walk<'m> {
    fn body(&mut self, nodes: &'m [Node]) {
        for node in nodes {
            match node {
                Node::Effect(effect) => {
                    self.found.push(Reached { effect, conditions: self.conditions.clone(), loops: self.loops.clone() })
                }
                Node::Check(_) => {}
                Node::Phase { body, .. } | Node::Parallel { body, .. } => self.body(body),
                Node::When { condition, body, .. } => match holds(self.model, self.environment, condition) {
                    Some(false) => {}
                    Some(true) => self.body(body),
                    None => {
                        self.conditions.push(condition);
                        self.body(body);
                        self.conditions.pop();
                    }
                },
                Node::Each { variable, name, over, body, .. } => {
                    if members(self.model, self.environment, over) == Some(0) {
                        continue;
                    }
                    self.loops.push(Loop { variable: *variable, name, over });
                    self.body(body);
                    self.loops.pop();
                }
            }
        }
    }
}
