//! What a person does: the run shows the instructions, and waits until somebody says that they were followed.

use liftlock_journal::{Event, Failure, FailureKind, Way};
use liftlock_names::Address;

use crate::dispatcher::{Dispatcher, POLL};
use crate::{EngineError, order};

/// Waits for a person's word. The inner error is why it is not done. On the way up a request to end the run is one, too; on
/// the way down only a person can bring it to its end.
///
/// # Errors
/// [`EngineError::Waiting`] where nobody is to wait here: the run goes on when it is resumed.
pub async fn done(
    dispatcher: &Dispatcher<'_>,
    address: &Address,
    way: Way,
) -> Result<Result<(), Failure>, EngineError> {
    let failed = |message| Failure { kind: FailureKind::Failed, message, tail: Vec::new() };
    // Another process may have said that it waits; this one's view has not shown it.
    let mut told = false;
    loop {
        dispatcher.catch_up()?;
        let said =
            dispatcher.state().asked.get(address).filter(|asked| asked.way == way).and_then(|asked| asked.said.clone());
        if let Some((by, word)) = said {
            return Ok(word.map_err(|why| failed(format!("{by} says that it failed: {why}"))));
        }
        if way == Way::Up
            && let Some(why) = dispatcher.cancelled()?
        {
            return Ok(Err(order::cancelled(&why)));
        }
        if !told {
            dispatcher.record(Event::ManualWaiting { effect: address.clone(), way })?;
            told = true;
            // Somebody may have answered an earlier question just now.
            continue;
        }
        if !dispatcher.engine.wait {
            let gates = vec![(address.clone(), "a person has to confirm it".to_owned())];
            return Err(EngineError::Waiting { run: dispatcher.run.clone(), gates });
        }
        tokio::select! {
            () = dispatcher.engine.world.sleep(POLL) => {}
            () = dispatcher.engine.interrupt.reached(1), if way == Way::Up => {}
        }
    }
}
