//! The order among releases: who may enter an environment.

use liftlock_journal::{Action, Failure, FailureKind, Ledger};
use liftlock_names::RunId;
use liftlock_plan::{ActionKind, Plan, Stage};

use crate::EngineError;
use crate::dispatcher::Dispatcher;
use crate::resolve::Fill;

/// Whether the run may enter the stage's environment, by what the ledger says now. The inner error is why not.
pub fn may_enter(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    stage: &Stage,
    ledger: &Ledger,
) -> Result<Result<(), Failure>, EngineError> {
    let state = dispatcher.state();
    let environment = stage.environment.as_str();
    let order = |message: String| Failure { kind: FailureKind::Order, message, tail: Vec::new() };

    for here in ledger.in_environment(environment) {
        if let Some(trouble) = here.trouble.as_ref().filter(|trouble| trouble.run != dispatcher.run) {
            return Ok(Err(order(format!(
                "{environment} needs a person since run {}: {}; `liftlock resume {}` goes on with it",
                trouble.run, trouble.why, trouble.run
            ))));
        }
        if let Some(run) = here.occupied.as_ref().filter(|run| **run != dispatcher.run) {
            return Ok(Err(order(format!(
                "run {run} stands in {environment} and is not over; `liftlock resume {run}` brings it to its end"
            ))));
        }
    }
    if let Action::Rollback { of, .. } = &state.action {
        let stale = |message| Failure { kind: FailureKind::Stale, message, tail: Vec::new() };
        return Ok(is_current(&plan.pipeline, environment, of, ledger).map_err(stale));
    }
    if let Some(current) = ledger.current(&plan.pipeline, environment)
        && current.release.number > state.number
    {
        return Ok(Err(order(format!(
            "{environment} runs release {} ({}), which is newer than this release {}",
            current.release.number, current.release.version, state.number
        ))));
    }
    // What the plan said would be replaced has to be what is there: somebody read that, and approved it.
    let current = ledger.current(&plan.pipeline, environment).map(|released| &released.release);
    if current != stage.previous.as_ref() {
        let name = |release: Option<&liftlock_names::ReleaseRef>| {
            release
                .map_or("no release".to_owned(), |release| format!("release {} ({})", release.number, release.version))
        };
        let message = format!(
            "the plan is stale: {environment} ran {} when it was made, and runs {} now; plan again",
            name(stage.previous.as_ref()),
            name(current)
        );
        return Ok(Err(Failure { kind: FailureKind::Stale, message, tail: Vec::new() }));
    }
    if let Some(artifact) = &plan.artifact {
        let Some(stored) = state.artifacts.get(&artifact.name) else {
            return Ok(Err(order("the artifact is not in the store".to_owned())));
        };
        for required in &stage.requires {
            if ledger.proven(required, &stored.digest).is_none() {
                return Ok(Err(order(format!(
                    "{environment} takes only what has succeeded in {required}, and {} has not",
                    stored.digest.short()
                ))));
            }
        }
    }
    Ok(Ok(()))
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
    if plan.action != ActionKind::Release && !plan.stages().any(Stage::undo_needs_artifact) {
        return Ok(());
    }
    let (_, digest, name) =
        fill.artifact.as_ref().ok_or_else(|| failure(format!("artifact {} is not in the store", artifact.name)))?;
    match dispatcher.engine.blobs.path(digest, name) {
        Ok(_) => Ok(()),
        Err(error) => Err(failure(error.to_string())),
    }
}

/// The failure of a stage whose run somebody asked to end.
pub fn cancelled(why: &str) -> Failure {
    Failure { kind: FailureKind::Cancelled, message: format!("cancelled {why}"), tail: Vec::new() }
}
