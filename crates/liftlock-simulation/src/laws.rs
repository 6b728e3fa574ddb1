//! What must hold of every run, whatever befell it. Nothing here asks the engine or its folds: records are read one by one,
//! and held against what is there.

use std::collections::HashMap;

use liftlock_journal::{End, Event, FailureKind, Outcome, Record, Settlement};
use liftlock_names::{Address, Part, RunId};

use crate::shape::{Class, Effect, EffectKind, InDoubt, Observe, OnFailure, Placed, Shape, Step};
use crate::state::{State, Things};

/// What a run is held against.
#[derive(Debug)]
pub struct Law<'a> {
    pub shape: &'a Shape,
    pub placed: &'a [Placed],
    pub version: &'a str,
    /// What was there before the run.
    pub before: &'a Things,
    pub run: &'a RunId,
    /// Whether anything went wrong that was no fault of an effect itself.
    pub has_cause: bool,
}

/// Where an effect stands, as its records tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Unbegun,
    Started,
    InPlace,
    NotNeeded,
    Finished,
    Failed,
    /// Called failed, and as likely done: its program said so, or nothing told.
    InDoubt,
    UndoStarted,
    Undone,
    UndoFailed,
}

#[derive(Debug, Clone, Copy)]
struct Standing {
    status: Status,
    /// That of the step in a `rollback { … }` that restores it.
    back: Status,
    attempt: u32,
    /// Whether a person has said that it is to be tried again.
    again: bool,
}

/// Where a stage stands.
#[derive(Debug, Clone)]
struct StageStanding {
    effects: Vec<Standing>,
    entered: bool,
    released: bool,
    end: Option<End>,
}

