//! The plan of going back: the stage of the release that is undone, without what it did not apply.

use liftlock_journal::{EffectStatus, Ledger, Released, RunState};
use liftlock_names::RunId;

use crate::document::{ActionKind, BuiltArtifactRef, Change, Check, Class, Effect, Node, Plan};
use crate::error::PlanError;
use crate::outputs;

/// Plans to undo what the current release of `environment` did there. `run_of` folds the records of a run.
///
/// # Errors
/// [`PlanError::NothingToRollBack`] where there is no release, [`PlanError::PointOfNoReturn`] where one cannot be undone,
/// [`PlanError::Journal`] where its plan cannot be read.
pub fn rollback(
    pipeline: &str,
    environment: &str,
    ledger: &Ledger,
    run_of: impl Fn(&RunId) -> Option<RunState>,
) -> Result<Plan, PlanError> {
    let nothing =
        || PlanError::NothingToRollBack { pipeline: pipeline.to_owned(), environment: environment.to_owned() };
    let stack = &ledger.environment(pipeline, environment).ok_or_else(nothing)?.stack;
    let (current, below) = stack.split_last().ok_or_else(nothing)?;
    let unreadable = |why: String| PlanError::Journal { run: current.release.run.to_string(), why };
    let run = run_of(&current.release.run).ok_or_else(|| unreadable("its records are not there".to_owned()))?;
    let plan: Plan = serde_json::from_str(&run.plan).map_err(|error| unreadable(error.to_string()))?;
    let mut stage =
        plan.stage(environment).cloned().ok_or_else(|| unreadable(format!("it has no stage for `{environment}`")))?;

    refuse_point_of_no_return(environment, &stage.effects(), &run)?;
    stage.body = applied(std::mem::take(&mut stage.body), &run);
    outputs::fill(&mut stage.body, &run);
    stage.gates.clear();
    stage.previous = Some(current.release.clone());
    stage.verify_restored = below.last().map_or_else(Vec::new, |released| checks_of(released, environment, &run_of));

    let mut artifact = plan.artifact;
    if let Some(artifact) = &mut artifact
        && let Some(stored) = run.artifacts.get(&artifact.name)
    {
        artifact.built =
            Some(BuiltArtifactRef { digest: stored.digest, name: stored.name.clone(), bytes: stored.bytes });
    }
    Ok(Plan {
        action: ActionKind::Rollback {
            environment: environment.to_owned(),
            of: current.release.run.clone(),
            number: current.release.number,
            to: below.last().map(|released| released.release.clone()),
        },
        artifact,
        waves: vec![vec![stage]],
        observed: false,
        ..plan
    })
}

impl Plan {
    /// Adds to each stage the checks that the release it replaces was verified by, so that a rollback can be, too.
    pub fn add_restored_checks(&mut self, ledger: &Ledger, run_of: impl Fn(&RunId) -> Option<RunState>) {
        for stage in self.waves.iter_mut().flatten() {
            if let Some(current) = ledger.current(&self.pipeline, &stage.environment) {
                stage.verify_restored = checks_of(current, &stage.environment, &run_of);
            }
        }
    }
}

/// The checks by which a release was verified; none where its plan cannot be read any more.
fn checks_of(released: &Released, environment: &str, run_of: &impl Fn(&RunId) -> Option<RunState>) -> Vec<Check> {
    let plan = run_of(&released.release.run).and_then(|run| serde_json::from_str::<Plan>(&run.plan).ok());
    plan.and_then(|plan| plan.stage(environment).map(|stage| stage.verify.clone())).unwrap_or_default()
}

fn refuse_point_of_no_return(environment: &str, effects: &[&Effect], run: &RunState) -> Result<(), PlanError> {
    for effect in effects {
        if let Class::Irreversible { why } = &effect.class
            && status(effect, run) == Some(EffectStatus::Finished)
        {
            return Err(PlanError::PointOfNoReturn {
                environment: environment.to_owned(),
                effect: effect.address.to_string(),
                why: why.clone(),
            });
        }
    }
    Ok(())
}

fn status(effect: &Effect, run: &RunState) -> Option<EffectStatus> {
    run.effects.get(&effect.address).map(|state| state.status)
}

/// The nodes with only those effects that the run applied, each with what it was applied over.
fn applied(nodes: Vec<Node>, run: &RunState) -> Vec<Node> {
    nodes
        .into_iter()
        .filter_map(|node| match node {
            Node::Effect(mut effect) => {
                let state = run.effects.get(&effect.address)?;
                if state.status != EffectStatus::Finished {
                    return None;
                }
                effect.applied_over = state.before.clone();
                effect.observed = None;
                effect.change = Change::Unobserved;
                Some(Node::Effect(effect))
            }
            Node::Phase { name, body, rollback } => {
                let body = applied(body, run);
                (!body.is_empty()).then_some(Node::Phase { name, body, rollback })
            }
            Node::Parallel { name, body } => {
                let body = applied(body, run);
                (!body.is_empty()).then_some(Node::Parallel { name, body })
            }
        })
        .collect()
}
