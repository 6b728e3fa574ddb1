//! The way of a plan: through its waves, and back when one of them fails.

use futures_util::future::join_all;
use indexmap::IndexMap;
use liftlock_journal::{End, Failure, Outcome, Stored};
use liftlock_names::Digest;
use liftlock_plan::{ArtifactPlan, OnFailure, Plan, Stage};

use crate::dispatcher::Dispatcher;
use crate::resolve::{Fill, Released};
use crate::stage::{self, Entry, StageEnd};
use crate::{EngineError, artifact, order};

/// Raises the release through its environments.
pub async fn release(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Outcome, EngineError> {
    // What cannot enter the first environment is not built for it.
    if let Some(failure) = first_refusal(dispatcher, plan)? {
        return Ok(Outcome::Refused { why: failure.message, kind: failure.kind });
    }
    let prepared = artifact::prepare(dispatcher, plan).await?;
    if let Err(failure) = prepared {
        return Ok(Outcome::Refused { why: failure.message, kind: failure.kind });
    }
    let fill = fill(dispatcher, plan);
    // A run that was interrupted on its way down goes on there, and not with what may have been taken back already.
    let has_failed = |wave: &Vec<Stage>| wave.iter().any(|stage| dispatcher.stage(&stage.environment).failed.is_some());
    let first = plan.waves.iter().position(has_failed).unwrap_or(0);
    for (at, wave) in plan.waves.iter().enumerate().skip(first) {
        let mut failed = Vec::new();
        let mut left = Vec::new();
        for (stage, end) in raise_wave(dispatcher, plan, wave, &fill).await? {
            match end {
                StageEnd::Released => {}
                StageEnd::Ended(end, failure) => failed.push((stage, end, failure)),
                StageEnd::Left(gates) => left.extend(gates),
            }
        }
        if !failed.is_empty() {
            return after_failure(dispatcher, plan, at, &failed, &fill).await;
        }
        if !left.is_empty() {
            return Err(EngineError::Waiting { run: dispatcher.run.clone(), gates: left });
        }
    }
    Ok(Outcome::Released)
}

/// Raises the stages of a wave together; those that share a lock, one after the other.
async fn raise_wave<'p>(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    wave: &'p [Stage],
    fill: &Fill,
) -> Result<Vec<(&'p Stage, StageEnd)>, EngineError> {
    let mut by_lock: IndexMap<&str, Vec<&Stage>> = IndexMap::new();
    for stage in wave {
        by_lock.entry(&stage.lock).or_default().push(stage);
    }
    let in_turn = |stages: Vec<&'p Stage>| async move {
        let mut ends = Vec::new();
        for stage in stages {
            ends.push((stage, stage::raise(dispatcher, plan, stage, fill).await?));
        }
        Ok(ends)
    };
    let ends: Vec<Result<Vec<_>, EngineError>> = join_all(by_lock.into_values().map(in_turn)).await;
    Ok(ends.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Why the first wave cannot be entered at all, found before anything is built.
fn first_refusal(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Option<Failure>, EngineError> {
    if !dispatcher.state().stages.is_empty() {
        return Ok(None);
    }
    if let Some(why) = dispatcher.cancelled()? {
        return Ok(Some(order::cancelled(&why)));
    }
    let ledger = dispatcher.ledger()?;
    let first = plan.waves.first().into_iter().flatten();
    Ok(first.filter_map(|stage| order::way_is_free(dispatcher, plan, stage, &ledger).err()).next())
}

/// The outcome of a release in which stages of the wave `at` failed.
async fn after_failure(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    at: usize,
    failed: &[(&Stage, End, Failure)],
    fill: &Fill,
) -> Result<Outcome, EngineError> {
    let mut ends: Vec<(String, End)> =
        failed.iter().map(|(stage, end, _)| (stage.environment.clone(), end.clone())).collect();
    if plan.on_failure == OnFailure::Pipeline {
        // A stage that was released at the very moment at which another failed is on record then, too.
        dispatcher.commit()?;
        for stage in plan.waves[..=at].iter().rev().flatten() {
            if dispatcher.stage(&stage.environment).released.is_some() {
                let end = stage::lower(dispatcher, plan, stage, fill).await?;
                ends.push((stage.environment.clone(), end));
            }
        }
    }
    let (_, _, failure) = &failed[0];
    Ok(outcome(&ends, failure))
}

/// What the ends of the stages come to: the worst of them.
fn outcome(ends: &[(String, End)], failure: &Failure) -> Outcome {
    let find = |is: fn(&End) -> bool| ends.iter().find(|(_, end)| is(end));
    if let Some((environment, End::Stranded { why })) = find(|end| matches!(end, End::Stranded { .. })) {
        return Outcome::Stranded { why: format!("{environment} is stranded: {why}") };
    }
    if let Some((environment, End::Held { why })) = find(|end| matches!(end, End::Held { .. })) {
        return Outcome::Stranded { why: format!("{environment} is held: {why}") };
    }
    if let Some((environment, End::LeftAsIs { why })) = find(|end| matches!(end, End::LeftAsIs { .. })) {
        return Outcome::Left { why: format!("{}; {environment} is left as it is: {why}", failure.message) };
    }
    let why = failure.message.clone();
    if ends.iter().all(|(_, end)| *end == End::Untouched) {
        Outcome::Refused { why, kind: failure.kind }
    } else {
        Outcome::Restored { why }
    }
}

/// Takes a release back out of an environment.
pub async fn rollback(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Outcome, EngineError> {
    let fill = fill(dispatcher, plan);
    for stage in plan.stages() {
        let known = dispatcher.stage(&stage.environment);
        if known.entered_at.is_none() {
            match stage::enter(dispatcher, plan, stage, &fill).await? {
                Entry::Entered => {}
                Entry::Left(gates) => {
                    return Err(EngineError::Waiting { run: dispatcher.run.clone(), gates });
                }
                Entry::Refused(_, failure) => {
                    return Ok(Outcome::Refused { why: failure.message, kind: failure.kind });
                }
            }
        }
        match stage::take_back(dispatcher, stage, &fill).await? {
            End::Restored | End::Untouched => {}
            End::Held { why } | End::Stranded { why } | End::LeftAsIs { why } => {
                return Ok(Outcome::Stranded { why: format!("{} is stranded: {why}", stage.environment) });
            }
        }
    }
    Ok(Outcome::RolledBack)
}

/// The artifact as far as the plan tells: that of a way back, which prepares none.
fn planned(artifact: &ArtifactPlan) -> Option<(Digest, Stored)> {
    match artifact {
        ArtifactPlan::File(file) => {
            let built = file.built.as_ref()?;
            Some((built.digest, Stored::File { name: built.name.clone(), bytes: built.bytes }))
        }
        ArtifactPlan::Image(image) => {
            let digest = image.digest?;
            Some((digest, Stored::Image { image: image.pinned(&digest) }))
        }
    }
}

/// What the open places of the plan are filled with.
pub fn fill(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Fill {
    let state = dispatcher.state();
    let artifact = plan.artifact.as_ref().and_then(|artifact| {
        let known = state.artifacts.get(artifact.name()).map(|known| (known.digest, known.stored.clone()));
        let (digest, stored) = known.or_else(|| planned(artifact))?;
        Some(Released { name: artifact.name().to_owned(), digest, stored })
    });
    Fill { artifact, number: Some(state.number), ..Fill::default() }
}