impl Law<'_> {
    /// Reads the records of the run, and looks at what is there.
    ///
    /// # Errors
    /// The first law that does not hold.
    pub fn hold(&self, state: &State) -> Result<(), String> {
        let index: HashMap<&str, usize> =
            self.placed.iter().enumerate().map(|(at, placed)| (placed.path.as_str(), at)).collect();
        let unbegun = Standing { status: Status::Unbegun, back: Status::Unbegun, attempt: 0, again: false };
        let stage =
            StageStanding { effects: vec![unbegun; self.placed.len()], entered: false, released: false, end: None };
        let mut reading = Reading {
            law: self,
            index,
            stages: vec![stage; self.shape.places.len()],
            outcome: None,
            is_cancelled: false,
        };
        let own = state.records.iter().filter(|record| record.run == *self.run);
        let mut begun = state.begun.iter().filter(|begun| begun.key.starts_with(self.run.as_str())).peekable();
        for record in own {
            while let Some(next) = begun.next_if(|begun| begun.head < record.sequence) {
                reading.program(&next.key, next.was_done)?;
            }
            reading.record(record)?;
        }
        for next in begun {
            reading.program(&next.key, next.was_done)?;
        }
        for (place, stage) in reading.stages.iter().enumerate() {
            self.stage(place, stage, state).map_err(|broken| format!("e{place}: {broken}"))?;
        }
        self.outcome(&reading)
    }

    fn stage(&self, place: usize, stage: &StageStanding, state: &State) -> Result<(), String> {
        for (placed, standing) in self.placed.iter().zip(&stage.effects) {
            let effect = &placed.effect;
            let shown = self.shape.shown(effect, place, &state.things);
            let before = self.shape.shown(effect, place, self.before);
            let in_force = self.shape.in_force(effect, place, self.version, self.before);
            let restored = before.clone();
            let expected = match standing.status {
                Status::Unbegun | Status::NotNeeded | Status::InPlace => Some(&before),
                Status::Finished
                    if standing.back != Status::Unbegun && matches!(stage.end, Some(End::Stranded { .. })) =>
                {
                    None
                }
                Status::Finished if standing.back == Status::Undone => Some(&restored),
                Status::Finished if standing.back == Status::Unbegun => Some(&in_force),
                // Whether undos have told the truth is looked at when all of them have ended.
                Status::Undone if matches!(stage.end, Some(End::Stranded { .. })) => None,
                Status::Undone => Some(&restored),
                Status::Failed if is_atomic(effect) => Some(&before),
                _ => None,
            };
            if let Some(expected) = expected.filter(|expected| **expected != shown) {
                let status = standing.status;
                return Err(format!("{} is {status:?}, and there is `{shown}`, not `{expected}`", placed.path));
            }
            let is_under_way = matches!(standing.status, Status::Started | Status::UndoStarted | Status::UndoFailed)
                || matches!(standing.back, Status::UndoStarted | Status::UndoFailed);
            let needs_a_person = matches!(stage.end, Some(End::Stranded { .. } | End::Held { .. }));
            if is_under_way && !needs_a_person {
                return Err(format!("{} is {:?}, and the run is over", placed.path, standing.status));
            }
        }
        self.end(place, stage, state)
    }

    fn end(&self, place: usize, stage: &StageStanding, state: &State) -> Result<(), String> {
        let statuses = || self.placed.iter().zip(&stage.effects);
        let is_before = |placed: &Placed| {
            let shape = self.shape;
            shape.shown(&placed.effect, place, &state.things) == shape.shown(&placed.effect, place, self.before)
        };
        // A service that was not to take notice yet runs what it ran before.
        let is_read = || {
            statuses().all(|(placed, standing)| {
                placed.effect.kind != EffectKind::Refresh
                    || (standing.status == Status::Unbegun && matches!(stage.end, Some(End::Held { .. })))
                    || self.shape.is_read(placed, self.placed, place, &state.things)
            })
        };
        let unread = || Err("a service runs what is not there any more".to_owned());
        match &stage.end {
            None if stage.released => {
                let open = statuses().filter(|(placed, _)| placed.there.holds(place)).find(|(_, standing)| {
                    !matches!(standing.status, Status::Finished | Status::InPlace | Status::NotNeeded)
                });
                if let Some((placed, standing)) = open {
                    return Err(format!("it is released, and {} is {:?}", placed.path, standing.status));
                }
                if is_read() { Ok(()) } else { unread() }
            }
            None if stage.entered => Err("it was entered, and has no end".to_owned()),
            None => Ok(()),
            Some(End::Untouched) => {
                // Who was told something was not touched by it.
                let mut changes = statuses().filter(|(placed, _)| placed.effect.kind != EffectKind::Notify);
                let touched = changes.find(|(_, standing)| {
                    !matches!(standing.status, Status::Unbegun | Status::InPlace | Status::NotNeeded)
                });
                touched.map_or(Ok(()), |(placed, _)| Err(format!("it is untouched, and {} was begun", placed.path)))
            }
            Some(End::Restored) => {
                if let Some(placed) = self.placed.iter().find(|placed| !is_before(placed)) {
                    return Err(format!("it is restored, and {} is not as before", placed.path));
                }
                if is_read() { Ok(()) } else { unread() }
            }
            Some(End::Held { why }) => {
                let holds: Vec<&Placed> = statuses()
                    .filter(|(placed, standing)| {
                        !takes_back(placed)
                            && matches!(standing.status, Status::Finished | Status::Failed | Status::InDoubt)
                    })
                    .map(|(placed, _)| placed)
                    .collect();
                if holds.is_empty() || why.is_empty() {
                    return Err(format!("it is held without a reason: `{why}`"));
                }
                let stays = |at: usize| holds.iter().any(|hold| hold.after.contains(&at));
                let left = self.placed.iter().enumerate().find(|(at, placed)| {
                    takes_back(placed) && !placed.is_covered() && !stays(*at) && !is_before(placed)
                });
                if let Some((_, placed)) = left {
                    return Err(format!("it is held, and {} behind it was not taken back", placed.path));
                }
                if is_read() { self.is_locked(place, state) } else { unread() }
            }
            Some(End::Stranded { why }) if why.is_empty() || !self.has_cause => {
                Err(format!("it is stranded without a cause: `{why}`"))
            }
            Some(End::Stranded { .. }) => self.is_locked(place, state),
            Some(End::LeftAsIs { .. }) if self.shape.on_failure == OnFailure::None => Ok(()),
            Some(End::LeftAsIs { .. }) => Err("it is left as it is, and nobody said so".to_owned()),
        }
    }

    /// Who needs a person is to take nothing else: what anybody may read of it says so.
    fn is_locked(&self, place: usize, state: &State) -> Result<(), String> {
        let ledger = liftlock_journal::Ledger::fold(&state.journal());
        let name = self.shape.place_name(place);
        let is_locked =
            ledger.in_environment(&name).any(|here| here.trouble.as_ref().is_some_and(|t| !t.why.is_empty()));
        if is_locked { Ok(()) } else { Err("it needs a person, and others may enter".to_owned()) }
    }

    fn outcome(&self, reading: &Reading<'_>) -> Result<(), String> {
        let ends = || reading.stages.iter().filter_map(|stage| stage.end.as_ref());
        let needs_a_person = ends().any(|end| matches!(end, End::Held { .. } | End::Stranded { .. }));
        let is_left = ends().any(|end| matches!(end, End::LeftAsIs { .. }));
        let was_restored = ends().any(|end| *end == End::Restored);
        let all_released = reading.stages.iter().all(|stage| stage.released && stage.end.is_none());
        let Some(outcome) = &reading.outcome else { return Err("it has no outcome".to_owned()) };
        let fits = match outcome {
            Outcome::Released => all_released,
            Outcome::Stranded { .. } => needs_a_person,
            Outcome::Left { .. } => is_left && !needs_a_person,
            Outcome::Restored { .. } => was_restored && !needs_a_person && !is_left,
            Outcome::Refused { .. } => !was_restored && !needs_a_person && !is_left,
            Outcome::RolledBack => false,
        };
        if !fits {
            return Err(format!("the outcome {outcome:?} is not that of its stages"));
        }
        let stands = |stage: &StageStanding| stage.released && stage.end.is_none();
        if self.shape.on_failure == OnFailure::Pipeline && !all_released && reading.stages.iter().any(stands) {
            // Only an environment that needs a person may keep others from being taken back; none does today.
            return Err("the whole pipeline was to be taken back, and a stage of it stands".to_owned());
        }
        Ok(())
    }
}

