//! Programs that a runner which was killed has left behind.

use std::time::Duration;

use liftlock_plan::Effect;

use crate::dispatcher::Dispatcher;

/// How long a program on another host may live on after its connection is gone: it is looked at once a second, and has
/// two seconds to end when it is asked to.
const ELSEWHERE: Duration = Duration::from_secs(4);

/// Ends what still runs of an effect under an idempotency key, here and, through its connection, on other hosts; says
/// whether anything did.
pub async fn end(dispatcher: &Dispatcher<'_>, effect: &Effect, key: &str) -> bool {
    let was_running = dispatcher.engine.world.end_processes_of(key) > 0;
    if was_running && effect.invocations().iter().any(|run| run.on.is_some()) {
        dispatcher.engine.world.sleep(ELSEWHERE).await;
    }
    was_running
}
