//! The order among releases: who may enter an environment.

use liftlock_journal::{Action, Failure, FailureKind, Ledger, Stored};
use liftlock_names::{ReleaseRef, RunId};
use liftlock_plan::{ActionKind, ArtifactPlan, Plan, Stage};

use crate::dispatcher::Dispatcher;
use crate::resolve::{Fill, Released};

/// Whether the run may enter the stage's environment, by what the ledger says now.
///
/// # Errors
/// Why it may not.
pub fn may_enter(dispatcher: &Dispatcher<'_>, plan: &Plan, stage: &Stage, ledger: &Ledger) -> Result<(), Failure> {
    way_is_free(dispatcher, plan, stage, ledger)?;
    is_proven(dispatcher, plan, stage, ledger)
}

/// The same, but for what the artifact has to have proved, which may be yet to be built.
///
/// # Errors
/// Why it may not.
pub fn way_is_free(dispatcher: &Dispatcher<'_>, plan: &Plan, stage: &Stage, ledger: &Ledger) -> Result<(), Failure> {
    let state = dispatcher.state();
    let environment = stage.environment.as_str();
    for here in ledger.in_environment(environment) {
        if let Some(trouble) = here.trouble.as_ref().filter(|trouble| trouble.run != dispatcher.run) {
            return Err(out_of_order(format!(
                "{environment} needs a person since run {run}: {why}; `liftlock resume {run}` goes on with it, \
                 `liftlock resume {run} --leave \"why\"` leaves it as it is",
                run = trouble.run,
                why = trouble.why
            )));
        }
        if let Some(run) = here.occupied.as_ref().filter(|run| **run != dispatcher.run) {
            return Err(out_of_order(format!(
                "run {run} stands in {environment} and is not over; `liftlock resume {run}` brings it to its end"
            )));
        }
    }
    if let Action::Rollback { of, .. } = &state.action {
        return is_current(&plan.pipeline, environment, of, ledger).map_err(stale);
    }
    let current = ledger.current(&plan.pipeline, environment).map(|released| &released.release);
    if let Some(release) = current.filter(|release| release.number > state.number) {
        return Err(out_of_order(format!(
            "{environment} runs release {} ({}), which is newer than this release {}",
            release.number, release.version, state.number
        )));
    }
    // What the plan said would be replaced has to be what is there: somebody read that, and approved it.
    if current != stage.previous.as_ref() {
        let name = |release: Option<&ReleaseRef>| {
            release
                .map_or("no release".to_owned(), |release| format!("release {} ({})", release.number, release.version))
        };
        return Err(stale(format!(
            "the plan is stale: {environment} ran {} when it was made, and runs {} now; plan again",
            name(stage.previous.as_ref()),
            name(current)
        )));
    }
    Ok(())
}

/// Whether the artifact has succeeded wherever the environment requires it. A way back has nothing to prove.
fn is_proven(dispatcher: &Dispatcher<'_>, plan: &Plan, stage: &Stage, ledger: &Ledger) -> Result<(), Failure> {
    let state = dispatcher.state();
    if let Action::Rollback { .. } = state.action {
        return Ok(());
    }
    let Some(artifact) = &plan.artifact else { return Ok(()) };
    let stored = state
        .artifacts
        .get(artifact.name())
        .ok_or_else(|| out_of_order("the artifact is not in the store".to_owned()))?;
    match stage.requires.iter().find(|required| ledger.proven(required, &stored.digest).is_none()) {
        None => Ok(()),
        Some(required) => Err(out_of_order(format!(
            "{} takes only what has succeeded in {required}, and {} has not",
            stage.environment,
            stored.digest.short()
        ))),
    }
}

fn out_of_order(message: String) -> Failure {
    Failure { kind: FailureKind::Order, message, tail: Vec::new() }
}

fn stale(message: String) -> Failure {
    Failure { kind: FailureKind::Stale, message, tail: Vec::new() }
}

/// Whether what a run released is what the environment runs now, so that undoing it undoes nothing newer.
///
/// # Errors
/// What runs there instead.
pub fn is_current(pipeline: &str, environment: &str, run: &RunId, ledger: &Ledger) -> Result<(), String> {
    match ledger.current(pipeline, environment).map(|released| &released.release) {
        Some(release) if release.run == *run => Ok(()),
        Some(release) => Err(format!("{environment} runs release {} ({}) by now", release.number, release.version)),
        None => Err(format!("{environment} has no release any more")),
    }
}

/// Verifies that the store still holds what the ledger proves: the artifact that is to be released, or, on the way back,
/// the one that an undo wants.
pub fn artifact_is_whole(dispatcher: &Dispatcher<'_>, plan: &Plan, fill: &Fill) -> Result<(), Failure> {
    let failure = |message: String| Failure { kind: FailureKind::Artifact, message, tail: Vec::new() };
    let Some(artifact) = &plan.artifact else { return Ok(()) };
    // An image is in its registry, and what reads it there fails by itself.
    let ArtifactPlan::File(artifact) = artifact else { return Ok(()) };
    if matches!(plan.action, ActionKind::Rollback { .. }) && !plan.stages().any(Stage::undo_needs_artifact) {
        return Ok(());
    }
    match &fill.artifact {
        Some(Released { digest, stored: Stored::File { name, .. }, .. }) => {
            dispatcher.engine.blobs.path(digest, name).map(drop).map_err(|error| failure(error.to_string()))
        }
        Some(Released { stored: Stored::Image { .. }, .. }) | None => {
            Err(failure(format!("artifact {} is not in the store", artifact.name)))
        }
    }
}

/// The failure of a stage whose run somebody asked to end.
pub fn cancelled(why: &str) -> Failure {
    Failure { kind: FailureKind::Cancelled, message: format!("cancelled {why}"), tail: Vec::new() }
}
