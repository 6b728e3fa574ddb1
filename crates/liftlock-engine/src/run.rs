//! A run: who has it, from its first record to its last, or from where another process left it.

use std::collections::HashSet;

use jiff::{SignedDuration, Timestamp};
use liftlock_effects::World;
use liftlock_journal::{
    Action, Drill, EffectStatus, End, Event, FailureKind, Guard, Lease, LeaseRequest, Leased, Ledger, Outcome, Query,
    RunState, Settlement, Store, StoreError,
};
use liftlock_names::{Address, Digest, RunId};
use liftlock_plan::{ActionKind, Effect, FORMAT, Plan};

use crate::dispatcher::{Dispatcher, LEASE};
use crate::{Engine, EngineError, Who, hidden, look, notice, walk};

/// A run to begin.
#[derive(Debug)]
pub struct Start<'a> {
    pub plan: &'a Plan,
    /// Gates that the one who begins the run approves with it.
    pub approve: Vec<String>,
}

/// Begins a run of a plan, and sees it to its end.
///
/// # Errors
/// What keeps the run from going on; it can be resumed then. A release that fails is an [`Outcome`].
pub async fn start(engine: Engine<'_>, start: Start<'_>) -> Result<RunState, EngineError> {
    let (state, lease) = begin(&engine, &start)?;
    let dispatcher = Dispatcher::new(engine, state, lease);
    see_through(&dispatcher, start.plan).await
}

/// Puts on record what a drill has shown, behind its last round, and returns it as it stands there: without secrets.
///
/// # Errors
/// What keeps the store from writing.
pub fn conclude_drill(engine: &Engine<'_>, run: &RunId, mut drill: Drill) -> Result<Drill, EngineError> {
    hidden::hide_drill(&mut drill, engine.mask);
    let event = Event::DrillFinished { drill: drill.clone() };
    let records = engine.store.append(run, engine.world.now(), &[event], Guard::Always)?;
    records.iter().for_each(|record| engine.view.record(record));
    Ok(drill)
}

/// A run as its records tell it.
#[derive(Debug)]
pub struct Resumable {
    pub state: RunState,
    pub plan: Plan,
}

impl Resumable {
    /// Reads a run.
    ///
    /// # Errors
    /// Where there is no such run, or its plan cannot be read.
    pub fn read(store: &dyn Store, run: &RunId) -> Result<Self, EngineError> {
        let state = state_of(store, run)?;
        let unreadable = |why: String| EngineError::Plan { run: run.clone(), why };
        if Digest::of(state.plan.as_bytes()) != state.plan_hash {
            return Err(unreadable("it is not what its hash says".to_owned()));
        }
        let plan: Plan = serde_json::from_str(&state.plan).map_err(|error| unreadable(error.to_string()))?;
        if plan.format != FORMAT {
            return Err(unreadable(format!("it has format {}, and this liftlock knows {FORMAT}", plan.format)));
        }
        Ok(Resumable { state, plan })
    }
}

fn state_of(store: &dyn Store, run: &RunId) -> Result<RunState, EngineError> {
    let records = store.read(&Query { run: Some(run.clone()), ..Query::default() })?;
    RunState::fold(&records).ok_or_else(|| EngineError::NoSuchRun(run.clone()))
}

/// A person's word with which a run is taken up.
#[derive(Debug, Clone, Default)]
pub struct Word {
    /// How effects are to be taken that the runner cannot judge.
    pub settlements: Vec<(Address, Settlement)>,
    /// Leave the environments that need a person as they are, for this reason, and end the run.
    pub leave: Option<String>,
}

