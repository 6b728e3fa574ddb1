//! What an environment is held against once it was taken back: each state once, by what was found before the first change.
//!
//! Several effects of a stage may change the same thing one after another, as when a host is drained and let in again.
//! What the later ones found was a state between two of them. It is nowhere to be seen once all of them are undone.

use liftlock_journal::{EffectState, EffectStatus, RunState};
use liftlock_plan::{Effect, Stage, look_alike};

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

/// Whether an undo of the effect itself has been begun.
pub fn is_on_the_way_down(state: Option<&EffectState>) -> bool {
    use EffectStatus::{UndoFailed, UndoStarted, Undone};
    state.is_some_and(|state| matches!(state.status, UndoStarted | Undone | UndoFailed))
}
