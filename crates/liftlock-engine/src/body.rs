//! The way up: the effects of a body, in order.

use std::cell::Cell;
use std::collections::BTreeMap;

use futures_util::future::{LocalBoxFuture, join_all};
use liftlock_effects::Effect;
use liftlock_journal::{EffectState, EffectStatus, Event, Failure, FailureKind, State, Way};
use liftlock_names::Address;
use liftlock_plan::{self as plan, Class, EffectKind, InDoubt, Node, Stage};

use crate::dispatcher::Dispatcher;
use crate::outputs::{self, OutputFile};
use crate::resolve::{self, Fill};
use crate::{EngineError, Sight, check, left_behind, manual, notice, order, retry};

/// Why a body did not come to its end.
pub enum Halt {
    /// The stage has failed, at an effect or between two.
    Failed(Option<Address>, Failure),
    /// The run cannot go on here and now.
    Error(EngineError),
}

impl From<EngineError> for Halt {
    fn from(error: EngineError) -> Self {
        Halt::Error(error)
    }
}

/// How a try ended.
struct Tried {
    end: Result<(), Failure>,
    /// What was observed after it.
    after: State,
    took_ms: u64,
    /// What it wrote for later effects.
    outputs: BTreeMap<String, String>,
}

impl Tried {
    fn without_outputs(end: Result<(), Failure>, after: State, took_ms: u64) -> Self {
        Tried { end, after, took_ms, outputs: BTreeMap::new() }
    }
}

/// Walks a body upwards.
pub struct Climb<'a, 'e> {
    pub dispatcher: &'a Dispatcher<'e>,
    pub stage: &'a Stage,
    pub fill: &'a Fill,
    pub on_doubt: InDoubt,
    /// Whether the plan knows that there is nothing to do here, and so nothing to tell anybody.
    pub is_idle: bool,
    /// Whether anything in the deployment has changed so far, of which a `refresh` takes notice.
    pub changed: Cell<bool>,
}

impl Climb<'_, '_> {
    /// Applies a sequence.
    pub fn sequence<'s>(&'s self, nodes: &'s [Node]) -> LocalBoxFuture<'s, Result<(), Halt>> {
        Box::pin(async move {
            for node in nodes {
                self.node(node).await?;
            }
            Ok(())
        })
    }

    async fn node(&self, node: &Node) -> Result<(), Halt> {
        match node {
            Node::Effect(effect) if effect.is_notice() => self.notice(effect).await,
            Node::Effect(effect) => self.effect(effect).await,
            Node::Check(check) => self.check(check).await,
            Node::Phase { body, .. } => self.sequence(body).await,
            Node::Parallel { body, .. } => {
                // When one member fails the others come to their own end: what they did is undone with the rest.
                let ends = join_all(body.iter().map(|member| self.node(member))).await;
                let mut first = Ok(());
                for end in ends {
                    match (&first, end) {
                        (_, Err(Halt::Error(error))) => return Err(Halt::Error(error)),
                        (Ok(()), Err(failed)) => first = Err(failed),
                        _ => {}
                    }
                }
                first
            }
        }
    }

    async fn notice(&self, notice: &plan::Effect) -> Result<(), Halt> {
        let address = &notice.address;
        let is_known = self.dispatcher.effect(address).is_some();
        if let Some(why) = self.dispatcher.cancelled()?.filter(|_| !is_known) {
            return Err(Halt::Failed(None, order::cancelled(&why)));
        }
        if self.is_idle && !is_known {
            return Ok(self.dispatcher.record(Event::EffectNotNeeded { effect: address.clone() })?);
        }
        Ok(notice::send(self.dispatcher, notice, self.fill).await?)
    }

    /// A check at its place. One that is on record as passed is not asked again.
    async fn check(&self, check: &plan::Check) -> Result<(), Halt> {
        let address = &check.address;
        if let Some(None) = self.dispatcher.state().checks.get(address) {
            return Ok(());
        }
        if let Some(why) = self.dispatcher.cancelled()? {
            return Err(Halt::Failed(None, order::cancelled(&why)));
        }
        self.dispatcher.record(Event::CheckStarted { check: address.clone() })?;
        let took = self.dispatcher.clock();
        let end = check::look_unless_cancelled(self.dispatcher, &check.kind, address, self.fill).await?;
        if let Err(failure) = &end
            && failure.kind == FailureKind::Cancelled
        {
            return Err(Halt::Failed(None, failure.clone()));
        }
        check::record(self.dispatcher, check, &end, took())?;
        end.map(drop).map_err(|failure| Halt::Failed(Some(address.clone()), failure))
    }

