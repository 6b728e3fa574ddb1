//! One stage: gates, lock, effects, checks; and back down when something fails.

use std::cell::Cell;

use liftlock_journal::{End, Event, Failure, FailureKind, StoreError};
use liftlock_names::{Address, ReleaseRef};
use liftlock_plan::{ActionKind, OnFailure, Plan, Stage};

use crate::body::{Climb, Halt};
use crate::dispatcher::Dispatcher;
use crate::gates::{self, Passage};
use crate::resolve::Fill;
use crate::{EngineError, check, order, undo};

/// How a stage ended.
pub enum StageEnd {
    Released,
    /// It failed, or was refused, and this is how the environment was left.
    Ended(End, Failure),
    /// Some gates are closed, and nobody waits for them here.
    Left(Vec<(Address, String)>),
}

/// Raises the release into one environment. Picks up wherever the records say the stage stands.
pub async fn raise(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    stage: &Stage,
    fill: &Fill,
) -> Result<StageEnd, EngineError> {
    let environment = &stage.environment;
    let known = dispatcher.stage(environment);
    match (&known.failed, &known.end) {
        (Some((_, failure)), Some(end)) => return Ok(StageEnd::Ended(end.clone(), failure.clone())),
        // It may have been taken back since, because another stage failed: that is for whoever asked for it to see.
        (None, _) if known.released.is_some() => return Ok(StageEnd::Released),
        _ => {}
    }

    let failed = match known.failed {
        Some((_, failure)) => {
            hold(dispatcher, stage)?;
            failure
        }
        None => {
            if known.entered_at.is_none() {
                match enter(dispatcher, plan, stage, fill).await? {
                    Entry::Entered => {}
                    Entry::Left(gates) => return Ok(StageEnd::Left(gates)),
                    Entry::Refused(at, failure) => return refuse(dispatcher, stage, at, failure),
                }
            } else {
                hold(dispatcher, stage)?;
            }
            match climb(dispatcher, plan, stage, fill).await? {
                Ok(()) => {
                    dispatcher.give_back(&stage.lock)?;
                    return Ok(StageEnd::Released);
                }
                Err((at, failure)) => {
                    let environment = environment.clone();
                    dispatcher.record(Event::StageFailed { environment, at, failure: failure.clone() })?;
                    failure
                }
            }
        }
    };
    let end = if plan.on_failure == OnFailure::None {
        End::LeftAsIs { why: "the pipeline says `rollback = none`".to_owned() }
    } else {
        undo::undo(dispatcher, stage, &stage.verify_restored, fill).await?
    };
    Ok(StageEnd::Ended(end_stage(dispatcher, stage, end)?, failed))
}

/// Lowers an environment that this run had released into before: another stage failed, and takes all of them with it.
pub async fn lower(dispatcher: &Dispatcher<'_>, plan: &Plan, stage: &Stage, fill: &Fill) -> Result<End, EngineError> {
    let known = dispatcher.stage(&stage.environment);
    if let Some(end) = known.end {
        return Ok(end);
    }
    hold(dispatcher, stage)?;
    if !known.lowering {
        // Looked at under the lock: what was released here since must not lose what it stands on.
        let newer = order::is_current(&plan.pipeline, &stage.environment, &dispatcher.run, &*dispatcher.ledger()?);
        if let Err(why) = newer {
            return end_stage(dispatcher, stage, End::LeftAsIs { why });
        }
        dispatcher.record(Event::StageLowering { environment: stage.environment.clone() })?;
    }
    take_back(dispatcher, stage, fill).await
}

/// Takes back what was applied in an environment that the run stands in.
pub async fn take_back(dispatcher: &Dispatcher<'_>, stage: &Stage, fill: &Fill) -> Result<End, EngineError> {
    if let Some(end) = dispatcher.stage(&stage.environment).end {
        return Ok(end);
    }
    hold(dispatcher, stage)?;
    let end = match undo::undo(dispatcher, stage, &stage.verify_restored, fill).await? {
        // A release that had nothing to change is taken back by saying so.
        End::Untouched => End::Restored,
        end => end,
    };
    end_stage(dispatcher, stage, end)
}

fn end_stage(dispatcher: &Dispatcher<'_>, stage: &Stage, end: End) -> Result<End, EngineError> {
    dispatcher.record(Event::StageEnded { environment: stage.environment.clone(), end: end.clone() })?;
    dispatcher.give_back(&stage.lock)?;
    Ok(end)
}

