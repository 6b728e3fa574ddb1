//! Every rule there is.

mod gates_missing;
mod promotion_cycle;
mod promotion_skips_environment;
mod rollback_missing;

use crate::Rule;

/// In the order of their codes.
pub const RULES: &[Rule] = &[
    gates_missing::RULE,
    promotion_cycle::RULE,
    promotion_skips_environment::RULE,
    rollback_missing::RULE,
];