/// Takes a run up where its records end.
///
/// # Errors
/// Where the run is over, or under way in a process that lives, or the word does not fit it; otherwise as for [`start`].
pub async fn resume(engine: Engine<'_>, run: &RunId, word: &Word) -> Result<RunState, EngineError> {
    let state = state_of(engine.store, run)?;
    refuse_finished(&state)?;
    let lease = take_run(&engine, &state)?;
    // Whoever had the run may have gone on with it until its lease was taken.
    let taken = Resumable::read(engine.store, run).and_then(|taken| {
        refuse_finished(&taken.state)?;
        refuse_unfit(&taken.state, word)?;
        Ok(taken)
    });
    let Resumable { state, plan } = match taken {
        Ok(taken) => taken,
        Err(error) => {
            engine.store.release(&lease)?;
            return Err(error);
        }
    };
    let dispatcher = Dispatcher::new(engine, state, lease);
    let who = engine.who;
    dispatcher.record(Event::RunResumed { by: who.by.clone(), host: who.host.clone(), process: who.process })?;
    if let Some(why) = &word.leave {
        return leave(&dispatcher, &plan, why);
    }
    for (effect, settlement) in &word.settlements {
        let (effect, by) = (effect.clone(), who.by.clone());
        dispatcher.record(Event::Settled { effect, settlement: *settlement, by, reason: None })?;
    }
    retry_failed_undos(&dispatcher, &plan)?;
    see_through(&dispatcher, &plan).await
}

fn refuse_finished(state: &RunState) -> Result<(), EngineError> {
    match &state.finished {
        Some(Outcome::Stranded { .. }) | None => Ok(()),
        Some(outcome) => Err(EngineError::Finished { run: state.run.clone(), how: ended(outcome).to_owned() }),
    }
}

/// A word on what the runner can judge by itself would only make the records untrue.
fn refuse_unfit(state: &RunState, word: &Word) -> Result<(), EngineError> {
    use EffectStatus::{Failed, Finished, Started, UndoFailed, UndoStarted};
    for (address, settlement) in &word.settlements {
        let status = state.effects.get(address).map(|effect| effect.status);
        let fits = match status {
            Some(Started | Failed | UndoStarted | UndoFailed) => true,
            // Behind a point of no return a person may have undone by hand what nothing undoes.
            Some(Finished) => *settlement == Settlement::Undone && state.finished.is_some(),
            _ => false,
        };
        if !fits {
            return Err(EngineError::NothingToSettle { run: state.run.clone(), address: address.clone() });
        }
    }
    let needs_a_person = matches!(state.finished, Some(Outcome::Stranded { .. }));
    if word.leave.is_some() && !needs_a_person {
        return Err(EngineError::NothingToLeave { run: state.run.clone() });
    }
    Ok(())
}

/// Ends a run that needs a person, because a person has looked.
fn leave(dispatcher: &Dispatcher<'_>, plan: &Plan, why: &str) -> Result<RunState, EngineError> {
    let why = format!("left by {}: {why}", dispatcher.engine.who.by);
    for stage in plan.stages() {
        let known = dispatcher.stage(&stage.environment);
        // What was released, and is not being taken back, stays released.
        let is_released = known.released.is_some() && known.failed.is_none() && !known.lowering;
        if known.end.is_none() && !is_released && (known.failed.is_some() || known.entered_at.is_some()) {
            let environment = stage.environment.clone();
            dispatcher.record(Event::StageEnded { environment, end: End::LeftAsIs { why: why.clone() } })?;
        }
    }
    dispatcher.record(Event::RunFinished { outcome: Outcome::Left { why } })?;
    dispatcher.abandon();
    Ok(dispatcher.state().clone())
}

/// The state of everything, from the journal.
fn ledger(engine: &Engine<'_>) -> Result<Ledger, EngineError> {
    let mut ledger = Ledger::default();
    engine.store.follow(&mut ledger)?;
    Ok(ledger)
}

fn ended(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Released => "was released",
        Outcome::RolledBack => "went back",
        Outcome::Restored { .. } => "failed, and was undone",
        Outcome::Left { .. } => "failed, and was left as it is",
        Outcome::Refused { .. } => "was refused",
        Outcome::Stranded { .. } => "needs a person",
    }
}

/// The lock that tells a run's living process from one that died.
fn run_lock(run: &RunId) -> String {
    format!("run {run}")
}

