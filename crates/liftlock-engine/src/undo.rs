//! The way down: what was applied is taken back, last first, and then looked at.
//!
//! The order is that of the body, backwards. A `refresh` is the exception: it runs once more after everything before it
//! in its own body is back, since restarting a service before its link is back would start the wrong version again.

use futures_util::future::{LocalBoxFuture, join_all};
use liftlock_effects::{Context, end_processes_of};
use liftlock_journal::{EffectState, EffectStatus, End, Event, Failure, FailureKind, State};
use liftlock_names::Address;
use liftlock_plan::{self as plan, Check, Class, EffectKind, Node, Stage};

use crate::EngineError;
use crate::dispatcher::Dispatcher;
use crate::resolve::{self, Fill};
use crate::stage;

/// Why the way down ended early.
enum Stop {
    /// At an acknowledged point of no return.
    Held(String),
    /// An undo failed.
    Stranded(String),
    Error(EngineError),
}

impl From<EngineError> for Stop {
    fn from(error: EngineError) -> Self {
        Stop::Error(error)
    }
}

/// Undoes what was applied of a stage, and says how the environment ends. Nothing is recorded of the end itself.
pub async fn undo(
    dispatcher: &Dispatcher<'_>,
    stage: &Stage,
    checks: &[Check],
    fill: &Fill,
) -> Result<End, EngineError> {
    let descent = Descent { dispatcher, fill };
    let touched = stage.effects().iter().any(|effect| descent.is_touched(effect));
    match descent.sequence(&stage.body).await {
        Ok(()) => {}
        Err(Stop::Held(why)) => return Ok(End::Held { why }),
        Err(Stop::Stranded(why)) => return Ok(End::Stranded { why }),
        Err(Stop::Error(error)) => return Err(error),
    }
    if !touched {
        return Ok(End::Untouched);
    }
    if let Some(why) = descent.differences(stage).await? {
        return Ok(End::Stranded { why });
    }
    // What the release before was checked by, it is checked by again.
    match stage::verify(dispatcher, checks).await? {
        Ok(()) => Ok(End::Restored),
        Err((address, failure)) => Ok(End::Stranded {
            why: format!("everything is as before, and {}: {}", address.within_stage(), failure.message),
        }),
    }
}

/// Walks a body downwards.
struct Descent<'a, 'e> {
    dispatcher: &'a Dispatcher<'e>,
    fill: &'a Fill,
}

impl Descent<'_, '_> {
    /// Where an effect stands. In a rollback, what another run finished is what this one begins with.
    fn state(&self, effect: &plan::Effect) -> Option<EffectState> {
        let known = self.dispatcher.effect(&effect.address);
        known.or_else(|| {
            effect.applied_over.clone().map(|before| EffectState {
                status: EffectStatus::Finished,
                attempt: 1,
                before: Some(before),
                after: None,
                failure: None,
                retry: false,
            })
        })
    }

    /// Whether an effect was begun: all that was, has to be taken back.
    fn is_touched(&self, effect: &plan::Effect) -> bool {
        self.state(effect).is_some_and(|state| !matches!(state.status, EffectStatus::InPlace | EffectStatus::NotNeeded))
    }

    fn sequence<'s>(&'s self, nodes: &'s [Node]) -> LocalBoxFuture<'s, Result<(), Stop>> {
        Box::pin(async move {
            let is_refresh = |node: &&Node| match node {
                Node::Effect(effect) => matches!(effect.kind, EffectKind::Refresh { .. }),
                _ => false,
            };
            for node in nodes.iter().rev().filter(|node| !is_refresh(node)) {
                self.node(node).await?;
            }
            for node in nodes.iter().filter(is_refresh) {
                self.node(node).await?;
            }
            Ok(())
        })
    }

    async fn node(&self, node: &Node) -> Result<(), Stop> {
        match node {
            Node::Effect(effect) => self.effect(effect).await,
            Node::Phase { body, rollback, .. } => {
                self.sequence(body).await?;
                match rollback {
                    Some(cover) => self.cover(body, cover).await,
                    None => Ok(()),
                }
            }
            Node::Parallel { body, .. } => {
                let ends = join_all(body.iter().map(|member| self.node(member))).await;
                ends.into_iter().collect()
            }
        }
    }

    /// Runs the `rollback { … }` of a phase if anything that it alone restores was begun.
    async fn cover(&self, body: &[Node], cover: &[plan::Effect]) -> Result<(), Stop> {
        let needed =
            plan::effects_of(body).into_iter().any(|effect| effect.class == Class::Covered && self.is_touched(effect));
        if !needed {
            return Ok(());
        }
        for effect in cover {
            let done = self.dispatcher.effect(&effect.address);
            if done.is_some_and(|state| state.status == EffectStatus::Undone) {
                continue;
            }
            self.begin(&effect.address)?;
            let took = self.dispatcher.clock();
            let end = match self.resolved(effect, &State::Unobserved) {
                Ok(resolved) => {
                    self.run(&effect.address, async |context| resolved.apply(context, &State::Unobserved).await).await?
                }
                Err(failure) => Err(failure),
            };
            self.finish(effect, end, State::Unobserved, took())?;
        }
        Ok(())
    }