/// The answer of [`enter`].
pub enum Entry {
    Entered,
    Left(Vec<(Address, String)>),
    Refused(Option<Address>, Failure),
}

/// Passes the gates, takes the lock, and looks once more whether the way is free.
pub async fn enter(dispatcher: &Dispatcher<'_>, plan: &Plan, stage: &Stage, fill: &Fill) -> Result<Entry, EngineError> {
    let may_enter = || -> Result<Result<(), Failure>, EngineError> {
        Ok(order::may_enter(dispatcher, plan, stage, &*dispatcher.ledger()?))
    };
    // What will be refused anyway is refused before anybody is asked to approve it.
    if let Err(failure) = may_enter()? {
        return Ok(Entry::Refused(None, failure));
    }
    match gates::pass(dispatcher, plan, stage).await? {
        Passage::Open => {}
        Passage::Refused(gate, failure) => return Ok(Entry::Refused(Some(gate), failure)),
        Passage::Cancelled(failure) => return Ok(Entry::Refused(None, failure)),
        Passage::Left(gates) => return Ok(Entry::Left(gates)),
    }
    if let Some(other) = dispatcher.take(&stage.lock)? {
        let message = format!("run {} is in {} (lock `{}`)", other.owner, stage.environment, other.lock);
        return Ok(Entry::Refused(None, Failure { kind: FailureKind::Order, message, tail: Vec::new() }));
    }
    if let Err(failure) = order::may_enter(dispatcher, plan, stage, &*dispatcher.ledger_on_disk()?) {
        dispatcher.give_back(&stage.lock)?;
        return Ok(Entry::Refused(None, failure));
    }
    if let Err(failure) = order::artifact_is_whole(dispatcher, plan, fill) {
        dispatcher.give_back(&stage.lock)?;
        return Ok(Entry::Refused(None, failure));
    }
    let replaces = stage.previous.clone();
    dispatcher.say(Event::StageEntered { environment: stage.environment.clone(), replaces })?;
    Ok(Entry::Entered)
}

fn refuse(
    dispatcher: &Dispatcher<'_>,
    stage: &Stage,
    at: Option<Address>,
    failure: Failure,
) -> Result<StageEnd, EngineError> {
    let environment = stage.environment.clone();
    dispatcher.record(Event::StageFailed { environment: environment.clone(), at, failure: failure.clone() })?;
    dispatcher.record(Event::StageEnded { environment, end: End::Untouched })?;
    Ok(StageEnd::Ended(End::Untouched, failure))
}

/// Applies the body and runs the checks behind it. The inner error is where it failed, and why.
async fn climb(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    stage: &Stage,
    fill: &Fill,
) -> Result<Result<(), (Option<Address>, Failure)>, EngineError> {
    let (on_doubt, is_idle) = (plan.on.in_doubt, plan.has_nothing_to_do(stage));
    let climb = Climb { dispatcher, stage, fill, on_doubt, is_idle, changed: Cell::new(false) };
    match climb.sequence(&stage.body).await {
        Ok(()) => {}
        Err(Halt::Failed(at, failure)) => return Ok(Err((at, failure))),
        Err(Halt::Error(error)) => return Err(error),
    }
    // A check changes nothing, and so it need not come to its end when the release is not wanted any more.
    let verified = tokio::select! {
        biased;
        why = dispatcher.until_cancelled() => return Ok(Err((None, order::cancelled(&why?)))),
        verified = check::verify(dispatcher, &stage.verify) => verified?,
    };
    if let Err((at, failure)) = verified {
        return Ok(Err((Some(at), failure)));
    }
    if let ActionKind::Drill { .. } = plan.action {
        let message = "the drill went by what it was to stop at".to_owned();
        return Ok(Err((None, Failure { kind: FailureKind::Drill, message, tail: Vec::new() })));
    }
    let (number, run) = (dispatcher.state().number, dispatcher.run.clone());
    let digest = fill.artifact.as_ref().map(|artifact| artifact.digest);
    let release = ReleaseRef { number, version: plan.version.clone(), digest, run };
    dispatcher.say(Event::StageReleased { environment: stage.environment.clone(), release })?;
    Ok(Ok(()))
}

/// Takes the lock of an environment that the run stands in already: nobody else can have a right to it.
fn hold(dispatcher: &Dispatcher<'_>, stage: &Stage) -> Result<(), EngineError> {
    match dispatcher.take(&stage.lock)? {
        None => Ok(()),
        Some(other) => Err(StoreError::LeaseLost { lock: other.lock }.into()),
    }
}
