//! Every rule there is.

mod calendar_daylight_saving;
mod concurrency_shared_target;
mod gates_bypassed;
mod gates_constant;
mod gates_metric_few_samples;
mod gates_metric_no_data;
mod gates_missing;
mod gates_no_expiry;
mod gates_quorum_impossible;
mod gates_self_approval;
mod names_deprecated;
mod names_near_name;
mod names_unused;
mod parity_production_value_below;
mod parity_unexplained_difference;
mod parity_untested_step;
mod parity_unused_setting;
mod parity_weaker_check;
mod promotion_cycle;
mod promotion_dead_wave;
mod promotion_failure_unnotified;
mod promotion_no_soak;
mod promotion_rebuild;
mod promotion_skips_environment;
mod promotion_unreachable_environment;
mod promotion_unverified;
mod rollback_after_point_of_no_return;
mod rollback_blocked;
mod rollback_covers_nothing;
mod rollback_drill_stale;
mod rollback_missing;
mod rollback_order;
mod rollback_own_output;
mod rollback_undo_is_run;
mod rollback_ungated_point_of_no_return;
mod rollback_unknown_reference;
mod rollback_unverifiable;
mod secrets_in_command_line;
mod secrets_in_output;
mod secrets_literal;
mod secrets_wrong_environment;
mod steps_duplicate_write;
mod steps_swallowed_failure;
mod steps_unbound_variable;
mod steps_unlimited_blast;
mod steps_unsafe_retry;
mod steps_writes_outside;
mod strategy_all_at_once;
mod strategy_no_convergence_check;
mod strategy_strategy_untested;
mod strategy_unjudged;
mod strategy_weights;

use crate::Rule;

/// In the order of their codes.
pub const RULES: &[Rule] = &[
    calendar_daylight_saving::RULE,
    concurrency_shared_target::RULE,
    gates_bypassed::RULE,
    gates_constant::RULE,
    gates_metric_few_samples::RULE,
    gates_metric_no_data::RULE,
    gates_missing::RULE,
    gates_no_expiry::RULE,
    gates_quorum_impossible::RULE,
    gates_self_approval::RULE,
    names_deprecated::RULE,
    names_near_name::RULE,
    names_unused::RULE,
    parity_production_value_below::RULE,
    parity_unexplained_difference::RULE,
    parity_untested_step::RULE,
    parity_unused_setting::RULE,
    parity_weaker_check::RULE,
    promotion_cycle::RULE,
    promotion_dead_wave::RULE,
    promotion_failure_unnotified::RULE,
    promotion_no_soak::RULE,
    promotion_rebuild::RULE,
    promotion_skips_environment::RULE,
    promotion_unreachable_environment::RULE,
    promotion_unverified::RULE,
    rollback_after_point_of_no_return::RULE,
    rollback_blocked::RULE,
    rollback_covers_nothing::RULE,
    rollback_drill_stale::RULE,
    rollback_missing::RULE,
    rollback_order::RULE,
    rollback_own_output::RULE,
    rollback_undo_is_run::RULE,
    rollback_ungated_point_of_no_return::RULE,
    rollback_unknown_reference::RULE,
    rollback_unverifiable::RULE,
    secrets_in_command_line::RULE,
    secrets_in_output::RULE,
    secrets_literal::RULE,
    secrets_wrong_environment::RULE,
    steps_duplicate_write::RULE,
    steps_swallowed_failure::RULE,
    steps_unbound_variable::RULE,
    steps_unlimited_blast::RULE,
    steps_unsafe_retry::RULE,
    steps_writes_outside::RULE,
    strategy_all_at_once::RULE,
    strategy_no_convergence_check::RULE,
    strategy_strategy_untested::RULE,
    strategy_unjudged::RULE,
    strategy_weights::RULE,
];
