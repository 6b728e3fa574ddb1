//! Gates: what a release waits for in front of an environment.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::{Event, Failure, FailureKind, GateState, GateStatus, RunState};
use liftlock_names::Address;
use liftlock_plan::{Check, Gate, GateKind, Plan, Stage, WindowState, window_state};

use crate::dispatcher::{Dispatcher, POLL};
use crate::resolve::Fill;
use crate::{EngineError, check, order};

/// What a gate says now.
enum Answer {
    Open {
        why: String,
    },
    Wait {
        why: String,
        until: Option<Timestamp>,
    },
    Refuse {
        why: String,
    },
    /// Its check was broken off, because somebody asked for the end of the run.
    BrokenOff,
}

impl Answer {
    /// What the failure of a check comes to, where `why` is its message.
    fn of_failure(failure: &Failure, why: String) -> Answer {
        match failure.kind {
            FailureKind::Cancelled => Answer::BrokenOff,
            _ => Answer::Refuse { why },
        }
    }
}

/// How waiting in front of a stage ended.
pub enum Passage {
    Open,
    /// A gate refused for good.
    Refused(Address, Failure),
    /// A person or a signal asked for the end of the run.
    Cancelled(Failure),
    /// Some gates are closed, and nobody is to wait for them here: the run goes on when it is resumed.
    Left(Vec<(Address, String)>),
}

/// Waits until every gate of the stage is open at once.
pub async fn pass(dispatcher: &Dispatcher<'_>, plan: &Plan, stage: &Stage) -> Result<Passage, EngineError> {
    let mut soak = SoakClock::default();
    // Checks that passed since the last time that was waited for anything.
    let mut passed: HashSet<&Address> = HashSet::new();
    // Gates that this process has said it waits for; another may have said so before it.
    let mut told: HashSet<&Address> = HashSet::new();
    loop {
        dispatcher.catch_up()?;
        if let Some(why) = dispatcher.state().cancelled.clone() {
            return Ok(Passage::Cancelled(order::cancelled(&why)));
        }
        let mut closed = Vec::new();
        let mut wake: Option<Timestamp> = None;
        for gate in &stage.gates {
            if let GateKind::Approval { .. } = gate.kind {
                approve_as_told(dispatcher, gate)?;
            }
            let asked_before = matches!(status(dispatcher, &gate.address), Some(GateStatus::Open { .. }));
            if matches!(gate.kind, GateKind::Check(_)) && !asked_before {
                passed.insert(&gate.address);
            }
            match ask(dispatcher, plan, gate, &mut soak).await? {
                Answer::Open { why } => open(dispatcher, gate, why)?,
                Answer::Wait { why, until } => {
                    wait(dispatcher, gate, &why, until, told.insert(&gate.address))?;
                    wake = [wake, until].into_iter().flatten().min();
                    closed.push((gate.address.clone(), why));
                    // A later gate is asked for once the earlier ones are open: nobody is called to approve what a soak
                    // may still refuse.
                    break;
                }
                Answer::Refuse { why } => return refuse(dispatcher, gate, why),
                Answer::BrokenOff => return Ok(broken_off(dispatcher, gate)),
            }
        }
        if closed.is_empty() {
            // All are to be open at once: a check that passed before others were waited for is made again.
            for gate in stage.gates.iter().filter(|gate| !passed.contains(&gate.address)) {
                if let GateKind::Check(kind) = &gate.kind
                    && let Err(failure) = run_check(dispatcher, kind, &gate.address).await?
                {
                    return match failure.kind {
                        FailureKind::Cancelled => Ok(broken_off(dispatcher, gate)),
                        _ => refuse(dispatcher, gate, failure.message),
                    };
                }
            }
            dispatcher.catch_up()?;
            let refused = stage.gates.iter().find_map(|gate| match status(dispatcher, &gate.address) {
                Some(GateStatus::Refused { why }) => Some((gate, why)),
                _ => None,
            });
            return match refused {
                Some((gate, why)) => refuse(dispatcher, gate, why),
                None => Ok(Passage::Open),
            };
        }
        passed.clear();
        let is_short = |until: Timestamp| until.duration_since(dispatcher.engine.world.now()).as_secs() < 1;
        if !dispatcher.engine.wait && !wake.is_some_and(is_short) {
            return Ok(Passage::Left(closed));
        }
        if dispatcher.engine.interrupt.count() > 0 {
            return Ok(Passage::Left(closed));
        }
        tokio::select! {
            biased;
            () = dispatcher.engine.world.sleep(POLL) => {}
            () = dispatcher.engine.interrupt.reached(1) => {}
        }
    }
}

