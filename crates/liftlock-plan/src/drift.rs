//! What was changed by hand since an environment's current release.
//!
//! What the release left behind stands in its records; where nobody recorded it, what its plan desires is taken. Of
//! effects that look at the same thing the last one counts: what it left behind is what has to be there.

use std::collections::HashMap;

use liftlock_journal::{EffectStatus, Ledger, RunState, State};
use liftlock_names::{Address, Digest, ReleaseRef};
use serde::Serialize;

use crate::document::{Change, Effect, EffectKind, Node, Plan};
use crate::error::PlanError;
use crate::observe::{Observation, Observations, content_change, look_alike, path_of};
use crate::past::Past;

/// An environment as its current release left it.
#[derive(Debug, Clone)]
pub struct Baseline {
    /// The plan of the release, with this one stage; to be observed.
    pub plan: Plan,
    environment: String,
    release: ReleaseRef,
    /// What the release left behind, by effect, as far as that is known.
    left: HashMap<Address, State>,
}

/// How an environment differs from what its current release left there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drift {
    pub pipeline: String,
    pub environment: String,
    pub release: ReleaseRef,
    pub effects: Vec<Drifted>,
}

/// One effect of the release, looked at again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drifted {
    pub address: Address,
    pub kind: EffectKind,
    /// What the release left behind; none where that is not known.
    pub left: Option<State>,
    pub found: State,
    /// From what was left to what is found. *Unobserved* where there is no way to tell, because nothing observes it or that
    /// needs a secret; *unknown* where looking failed.
    pub change: Change,
}

/// What the current release left in `environment`.
///
/// # Errors
/// [`PlanError::NoRelease`] where there is none, [`PlanError::Journal`] where its plan cannot be read.
pub fn baseline(pipeline: &str, environment: &str, ledger: &Ledger, past: &Past<'_>) -> Result<Baseline, PlanError> {
    let current = ledger
        .current(pipeline, environment)
        .ok_or_else(|| PlanError::NoRelease { pipeline: pipeline.to_owned(), environment: environment.to_owned() })?;
    let run = past.run(&current.release.run);
    let (run, plan) = run.require(&current.release.run)?;
    let mut stage = plan.stage(environment).cloned().ok_or_else(|| PlanError::Journal {
        run: current.release.run.to_string(),
        why: format!("it has no stage for `{environment}`"),
    })?;
    Node::for_each_mut(&mut stage.body, &mut |effect| {
        // A preview says what a release would change, which is not what is asked.
        if let EffectKind::Step(step) = &mut effect.kind {
            step.preview = None;
        }
    });
    let left = stage.effects().into_iter().filter_map(|effect| Some((effect.address.clone(), left_by(effect, run)?)));
    let left = left.collect();
    let plan = Plan { waves: vec![vec![stage]], ..plan.clone() };
    Ok(Baseline { plan, environment: environment.to_owned(), release: current.release.clone(), left })
}

/// What was observed behind the effect, or what it was to bring about.
fn left_by(effect: &Effect, run: &RunState) -> Option<State> {
    let recorded = run.effects.get(&effect.address);
    let is_there = |status| matches!(status, EffectStatus::Finished | EffectStatus::InPlace);
    let recorded = recorded.filter(|state| is_there(state.status)).and_then(|state| state.after.clone());
    if let Some(state) = recorded.filter(|state| state.is_told()) {
        return Some(state);
    }
    match &effect.kind {
        EffectKind::File { content, mode, .. } => Some(State::File {
            digest: Digest::of(content.as_bytes()),
            bytes: content.len() as u64,
            mode: mode.unwrap_or(0o644),
        }),
        EffectKind::Link { target, .. } => Some(State::Link { target: target.clone() }),
        EffectKind::Directory { .. } => Some(State::Directory),
        EffectKind::Step(_) | EffectKind::Http(_) => {
            effect.kind.desired_output().map(|text| State::Output { text: text.clone() })
        }
        EffectKind::Refresh { .. } | EffectKind::Notify { .. } | EffectKind::Manual { .. } => None,
    }
}

impl Baseline {
    /// Holds what is observed now against what was left.
    pub fn drift(&self, observations: &Observations) -> Drift {
        let effects: Vec<&Effect> = self.plan.stages().flat_map(|stage| stage.effects()).collect();
        let mut drifted = Vec::new();
        for (at, effect) in effects.iter().enumerate() {
            let is_last = !effects[at + 1..].iter().any(|later| look_alike(effect, later));
            let leaves_nothing = matches!(effect.kind, EffectKind::Refresh { .. } | EffectKind::Notify { .. });
            if leaves_nothing || !is_last {
                continue;
            }
            let Some(observation) = observations.effects.get(&effect.address) else { continue };
            let left = self.left.get(&effect.address);
            drifted.push(Drifted {
                address: effect.address.clone(),
                kind: effect.kind.clone(),
                left: left.cloned(),
                found: observation.state.clone(),
                change: change(effect, left, observation),
            });
        }
        Drift {
            pipeline: self.plan.pipeline.clone(),
            environment: self.environment.clone(),
            release: self.release.clone(),
            effects: drifted,
        }
    }
}

fn change(effect: &Effect, left: Option<&State>, observation: &Observation) -> Change {
    // Only a run opens a secret: that nobody can tell is how it was written, and no look that failed.
    if effect.kind.observed_by().is_some_and(|observe| observe.secret().is_some()) {
        return Change::Unobserved;
    }
    match (left, &observation.state) {
        (_, State::Unknown { why }) => Change::Unknown { why: why.clone(), preview: None },
        (None, _) | (_, State::Unobserved) => Change::Unobserved,
        (Some(left), found) => {
            let content = match (&effect.kind, left) {
                (EffectKind::File { content, .. }, State::File { digest, .. })
                    if Digest::of(content.as_bytes()) == *digest =>
                {
                    Some(content.as_bytes())
                }
                _ => None,
            };
            content_change(path_of(effect), left, content, found, observation.content.as_deref())
        }
    }
}

impl Drift {
    /// The effects that are not as they were left.
    pub fn changed(&self) -> impl Iterator<Item = &Drifted> {
        self.effects.iter().filter(|effect| matches!(effect.change, Change::Diff { .. }))
    }

    /// The effects that could not be looked at.
    pub fn failed(&self) -> impl Iterator<Item = &Drifted> {
        self.effects.iter().filter(|effect| matches!(effect.change, Change::Unknown { .. }))
    }
}
