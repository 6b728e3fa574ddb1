//! The way down: what was applied is taken back, last first, and then looked at.
//!
//! The order is that of the body, backwards, with two exceptions.
//!
//! - A `refresh` runs once more after what stands before it in its own body is back, never before: restarting a service
//!   before its link is back would start the wrong version again. Where nothing stands before it in its own body, it waits
//!   for the enclosing one; and where a file or a link before it in an enclosing body was put back later, it runs again.
//!   Members of one `each` do not stand before each other.
//! - The `rollback { … }` of a phase runs where the last effect that it covers stands, so that what was done before that
//!   effect is still there, and what was done after it is gone.

use std::collections::HashSet;

use futures_util::future::{LocalBoxFuture, join_all};
use liftlock_effects::Context;
use liftlock_journal::{EffectState, EffectStatus, End, Event, Failure, FailureKind, State, Way};
use liftlock_names::Address;
use liftlock_plan::{self as plan, Check, Class, EffectKind, Node, Stage};
use tokio::sync::Mutex;

use crate::dispatcher::Dispatcher;
use crate::hidden::hide_state;
use crate::resolve::{self, Fill};
use crate::{EngineError, check, left_behind, look, manual, notice, outputs};

/// Why the way down ended early.
enum Stop {
    /// At an acknowledged point of no return.
    Held(String),
    /// An undo failed.
    Stranded(String),
    Error(EngineError),
}

impl Stop {
    /// Which of two says more of how the environment was left. What kept a record from being written says most: nothing
    /// may be recorded on top of it.
    fn weight(&self) -> u8 {
        match self {
            Stop::Held(_) => 0,
            Stop::Stranded(_) => 1,
            Stop::Error(_) => 2,
        }
    }
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
    match descent.whole(&stage.body).await {
        Ok(()) => {}
        Err(Stop::Held(held)) => {
            // What was taken back behind it is as it was, or that is what has to be said.
            let taken_back = descent.taken_back(&stage.body, None);
            return Ok(match descent.differences(stage, &|effect| taken_back.contains(&effect.address)).await? {
                Some(why) => End::Stranded { why },
                None => End::Held { why: held },
            });
        }
        Err(Stop::Stranded(why)) => return Ok(End::Stranded { why }),
        Err(Stop::Error(error)) => return Err(error),
    }
    if !touched {
        return Ok(End::Untouched);
    }
    if let Some(why) = descent.differences(stage, &|effect| descent.is_touched(effect)).await? {
        return Ok(End::Stranded { why });
    }
    // What the release before was checked by, it is checked by again.
    match check::verify(dispatcher, checks).await? {
        Ok(()) => Ok(End::Restored),
        Err((address, failure)) => Ok(End::Stranded {
            why: format!("everything is as before, and {}: {}", address.within_stage(), failure.message),
        }),
    }
}

/// A `refresh` that is met on the way down.
struct Refreshing<'s> {
    effect: &'s plan::Effect,
    /// Whether it has run on this way.
    ran: bool,
}