/// A request to cancel ends the run; a first interrupt leaves it in front of its gates.
fn broken_off(dispatcher: &Dispatcher<'_>, gate: &Gate) -> Passage {
    match &dispatcher.state().cancelled {
        Some(why) => Passage::Cancelled(order::cancelled(why)),
        None => Passage::Left(vec![(gate.address.clone(), "its check was broken off".to_owned())]),
    }
}

fn refuse(dispatcher: &Dispatcher<'_>, gate: &Gate, why: String) -> Result<Passage, EngineError> {
    dispatcher.record(Event::GateRefused { gate: gate.address.clone(), why: why.clone() })?;
    let failure = Failure { kind: FailureKind::Refused, message: why, tail: Vec::new() };
    Ok(Passage::Refused(gate.address.clone(), failure))
}

fn open(dispatcher: &Dispatcher<'_>, gate: &Gate, why: String) -> Result<(), EngineError> {
    let known = matches!(status(dispatcher, &gate.address), Some(GateStatus::Open { .. }));
    if known { Ok(()) } else { dispatcher.record(Event::GateOpened { gate: gate.address.clone(), why }) }
}

fn wait(
    dispatcher: &Dispatcher<'_>,
    gate: &Gate,
    why: &str,
    until: Option<Timestamp>,
    is_first: bool,
) -> Result<(), EngineError> {
    let same = match status(dispatcher, &gate.address) {
        Some(GateStatus::Waiting { why: known, .. }) => known == why,
        _ => false,
    };
    if same && !is_first {
        return Ok(());
    }
    let approval = matches!(gate.kind, GateKind::Approval { .. });
    dispatcher.record(Event::GateWaiting { gate: gate.address.clone(), why: why.to_owned(), until, approval })
}

fn status(dispatcher: &Dispatcher<'_>, gate: &Address) -> Option<GateStatus> {
    dispatcher.state().gates.get(gate).map(|state| state.status.clone())
}

async fn ask(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    gate: &Gate,
    soak: &mut SoakClock,
) -> Result<Answer, EngineError> {
    let now = dispatcher.engine.world.now();
    let state = dispatcher.state().gates.get(&gate.address).cloned();
    if let Some(GateState { status: GateStatus::Refused { why }, .. }) = &state {
        return Ok(Answer::Refuse { why: why.clone() });
    }
    match &gate.kind {
        GateKind::Approval { need, .. } => {
            let run = dispatcher.state();
            let given = valid_approvals(&run, gate, now);
            drop(run);
            let GateKind::Approval { group, .. } = &gate.kind else { return Ok(Answer::Open { why: String::new() }) };
            Ok(if *need > 0 && given.len() >= *need as usize {
                Answer::Open { why: format!("approved by {}", given.join(", ")) }
            } else {
                Answer::Wait { why: format!("{} of {need} approvals from {group}", given.len()), until: None }
            })
        }
        GateKind::Window { zone, allow, deny, .. } => Ok(match window_state(zone, allow, deny, now) {
            WindowState::Open => Answer::Open { why: "a release may start now".to_owned() },
            WindowState::Closed { why, opens } => Answer::Wait { why, until: opens },
        }),
        GateKind::Soak { environment, lasts_ms, every_ms, checks } => {
            let lasts = Duration::from_millis(*lasts_ms);
            let every = Duration::from_millis(*every_ms);
            soak.ask(dispatcher, plan, environment, lasts, every, checks).await
        }
        GateKind::Check(kind) => {
            if let Some(GateState { status: GateStatus::Open { why }, .. }) = state {
                return Ok(Answer::Open { why });
            }
            Ok(match run_check(dispatcher, kind, &gate.address).await? {
                Ok(seen) => Answer::Open { why: seen },
                Err(failure) => Answer::of_failure(&failure, failure.message.clone()),
            })
        }
    }
}

/// How long the release has stood in another environment, and when its health was last looked at.
#[derive(Default)]
struct SoakClock {
    looked: HashMap<String, Timestamp>,
}

