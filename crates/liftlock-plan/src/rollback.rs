//! The plan of going back: the stage of the release that is undone, without what it did not apply. Going back over several
//! releases is a plan for each, newest first, and each undo is that of the plan of the release being undone.

use liftlock_journal::{EffectStatus, Ledger, Released, RunState, State, Stored};
use liftlock_names::Digest;

use crate::artifact::{ArtifactPlan, BuiltArtifactRef};
use crate::document::{ActionKind, Change, Check, Class, Effect, Hooks, Node, Plan};
use crate::error::PlanError;
use crate::observe::{Observation, Observations, look_alike};
use crate::outputs;
use crate::past::Past;

/// A way back, before it is known whether the store still holds what it needs.
#[derive(Debug)]
pub struct WayBack {
    /// One for each release that is taken back, newest first.
    plans: Vec<Plan>,
    /// Why it cannot be gone, as far as the plans tell.
    obstacles: Vec<String>,
}

/// Plans to take back what was released last in `environment`, or every release above the one that `to` names: by its
/// number or its version; `none` is what was there before the first.
///
/// # Errors
/// [`PlanError::NothingToRollBack`] where there is no release, [`PlanError::NotBelow`] where `to` is none of those below,
/// [`PlanError::Journal`] where a plan cannot be read.
pub fn way_back(
    pipeline: &str,
    environment: &str,
    to: Option<&str>,
    ledger: &Ledger,
    past: &Past<'_>,
) -> Result<WayBack, PlanError> {
    let stack = ledger.environment(pipeline, environment).map_or(&[][..], |state| &state.stack);
    if stack.is_empty() {
        return Err(PlanError::NothingToRollBack {
            pipeline: pipeline.to_owned(),
            environment: environment.to_owned(),
        });
    }
    let kept = match to {
        None => stack.len() - 1,
        Some(to) => kept(stack, to, environment)?,
    };
    let mut way = WayBack { plans: Vec::new(), obstacles: Vec::new() };
    for at in (kept..stack.len()).rev() {
        let below = at.checked_sub(1).map(|below| &stack[below]);
        way.take_back(environment, &stack[at], below, past)?;
    }
    Ok(way)
}

/// How many releases of the stack stay.
fn kept(stack: &[Released], to: &str, environment: &str) -> Result<usize, PlanError> {
    if to == "none" {
        return Ok(0);
    }
    let is_meant = |released: &Released| released.release.number.to_string() == to || released.release.version == to;
    match stack.iter().rposition(is_meant) {
        Some(at) if at + 1 < stack.len() => Ok(at + 1),
        found => {
            let below = stack[..stack.len() - 1].iter().rev();
            let mut known: Vec<String> = below
                .map(|it| match it.release.version.as_str() {
                    "" => format!("`{}`", it.release.number),
                    version => format!("`{}` ({version})", it.release.number),
                })
                .collect();
            known.push("`none`, which is what was there before the first release".to_owned());
            let why = if found.is_some() { "is what runs there now" } else { "is no release below the current one" };
            Err(PlanError::NotBelow {
                environment: environment.to_owned(),
                to: to.to_owned(),
                why,
                known: known.join(", "),
            })
        }
    }
}

impl WayBack {
    fn take_back(
        &mut self,
        environment: &str,
        current: &Released,
        below: Option<&Released>,
        past: &Past<'_>,
    ) -> Result<(), PlanError> {
        let release = &current.release;
        let run = past.run(&release.run);
        let (run, plan) = run.require(&release.run)?;
        let mut stage = plan.stage(environment).cloned().ok_or_else(|| PlanError::Journal {
            run: release.run.to_string(),
            why: format!("it has no stage for `{environment}`"),
        })?;
        self.obstacles.extend(points_of_no_return(&stage.effects(), run));
        stage.body = applied(std::mem::take(&mut stage.body), run);
        outputs::fill(&mut stage.body, run);
        stage.gates.clear();
        stage.previous = Some(release.clone());
        stage.verify_restored = below.map_or_else(Vec::new, |released| checks_of(released, environment, past));

        let mut artifact = plan.artifact.clone();
        if let Some(artifact) = &mut artifact
            && let Some(known) = run.artifacts.get(artifact.name())
        {
            match (artifact, &known.stored) {
                (ArtifactPlan::File(file), Stored::File { name, bytes }) => {
                    let (digest, name, bytes) = (known.digest, name.clone(), *bytes);
                    file.built = Some(BuiltArtifactRef { digest, name, bytes });
                }
                (ArtifactPlan::Image(image), _) => image.digest = Some(known.digest),
                (ArtifactPlan::File(_), Stored::Image { .. }) => {}
            }
        }
        self.plans.push(Plan {
            format: plan.format,
            pipeline: plan.pipeline.clone(),
            docs: plan.docs.clone(),
            action: ActionKind::Rollback {
                environment: environment.to_owned(),
                of: release.run.clone(),
                number: release.number,
                to: below.map(|released| released.release.clone()),
            },
            inputs: plan.inputs.clone(),
            version: plan.version.clone(),
            artifact,
            waves: vec![vec![stage]],
            on_failure: plan.on_failure,
            observed: false,
            // They tell of the release, and this is none.
            on: Hooks { in_doubt: plan.on.in_doubt, ..Hooks::default() },
        });
        Ok(())
    }