/// Records and programs in the order in which they came.
struct Reading<'a> {
    law: &'a Law<'a>,
    index: HashMap<&'a str, usize>,
    stages: Vec<StageStanding>,
    outcome: Option<Outcome>,
    is_cancelled: bool,
}

impl Reading<'_> {
    /// A program was started for an effect.
    fn program(&mut self, key: &str, was_done: bool) -> Result<(), String> {
        // `RUN/PIPELINE/ENVIRONMENT/deploy/…/ATTEMPT`; a build has another.
        let Some((place, path, last)) = taken_apart(key) else { return Ok(()) };
        let Some(standing) = self.standing(place, path) else { return Err(format!("`{key}` is of no effect")) };
        if last == "undo" {
            let is_back = path.contains("/rollback/");
            let status = if is_back { standing.back } else { standing.status };
            return match status {
                Status::UndoStarted => Ok(()),
                status => Err(format!("an undo runs of {path}, which is {status:?}")),
            };
        }
        if standing.status != Status::Started || standing.attempt.to_string() != last {
            return Err(format!("{path} runs for the {last}th time, and is {:?}", standing.status));
        }
        if standing.attempt > 1 && was_done && !self.may_repeat(path) {
            return Err(format!("{path} runs again, and was done already"));
        }
        Ok(())
    }

    fn standing(&mut self, place: usize, path: &str) -> Option<&mut Standing> {
        let at = match path.split_once("/rollback/back-") {
            None => *self.index.get(path)?,
            Some((cover, _)) => self.law.placed.iter().position(|placed| {
                placed.cover.as_deref() == Some(cover)
                    && placed.is_covered()
                    && path.ends_with(&format!("/{}", placed.back))
            })?,
        };
        self.stages.get_mut(place)?.effects.get_mut(at)
    }

    fn may_repeat(&self, path: &str) -> bool {
        let effect = self.index.get(path).map(|at| &self.law.placed[*at].effect);
        effect.is_some_and(|effect| match effect.kind {
            EffectKind::Step(step) => step.idempotent || step.class == Class::ReadOnly,
            _ => true,
        })
    }

    fn record(&mut self, record: &Record) -> Result<(), String> {
        if self.outcome.is_some() && !matches!(record.event, Event::RunResumed { .. } | Event::LeaseTaken { .. }) {
            return Err(format!("the run is over, and goes on: {:?}", record.event));
        }
        match &record.event {
            Event::RunResumed { .. } => {
                if self.outcome.take().is_none() {
                    return Ok(());
                }
                for stage in &mut self.stages {
                    stage.end.take_if(|end| matches!(end, End::Held { .. } | End::Stranded { .. }));
                }
                Ok(())
            }
            Event::RunFinished { outcome } => {
                self.outcome = Some(outcome.clone());
                Ok(())
            }
            Event::StageEntered { environment, .. } => {
                let place = place_of(environment)?;
                let wave = self.law.shape.waves.iter().position(|wave| wave.contains(&place)).unwrap_or(0);
                let before = self.law.shape.waves.iter().take(wave).flatten();
                if let Some(open) = before.copied().find(|before| !self.stages[*before].released) {
                    return Err(format!("e{place} is entered before e{open} is released"));
                }
                self.stages[place].entered = true;
                Ok(())
            }
            Event::StageReleased { environment, .. } => {
                self.stages[place_of(environment)?].released = true;
                Ok(())
            }
            Event::StageEnded { environment, end } => {
                self.stages[place_of(environment)?].end = Some(end.clone());
                Ok(())
            }
            Event::EffectStarted { effect, attempt, .. } => self.started(effect, *attempt),
            Event::EffectInPlace { effect, .. } => self.moves(effect, &[Status::Unbegun], Status::InPlace),
            Event::EffectNotNeeded { effect } => self.moves(effect, &[Status::Unbegun], Status::NotNeeded),
            Event::EffectFinished { effect, .. } => self.moves(effect, &[Status::Started], Status::Finished),
            Event::EffectFailed { effect, failure, .. } => {
                let (place, path) = (place_of(&effect.environment)?, effect.within_stage());
                let is_asked_about = self.law.shape.in_doubt == InDoubt::Ask && !self.is_cancelled;
                if failure.kind == FailureKind::InDoubt && is_asked_about {
                    return Err(format!("{path} is in doubt, and nobody was asked"));
                }
                // An attempt before it may have been done when the runner died.
                let is_repeated = self.standing(place, &path).is_some_and(|standing| standing.attempt > 1);
                let is_in_doubt =
                    is_repeated || matches!(failure.kind, FailureKind::InDoubt | FailureKind::NotInEffect);
                self.moves(effect, &[Status::Started], if is_in_doubt { Status::InDoubt } else { Status::Failed })
            }
            Event::NoticeFailed { effect, .. } => self.moves(effect, &[Status::Started], Status::Finished),
            Event::UndoStarted { effect } => self.undo_started(effect),
            Event::UndoFinished { effect, .. } => self.moves(effect, &[Status::UndoStarted], Status::Undone),
            Event::UndoFailed { effect, .. } => self.moves(
                effect,
                &[Status::UndoStarted, Status::Undone, Status::Finished, Status::Failed, Status::InDoubt],
                Status::UndoFailed,
            ),
            Event::Settled { effect, settlement, .. } => self.settled(effect, *settlement),
            Event::CancelRequested { .. } => {
                self.is_cancelled = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn moves(&mut self, address: &Address, from: &[Status], to: Status) -> Result<(), String> {
        let (place, path) = (place_of(&address.environment)?, address.within_stage());
        let is_back = path.contains("/rollback/");
        let standing = self.standing(place, &path).ok_or_else(|| format!("{address} is no effect"))?;
        let status = if is_back { &mut standing.back } else { &mut standing.status };
        if !from.contains(status) {
            return Err(format!("{address} is {status:?}, and then {to:?}"));
        }
        *status = to;
        Ok(())
    }

    /// A person has said what an effect is. Undos that failed are tried again whenever a run is taken up.
    fn settled(&mut self, address: &Address, settlement: Settlement) -> Result<(), String> {
        let (place, path) = (place_of(&address.environment)?, address.within_stage());
        let is_asked_about = self.law.shape.in_doubt == InDoubt::Ask;
        let standing = self.standing(place, &path).ok_or_else(|| format!("{address} is no effect"))?;
        if standing.status != Status::Started || path.contains("/rollback/") {
            return self.moves(address, &[Status::UndoFailed], Status::UndoFailed);
        }
        if !is_asked_about {
            return Err(format!("somebody was asked about {path}, which is to be undone"));
        }
        match settlement {
            Settlement::Done => standing.status = Status::Finished,
            Settlement::Undone => standing.status = Status::Undone,
            Settlement::Retry => standing.again = true,
        }
        Ok(())
    }

    /// On the way up, whatever stands before an effect is done.
    fn started(&mut self, address: &Address, attempt: u32) -> Result<(), String> {
        let (place, path) = (place_of(&address.environment)?, address.within_stage());
        self.moves(address, &[Status::Unbegun, Status::Started], Status::Started)?;
        let stage = &mut self.stages[place];
        let at = *self.index.get(path.as_str()).ok_or_else(|| format!("{address} is no effect"))?;
        let is_done =
            |standing: &Standing| matches!(standing.status, Status::Finished | Status::InPlace | Status::NotNeeded);
        let mut before = self.law.placed[at].after.iter().filter(|before| self.law.placed[**before].there.holds(place));
        if let Some(open) = before.find(|before| !is_done(&stage.effects[**before])) {
            return Err(format!("{path} is begun before {} is done", self.law.placed[*open].path));
        }
        if attempt != stage.effects[at].attempt + 1 {
            return Err(format!("{path} is begun for the {attempt}th time"));
        }
        stage.effects[at].attempt = attempt;
        let was_told = std::mem::take(&mut stage.effects[at].again);
        if attempt > 1 && !was_told && !self.may_repeat(&path) && is_unobserved(&self.law.placed[at].effect) {
            return Err(format!("{path} is begun again, and nothing tells whether it was done"));
        }
        Ok(())
    }

    /// On the way down, whatever stands behind an effect is back before it.
    fn undo_started(&mut self, address: &Address) -> Result<(), String> {
        let (place, path) = (place_of(&address.environment)?, address.within_stage());
        let is_refresh =
            self.index.get(path.as_str()).is_some_and(|at| self.law.placed[*at].effect.kind == EffectKind::Refresh);
        let mut from = vec![
            Status::Started,
            Status::Finished,
            Status::Failed,
            Status::InDoubt,
            Status::UndoStarted,
            Status::UndoFailed,
        ];
        if is_refresh {
            from.push(Status::Undone);
        }
        if path.contains("/rollback/") {
            from.push(Status::Unbegun);
            // Tried again as a whole, because one of the steps that it covers was found not to be restored.
            let effects = &self.stages.get(place).ok_or("there is no such environment")?.effects;
            let is_open = |standing: &Standing| matches!(standing.status, Status::UndoFailed | Status::UndoStarted);
            if effects.iter().any(is_open) {
                from.push(Status::Undone);
            }
        }
        self.moves(address, &from, Status::UndoStarted)?;
        let Some(at) = self.index.get(path.as_str()) else { return Ok(()) };
        if is_refresh {
            return Ok(());
        }
        for (placed, standing) in self.law.placed.iter().zip(&self.stages[place].effects) {
            let is_open =
                matches!(standing.status, Status::Started | Status::Finished | Status::InDoubt | Status::UndoStarted)
                    || (standing.status == Status::Failed && !is_atomic(&placed.effect));
            let is_other =
                placed.is_covered() || placed.effect.kind == EffectKind::Refresh || is_read_only(&placed.effect);
            if placed.after.contains(at) && is_open && !is_other {
                return Err(format!("{path} is undone before {}", placed.path));
            }
        }
        Ok(())
    }
}

fn place_of(environment: &str) -> Result<usize, String> {
    environment.trim_start_matches('e').parse().map_err(|_| format!("there is no environment `{environment}`"))
}

/// The place, the path within the stage and the last word of a key.
fn taken_apart(key: &str) -> Option<(usize, &str, &str)> {
    let mut parts = key.splitn(4, '/');
    let (_, _, place, rest) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let (path, last) = rest.rsplit_once('/')?;
    path.starts_with(Part::Deploy.as_str()).then_some((place_of(place).ok()?, path, last))
}

/// Whether anything takes an effect back.
fn takes_back(placed: &Placed) -> bool {
    match placed.effect.kind {
        EffectKind::Step(Step { class: Class::Irreversible, .. }) => false,
        EffectKind::Step(Step { class: Class::Covered, .. }) => placed.is_covered(),
        _ => true,
    }
}

fn is_atomic(effect: &Effect) -> bool {
    matches!(effect.kind, EffectKind::Step(Step { atomic: true, .. }))
}

fn is_read_only(effect: &Effect) -> bool {
    matches!(effect.kind, EffectKind::Notify | EffectKind::Step(Step { class: Class::ReadOnly, .. }))
}

fn is_unobserved(effect: &Effect) -> bool {
    matches!(effect.kind, EffectKind::Step(Step { observe: Observe::Nothing, .. }))
}
