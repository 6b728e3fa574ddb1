//! Smaller shapes that break a law still: what a person has to read of a violation.

use crate::shape::{AtMost, Class, EffectKind, Node, Observe, OnFailure, Shape, Step, There};

/// The smallest shape found that breaks anything, with what it breaks.
pub fn shrunk<B>(mut shape: Shape, mut broken: B, breaks: &dyn Fn(&Shape) -> Option<B>) -> (Shape, B) {
    loop {
        let smaller = candidates(&shape).into_iter().find_map(|mut smaller| {
            smaller.drop_idle_covers();
            let broken = breaks(&smaller)?;
            Some((smaller, broken))
        });
        match smaller {
            Some((next, found)) => (shape, broken) = (next, found),
            None => return (shape, broken),
        }
    }
}

/// Shapes that are a little smaller.
fn candidates(shape: &Shape) -> Vec<Shape> {
    let mut smaller = Vec::new();
    let mut add = |change: &dyn Fn(&mut Shape)| {
        let mut candidate = shape.clone();
        change(&mut candidate);
        if candidate != *shape && !candidate.body.is_empty() {
            smaller.push(candidate);
        }
    };
    if shape.places.len() > 1 {
        add(&|shape| {
            let last = shape.places.len() - 1;
            shape.places.pop();
            shape.waves.iter_mut().for_each(|wave| wave.retain(|place| *place != last));
            shape.waves.retain(|wave| !wave.is_empty());
        });
    }
    for at in 0..count(&shape.body) {
        add(&|shape| change_node(&mut shape.body, &mut at.clone(), &|_| Vec::new()));
        add(&|shape| change_node(&mut shape.body, &mut at.clone(), &unwrapped));
        add(&|shape| change_node(&mut shape.body, &mut at.clone(), &plainer));
    }
    add(&|shape| shape.places.iter_mut().for_each(|place| place.gates.clear()));
    add(&|shape| shape.places.iter_mut().for_each(|place| place.lock = None));
    for at in 0..shape.checks.len() {
        add(&|shape| {
            shape.checks.remove(at);
        });
    }
    add(&|shape| shape.on_failure = OnFailure::Stage);
    smaller
}

fn count(nodes: &[Node]) -> usize {
    let below = |node: &Node| match node {
        Node::Effect(_) | Node::Check { .. } => 0,
        Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
            count(body)
        }
    };
    nodes.iter().map(|node| 1 + below(node)).sum()
}

/// Changes the node of a number, counted in the order in which they are written. What holds nothing any more is gone.
fn change_node(nodes: &mut Vec<Node>, at: &mut usize, change: &dyn Fn(Node) -> Vec<Node>) {
    let mut changed = Vec::with_capacity(nodes.len());
    for mut node in nodes.drain(..) {
        if *at == 0 {
            changed.extend(change(node));
            *at = usize::MAX;
            continue;
        }
        *at = at.wrapping_sub(1);
        match &mut node {
            Node::Effect(_) | Node::Check { .. } => changed.push(node),
            Node::Phase { body, .. }
            | Node::Parallel { body, .. }
            | Node::Each { body, .. }
            | Node::When { body, .. } => {
                change_node(body, at, change);
                if !body.is_empty() {
                    changed.push(node);
                }
            }
        }
    }
    *nodes = changed;
}

fn unwrapped(node: Node) -> Vec<Node> {
    match node {
        Node::Effect(_) | Node::Check { .. } => vec![node],
        Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
            body
        }
    }
}

fn plainer(mut node: Node) -> Vec<Node> {
    if let Node::Effect(effect) = &mut node
        && let EffectKind::Step(step) = effect.kind
        && step.class == Class::Reversible
    {
        effect.kind = EffectKind::Step(Step { observe: Observe::Desired, idempotent: false, atomic: false, ..step });
    }
    match &mut node {
        Node::Phase { called, .. } => *called = false,
        Node::Each { members, .. } if *members > 2 => *members -= 1,
        Node::Each { at_most, .. } => *at_most = AtMost::One,
        Node::When { there, .. } if there.0 != 0 => *there = There::EVERYWHERE,
        _ => {}
    }
    vec![node]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::shape::{Bounds, random};

    #[test]
    fn of_a_shape_only_what_breaks_something_is_left() {
        let has_link =
            |shape: &Shape| shape.effects().iter().any(|placed| placed.effect.kind == EffectKind::Link).then_some(());
        let seed = (0..)
            .find(|seed| has_link(&random(&mut Chance::new(*seed), Bounds { effects: 9, uncovered: true })).is_some());
        let shape = random(&mut Chance::new(seed.unwrap()), Bounds { effects: 9, uncovered: true });
        let (shape, ()) = shrunk(shape, (), &has_link);
        assert_eq!((shape.places.len(), shape.effects().len(), shape.checks.len()), (1, 1, 0));
    }
}
