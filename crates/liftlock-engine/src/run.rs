//! A run from its first record to its last, or from where another process left it.

use futures_util::future::join_all;
use indexmap::IndexMap;
use jiff::Timestamp;
use liftlock_journal::{
    Action, EffectStatus, End, Event, Failure, Guard, Lease, LeaseRequest, Leased, Ledger, Outcome, Query, RunState,
    Settlement, Store, StoreError,
};
use liftlock_names::{Address, Digest, RunId};
use liftlock_plan::{ActionKind, FORMAT, OnFailure, Plan, Stage};

use crate::dispatcher::{Dispatcher, LEASE};
use crate::resolve::Fill;
use crate::stage::{self, Entry, StageEnd};
use crate::{Engine, EngineError, Who, artifact, order};

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
    let state = begin(&engine, &start)?;
    let lease = take_run(&engine, &state)?;
    let dispatcher = Dispatcher::new(engine, state, lease);
    see_through(&dispatcher, start.plan).await
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
        let records = store.read(&Query { run: Some(run.clone()), ..Query::default() })?;
        let state = RunState::fold(&records).ok_or_else(|| EngineError::NoSuchRun(run.clone()))?;
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
    let state = Resumable::read(engine.store, run)?.state;
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
    retry_failed_undos(&dispatcher)?;
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
        if known.end.is_none() && (known.failed.is_some() || known.lowering || known.entered_at.is_some()) {
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
    Ok(Ledger::fold(&engine.store.read(&Query::default())?))
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
        if !is_of_record || is_alive(state, engine.who) {
            return Err(under_way());
        }
        engine.store.release(&held)?;
    }
    // An owner of its own, so that a second process of the same run is another one.
    let owner = RunId::new(now, engine.world.chance());
    match engine.store.lease(&LeaseRequest { lock, owner, now, lasts: LEASE })? {
        Leased::Held(_) => Err(under_way()),
        Leased::Taken(lease) => {
            let event = Event::LeaseTaken {
                lock: lease.lock.clone(),
                token: lease.token,
                host: engine.who.host.clone(),
                process: engine.who.process,
            };
            let held = [lease];
            // The dispatcher reads the record back with all else that others appended.
            engine.store.append(&state.run, now, &[event], Guard::Held(&held))?;
            let [lease] = held;
            Ok(lease)
        }
    }
}

/// Whether a process works on a run at this moment, as far as can be told.
///
/// # Errors
/// What keeps the store from reading.
pub fn is_under_way(store: &dyn Store, state: &RunState, who: &Who, now: Timestamp) -> Result<bool, EngineError> {
    Ok(store.holder(&run_lock(&state.run), now)?.is_some() && is_alive(state, who))
}

/// Whether the process that last had the run still lives, as far as can be told. Of another host nothing can be told but
/// that its lease has not expired.
fn is_alive(state: &RunState, who: &Who) -> bool {
    if state.host != who.host {
        return true;
    }
    state.process != who.process && liftlock_effects::is_process_alive(state.process)
}