    async fn effect(&self, effect: &plan::Effect) -> Result<(), Halt> {
        let address = &effect.address;
        let known = self.dispatcher.effect(address);
        match known.as_ref().map(|state| state.status) {
            Some(EffectStatus::Finished) => {
                self.changed.set(true);
                return Ok(());
            }
            Some(EffectStatus::InPlace | EffectStatus::NotNeeded) => return Ok(()),
            Some(EffectStatus::Failed) if known.as_ref().is_some_and(|state| state.retry) => {
                // The run ended while the effect waited for its next try.
                let state = known.expect("a status is that of a state");
                self.refuse_cancelled()?;
                return self.apply(effect, state.before.unwrap_or(State::Unobserved), state.attempt + 1).await;
            }
            Some(EffectStatus::Started) if is_manual(effect) => return self.manual(effect).await,
            Some(EffectStatus::Started) => {
                let state = known.expect("a status is that of a state");
                return self.settle(effect, &state).await;
            }
            Some(_) => {
                let failure = known.and_then(|state| state.failure).unwrap_or_else(|| Failure {
                    kind: FailureKind::Failed,
                    message: "it failed before the run was interrupted".to_owned(),
                    tail: Vec::new(),
                });
                return Err(Halt::Failed(Some(address.clone()), failure));
            }
            None => {}
        }
        self.refuse_cancelled()?;
        if let EffectKind::Refresh { .. } = effect.kind
            && !self.changed.get()
        {
            return Ok(self.dispatcher.say(Event::EffectNotNeeded { effect: address.clone() })?);
        }
        if is_manual(effect) {
            let started = Event::EffectStarted { effect: address.clone(), attempt: 1, before: State::Unobserved };
            self.dispatcher.record(started)?;
            return self.manual(effect).await;
        }
        let (before, in_place) = self.look(effect).await?;
        if in_place {
            return self.say_of(effect, Event::EffectInPlace { effect: address.clone(), state: before });
        }
        self.apply(effect, before, 1).await
    }

    fn refuse_cancelled(&self) -> Result<(), Halt> {
        match self.dispatcher.cancelled()? {
            Some(why) => Err(Halt::Failed(None, order::cancelled(&why))),
            None => Ok(()),
        }
    }

    /// An effect that has begun, and that a person does.
    async fn manual(&self, effect: &plan::Effect) -> Result<(), Halt> {
        let took = self.dispatcher.clock();
        let end = manual::done(self.dispatcher, &effect.address, Way::Up).await?;
        let was_cancelled = end.as_ref().is_err_and(|failure| failure.kind == FailureKind::Cancelled);
        match self.finish(effect, Tried::without_outputs(end, State::Unobserved, took())) {
            Err(Halt::Failed(_, failure)) if was_cancelled => Err(Halt::Failed(None, failure)),
            end => end,
        }
    }

    /// What is there before an effect, kept for its undo, and whether that is what is desired.
    async fn look(&self, effect: &plan::Effect) -> Result<(State, bool), Halt> {
        let failed = |failure| Halt::Failed(Some(effect.address.clone()), failure);
        let engine = self.dispatcher.engine;
        let fill = self.fill.with_outputs(outputs::wanted(self.dispatcher, effect));
        let resolved = resolve::effect(&engine, effect, &fill).map_err(failed)?;
        let mut output = |_: &[u8]| {};
        let mut context = engine.context(&mut output);
        let observed = resolved.observe(&mut context).await;
        if let State::Unknown { why } = &observed.state {
            let message = format!("what is there before it cannot be observed: {why}");
            return Err(failed(Failure { kind: FailureKind::NotStarted, message, tail: Vec::new() }));
        }
        let in_place = resolved.desired(&observed.state).is_some_and(|desired| desired == observed.state);
        if !in_place {
            resolved.keep(&context, &observed).map_err(failed)?;
        }
        Ok((observed.state, in_place))
    }