/// The `rollback { … }` of the innermost phase that has one.
struct Cover<'s> {
    effects: &'s [plan::Effect],
    /// How it ended, once it has. Members of a `parallel` may come to it together: one runs it, and the others wait.
    end: Mutex<Option<Result<(), String>>>,
    /// Whether it ran before, was found not to have restored everything, and a person wants it to be tried again.
    again: bool,
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
        let Some(before) = effect.applied_over.clone() else { return known };
        Some(match known {
            Some(state) => EffectState { before: Some(before), ..state },
            None => EffectState {
                status: EffectStatus::Finished,
                attempt: 1,
                before: Some(before),
                after: None,
                failure: None,
                retry: false,
                outputs: Default::default(),
            },
        })
    }

    /// Whether an effect was begun: all that was, has to be taken back.
    fn is_touched(&self, effect: &plan::Effect) -> bool {
        let is_begun = |state: EffectState| !matches!(state.status, EffectStatus::InPlace | EffectStatus::NotNeeded);
        !effect.is_notice() && self.state(effect).is_some_and(is_begun)
    }

    /// The effects that were undone, by themselves or by the `rollback { … }` of the innermost phase that has one.
    fn taken_back<'s>(&self, nodes: &'s [Node], cover: Option<&[plan::Effect]>) -> HashSet<&'s Address> {
        let is_undone = |effect: &plan::Effect| {
            self.dispatcher.effect(&effect.address).is_some_and(|state| state.status == EffectStatus::Undone)
        };
        let mut taken_back = HashSet::new();
        for node in nodes {
            match node {
                Node::Effect(effect) => {
                    let by_cover = || cover.is_some_and(|cover| cover.iter().any(is_undone)) && self.is_touched(effect);
                    if is_undone(effect) || (effect.class == Class::Covered && by_cover()) {
                        taken_back.insert(&effect.address);
                    }
                }
                Node::Check(_) => {}
                Node::Phase { body, rollback, .. } => {
                    taken_back.extend(self.taken_back(body, rollback.as_deref().or(cover)));
                }
                Node::Parallel { body, .. } => taken_back.extend(self.taken_back(body, cover)),
            }
        }
        taken_back
    }

    /// Takes the whole body back.
    async fn whole(&self, nodes: &[Node]) -> Result<(), Stop> {
        for mut refresh in self.sequence(nodes, None).await? {
            if !refresh.ran {
                self.refresh(&mut refresh).await?;
            }
        }
        Ok(())
    }

    /// Takes a sequence back. What comes back are the refreshes in it, which an enclosing body may have to run (again).
    fn sequence<'f, 's: 'f>(
        &'f self,
        nodes: &'s [Node],
        cover: Option<&'f Cover<'f>>,
    ) -> LocalBoxFuture<'f, Result<Vec<Refreshing<'s>>, Stop>> {
        Box::pin(async move {
            // Each with the index of the node that it stands in.
            let mut refreshes: Vec<(usize, Refreshing<'s>)> = Vec::new();
            let mut held = None;
            for (at, node) in nodes.iter().enumerate().rev() {
                match self.node(node, cover).await {
                    Ok(inner) => refreshes.extend(inner.into_iter().map(|refresh| (at, refresh))),
                    Err(Stop::Held(why)) => {
                        held = Some(why);
                        break;
                    }
                    Err(stop) => return Err(stop),
                }
            }
            refreshes.sort_by_key(|(at, _)| *at);
            for (at, refresh) in &mut refreshes {
                // Members of one `each` are beside each other: what is put back of one is nothing to the others.
                let stands_in = &nodes[*at];
                let mut before = nodes[..*at].iter().filter(|node| !node.is_turn_beside(stands_in));
                let due =
                    if refresh.ran { before.any(|node| self.put_back_content(node)) } else { before.any(has_effect) };
                // At a point of no return nothing further is taken back, and so nothing is to be waited for.
                if due || (held.is_some() && !refresh.ran) {
                    self.refresh(refresh).await?;
                }
            }
            match held {
                Some(why) => Err(Stop::Held(why)),
                None => Ok(refreshes.into_iter().map(|(_, refresh)| refresh).collect()),
            }
        })
    }

    async fn node<'s>(&self, node: &'s Node, cover: Option<&Cover<'_>>) -> Result<Vec<Refreshing<'s>>, Stop> {
        match node {
            // What it is to take notice of is not back yet, also where it stands in a `parallel` by itself.
            Node::Effect(effect) if matches!(effect.kind, EffectKind::Refresh { .. }) => {
                Ok(vec![Refreshing { effect, ran: false }])
            }
            Node::Effect(effect) => self.effect(effect, cover).await.map(|()| Vec::new()),
            Node::Check(_) => Ok(Vec::new()),
            Node::Phase { body, rollback: None, .. } => self.sequence(body, cover).await,
            Node::Phase { body, rollback: Some(effects), .. } => {
                let again = self.is_to_be_covered_again(body);
                let cover = Cover { effects, end: Mutex::new(None), again };
                self.sequence(body, Some(&cover)).await
            }
            Node::Parallel { body, .. } => {
                let ends = join_all(body.iter().map(|member| self.node(member, cover))).await;
                self.together(ends).await
            }
        }
    }

    /// How members that were taken back together ended: as the worst of them, and of several that are held as the last.
    async fn together<'s>(&self, ends: Vec<Result<Vec<Refreshing<'s>>, Stop>>) -> Result<Vec<Refreshing<'s>>, Stop> {
        let mut refreshes = Vec::new();
        let mut worst = None;
        for end in ends {
            match (end, &worst) {
                (Ok(inner), _) => refreshes.extend(inner),
                (Err(stop), None) => worst = Some(stop),
                (Err(stop), Some(other)) if stop.weight() >= other.weight() => worst = Some(stop),
                (Err(_), Some(_)) => {}
            }
        }
        match worst {
            None => Ok(refreshes),
            Some(Stop::Held(why)) => {
                // Nothing further is taken back, and so there is nothing to be waited for.
                for refresh in refreshes.iter_mut().filter(|refresh| !refresh.ran) {
                    self.refresh(refresh).await?;
                }
                Err(Stop::Held(why))
            }
            Some(stop) => Err(stop),
        }
    }

    /// Runs a refresh once more, if it was begun on the way up.
    async fn refresh(&self, refresh: &mut Refreshing<'_>) -> Result<(), Stop> {
        if refresh.ran {
            // It has been undone, and is to take notice of what was put back since.
            if self.is_touched(refresh.effect) {
                self.take_back(refresh.effect, &State::Unobserved, false).await?;
            }
        } else {
            self.effect(refresh.effect, None).await?;
        }
        refresh.ran = true;
        Ok(())
    }

    /// Whether a file or a link was begun here.
    fn put_back_content(&self, node: &Node) -> bool {
        plan::effects_of(std::slice::from_ref(node)).into_iter().any(|effect| {
            matches!(effect.kind, EffectKind::File { .. } | EffectKind::Link { .. }) && self.is_touched(effect)
        })
    }

    /// Runs the `rollback { … }` of a phase, once.
    async fn cover(&self, cover: &Cover<'_>) -> Result<(), Stop> {
        let mut end = cover.end.lock().await;
        match &*end {
            Some(Ok(())) => return Ok(()),
            Some(Err(why)) => return Err(Stop::Stranded(why.clone())),
            None => {}
        }
        let ran = self.run_cover(cover).await;
        match &ran {
            Ok(()) => *end = Some(Ok(())),
            Err(Stop::Held(why) | Stop::Stranded(why)) => *end = Some(Err(why.clone())),
            Err(Stop::Error(_)) => {}
        }
        ran
    }

    async fn run_cover(&self, cover: &Cover<'_>) -> Result<(), Stop> {
        for effect in cover.effects {
            if effect.is_notice() {
                notice::send(self.dispatcher, effect, self.fill).await?;
                continue;
            }
            let known = self.dispatcher.effect(&effect.address).map(|state| state.status);
            match known {
                Some(EffectStatus::Undone) if !cover.again => continue,
                Some(EffectStatus::UndoStarted) => {
                    left_behind::end(self.dispatcher, effect, &self.undo_key(&effect.address)).await;
                }
                _ => {}
            }
            if let EffectKind::Manual { .. } = effect.kind {
                self.by_hand(effect, known == Some(EffectStatus::UndoStarted)).await?;
                continue;
            }
            self.begin(&effect.address)?;
            let took = self.dispatcher.clock();
            let end = match self.resolved(effect, &State::Unobserved) {
                Ok(resolved) => {
                    let apply = async |context: &mut Context<'_>| resolved.apply(context, &State::Unobserved).await;
                    self.run(&effect.address, apply).await?
                }
                Err(failure) => Err(failure),
            };
            self.finish(effect, end, State::Unobserved, took())?;
        }
        Ok(())
    }

    async fn effect(&self, effect: &plan::Effect, cover: Option<&Cover<'_>>) -> Result<(), Stop> {
        if effect.is_notice() {
            return Ok(());
        }
        let Some(state) = self.state(effect) else { return Ok(()) };
        match (state.status, &effect.class) {
            (EffectStatus::InPlace | EffectStatus::NotNeeded | EffectStatus::Undone, _) => return Ok(()),
            _ if leaves_nothing(effect, &state) => return Ok(()),
            (_, Class::Irreversible { why }) => {
                return Err(Stop::Held(format!("{} is a point of no return: {why}", effect.address.within_stage())));
            }
            (status, Class::Covered) => {
                let Some(cover) = cover else { return Ok(()) };
                self.cover(cover).await?;
                return match is_to_be_covered_again(status) {
                    true => self.looked_at(effect).await,
                    false => Ok(()),
                };
            }
            (EffectStatus::UndoFailed, _) if !state.retry => {
                let why = state.failure.map_or_else(String::new, |failure| failure.message);
                return Err(Stop::Stranded(stranded(&effect.address, &why)));
            }
            _ => {}
        }
        if let EffectKind::Manual { .. } = effect.kind {
            // One that a person was asked to undo already is asked for once.
            let is_begun = state.status == EffectStatus::UndoStarted && !state.retry;
            return self.by_hand(effect, is_begun).await;
        }
        // The runner may have been killed while a program of the effect, or of its undo, was running.
        if matches!(state.status, EffectStatus::Started | EffectStatus::UndoStarted) {
            let key = format!("{}/{}/{}", self.dispatcher.run, effect.address, state.attempt);
            left_behind::end(self.dispatcher, effect, &key).await;
            left_behind::end(self.dispatcher, effect, &self.undo_key(&effect.address)).await;
        }
        let before = state.before.clone().unwrap_or(State::Unobserved);
        self.take_back(effect, &before, state.status == EffectStatus::UndoStarted).await
    }

    /// Whether a step of a phase was found not to be restored by its `rollback { … }`.
    fn is_to_be_covered_again(&self, body: &[Node]) -> bool {
        body.iter().any(|node| match node {
            Node::Effect(effect) => {
                effect.class == Class::Covered
                    && self.state(effect).is_some_and(|state| is_to_be_covered_again(state.status))
            }
            Node::Check(_) => false,
            Node::Phase { body, rollback: None, .. } | Node::Parallel { body, .. } => self.is_to_be_covered_again(body),
            // It has one of its own.
            Node::Phase { .. } => false,
        })
    }

    /// Says of a covered step that it is undone now; whether that is true is seen when all are looked at.
    async fn looked_at(&self, effect: &plan::Effect) -> Result<(), Stop> {
        self.begin(&effect.address)?;
        let took = self.dispatcher.clock();
        let before = self.state(effect).and_then(|state| state.before).unwrap_or(State::Unobserved);
        let now = match self.resolved(effect, &before) {
            Ok(resolved) => self.observe(&resolved).await,
            Err(failure) => State::Unknown { why: failure.message },
        };
        self.finish(effect, Ok(()), now, took())
    }

    /// Runs the undo of an effect. One that was begun before may have come to its end: then looking is enough.
    async fn take_back(&self, effect: &plan::Effect, before: &State, was_begun: bool) -> Result<(), Stop> {
        self.begin(&effect.address)?;
        let took = self.dispatcher.clock();
        let (end, after) = match self.resolved(effect, before) {
            Err(failure) => (Err(failure), State::Unobserved),
            Ok(resolved) => {
                let now = self.observe(&resolved).await;
                let is_back = now == *before && now.is_told();
                if was_begun && is_back {
                    (Ok(()), now)
                } else {
                    let undo = async |context: &mut Context<'_>| resolved.undo(context, before).await;
                    let end = self.run(&effect.address, undo).await?;
                    (end, self.observe(&resolved).await)
                }
            }
        };
        self.finish(effect, end, after, took())
    }

    /// A person takes it back; or does it, where it stands in a `rollback { … }`.
    async fn by_hand(&self, effect: &plan::Effect, is_begun: bool) -> Result<(), Stop> {
        if !is_begun {
            self.begin(&effect.address)?;
        }
        let took = self.dispatcher.clock();
        let end = manual::done(self.dispatcher, &effect.address, Way::Down).await?;
        self.finish(effect, end, State::Unobserved, took())
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
        let fill = self
            .fill
            .undoing(before)
            .with_outputs(outputs::wanted(self.dispatcher, effect))
            .with_key(self.undo_key(&effect.address), &self.dispatcher.run);
        resolve::effect(&self.dispatcher.engine, effect, &fill)
    }

    async fn run<F>(&self, address: &Address, work: F) -> Result<Result<(), Failure>, EngineError>
    where
        F: AsyncFnOnce(&mut Context<'_>) -> Result<(), Failure>,
    {
        let engine = self.dispatcher.engine;
        let mut output = self.dispatcher.output(Some(address))?;
        let mut context = engine.context(&mut output);
        Ok(work(&mut context).await)
    }

    /// Whether two states are the same. Of what was seen before a secret was opened, it is hidden only here; what is seen now
    /// comes without it.
    fn is_same(&self, now: &State, before: &State) -> bool {
        now == before || *now == hide_state(before.clone(), self.dispatcher.engine.mask)
    }

    async fn observe(&self, resolved: &liftlock_effects::Effect) -> State {
        let engine = self.dispatcher.engine;
        let mut output = |_: &[u8]| {};
        let mut context = engine.context(&mut output);
        resolved.observe(&mut context).await.state
    }

    /// Observes what the effects that `which` names have changed, and says where it is not what it was before the release.
    async fn differences(
        &self,
        stage: &Stage,
        which: &dyn Fn(&plan::Effect) -> bool,
    ) -> Result<Option<String>, EngineError> {
        let judged = look::judged(&self.dispatcher.state(), stage, which);
        for effect in judged {
            let Some(state) = self.state(effect) else { continue };
            let Some(before) = state.before.clone().filter(State::is_told) else { continue };
            let now = match self.resolved(effect, &before) {
                Ok(resolved) => self.observe(&resolved).await,
                Err(failure) => State::Unknown { why: failure.message },
            };
            if !self.is_same(&now, &before) {
                let why = match self.explained(stage, effect, &state, &now) {
                    Explained::AsBefore => continue,
                    Explained::NotItsOwn { after } => format!(
                        "{} was undone, and was not what it was right behind its undo: {after} instead of {before}",
                        effect.address.within_stage(),
                    ),
                    Explained::Not => format!(
                        "{} was undone, and is not what it was: {now} instead of {before}",
                        effect.address.within_stage(),
                    ),
                };
                let failure = Failure { kind: FailureKind::NotInEffect, message: why.clone(), tail: Vec::new() };
                let event = Event::UndoFailed { effect: effect.address.clone(), failure, took_ms: 0 };
                self.dispatcher.record(event)?;
                return Ok(Some(why));
            }
        }
        Ok(None)
    }

    /// Whether what was undone after an effect is why the effect is seen as `now`, and not as it was just before it ran.
    ///
    /// A step may look at something that is there only because of what stands before it, as a migration looks into a column
    /// that another one has added. What it found is nowhere to be seen once that is undone, too. Such a step counts as
    /// restored where all of this holds:
    ///
    /// - something that stands before it was undone after it, and so may be why it looks different;
    /// - it was what it was right behind its own undo, or a person has said that it is undone, or there was never anything
    ///   of it;
    /// - it looks as it did when the release was planned. Where nobody could look at it then, as where a secret is needed
    ///   for it, and in a rollback, the look behind its own undo has to do: an undo before it that harms it in passing is
    ///   not seen there.
    ///
    /// What a `rollback { … }` covers has no undo of its own behind which it could have been looked at, and so is held
    /// against what it was just before it ran.
    fn explained(&self, stage: &Stage, effect: &plan::Effect, state: &EffectState, now: &State) -> Explained {
        let undone = self.taken_back(&stage.body, None);
        if !look::before(&stage.body, &effect.address).iter().any(|before| undone.contains(&before.address)) {
            return Explained::Not;
        }
        let is_untouched = leaves_nothing(effect, state);
        let is_restored = match (&state.status, &state.after) {
            (EffectStatus::Undone, None) => true,
            (EffectStatus::Undone, Some(after)) if state.before.as_ref() == Some(after) => true,
            (EffectStatus::Undone, Some(after)) if !is_untouched => {
                return Explained::NotItsOwn { after: after.clone() };
            }
            _ => false,
        };
        let planned_over = effect.observed.as_ref().filter(|state| effect.applied_over.is_none() && state.is_told());
        let is_as_before = match planned_over {
            Some(planned_over) => now == planned_over && (is_restored || is_untouched),
            None => is_restored,
        };
        if is_as_before { Explained::AsBefore } else { Explained::Not }
    }
}