/// Appends the first record. Its number is one more than any before, also when others begin at the same time.
fn begin(engine: &Engine<'_>, start: &Start<'_>) -> Result<RunState, EngineError> {
    let plan = start.plan.canonical();
    let plan_hash = Digest::of(plan.as_bytes());
    let now = engine.world.now();
    let run = RunId::new(now, engine.world.chance());
    let action = match &start.plan.action {
        ActionKind::Release => Action::Release,
        ActionKind::Rollback { environment, of, .. } => {
            Action::Rollback { environment: environment.clone(), of: of.clone() }
        }
    };
    loop {
        let ledger = ledger(engine)?;
        let event = Event::RunStarted {
            pipeline: start.plan.pipeline.clone(),
            action: action.clone(),
            version: start.plan.version.clone(),
            number: match &start.plan.action {
                ActionKind::Release => ledger.next_number(&start.plan.pipeline),
                ActionKind::Rollback { number, .. } => *number,
            },
            plan_hash,
            plan: plan.clone(),
            by: engine.who.by.clone(),
            host: engine.who.host.clone(),
            process: engine.who.process,
            approve: start.approve.clone(),
        };
        match engine.store.append(&run, now, &[event], Guard::Head(ledger.sequence)) {
            Ok(records) => {
                for record in &records {
                    engine.view.record(record);
                }
                return RunState::fold(&records).ok_or(EngineError::NoSuchRun(run));
            }
            Err(StoreError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Undos that failed are tried again when a person takes the run up.
fn retry_failed_undos(dispatcher: &Dispatcher<'_>) -> Result<(), EngineError> {
    let failed: Vec<_> = dispatcher
        .state()
        .effects
        .iter()
        .filter(|(_, effect)| effect.status == EffectStatus::UndoFailed)
        .map(|(address, _)| address.clone())
        .collect();
    for effect in failed {
        let by = dispatcher.engine.who.by.clone();
        dispatcher.record(Event::Settled { effect, settlement: Settlement::Retry, by, reason: None })?;
    }
    Ok(())
}

/// Walks the plan, keeping the leases meanwhile, until it ends or a second interrupt stops it where it stands.
async fn see_through(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<RunState, EngineError> {
    dispatcher.catch_up()?;
    let walk = async {
        let outcome = match &plan.action {
            ActionKind::Release => release(dispatcher, plan).await?,
            ActionKind::Rollback { .. } => rollback(dispatcher, plan).await?,
        };
        dispatcher.record(Event::RunFinished { outcome })
    };
    let end = tokio::select! {
        biased;
        end = walk => end,
        error = dispatcher.keep_leases() => Err(error),
        () = dispatcher.engine.interrupt.reached(2) => Err(EngineError::Killed { run: dispatcher.run.clone() }),
    };
    dispatcher.abandon();
    end?;
    let state = dispatcher.state().clone();
    Ok(state)
}

/// Raises the release through its environments.
async fn release(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Outcome, EngineError> {
    // What cannot enter the first environment is not built for it.
    if let Some(failure) = first_refusal(dispatcher, plan)? {
        return Ok(Outcome::Refused { why: failure.message, kind: failure.kind });
    }
    let prepared = artifact::prepare(dispatcher, plan).await?;
    if let Err(failure) = prepared {
        return Ok(Outcome::Refused { why: failure.message, kind: failure.kind });
    }
    let fill = fill(dispatcher, plan);
    // A run that was interrupted on its way down goes on there, and not with what may have been taken back already.
    let has_failed = |wave: &Vec<Stage>| wave.iter().any(|stage| dispatcher.stage(&stage.environment).failed.is_some());
    let first = plan.waves.iter().position(has_failed).unwrap_or(0);
    for (at, wave) in plan.waves.iter().enumerate().skip(first) {
        let mut failed = Vec::new();
        let mut left = Vec::new();
        for (stage, end) in raise_wave(dispatcher, plan, wave, &fill).await? {
            match end {
                StageEnd::Released => {}
                StageEnd::Ended(end, failure) => failed.push((stage, end, failure)),
                StageEnd::Left(gates) => left.extend(gates),
            }
        }
        if !failed.is_empty() {
            return after_failure(dispatcher, plan, at, &failed, &fill).await;
        }
        if !left.is_empty() {
            return Err(EngineError::Waiting { run: dispatcher.run.clone(), gates: left });
        }
    }
    Ok(Outcome::Released)
}

/// Raises the stages of a wave together; those that share a lock, one after the other.
async fn raise_wave<'p>(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    wave: &'p [Stage],
    fill: &Fill,
) -> Result<Vec<(&'p Stage, StageEnd)>, EngineError> {
    let mut by_lock: IndexMap<&str, Vec<&Stage>> = IndexMap::new();
    for stage in wave {
        by_lock.entry(&stage.lock).or_default().push(stage);
    }
    let in_turn = |stages: Vec<&'p Stage>| async move {
        let mut ends = Vec::new();
        for stage in stages {
            ends.push((stage, stage::raise(dispatcher, plan, stage, fill).await?));
        }
        Ok(ends)
    };
    let ends: Vec<Result<Vec<_>, EngineError>> = join_all(by_lock.into_values().map(in_turn)).await;
    Ok(ends.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
}

/// Why the first wave cannot be entered at all, found before anything is built.
fn first_refusal(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Option<Failure>, EngineError> {
    if !dispatcher.state().stages.is_empty() {
        return Ok(None);
    }
    if let Some(why) = dispatcher.cancelled()? {
        return Ok(Some(order::cancelled(&why)));
    }
    let ledger = dispatcher.ledger()?;
    for stage in plan.waves.first().into_iter().flatten() {
        // The artifact may be yet to be built, and so what it has proved is asked when the stage is entered.
        let unproven = Stage { requires: Vec::new(), ..stage.clone() };
        let without_artifact = Plan { artifact: None, ..plan.clone() };
        if let Err(failure) = order::may_enter(dispatcher, &without_artifact, &unproven, &ledger)? {
            return Ok(Some(failure));
        }
    }
    Ok(None)
}

/// The outcome of a release in which stages of the wave `at` failed.
async fn after_failure(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    at: usize,
    failed: &[(&Stage, End, Failure)],
    fill: &Fill,
) -> Result<Outcome, EngineError> {
    let mut ends: Vec<(String, End)> =
        failed.iter().map(|(stage, end, _)| (stage.environment.clone(), end.clone())).collect();
    if plan.on_failure == OnFailure::Pipeline {
        for stage in plan.waves[..=at].iter().rev().flatten() {
            if dispatcher.stage(&stage.environment).released.is_some() {
                let end = stage::lower(dispatcher, plan, stage, fill).await?;
                ends.push((stage.environment.clone(), end));
            }
        }
    }
    let (_, _, failure) = &failed[0];
    Ok(outcome(&ends, failure))
}

/// What the ends of the stages come to: the worst of them.
fn outcome(ends: &[(String, End)], failure: &Failure) -> Outcome {
    let find = |is: fn(&End) -> bool| ends.iter().find(|(_, end)| is(end));
    if let Some((environment, End::Stranded { why })) = find(|end| matches!(end, End::Stranded { .. })) {
        return Outcome::Stranded { why: format!("{environment} is stranded: {why}") };
    }
    if let Some((environment, End::Held { why })) = find(|end| matches!(end, End::Held { .. })) {
        return Outcome::Stranded { why: format!("{environment} is held: {why}") };
    }
    if let Some((environment, End::LeftAsIs { why })) = find(|end| matches!(end, End::LeftAsIs { .. })) {
        return Outcome::Left { why: format!("{}; {environment} is left as it is: {why}", failure.message) };
    }
    let why = failure.message.clone();
    if ends.iter().all(|(_, end)| *end == End::Untouched) {
        Outcome::Refused { why, kind: failure.kind }
    } else {
        Outcome::Restored { why }
    }
}

/// Takes a release back out of an environment.
async fn rollback(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Outcome, EngineError> {
    let fill = fill(dispatcher, plan);
    for stage in plan.stages() {
        let known = dispatcher.stage(&stage.environment);
        if known.entered_at.is_none() {
            match stage::enter(dispatcher, plan, stage, &fill).await? {
                Entry::Entered => {}
                Entry::Left(gates) => {
                    return Err(EngineError::Waiting { run: dispatcher.run.clone(), gates });
                }
                Entry::Refused(_, failure) => {
                    return Ok(Outcome::Refused { why: failure.message, kind: failure.kind });
                }
            }
        }
        match stage::take_back(dispatcher, stage, &fill).await? {
            End::Restored | End::Untouched => {}
            End::Held { why } | End::Stranded { why } | End::LeftAsIs { why } => {
                return Ok(Outcome::Stranded { why: format!("{} is stranded: {why}", stage.environment) });
            }
        }
    }
    Ok(Outcome::RolledBack)
}

/// What the open places of the plan are filled with.
fn fill(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Fill {
    let state = dispatcher.state();
    let artifact = plan.artifact.as_ref().and_then(|artifact| {
        let stored = state.artifacts.get(&artifact.name).map(|stored| (stored.digest, stored.name.clone()));
        let built = || artifact.built.as_ref().map(|built| (built.digest, built.name.clone()));
        let (digest, name) = stored.or_else(built)?;
        Some((artifact.name.clone(), digest, name))
    });
    Fill { artifact, number: Some(state.number), ..Fill::default() }
}