    async fn effect(&self, effect: &plan::Effect) -> Result<(), Stop> {
        let Some(state) = self.state(effect) else { return Ok(()) };
        let is_atomic = matches!(&effect.kind, EffectKind::Step(step) if step.atomic);
        match (state.status, &effect.class) {
            (EffectStatus::InPlace | EffectStatus::NotNeeded | EffectStatus::Undone, _) => return Ok(()),
            // Failed as a whole, and so there is nothing of it.
            (EffectStatus::Failed, _) if is_atomic => return Ok(()),
            (_, Class::ReadOnly) => return Ok(()),
            (_, Class::Irreversible { why }) => {
                return Err(Stop::Held(format!("{} is a point of no return: {why}", effect.address.within_stage())));
            }
            // The phase's own `rollback { … }` restores it.
            (_, Class::Covered) => return Ok(()),
            (EffectStatus::UndoFailed, _) if !state.retry => {
                let why = state.failure.map_or_else(String::new, |failure| failure.message);
                return Err(Stop::Stranded(stranded(&effect.address, &why)));
            }
            _ => {}
        }
        // The runner may have been killed while a program of the effect, or of its undo, was running.
        if matches!(state.status, EffectStatus::Started | EffectStatus::UndoStarted) {
            end_processes_of(&format!("{}/{}/{}", self.dispatcher.run, effect.address, state.attempt));
            end_processes_of(&self.undo_key(&effect.address));
        }
        let before = state.before.clone().unwrap_or(State::Unobserved);
        self.begin(&effect.address)?;
        let took = self.dispatcher.clock();
        let (end, after) = match self.resolved(effect, &before) {
            Err(failure) => (Err(failure), State::Unobserved),
            Ok(resolved) => {
                let was_undoing = state.status == EffectStatus::UndoStarted;
                let is_back = |now: &State| *now == before && !matches!(now, State::Unobserved | State::Unknown { .. });
                let now = self.observe(&resolved).await;
                if was_undoing && is_back(&now) {
                    (Ok(()), now)
                } else {
                    let end = self.run(&effect.address, async |context| resolved.undo(context, &before).await).await?;
                    (end, self.observe(&resolved).await)
                }
            }
        };
        self.finish(effect, end, after, took())
    }

    fn begin(&self, address: &Address) -> Result<(), Stop> {
        Ok(self.dispatcher.record(Event::UndoStarted { effect: address.clone() })?)
    }

    fn finish(&self, effect: &plan::Effect, end: Result<(), Failure>, state: State, took_ms: u64) -> Result<(), Stop> {
        let address = effect.address.clone();
        match end {
            Ok(()) => Ok(self.dispatcher.record(Event::UndoFinished { effect: address, state, took_ms })?),
            Err(failure) => {
                let why = stranded(&address, &failure.message);
                self.dispatcher.record(Event::UndoFailed { effect: address, failure, took_ms })?;
                Err(Stop::Stranded(why))
            }
        }
    }

    fn undo_key(&self, address: &Address) -> String {
        format!("{}/{address}/undo", self.dispatcher.run)
    }

    fn resolved(&self, effect: &plan::Effect, before: &State) -> Result<liftlock_effects::Effect, Failure> {
        let fill = self.fill.with_observed(before).with_key(self.undo_key(&effect.address), &self.dispatcher.run);
        resolve::effect(&self.dispatcher.engine, effect, &fill)
    }

    async fn run<F>(&self, address: &Address, work: F) -> Result<Result<(), Failure>, EngineError>
    where
        F: AsyncFnOnce(&mut Context<'_>) -> Result<(), Failure>,
    {
        let engine = self.dispatcher.engine;
        let mut output = self.dispatcher.output(Some(address))?;
        let mut context = Context { world: engine.world, blobs: engine.blobs, root: engine.root, output: &mut output };
        Ok(work(&mut context).await)
    }

    async fn observe(&self, resolved: &liftlock_effects::Effect) -> State {
        let engine = self.dispatcher.engine;
        let mut output = |_: &[u8]| {};
        let mut context = Context { world: engine.world, blobs: engine.blobs, root: engine.root, output: &mut output };
        resolved.observe(&mut context).await.state
    }

    /// Observes every effect that was begun, and says where it is not what it was before the release.
    async fn differences(&self, stage: &Stage) -> Result<Option<String>, EngineError> {
        for effect in stage.effects() {
            let Some(state) = self.state(effect) else { continue };
            let before = match state.before {
                Some(before) if self.is_touched(effect) => before,
                _ => continue,
            };
            if matches!(before, State::Unobserved | State::Unknown { .. }) {
                continue;
            }
            let now = match self.resolved(effect, &before) {
                Ok(resolved) => self.observe(&resolved).await,
                Err(failure) => State::Unknown { why: failure.message },
            };
            if now != before {
                let why = format!(
                    "{} was undone, and is not what it was: {} instead of {}",
                    effect.address.within_stage(),
                    now,
                    before
                );
                let failure = Failure { kind: FailureKind::NotInEffect, message: why.clone(), tail: Vec::new() };
                let event = Event::UndoFailed { effect: effect.address.clone(), failure, took_ms: 0 };
                self.dispatcher.record(event)?;
                return Ok(Some(why));
            }
        }
        Ok(None)
    }
}

fn stranded(address: &Address, why: &str) -> String {
    format!("the undo of {} failed: {why}", address.within_stage())
}
