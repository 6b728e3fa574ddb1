//! How an effect is taken back.

use liftlock_model::{Effect, EffectKind};

/// Every effect is one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    /// It has an undo of its own, or its kind has.
    Reversible,
    /// The `rollback { … }` of an enclosing phase restores it.
    Covered,
    /// A point of no return, acknowledged in the source.
    Irreversible,
    /// It changes nothing.
    ReadOnly,
    /// Nothing takes it back.
    Uncovered,
}

/// The class of an effect; `covered` says whether an enclosing phase has a `rollback { … }`.
pub fn class(effect: &Effect, covered: bool) -> Class {
    match &effect.kind {
        EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } => Class::Reversible,
        // Its undo is to run it again, once what stands before it is back.
        EffectKind::Refresh { .. } => Class::Reversible,
        EffectKind::Step(step) => {
            if step.readonly {
                Class::ReadOnly
            } else if step.irreversible.is_some() {
                Class::Irreversible
            } else if step.rollback.is_some() {
                Class::Reversible
            } else if covered {
                Class::Covered
            } else {
                Class::Uncovered
            }
        }
    }
}
