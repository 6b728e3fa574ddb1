//! Whether a step that failed is tried again, and when.

use std::time::Duration;

use liftlock_effects::World;
use liftlock_journal::{Failure, FailureKind};
use liftlock_plan::{Effect, EffectKind};

/// How long to wait before the next try after the failure of the try `attempt`; `None` where there is none.
///
/// The wait is any time up to a limit that grows from try to try (exponential back-off with full jitter, as Marc Brooker
/// describes it): what failed at the same time for many is not tried again at the same time by all of them.
pub fn wait(effect: &Effect, attempt: u32, failure: &Failure, world: &dyn World) -> Option<Duration> {
    let EffectKind::Step(step) = &effect.kind else { return None };
    let retry = step.retry.as_ref()?;
    // A program that is not there, and a secret that is not, will not be there in a moment either.
    if attempt >= retry.tries() || failure.kind == FailureKind::NotStarted {
        return None;
    }
    let share = f64::from(world.chance()) / f64::from(u32::MAX);
    let longest = Duration::from_millis(retry.longest_wait_ms(attempt));
    Some(longest.mul_f64(share))
}