impl SoakClock {
    async fn ask(
        &mut self,
        dispatcher: &Dispatcher<'_>,
        plan: &Plan,
        environment: &str,
        lasts: Duration,
        every: Duration,
        checks: &[Check],
    ) -> Result<Answer, EngineError> {
        let engine = dispatcher.engine;
        let Some(since) = standing_since(dispatcher, plan, environment)? else {
            return Ok(Answer::Refuse { why: format!("this release does not stand in {environment}") });
        };
        let now = engine.world.now();
        let until = later(since, lasts);
        let over = now >= until;
        let looked = self.looked.get(environment);
        // The last look is taken when the time is over; while anything else is waited for, health is still looked at.
        let due = looked.is_none_or(|looked| now >= later(*looked, every) || (over && *looked < until));
        if due {
            for check in checks {
                if let Err(failure) = run_check(dispatcher, &check.kind, &check.address).await? {
                    let why = format!("{environment} did not stay healthy: {}", failure.message);
                    return Ok(Answer::of_failure(&failure, why));
                }
            }
            self.looked.insert(environment.to_owned(), now);
        }
        Ok(if over {
            Answer::Open { why: format!("{environment} stayed healthy") }
        } else {
            Answer::Wait { why: format!("{environment} has to stay healthy for a while"), until: Some(until) }
        })
    }
}

/// Since when the release, by its digest, has stood in an environment.
fn standing_since(
    dispatcher: &Dispatcher<'_>,
    plan: &Plan,
    environment: &str,
) -> Result<Option<Timestamp>, EngineError> {
    let stage = dispatcher.stage(environment);
    if stage.released.is_some() {
        return Ok(stage.ended_at);
    }
    let digest = plan
        .artifact
        .as_ref()
        .and_then(|artifact| dispatcher.state().artifacts.get(artifact.name()).map(|stored| stored.digest));
    let Some(digest) = digest else { return Ok(None) };
    Ok(dispatcher.ledger()?.proven(environment, &digest))
}

/// Looks, unless somebody asks for the end of the run meanwhile.
async fn run_check(
    dispatcher: &Dispatcher<'_>,
    kind: &liftlock_plan::CheckKind,
    address: &Address,
) -> Result<Result<String, Failure>, EngineError> {
    check::look_unless_cancelled(dispatcher, kind, address, &Fill::default()).await
}

/// Whether an approval still wants somebody's word; it may be given before the run gets to the gate.
pub fn lacks_approvals(run: &RunState, gate: &Gate, now: Timestamp) -> bool {
    match &gate.kind {
        GateKind::Approval { need, .. } => valid_approvals(run, gate, now).len() < (*need).max(1) as usize,
        _ => false,
    }
}

/// The people whose approval counts now: of the group, for this very plan, not too old, each once.
fn valid_approvals(run: &RunState, gate: &Gate, now: Timestamp) -> Vec<String> {
    let Some(state) = run.gates.get(&gate.address) else { return Vec::new() };
    let GateKind::Approval { expires_ms, .. } = &gate.kind else { return Vec::new() };
    let lasts = Duration::from_millis(*expires_ms);
    state
        .approvals
        .iter()
        .filter(|approval| approval.plan_hash == run.plan_hash)
        .filter(|approval| later(approval.at, lasts) > now)
        .filter(|approval| may_approve(gate, &approval.by, &run.by).is_ok())
        .map(|approval| approval.by.clone())
        .collect()
}

/// Whether a person may approve at a gate of a run that `starter` began.
///
/// # Errors
/// Why not, in one clause.
pub fn may_approve(gate: &Gate, person: &str, starter: &str) -> Result<(), String> {
    let GateKind::Approval { group, members, own, .. } = &gate.kind else {
        return Err(format!("{} is no approval", gate.address));
    };
    if !members.iter().any(|member| member == person) {
        return Err(format!(
            "{person} is not of the group {group} ({}); say who approves with `--as`",
            members.join(", ")
        ));
    }
    if person == starter && !own {
        return Err(format!("{person} started this run, and somebody else has to approve it"));
    }
    Ok(())
}

/// `lasts` after `at`, or the end of time.
fn later(at: Timestamp, lasts: Duration) -> Timestamp {
    at.checked_add(lasts).unwrap_or(Timestamp::MAX)
}

/// Records the approval given on the command line that began the run, when its gate is reached.
fn approve_as_told(dispatcher: &Dispatcher<'_>, gate: &Gate) -> Result<(), EngineError> {
    let (told, by, plan_hash) = {
        let state = dispatcher.state();
        (state.approve.clone(), state.by.clone(), state.plan_hash)
    };
    let named = told.iter().any(|name| *name == gate.address.name() || *name == gate.address.to_string());
    let given = dispatcher
        .state()
        .gates
        .get(&gate.address)
        .is_some_and(|state| state.approvals.iter().any(|approval| approval.by == by));
    if named && !given && may_approve(gate, &by, &by).is_ok() {
        dispatcher.record(Event::ApprovalGiven { gate: gate.address.clone(), by, plan_hash, reason: None })?;
    }
    Ok(())
}