    /// The plans, if nothing is in their way. `missing` says why the content of a digest cannot be had.
    ///
    /// # Errors
    /// [`PlanError::NoWayBack`] with everything that stands in the way.
    pub fn checked(mut self, missing: impl Fn(&Digest) -> Option<String>) -> Result<Vec<Plan>, PlanError> {
        for plan in &self.plans {
            for (what, digest) in wanted(plan) {
                if let Some(why) = missing(&digest) {
                    self.obstacles.push(format!("{what} is gone: {why}"));
                }
            }
        }
        match self.plans.first() {
            Some(plan) if !self.obstacles.is_empty() => {
                let environment = plan.stages().next().map(|stage| stage.environment.clone()).unwrap_or_default();
                Err(PlanError::NoWayBack { environment, obstacles: self.obstacles.join("; ") })
            }
            _ => Ok(self.plans),
        }
    }
}

/// What the plan's undo takes from the store, each with what it is to a person.
fn wanted(plan: &Plan) -> Vec<(String, Digest)> {
    let mut wanted = Vec::new();
    let number = number(plan);
    for stage in plan.stages() {
        if let Some(ArtifactPlan::File(file)) = plan.artifact.as_ref().filter(|_| stage.undo_needs_artifact())
            && let Some(built) = &file.built
        {
            wanted.push((format!("`{}`, which the undo of release {number} reads,", built.name), built.digest));
        }
        for effect in stage.effects() {
            if let Some(State::File { digest, .. }) = &effect.applied_over {
                wanted.push((format!("what `{}` was before release {number}", effect.address), *digest));
            }
        }
    }
    wanted
}

fn number(plan: &Plan) -> u64 {
    match plan.action {
        ActionKind::Rollback { number, .. } => number,
        ActionKind::Release | ActionKind::Drill { .. } => 0,
    }
}

/// What `plan` will find, once the plans `before` it have taken back what is above: what they put back is not what is
/// observed today.
pub fn foresee(before: &[Plan], plan: &Plan, observations: &mut Observations) {
    for effect in plan.stages().flat_map(|stage| stage.effects()) {
        let above = before.iter().rev().flat_map(Plan::stages);
        // An undo runs backwards, so that the first of those that look at the same thing has the last word.
        let put_back = above.filter_map(|stage| stage.effects().into_iter().find(|other| look_alike(effect, other)));
        let Some(put_back) = put_back.into_iter().next() else { continue };
        let Some(state) = put_back.applied_over.clone() else { continue };
        let content = match &state {
            State::File { digest, .. } => observations.kept.get(digest).cloned(),
            _ => None,
        };
        observations.effects.insert(effect.address.clone(), Observation { state, content, preview: None });
    }
}

impl Plan {
    /// Adds to each stage the checks that the release it replaces was verified by, so that a rollback can be, too.
    pub fn add_restored_checks(&mut self, ledger: &Ledger, past: &Past<'_>) {
        for stage in self.waves.iter_mut().flatten() {
            if let Some(current) = ledger.current(&self.pipeline, &stage.environment) {
                stage.verify_restored = checks_of(current, &stage.environment, past);
            }
        }
    }
}

/// The checks by which a release was verified; none where its plan cannot be read any more.
fn checks_of(released: &Released, environment: &str, past: &Past<'_>) -> Vec<Check> {
    let planned = past.planned(&released.release.run);
    let stage = planned.as_ref().and_then(|planned| planned.stage(environment));
    stage.map(|stage| stage.verify.clone()).unwrap_or_default()
}

fn points_of_no_return(effects: &[&Effect], run: &RunState) -> Vec<String> {
    let passed = effects.iter().filter(|effect| status(effect, run) == Some(EffectStatus::Finished));
    let said = passed.filter_map(|effect| match &effect.class {
        Class::Irreversible { why } => Some(format!("`{}` is a point of no return: {why}", effect.address)),
        _ => None,
    });
    said.collect()
}

fn status(effect: &Effect, run: &RunState) -> Option<EffectStatus> {
    run.effects.get(&effect.address).map(|state| state.status)
}

/// The nodes with only those effects that the run applied, each with what it was applied over.
fn applied(nodes: Vec<Node>, run: &RunState) -> Vec<Node> {
    nodes
        .into_iter()
        .filter_map(|node| match node {
            // What was said stays said.
            Node::Effect(effect) if effect.is_notice() => None,
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
            // It looks at what the release has done so far; there is nothing of it to take back.
            Node::Check(_) => None,
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
