//! Observing for a plan: read-only, side by side, and nothing that fails stops the rest.

use std::collections::HashMap;

use futures_util::stream::{self, StreamExt as _};
use liftlock_effects::Ending;
use liftlock_journal::State;
use liftlock_plan::{ActionKind, Effect, EffectKind, Invocation, Observation, Observations, Plan, Secret};

use crate::Engine;
use crate::resolve::{self, Fill};

/// How many observations are under way at once.
pub const AT_ONCE: usize = 8;

/// Observes every effect of a plan. What a step would change is previewed where it is not in place; a way back shows none.
pub async fn observe(engine: &Engine<'_>, plan: &Plan) -> Observations {
    let effects = plan.stages().flat_map(|stage| stage.effects());
    let effects: Vec<&Effect> = effects.filter(|effect| !effect.is_notice()).collect();
    let goes_back = matches!(plan.action, ActionKind::Rollback { .. });
    let observed: HashMap<_, _> = stream::iter(effects)
        .map(|effect| async move { (effect.address.clone(), observe_one(engine, effect, !goes_back).await) })
        .buffer_unordered(AT_ONCE)
        .collect()
        .await;
    let mut kept = HashMap::new();
    if let ActionKind::Rollback { .. } = plan.action {
        for effect in plan.stages().flat_map(|stage| stage.effects()) {
            if let Some(State::File { digest, .. }) = &effect.applied_over
                && let Ok(content) = engine.blobs.get(digest)
            {
                kept.insert(*digest, content);
            }
        }
    }
    Observations { effects: observed, kept }
}

/// What is there, without a preview of what would be.
pub async fn state_of(engine: &Engine<'_>, effect: &Effect) -> State {
    if let EffectKind::Manual { .. } = effect.kind {
        return State::Unobserved;
    }
    match observable(engine, effect) {
        Ok(observable) => {
            let mut output = |_: &[u8]| {};
            let mut context = engine.context(&mut output);
            observable.observe(&mut context).await.state
        }
        Err(why) => State::Unknown { why },
    }
}

async fn observe_one(engine: &Engine<'_>, effect: &Effect, with_preview: bool) -> Observation {
    if let EffectKind::Manual { .. } = effect.kind {
        return Observation { state: State::Unobserved, content: None, preview: None };
    }
    let unknown = |why: String| Observation { state: State::Unknown { why }, content: None, preview: None };
    let observable = match observable(engine, effect) {
        Ok(observable) => observable,
        Err(why) => return unknown(why),
    };
    let mut output = |_: &[u8]| {};
    let mut context = engine.context(&mut output);
    let observed = observable.observe(&mut context).await;
    let is_in_place = observable.desired(&observed.state).is_some_and(|desired| desired == observed.state);
    let preview = match &effect.kind {
        EffectKind::Step(step) if with_preview && !is_in_place => match &step.preview {
            Some(preview) => Some(run_preview(engine, preview).await),
            None => None,
        },
        _ => None,
    };
    Observation { state: observed.state, content: observed.content, preview }
}

/// The effect with what observing needs; what is known only while the release runs is left out.
fn observable(engine: &Engine<'_>, effect: &Effect) -> Result<liftlock_effects::Effect, String> {
    use liftlock_effects::{Command, Refresh, Step};
    let nothing = || Command {
        argv: vec!["true".to_owned()],
        env: Vec::new(),
        cwd: engine.root.to_owned(),
        stdin: None,
        timeout: std::time::Duration::ZERO,
        on: None,
    };
    Ok(match &effect.kind {
        EffectKind::Step(step) => {
            let observe = step.observe.as_ref();
            if let Some(secret) = observe.and_then(Invocation::secret) {
                return Err(closed(secret));
            }
            let observe = observe.map(|observe| resolve::command(engine, observe, &Fill::default())).transpose();
            liftlock_effects::Effect::Step(Step {
                observe: observe.map_err(|failure| failure.message)?,
                desired: step.desired.clone(),
                run: nothing(),
                rollback: None,
            })
        }
        EffectKind::Http(http) => {
            let observe = http.observe.as_ref();
            if let Some(secret) = observe.and_then(Invocation::secret) {
                return Err(closed(secret));
            }
            let observe = observe.map(|observe| resolve::command(engine, observe, &Fill::default())).transpose();
            liftlock_effects::Effect::Step(Step {
                observe: observe.map_err(|failure| failure.message)?,
                desired: http.desired.clone(),
                run: nothing(),
                rollback: None,
            })
        }
        EffectKind::Refresh { .. } => liftlock_effects::Effect::Refresh(Refresh { run: nothing() }),
        _ => resolve::effect(engine, effect, &Fill::default()).map_err(|failure| failure.message)?,
    })
}

/// Planning never opens a secret.
fn closed(secret: &Secret) -> String {
    format!("it needs {secret}, which only a run opens")
}

async fn run_preview(engine: &Engine<'_>, preview: &Invocation) -> Result<String, String> {
    if let Some(secret) = preview.secret() {
        return Err(closed(secret));
    }
    let command = resolve::command(engine, preview, &Fill::default()).map_err(|failure| failure.message)?;
    let mut output = |_: &[u8]| {};
    let captured = engine.context(&mut output).ask(&command).await.map_err(|error| error.to_string())?;
    match captured.ending {
        // As `diff` does, and with it `kubectl diff`: 1 says that there is a difference.
        Ending::Exited(0 | 1) => Ok(String::from_utf8_lossy(&captured.stdout).into_owned()),
        Ending::Exited(status) => Err(format!("status {status}: {}", captured.tail.join(" "))),
        Ending::Signalled(signal) => Err(format!("ended by signal {signal}")),
        Ending::TimedOut => Err("stopped after its time-out".to_owned()),
    }
}