/// Takes the lock of a run, for this process alone. One that died is noticed at once on its own host, and elsewhere when
/// its lease expires.
fn take_run(engine: &Engine<'_>, state: &RunState) -> Result<Lease, EngineError> {
    let lock = run_lock(&state.run);
    let now = engine.world.now();
    let under_way =
        || EngineError::UnderWay { run: state.run.clone(), host: state.host.clone(), process: state.process };
    if let Some(held) = engine.store.holder(&lock, now)? {
        // The lease of the process that the records name; any other was taken by somebody since.
        let is_of_record = state.leases.get(&lock) == Some(&held.token);
        if !is_of_record || is_alive(engine.world, state, engine.who) {
            return Err(under_way());
        }
        engine.store.release(&held)?;
    }
    match lease_of(engine, &state.run, now)? {
        Leased::Held(_) => Err(under_way()),
        Leased::Taken(lease) => {
            let held = [lease];
            // The dispatcher reads the record back with all else that others appended.
            engine.store.append(&state.run, now, &[taken(engine, &held[0])], Guard::Held(&held))?;
            let [lease] = held;
            Ok(lease)
        }
    }
}

/// Asks for the lock of a run.
fn lease_of(engine: &Engine<'_>, run: &RunId, now: Timestamp) -> Result<Leased, EngineError> {
    // An owner of its own, so that a second process of the same run is another one.
    let owner = RunId::new(now, engine.world.chance());
    Ok(engine.store.lease(&LeaseRequest { lock: run_lock(run), owner, now, lasts: LEASE })?)
}

fn taken(engine: &Engine<'_>, lease: &Lease) -> Event {
    let (host, process) = (engine.who.host.clone(), engine.who.process);
    Event::LeaseTaken { lock: lease.lock.clone(), token: lease.token, host, process }
}

/// Whether a process works on a run at this moment, as far as can be told.
///
/// # Errors
/// What keeps the store from reading.
pub fn is_under_way(store: &dyn Store, world: &dyn World, state: &RunState, who: &Who) -> Result<bool, EngineError> {
    Ok(store.holder(&run_lock(&state.run), world.now())?.is_some() && is_alive(world, state, who))
}

/// Whether the process that last had the run still lives, as far as can be told. Of another host nothing can be told but
/// that its lease has not expired.
fn is_alive(world: &dyn World, state: &RunState, who: &Who) -> bool {
    if state.host != who.host {
        return true;
    }
    state.process != who.process && world.is_process_alive(state.process)
}

/// A name that no run has. Of the runs of one second, which names tell apart by 15 bits, fifty have a good chance that two
/// of them would share one.
fn free_name(is_taken: impl Fn(&RunId) -> bool, now: Timestamp, chance: u32) -> RunId {
    let mut names = (0..u32::MAX).map(|next| {
        let second = SignedDuration::from_secs(i64::from(next >> 15));
        RunId::new(now.checked_add(second).unwrap_or(now), chance.wrapping_add(next))
    });
    names.find(|name| !is_taken(name)).unwrap_or_else(|| RunId::new(now, chance))
}

/// Appends the first records: that the run begins, and that this process has it. Its number is one more than any before,
/// also when others begin at the same time.
fn begin(engine: &Engine<'_>, start: &Start<'_>) -> Result<(RunState, Lease), EngineError> {
    let plan = start.plan.canonical();
    let plan_hash = Digest::of(plan.as_bytes());
    let now = engine.world.now();
    let mut chance = engine.world.chance();
    let action = match &start.plan.action {
        ActionKind::Release => Action::Release,
        ActionKind::Rollback { environment, of, .. } => {
            Action::Rollback { environment: environment.clone(), of: of.clone() }
        }
        ActionKind::Drill { environment, fault } => {
            Action::Drill { environment: environment.clone(), fault: fault.clone() }
        }
    };
    loop {
        let ledger = ledger(engine)?;
        let run = free_name(|name| ledger.runs.contains_key(name), now, chance);
        let Leased::Taken(lease) = lease_of(engine, &run, now)? else {
            // Another begins under this name at this moment, and is about to have it.
            chance = chance.wrapping_add(1);
            continue;
        };
        let event = Event::RunStarted {
            pipeline: start.plan.pipeline.clone(),
            action: action.clone(),
            version: start.plan.version.clone(),
            number: match &start.plan.action {
                // A drill has the number that a release would have, and leaves it to the next.
                ActionKind::Release | ActionKind::Drill { .. } => ledger.next_number(&start.plan.pipeline),
                ActionKind::Rollback { number, .. } => *number,
            },
            plan_hash,
            plan: plan.clone(),
            by: engine.who.by.clone(),
            host: engine.who.host.clone(),
            process: engine.who.process,
            approve: start.approve.clone(),
        };
        let events = [event, taken(engine, &lease)];
        match engine.store.append(&run, now, &events, Guard::Head(ledger.sequence)) {
            Ok(records) => {
                for record in &records {
                    engine.view.record(record);
                }
                let state = RunState::fold(&records).ok_or(EngineError::NoSuchRun(run))?;
                return Ok((state, lease));
            }
            Err(StoreError::Conflict) => engine.store.release(&lease)?,
            Err(error) => {
                // The name is nobody's then, and neither is its lock.
                let _ = engine.store.release(&lease);
                return Err(error.into());
            }
        }
    }
}