    /// Begins an effect, and sees it through, with the tries that are left.
    async fn apply(&self, effect: &plan::Effect, before: State, first: u32) -> Result<(), Halt> {
        let mut attempt = first;
        loop {
            let tried = self.attempt(effect, &before, attempt).await?;
            let Err(failure) = &tried.end else { return self.finish(effect, tried) };
            // It may be done or not, though nobody was interrupted.
            if failure.kind == FailureKind::InDoubt {
                match self.unanswered(effect, &before, attempt, failure, tried.took_ms).await? {
                    Some(judged) => return self.finish(effect, judged),
                    None => {
                        attempt += 1;
                        continue;
                    }
                }
            }
            let Some(wait) = retry::wait(effect, attempt, failure, self.dispatcher.engine.world) else {
                return self.finish(effect, tried);
            };
            self.dispatcher.record(Event::EffectFailed {
                effect: effect.address.clone(),
                failure: failure.clone(),
                took_ms: tried.took_ms,
                retry_ms: Some(u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
                outputs: tried.outputs,
            })?;
            tokio::select! {
                biased;
                why = self.dispatcher.until_cancelled() => return Err(Halt::Failed(None, order::cancelled(&why?))),
                () = self.dispatcher.engine.world.sleep(wait) => {}
            }
            attempt += 1;
        }
    }

    /// One try.
    async fn attempt(&self, effect: &plan::Effect, before: &State, attempt: u32) -> Result<Tried, Halt> {
        let address = &effect.address;
        let engine = self.dispatcher.engine;
        let failed = |failure| Halt::Failed(Some(address.clone()), failure);
        let file = OutputFile::of(self.dispatcher, effect, attempt).map_err(failed)?;
        let fill = self
            .fill
            .with_outputs(outputs::wanted(self.dispatcher, effect))
            .with_output_file(file.as_ref().map(OutputFile::path))
            .having_observed(before)
            .with_key(key(self.dispatcher, address, attempt), &self.dispatcher.run);
        let resolved = resolve::effect(&engine, effect, &fill).map_err(failed)?;
        // A drill looks at everything while what says that it only reads is the one thing that runs. What runs beside others
        // is not to be blamed for what they change.
        let is_held_to_it = effect.class == Class::ReadOnly
            && self.dispatcher.is_declared_failed(address)
            && !plan::runs_beside_others(&self.stage.body, address);
        let sight = match is_held_to_it {
            true => Some(Sight::of(&engine, self.stage).await),
            false => None,
        };
        let started = Event::EffectStarted { effect: address.clone(), attempt, before: before.clone() };
        self.dispatcher.say_and_wait(started).await;

        let took = self.dispatcher.clock();
        let mut output = self.dispatcher.output(Some(address))?;
        let mut context = engine.context(&mut output);
        let mut end = match file.as_ref().map_or(Ok(()), OutputFile::make) {
            Ok(()) => resolved.apply(&mut context, before).await,
            Err(failure) => Err(failure),
        };
        let mut after = State::Unobserved;
        if end.is_ok() {
            after = resolved.observe(&mut context).await.state;
            end = in_effect(effect, &resolved, before, &after);
        }
        let mut outputs = BTreeMap::new();
        if let Some(file) = &file {
            let written = file.take();
            if !written.notes.is_empty() {
                (context.output)(engine.mask.hide(&written.notes).as_bytes());
            }
            end = end.and(written.complete);
            outputs = written.values;
        }
        if let Some(before) = sight {
            let differs = before.differs(&Sight::of(&engine, self.stage).await, engine.mask);
            if !differs.is_empty() {
                self.dispatcher.record(Event::ReadOnlyChanged { effect: address.clone(), differs })?;
            }
        }
        Ok(Tried { end, after, took_ms: took(), outputs })
    }

    /// How a request that got no answer has ended, as far as can be told; `None` where it is to be sent again.
    async fn unanswered(
        &self,
        effect: &plan::Effect,
        before: &State,
        attempt: u32,
        failure: &Failure,
        took_ms: u64,
    ) -> Result<Option<Tried>, Halt> {
        let address = &effect.address;
        let failed = |failure| Halt::Failed(Some(address.clone()), failure);
        let engine = self.dispatcher.engine;
        let fill = self.fill.with_outputs(outputs::wanted(self.dispatcher, effect));
        let resolved = resolve::effect(&engine, effect, &fill).map_err(failed)?;
        let mut output = |_: &[u8]| {};
        let mut context = engine.context(&mut output);
        let now = resolved.observe(&mut context).await.state;
        if resolved.desired(before).is_some_and(|desired| desired == now) {
            return Ok(Some(Tried::without_outputs(Ok(()), now, took_ms)));
        }
        // It is sent again once, under the same key. What nobody answers twice is not there to be asked.
        if may_repeat(effect) && attempt == 1 && self.dispatcher.cancelled()?.is_none() {
            return Ok(None);
        }
        if !now.is_told() && !may_repeat(effect) {
            self.put_to_a_person(address)?;
        }
        Ok(Some(Tried::without_outputs(Err(failure.clone()), State::Unobserved, took_ms)))
    }

    /// Leaves an effect in doubt to a person, where the plan says so. Whoever asked for the end of the run wants it undone.
    fn put_to_a_person(&self, address: &Address) -> Result<(), Halt> {
        if self.on_doubt == InDoubt::Undo || self.dispatcher.cancelled()?.is_some() {
            return Ok(());
        }
        let (run, address) = (self.dispatcher.run.clone(), address.clone());
        Err(Halt::Error(EngineError::InDoubt { run, address }))
    }

    fn finish(&self, effect: &plan::Effect, tried: Tried) -> Result<(), Halt> {
        let address = effect.address.clone();
        let Tried { mut end, after, took_ms, outputs } = tried;
        if end.is_ok() && self.dispatcher.is_declared_failed(&address) {
            let message = "it ended well, and is declared failed by the drill".to_owned();
            end = Err(Failure { kind: FailureKind::Drill, message, tail: Vec::new() });
        }
        match end {
            Ok(()) => {
                self.say_of(effect, Event::EffectFinished { effect: address, after, took_ms, outputs })?;
                if effect.class != Class::ReadOnly {
                    self.changed.set(true);
                }
                Ok(())
            }
            Err(failure) => {
                let (effect, failed) = (address.clone(), failure.clone());
                self.dispatcher.record(Event::EffectFailed {
                    effect,
                    failure: failed,
                    took_ms,
                    retry_ms: None,
                    outputs,
                })?;
                Err(Halt::Failed(Some(address), failure))
            }
        }
    }

    /// Says how an effect stands. Those that have something from it read that in the records.
    fn say_of(&self, effect: &plan::Effect, event: Event) -> Result<(), Halt> {
        self.dispatcher.say(event)?;
        match &effect.kind {
            EffectKind::Step(step) if !step.outputs.is_empty() => Ok(self.dispatcher.commit()?),
            _ => Ok(()),
        }
    }

    /// An effect in doubt: it was begun, and no record says how it ended.
    async fn settle(&self, effect: &plan::Effect, state: &EffectState) -> Result<(), Halt> {
        let address = &effect.address;
        let engine = self.dispatcher.engine;
        // What still runs of it is ended before anything is looked at: it might be about to change what is seen.
        let was_running =
            left_behind::end(self.dispatcher, effect, &key(self.dispatcher, address, state.attempt)).await;

        let before = state.before.clone().unwrap_or(State::Unobserved);
        let failed = |failure| Halt::Failed(Some(address.clone()), failure);
        let fill = self.fill.with_outputs(outputs::wanted(self.dispatcher, effect));
        let resolved = resolve::effect(&engine, effect, &fill).map_err(failed)?;
        let mut output = |_: &[u8]| {};
        let mut context = engine.context(&mut output);
        let now = resolved.observe(&mut context).await.state;

        let is_desired = resolved.desired(&before).is_some_and(|desired| desired == now);
        // What it wrote before the runner was killed is still in its file, and will be needed also to undo it.
        let file = OutputFile::of(self.dispatcher, effect, state.attempt).map_err(failed)?;
        let (outputs, has_all) = match file.map(|file| file.take()) {
            Some(written) => (written.values, written.complete.is_ok()),
            None => (BTreeMap::new(), true),
        };
        // Where something was ended, what is observed may not be all that the effect was to be: a service it had started
        // is gone, say.
        if is_desired && !was_running && has_all {
            return self.finish(effect, Tried { end: Ok(()), after: now, took_ms: 0, outputs });
        }
        let is_untouched = !was_running && now == before && now.is_told();
        if is_untouched || may_repeat(effect) || state.retry {
            return self.apply(effect, before, state.attempt + 1).await;
        }
        self.put_to_a_person(address)?;
        let failure = Failure {
            kind: FailureKind::InDoubt,
            message: "the run was interrupted while it was under way, and nothing tells whether it was done".to_owned(),
            tail: Vec::new(),
        };
        self.finish(effect, Tried { end: Err(failure), after: State::Unobserved, took_ms: 0, outputs })
    }
}

/// The idempotency key of an attempt, which its programs get as `LIFTLOCK_KEY`.
pub fn key(dispatcher: &Dispatcher<'_>, address: &Address, attempt: u32) -> String {
    format!("{}/{address}/{attempt}", dispatcher.run)
}

fn is_manual(effect: &plan::Effect) -> bool {
    matches!(effect.kind, EffectKind::Manual { .. })
}

/// Whether an effect may be run again without asking.
fn may_repeat(effect: &plan::Effect) -> bool {
    match &effect.kind {
        EffectKind::Step(step) => step.idempotent || effect.class == Class::ReadOnly,
        EffectKind::Http(http) => http.idempotent || effect.class == Class::ReadOnly,
        EffectKind::Manual { .. } => false,
        EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } => true,
        EffectKind::Refresh { .. } | EffectKind::Notify { .. } => true,
    }
}

/// Holds what an effect reports against what is observed.
fn in_effect(effect: &plan::Effect, resolved: &Effect, before: &State, after: &State) -> Result<(), Failure> {
    let Some(desired) = resolved.desired(before) else { return Ok(()) };
    if *after == desired {
        return Ok(());
    }
    let message = match (&desired, after) {
        (State::Output { text: desired }, State::Output { text: after }) => {
            format!("it ended well, and is not in effect: `observe` prints `{after}` and not `{desired}`")
        }
        (_, State::Unknown { why }) => format!("it ended well, and its effect cannot be observed: {why}"),
        _ => format!("it ended well, and {} is not as desired", effect.address.name()),
    };
    Err(Failure { kind: FailureKind::NotInEffect, message, tail: Vec::new() })
}
