//! Every rule there is.

mod gates_bypassed;
mod gates_constant;
mod gates_missing;
mod gates_quorum_impossible;
mod promotion_cycle;
mod promotion_no_soak;
mod promotion_skips_environment;
mod promotion_unreachable_environment;
mod promotion_unverified;
mod rollback_after_point_of_no_return;
mod rollback_covers_nothing;
mod rollback_missing;
mod rollback_undo_is_run;
mod rollback_ungated_point_of_no_return;
mod rollback_unverifiable;

use crate::Rule;

/// In the order of their codes.
pub const RULES: &[Rule] = &[
    gates_bypassed::RULE,
    gates_constant::RULE,
    gates_missing::RULE,
    gates_quorum_impossible::RULE,
    promotion_cycle::RULE,
    promotion_no_soak::RULE,
    promotion_skips_environment::RULE,
    promotion_unreachable_environment::RULE,
    promotion_unverified::RULE,
    rollback_after_point_of_no_return::RULE,
    rollback_covers_nothing::RULE,
    rollback_missing::RULE,
    rollback_undo_is_run::RULE,
    rollback_ungated_point_of_no_return::RULE,
    rollback_unverifiable::RULE,
];
