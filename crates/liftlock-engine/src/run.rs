//! A run from its first record to its last, or from where another process left it.

use futures_util::future::join_all;
use jiff::Timestamp;
use liftlock_journal::{
    Action, EffectStatus, End, Event, Failure, FailureKind, Guard, Ledger, Outcome, Query, RunState, Settlement, Store,
    StoreError,
};
use liftlock_names::{Digest, RunId};
use liftlock_plan::{ActionKind, OnFailure, Plan, Stage};

use crate::dispatcher::Dispatcher;
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
    let dispatcher = Dispatcher::new(engine, state);
    see_through(&dispatcher, start.plan).await
}

/// What is known of a run before it is taken up.
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
        let plan = serde_json::from_str(&state.plan).map_err(|error| unreadable(error.to_string()))?;
        Ok(Resumable { state, plan })
    }
}

/// Takes a run up where its records end.
///
/// # Errors
/// Where the run is over, or under way in a process that lives; otherwise as for [`start`].
pub async fn resume(engine: Engine<'_>, resumable: Resumable) -> Result<RunState, EngineError> {
    let Resumable { state, plan } = resumable;
    let run = state.run.clone();
    match &state.finished {
        Some(Outcome::Stranded { .. }) | None => {}
        Some(outcome) => return Err(EngineError::Finished { run, how: ended(outcome).to_owned() }),
    }
    if is_under_way(engine.store, &state, engine.who, engine.world.now())? {
        return Err(EngineError::UnderWay { run, host: state.host.clone(), process: state.process });
    }
    let dispatcher = Dispatcher::new(engine, state);
    let who = engine.who;
    dispatcher.record(Event::RunResumed { by: who.by.clone(), host: who.host.clone(), process: who.process })?;
    retry_failed_undos(&dispatcher)?;
    see_through(&dispatcher, &plan).await
}

/// The state of everything, from the journal.
pub fn ledger(engine: &Engine<'_>) -> Result<Ledger, EngineError> {
    Ok(Ledger::fold(&engine.store.read(&Query::default())?))
}

fn ended(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Released => "was released",
        Outcome::RolledBack => "went back",
        Outcome::Restored { .. } => "failed, and was undone",
        Outcome::Refused { .. } => "was refused",
        Outcome::Stranded { .. } => "needs a person",
    }
}

/// The lock that tells a run's living process from one that died.
fn run_lock(run: &RunId) -> String {
    format!("run {run}")
}

/// Whether a process works on a run at this moment, as far as can be told: one that was killed is noticed at once on its
/// own host, and elsewhere when its lease expires.
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
    if let Some(other) = dispatcher.take(&run_lock(&dispatcher.run))? {
        return Err(StoreError::LeaseLost { lock: other.lock }.into());
    }
    let walk = async {
        let outcome = match &plan.action {
            ActionKind::Release => release(dispatcher, plan).await?,
            ActionKind::Rollback { .. } => rollback(dispatcher, plan).await?,
        };
        dispatcher.record(Event::RunFinished { outcome })?;
        Ok(())
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
    if let Err(failure) = artifact::prepare(dispatcher, plan, &ledger(&dispatcher.engine)?).await? {
        return Ok(Outcome::Refused { why: failure.message, kind: failure.kind });
    }
    let fill = fill(dispatcher, plan);
    for (at, wave) in plan.waves.iter().enumerate() {
        let ends = join_all(wave.iter().map(|stage| stage::raise(dispatcher, plan, stage, &fill))).await;
        let mut failed = Vec::new();
        let mut left = Vec::new();
        for (stage, end) in wave.iter().zip(ends) {
            match end? {
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

/// Why the first wave cannot be entered at all, found before anything is built.
fn first_refusal(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Option<Failure>, EngineError> {
    if dispatcher.state().stages.values().any(|stage| stage.entered_at.is_some()) {
        return Ok(None);
    }
    if let Some(why) = dispatcher.cancelled()? {
        return Ok(Some(order::cancelled(&why)));
    }
    let ledger = ledger(&dispatcher.engine)?;
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
    let mut lowered = false;
    if plan.on_failure == OnFailure::Pipeline {
        for stage in plan.waves[..=at].iter().rev().flatten() {
            if dispatcher.stage(&stage.environment).released.is_some() {
                lowered = true;
                ends.push((stage.environment.clone(), stage::lower(dispatcher, stage, fill).await?));
            }
        }
    }
    let needs_a_person = |end: &End| matches!(end, End::Held { .. } | End::Stranded { .. });
    if let Some((environment, end)) = ends.iter().find(|(_, end)| needs_a_person(end)) {
        let why = match end {
            End::Held { why } => format!("{environment} is held: {why}"),
            End::Stranded { why } => format!("{environment} is stranded: {why}"),
            _ => environment.clone(),
        };
        return Ok(Outcome::Stranded { why });
    }
    let (_, _, failure) = &failed[0];
    let untouched = ends.iter().all(|(_, end)| *end == End::Untouched) && at == 0 && !lowered;
    Ok(if untouched || matches!(failure.kind, FailureKind::Order | FailureKind::Stale) {
        Outcome::Refused { why: failure.message.clone(), kind: failure.kind }
    } else {
        Outcome::Restored { why: failure.message.clone() }
    })
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
        match stage::lower(dispatcher, stage, &fill).await? {
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
