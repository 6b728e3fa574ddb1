//! The effects of a body, without its structure.

use liftlock_model::{Check, Effect, Node, Pipeline};

use crate::{Class, class};

/// The effects of every body of a pipeline: of the common one, and of those of one environment alone.
pub fn effects_of(pipeline: &Pipeline) -> Vec<&Effect> {
    pipeline.bodies().flat_map(effects).collect()
}

/// The checks that stand in a body.
pub fn checks(nodes: &[Node]) -> Vec<&Check> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Check(check) => found.push(&**check),
            Node::Effect(_) => {}
            Node::Phase { body, .. }
            | Node::Parallel { body, .. }
            | Node::Each { body, .. }
            | Node::When { body, .. } => found.extend(checks(body)),
        }
    }
    found
}

/// The effects that the `rollback { … }` of a phase with this body takes back: none that an inner phase does, and none that has
/// an undo of its own.
pub fn covered(nodes: &[Node]) -> Vec<&Effect> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(effect) if class(effect, true) == Class::Covered => found.push(&**effect),
            Node::Effect(_) | Node::Check(_) | Node::Phase { rollback: Some(_), .. } => {}
            Node::Phase { body, .. }
            | Node::Parallel { body, .. }
            | Node::Each { body, .. }
            | Node::When { body, .. } => found.extend(covered(body)),
        }
    }
    found
}

/// The effects of a body, in the order in which they stand; those of `rollback { … }` blocks are left out.
pub fn effects(nodes: &[Node]) -> Vec<&Effect> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(effect) => found.push(&**effect),
            Node::Check(_) => {}
            Node::Phase { body, .. }
            | Node::Parallel { body, .. }
            | Node::Each { body, .. }
            | Node::When { body, .. } => found.extend(effects(body)),
        }
    }
    found
}