/// Undos that failed are tried again when a person takes the run up. One that did not fail, and was found wanting only when
/// all was looked at, is not run again behind the undo of what was changed before it in the same place.
fn retry_failed_undos(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<(), EngineError> {
    // A stage that has its end, because the runner died before the run had its own, is not gone through again.
    let is_open = |address: &Address| dispatcher.stage(&address.environment).end.is_none();
    let failed: Vec<_> = dispatcher
        .state()
        .effects
        .iter()
        .filter(|(address, effect)| effect.status == EffectStatus::UndoFailed && is_open(address))
        .map(|(address, effect)| {
            let was_only_seen = effect.failure.as_ref().is_some_and(|failure| failure.kind == FailureKind::NotInEffect);
            (address.clone(), was_only_seen)
        })
        .collect();
    let judged: HashSet<&Address> = {
        let run = dispatcher.state();
        let is_undone = |effect: &Effect| look::is_on_the_way_down(run.effects.get(&effect.address));
        plan.stages().flat_map(|stage| look::judged(&run, stage, &is_undone)).map(|effect| &effect.address).collect()
    };
    for (effect, was_only_seen) in failed {
        let by = dispatcher.engine.who.by.clone();
        let (settlement, reason) = match was_only_seen && !judged.contains(&effect) {
            true => {
                (Settlement::Undone, Some("it was undone, and another effect says what has to be there".to_owned()))
            }
            false => (Settlement::Retry, None),
        };
        dispatcher.record(Event::Settled { effect, settlement, by, reason })?;
    }
    Ok(())
}

/// Walks the plan, keeping the leases meanwhile, until it ends or a second interrupt stops it where it stands.
async fn see_through(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<RunState, EngineError> {
    dispatcher.catch_up()?;
    let walk = async {
        let outcome = match &plan.action {
            ActionKind::Release | ActionKind::Drill { .. } => walk::release(dispatcher, plan).await?,
            ActionKind::Rollback { .. } => walk::rollback(dispatcher, plan).await?,
        };
        notice::at_end(dispatcher, plan, &outcome, &walk::fill(dispatcher, plan)).await?;
        dispatcher.record(Event::RunFinished { outcome })
    };
    let end = tokio::select! {
        biased;
        end = dispatcher.keeping(walk) => end,
        error = dispatcher.keep_leases() => Err(error),
        () = dispatcher.engine.interrupt.reached(2) => Err(EngineError::Killed { run: dispatcher.run.clone() }),
    };
    // What was said is true however the run has ended; what the store has refused is for `resume` to find out.
    let kept = if dispatcher.is_broken() { Ok(()) } else { dispatcher.commit() };
    dispatcher.abandon();
    end.and(kept)?;
    let state = dispatcher.state().clone();
    Ok(state)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_runs_of_one_second_never_share_a_name() {
        let now: Timestamp = "2026-11-23T22:00:00Z".parse().unwrap();
        let first = free_name(|_| false, now, 7);
        assert_eq!(first, RunId::new(now, 7));
        let second = free_name(|name| *name == first, now, 7);
        assert_ne!(first, second);
        // Even where every name of the second is taken.
        let later =
            free_name(|name| name.as_str() < RunId::new(now + SignedDuration::from_secs(1), 0).as_str(), now, 7);
        assert!(later > second);
    }
}