/// What is to be said of an effect that does not look as it did just before it ran.
enum Explained {
    /// What it stood on is undone, too, and nothing of it is left.
    AsBefore,
    /// It did not look so right behind its own undo either.
    NotItsOwn {
        after: State,
    },
    Not,
}

/// Whether nothing was left of an effect, so that nothing takes it back: it only reads, or has failed as a whole.
fn leaves_nothing(effect: &plan::Effect, state: &EffectState) -> bool {
    // Its program said that it was done, or the runner died while it was under way and nothing says that it was not,
    // whatever came of repeating it.
    let was_done = |failure: &Failure| {
        matches!(failure.kind, FailureKind::InDoubt | FailureKind::NotInEffect | FailureKind::Drill)
    };
    let may_be_done = state.attempt > 1 || state.failure.as_ref().is_some_and(was_done);
    effect.class == Class::ReadOnly || (state.status == EffectStatus::Failed && effect.is_atomic() && !may_be_done)
}

/// Of a covered step, only what was looked at afterwards has a status of the way down.
fn is_to_be_covered_again(status: EffectStatus) -> bool {
    matches!(status, EffectStatus::UndoStarted | EffectStatus::UndoFailed)
}

/// Whether anything but refreshes stands here.
fn has_effect(node: &Node) -> bool {
    let waits_for = |effect: &plan::Effect| !effect.is_notice() && !matches!(effect.kind, EffectKind::Refresh { .. });
    plan::effects_of(std::slice::from_ref(node)).into_iter().any(waits_for)
}

fn stranded(address: &Address, why: &str) -> String {
    format!("the undo of {} failed: {why}", address.within_stage())
}
