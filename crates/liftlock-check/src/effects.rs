//! The effects of a body, without its structure.

use liftlock_model::{Effect, Node};

/// The effects of a body, in the order in which they stand; those of `rollback { … }` blocks are left out.
pub fn effects(nodes: &[Node]) -> Vec<&Effect> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(effect) => found.push(&**effect),
            Node::Phase { body, .. } | Node::Parallel { body, .. } => found.extend(effects(body)),
        }
    }
    found
}
