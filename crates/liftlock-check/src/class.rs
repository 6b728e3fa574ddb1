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
        // To tell people changes nothing that could be taken back.
        EffectKind::Notify { .. } => Class::ReadOnly,
        EffectKind::Http(http) => of(http.readonly, http.irreversible.is_some(), http.rollback.is_some(), covered),
        EffectKind::Manual(manual) => {
            of(manual.readonly, manual.irreversible.is_some(), manual.rollback.is_some(), covered)
        }
        EffectKind::Step(step) => of(step.readonly, step.irreversible.is_some(), step.rollback.is_some(), covered),
    }
}

fn of(readonly: bool, irreversible: bool, undoes: bool, covered: bool) -> Class {
    if readonly {
        Class::ReadOnly
    } else if irreversible {
        Class::Irreversible
    } else if undoes {
        Class::Reversible
    } else if covered {
        Class::Covered
    } else {
        Class::Uncovered
    }
}
