//! Checks, wherever they stand: at a gate, in a body, behind it.

use liftlock_journal::{Event, Failure};
use liftlock_names::Address;
use liftlock_plan::{Check, CheckKind};

use crate::dispatcher::Dispatcher;
use crate::resolve::{self, Fill};
use crate::{EngineError, order};

/// Looks, and says what was seen. Nothing is recorded.
pub async fn look(
    dispatcher: &Dispatcher<'_>,
    kind: &CheckKind,
    address: &Address,
    fill: &Fill,
) -> Result<Result<String, Failure>, EngineError> {
    let engine = dispatcher.engine;
    let check = match resolve::check(&engine, kind, fill) {
        Ok(check) => check,
        Err(failure) => return Ok(Err(failure)),
    };
    let mut output = dispatcher.output(Some(address))?;
    let mut context = engine.context(&mut output);
    Ok(check.check(&mut context).await)
}

/// The same, broken off when somebody asks for the end of the run: a check changes nothing, and so it need not come to its
/// end.
pub async fn look_unless_cancelled(
    dispatcher: &Dispatcher<'_>,
    kind: &CheckKind,
    address: &Address,
    fill: &Fill,
) -> Result<Result<String, Failure>, EngineError> {
    tokio::select! {
        biased;
        why = dispatcher.until_cancelled() => Ok(Err(order::cancelled(&why?))),
        end = look(dispatcher, kind, address, fill) => end,
    }
}

/// Records how a check ended.
pub fn record(
    dispatcher: &Dispatcher<'_>,
    check: &Check,
    end: &Result<String, Failure>,
    took_ms: u64,
) -> Result<(), EngineError> {
    let address = check.address.clone();
    match end {
        Ok(detail) => dispatcher.say(Event::CheckPassed { check: address, detail: detail.clone(), took_ms }),
        Err(failure) => dispatcher.record(Event::CheckFailed { check: address, failure: failure.clone(), took_ms }),
    }
}

/// Runs checks one after the other. The inner error is the first that did not pass.
pub async fn verify(
    dispatcher: &Dispatcher<'_>,
    checks: &[Check],
) -> Result<Result<(), (Address, Failure)>, EngineError> {
    for check in checks {
        let took = dispatcher.clock();
        let end = look(dispatcher, &check.kind, &check.address, &Fill::default()).await?;
        record(dispatcher, check, &end, took())?;
        if let Err(failure) = end {
            return Ok(Err((check.address.clone(), failure)));
        }
    }
    Ok(Ok(()))
}
