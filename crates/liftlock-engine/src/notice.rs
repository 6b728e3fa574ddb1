//! Notices: somebody is told. None ever fails a release.
//!
//! A notice goes out at least once: one that was under way when the run was interrupted is sent again, since a message
//! that comes twice does less harm than one that never comes. One that went out, or failed to, is not sent again.

use std::collections::BTreeMap;

use liftlock_journal::{EffectStatus, Event, Failure, FailureKind, Outcome, State};
use liftlock_plan::{Effect, Plan};

use crate::EngineError;
use crate::body::key;
use crate::dispatcher::Dispatcher;
use crate::resolve::{self, FailureFacts, Fill};

/// Sends a notice, unless the records say that it went out or failed to.
pub async fn send(dispatcher: &Dispatcher<'_>, notice: &Effect, fill: &Fill) -> Result<(), EngineError> {
    let address = &notice.address;
    let attempt = match dispatcher.effect(address) {
        None => 1,
        Some(state) if state.status == EffectStatus::Started => {
            dispatcher.engine.world.end_processes_of(&key(dispatcher, address, state.attempt));
            state.attempt + 1
        }
        Some(_) => return Ok(()),
    };
    let engine = dispatcher.engine;
    let fill = fill.with_key(key(dispatcher, address, attempt), &dispatcher.run);
    let before = State::Unobserved;
    dispatcher.record(Event::EffectStarted { effect: address.clone(), attempt, before: before.clone() })?;
    let took = dispatcher.clock();
    let end = match resolve::effect(&engine, notice, &fill) {
        Err(failure) => Err(failure),
        Ok(resolved) => {
            let mut output = dispatcher.output(Some(address))?;
            let mut context = engine.context(&mut output);
            resolved.apply(&mut context, &before).await
        }
    };
    let (effect, took_ms) = (address.clone(), took());
    dispatcher.record(match end {
        Ok(()) => Event::EffectFinished { effect, after: State::Unobserved, took_ms, outputs: BTreeMap::new() },
        Err(failure) => Event::NoticeFailed { effect, failure, took_ms },
    })
}

/// Sends what the plan wants to be said about this end of the run.
pub async fn at_end(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    outcome: &Outcome,
    fill: &Fill,
) -> Result<(), EngineError> {
    let failure = failure(dispatcher, plan);
    let was_cancelled = match (outcome, &failure) {
        (Outcome::Refused { kind, .. }, _) => *kind == FailureKind::Cancelled,
        (_, Some((_, _, failure))) => failure.kind == FailureKind::Cancelled,
        (_, None) => false,
    };
    let notices = match outcome {
        Outcome::Released | Outcome::RolledBack => &plan.on.success,
        // Whoever asked for the end did not ask for this.
        Outcome::Stranded { .. } => &plan.on.failure,
        _ if was_cancelled => &plan.on.interrupt,
        Outcome::Restored { .. } | Outcome::Left { .. } | Outcome::Refused { .. } => &plan.on.failure,
    };
    let fill = Fill { failure: facts(outcome, failure), ..fill.clone() };
    for notice in notices {
        send(dispatcher, notice, &fill).await?;
    }
    Ok(())
}

/// The first stage of the path that failed: its environment, where in it, and why.
fn failure(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Option<(String, String, Failure)> {
    plan.stages().find_map(|stage| {
        let (at, failure) = dispatcher.stage(&stage.environment).failed?;
        let at = at.map(|at| at.within_stage()).unwrap_or_default();
        Some((stage.environment.clone(), at, failure))
    })
}

fn facts(outcome: &Outcome, failure: Option<(String, String, Failure)>) -> Option<FailureFacts> {
    let (Outcome::Restored { why } | Outcome::Left { why } | Outcome::Refused { why, .. } | Outcome::Stranded { why }) =
        outcome
    else {
        return None;
    };
    let Some((environment, effect, failure)) = failure else {
        return Some(FailureFacts { summary: why.clone(), environment: String::new(), effect: String::new() });
    };
    let at = if effect.is_empty() { String::new() } else { format!(" at {effect}") };
    let mut summary = format!("{environment} failed{at}: {}", failure.message);
    if let Outcome::Stranded { why } = outcome {
        summary.push_str(&format!("; {why}"));
    }
    Some(FailureFacts { summary, environment, effect })
}
