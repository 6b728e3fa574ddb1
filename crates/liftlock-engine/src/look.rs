//! What an environment is held against once it was taken back: each state once, by what was found before the first change.
//!
//! Several effects of a stage may change the same thing one after another, as when a host is drained and let in again.
//! What the later ones found was a state between two of them. It is nowhere to be seen once all of them are undone.

use liftlock_journal::{EffectState, EffectStatus, RunState};
use liftlock_names::Address;
use liftlock_plan::{Class, Effect, Node, Stage, effects_of, look_alike};

/// The effects among those that `which` names by which the environment is judged: of those that observe the same thing, the
/// one that was begun first.
pub fn judged<'s>(run: &RunState, stage: &'s Stage, which: &dyn Fn(&Effect) -> bool) -> Vec<&'s Effect> {
    let mut named: Vec<&Effect> = stage.effects().into_iter().filter(|effect| which(effect)).collect();
    // Those of a `parallel` begin in any order. The records of a rollback do not hold the way up: there the order is that in
    // which they are written, as the sort keeps it.
    named.sort_by_key(|effect| match effect.applied_over {
        None => run.effects.get_index_of(&effect.address),
        Some(_) => None,
    });
    let is_first = |at: usize, effect: &Effect| !named[..at].iter().any(|earlier| look_alike(earlier, effect));
    named.iter().enumerate().filter(|(at, effect)| is_first(*at, effect)).map(|(_, effect)| *effect).collect()
}

/// The effects that stand before one, in its body and in those around it: what of them is undone, is undone after it. Turns
/// of one `each` and members of a `parallel` do not stand before each other.
pub fn before<'s>(nodes: &'s [Node], address: &Address) -> Vec<&'s Effect> {
    before_in(nodes, address).unwrap_or_default()
}

/// `None` where the effect does not stand in these nodes.
fn before_in<'s>(nodes: &'s [Node], address: &Address) -> Option<Vec<&'s Effect>> {
    nodes.iter().enumerate().find_map(|(at, node)| {
        let mut before = match node {
            Node::Effect(effect) => (effect.address == *address).then(Vec::new)?,
            Node::Check(_) => return None,
            Node::Phase { body, rollback, .. } => {
                let mut before = before_in(body, address)?;
                if rollback.is_some() {
                    // They are taken back together, where the last of them stands: that may be behind the effect.
                    before.retain(|effect| effect.class != Class::Covered);
                }
                before
            }
            Node::Parallel { body, .. } => {
                body.iter().find_map(|member| before_in(std::slice::from_ref(member), address))?
            }
        };
        for earlier in nodes[..at].iter().filter(|earlier| !earlier.is_turn_beside(node)) {
            before.extend(effects_of(std::slice::from_ref(earlier)));
        }
        Some(before)
    })
}

/// Whether an undo of the effect itself has been begun.
pub fn is_on_the_way_down(state: Option<&EffectState>) -> bool {
    use EffectStatus::{UndoFailed, UndoStarted, Undone};
    state.is_some_and(|state| matches!(state.status, UndoStarted | Undone | UndoFailed))
}
