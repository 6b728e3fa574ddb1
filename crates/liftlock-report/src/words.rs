//! What a record means, in one short sentence: the same for a run that is watched, replayed or looked at later.

use liftlock_journal::{Action, End, Event, Failure, Outcome, Record, Settlement, State, Way};
use liftlock_names::{Address, ReleaseRef, RunId};
use liftlock_plan::{ActionKind, Effect, EffectKind, Gate, GateKind, Node, Plan, Retry, checks_in};

use crate::plain::plain;
use crate::plan::gates::{by_hand, check_sentence};
use crate::style::{Style, Tone};
use crate::units::{release, short_release, size, took, versioned};

/// A record, said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said<'a> {
    /// What it is about.
    pub of: Subject<'a>,
    /// [`Tone::Quiet`] where it is worth no line while a run is watched.
    pub tone: Tone,
    /// One clause, safe to show.
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject<'a> {
    Run,
    Environment(&'a str),
    At(&'a Address),
}

impl<'a> Subject<'a> {
    /// The environment and what it is within it, as they are shown; empty where there is none.
    pub fn columns(self) -> (String, String) {
        match self {
            Subject::Run => (String::new(), String::new()),
            Subject::Environment(environment) => (plain(environment).into_owned(), String::new()),
            Subject::At(address) if address.is_of_run() => (String::new(), plain(&address.within_stage()).into_owned()),
            Subject::At(address) => {
                (plain(&address.environment).into_owned(), plain(&address.within_stage()).into_owned())
            }
        }
    }

    pub fn environment(self) -> Option<&'a str> {
        match self {
            Subject::Run => None,
            Subject::Environment(environment) => Some(environment),
            Subject::At(address) if address.is_of_run() => None,
            Subject::At(address) => Some(&address.environment),
        }
    }
}

/// Says what a record means. With the plan of its run it says more: which gates are approvals, what a stage goes back to.
pub fn say<'a>(record: &'a Record, plan: Option<&Plan>, style: &Style) -> Said<'a> {
    let run = |tone, text| Said { of: Subject::Run, tone, text };
    let stage = |environment: &'a str, tone, text| Said { of: Subject::Environment(environment), tone, text };
    let at = |address: &'a Address, tone, text| Said { of: Subject::At(address), tone, text };
    match &record.event {
        Event::RunStarted { .. } => run(Tone::Strong, started(record, plan)),
        Event::RunResumed { by, host, .. } => {
            run(Tone::Strong, format!("taken up again by {} on {}", plain(by), plain(host)))
        }
        Event::ArtifactReady { version, digest, name, bytes, built, artifact, .. } => {
            let how = if *built { "built" } else { "taken from the store, its sources are unchanged" };
            let what = versioned(artifact, version);
            let digest = Style::digest(digest);
            run(Tone::Good, format!("artifact {what} {how}: {}, {}, {digest}", plain(name), size(*bytes)))
        }
        Event::ImageReady { version, image, sources, built, artifact, .. } => {
            let how = match (built, sources) {
                (true, _) => "built",
                (false, Some(_)) => "built before, its sources are unchanged",
                (false, None) => "is this image",
            };
            run(Tone::Good, format!("artifact {} {how}: {}", versioned(artifact, version), plain(image)))
        }
        Event::ArtifactFailed { artifact, failure } => {
            run(Tone::Bad, format!("artifact {} FAILED: {}", plain(artifact), plain(&failure.message)))
        }
        Event::LeaseTaken { lock, .. } => run(Tone::Quiet, format!("holds the lock `{}`", plain(lock))),
        Event::LeaseReleased { lock, .. } => run(Tone::Quiet, format!("gave back the lock `{}`", plain(lock))),
        Event::StageEntered { environment, replaces } => {
            stage(environment, Tone::Strong, entered(replaces.as_ref(), plan))
        }
        Event::GateWaiting { gate, why, until, .. } => {
            let mut text = format!("waiting: {}", plain(why));
            if let Some(until) = until {
                // Nobody needs the day of what is near, and of what is far nobody needs the seconds.
                let is_near = until.duration_since(record.at).as_hours() < 12;
                let until = if is_near { style.time(*until) } else { style.day_time(*until) };
                text.push_str(&format!("; until {until} at the earliest"));
            }
            if plan.and_then(|plan| gate_of(plan, gate)).is_some_and(is_approval) {
                text.push_str(&format!("; approve with: {}", approve_command(&record.run, gate, plan)));
            }
            at(gate, Tone::Attention, text)
        }
        Event::GateOpened { gate, why } => at(gate, Tone::Good, with_reason("open", why)),
        Event::GateRefused { gate, why } => at(gate, Tone::Bad, with_reason("REFUSED", why)),
        Event::ApprovalGiven { gate, by, reason, .. } => {
            at(gate, Tone::Good, by_whom("approved", by, reason.as_deref()))
        }
        Event::ApprovalRejected { gate, by, reason } => at(gate, Tone::Bad, by_whom("REJECTED", by, reason.as_deref())),
        Event::EffectStarted { effect, attempt, .. } => {
            let text = match (tries(plan, effect), *attempt) {
                (_, 1) => "started".to_owned(),
                (Some(tries), attempt) if attempt <= tries => format!("started again, try {attempt} of {tries}"),
                (_, attempt) => format!("started again, attempt {attempt}"),
            };
            at(effect, program_tone(plan, effect), text)
        }
        Event::EffectInPlace { effect, .. } => at(effect, Tone::Plain, "in place already".to_owned()),
        Event::EffectNotNeeded { effect } => {
            at(effect, Tone::Plain, "not needed: nothing that it takes notice of has changed".to_owned())
        }
        Event::EffectFinished { effect, took_ms, .. } => at(effect, Tone::Good, format!("done in {}", took(*took_ms))),
        Event::EffectFailed { effect, failure, took_ms, retry_ms: Some(wait), .. } => {
            let text = format!("{}; tried again in {}", failed("failed", failure, *took_ms), took(*wait));
            at(effect, Tone::Attention, text)
        }
        Event::EffectFailed { effect, failure, took_ms, retry_ms: None, .. } => {
            at(effect, Tone::Bad, failed("FAILED", failure, *took_ms))
        }
        Event::ManualWaiting { effect, way } => {
            let command = confirm_command(&record.run, effect);
            at(effect, Tone::Attention, format!("waiting for {}; confirm with: {command}", asked(plan, effect, *way)))
        }
        Event::ManualConfirmed { effect, way, by, failed } => match (failed, way) {
            (Some(why), _) => at(effect, Tone::Bad, format!("FAILED, says {}: {}", plain(by), plain(why))),
            (None, Way::Up) => at(effect, Tone::Good, format!("is done, says {}", plain(by))),
            (None, Way::Down) => at(effect, Tone::Good, format!("is taken back, says {}", plain(by))),
        },
        Event::NoticeFailed { effect, failure, took_ms } => {
            at(effect, Tone::Attention, failed("NOT SENT", failure, *took_ms))
        }
        Event::CheckStarted { check } => at(check, Tone::Plain, checking(plan, check)),
        Event::CheckPassed { check, detail, .. } => at(check, Tone::Good, with_reason("passed", detail)),
        Event::CheckFailed { check, failure, took_ms } => at(check, Tone::Bad, failed("FAILED", failure, *took_ms)),
        Event::StageLowering { environment } => {
            stage(environment, Tone::Strong, "is taken back with the rest of the release".to_owned())
        }
        Event::StageReleased { environment, release: released } => {
            stage(environment, Tone::Good, format!("released: runs {} now", release(released)))
        }
        Event::StageFailed { environment, at, failure } => {
            let at = at.as_ref().map(|at| format!(" at {}", plain(&at.within_stage()))).unwrap_or_default();
            stage(environment, Tone::Bad, format!("FAILED{at}: {}", plain(&failure.message)))
        }
        Event::UndoStarted { effect } => at(effect, program_tone(plan, effect), "being undone".to_owned()),
        Event::UndoFinished { effect, state, took_ms } => {
            let how = if let State::Unobserved = state { ", not observed" } else { "" };
            at(effect, Tone::Good, format!("undone in {}{how}", took(*took_ms)))
        }
        Event::UndoFailed { effect, failure, took_ms } => {
            at(effect, Tone::Bad, failed("UNDO FAILED", failure, *took_ms))
        }
        Event::StageEnded { environment, end } => {
            let (tone, text) = ended(environment, end, plan);
            stage(environment, tone, text)
        }
        Event::Settled { effect, settlement, by, reason } => {
            let what = match settlement {
                Settlement::Done => "taken as done, on the word",
                Settlement::Undone => "taken as undone, on the word",
                Settlement::Retry => "to be tried again, on the word",
            };
            at(effect, Tone::Attention, format!("{what} of {}{}", plain(by), because(reason.as_deref())))
        }
        Event::CancelRequested { by, reason } => run(
            Tone::Attention,
            format!("{}; stopping at the next safe point", by_whom("asked to stop", by, reason.as_deref())),
        ),
        Event::RunFinished { outcome } => {
            let (tone, text) = self::outcome(outcome);
            run(tone, text)
        }
        Event::ReadOnlyChanged { effect, differs } => {
            let seen: Vec<String> =
                differs.iter().map(|differs| plain(&differs.at.within_stage()).into_owned()).collect();
            at(effect, Tone::Bad, format!("only reads, it says, and what is observed at {} changed", seen.join(", ")))
        }
        Event::DrillFinished { drill } => {
            let (tone, text) = crate::drill::verdict(drill);
            run(tone, format!("the drill of {} is over: {text}", plain(&drill.environment)))
        }
    }
}

/// How a run ended, in words that need no plan.
pub fn outcome(outcome: &Outcome) -> (Tone, String) {
    match outcome {
        Outcome::Released => (Tone::Good, "released".to_owned()),
        Outcome::RolledBack => (Tone::Good, "rolled back".to_owned()),
        Outcome::Restored { why } => (Tone::Bad, with_reason("failed and restored", why)),
        Outcome::Left { why } => (Tone::Bad, with_reason("failed and left as it is", why)),
        Outcome::Refused { why, .. } => (Tone::Bad, with_reason("refused", why)),
        Outcome::Stranded { why } => (Tone::Bad, with_reason("A PERSON IS NEEDED", why)),
    }
}

/// The command that approves at a gate: by its name, or by its whole address where two gates have the name.
pub(crate) fn approve_command(run: &RunId, gate: &Address, plan: Option<&Plan>) -> String {
    let alike = |plan: &Plan| plan.gates().filter(|other| other.address.name() == gate.name()).count();
    let name = if plan.is_some_and(|plan| alike(plan) > 1) { gate.to_string() } else { gate.name().to_owned() };
    format!("liftlock approve {run} {} --as YOU", plain(&name))
}

/// The command by which a person says that an effect is done or taken back.
pub(crate) fn confirm_command(run: &RunId, effect: &Address) -> String {
    format!("liftlock confirm {run} {} --as YOU", plain(&effect.to_string()))
}

/// What a person is asked to do.
fn asked(plan: Option<&Plan>, address: &Address, way: Way) -> String {
    match effect_of(plan, address).map(|effect| &effect.kind) {
        Some(EffectKind::Manual { undo: Some(undo), .. }) if way == Way::Down => by_hand(undo),
        Some(EffectKind::Manual { instructions, .. }) => by_hand(instructions),
        _ => "a person".to_owned(),
    }
}

fn effect_of<'p>(plan: Option<&'p Plan>, address: &Address) -> Option<&'p Effect> {
    plan.and_then(|plan| plan.stage(&address.environment)).and_then(|stage| effect_in(&stage.body, address))
}

pub(crate) fn gate_of<'p>(plan: &'p Plan, address: &Address) -> Option<&'p Gate> {
    plan.gates().find(|gate| gate.address == *address)
}

pub(crate) fn is_approval(gate: &Gate) -> bool {
    matches!(gate.kind, GateKind::Approval { .. })
}

fn started(record: &Record, plan: Option<&Plan>) -> String {
    let Event::RunStarted { pipeline, action, version, number, plan_hash, by, host, .. } = &record.event else {
        return String::new();
    };
    let number = match plan.map(|plan| &plan.action) {
        Some(ActionKind::Rollback { number, .. }) => number,
        _ => number,
    };
    let what = versioned(pipeline, version);
    let what = match action {
        Action::Release => format!("{what}, release {number}"),
        Action::Rollback { environment, .. } => {
            format!("taking back {what}, release {number}, in {}", plain(environment))
        }
        Action::Drill { environment, fault } => {
            format!("drill of {} with {what}, {}", plain(environment), crate::drill::fault(fault))
        }
    };
    let (by, host) = (plain(by), plain(host));
    format!("{what}: run {}, started by {by} on {host}, plan {}", record.run, plan_hash.short())
}

fn entered(replaces: Option<&ReleaseRef>, plan: Option<&Plan>) -> String {
    let is_rollback = plan.is_some_and(|plan| matches!(plan.action, ActionKind::Rollback { .. }));
    match replaces {
        _ if is_rollback => "entered, to take back its release".to_owned(),
        Some(previous) => format!("entered, in place of {}", short_release(previous)),
        None => "entered, for its first release".to_owned(),
    }
}

fn ended(environment: &str, end: &End, plan: Option<&Plan>) -> (Tone, String) {
    let previous = match plan {
        Some(plan) if !matches!(plan.action, ActionKind::Rollback { .. }) => {
            plan.stage(environment).and_then(|stage| stage.previous.as_ref())
        }
        _ => None,
    };
    match end {
        End::Restored => {
            let to = previous.map(|previous| format!(" to {}", short_release(previous))).unwrap_or_default();
            (Tone::Good, format!("restored{to}: all that is observed is as it was before"))
        }
        End::Untouched => (Tone::Plain, "untouched: nothing had been changed".to_owned()),
        End::Held { why } => (Tone::Bad, with_reason("HELD, a person is needed", why)),
        End::Stranded { why } => (Tone::Bad, with_reason("STRANDED, a person is needed", why)),
        End::LeftAsIs { why } => (Tone::Attention, with_reason("left as it was when it failed", why)),
    }
}

fn failed(what: &str, failure: &Failure, took_ms: u64) -> String {
    match took_ms {
        0 => format!("{what}: {}", plain(&failure.message)),
        _ => format!("{what} after {}: {}", took(took_ms), plain(&failure.message)),
    }
}

fn with_reason(what: &str, why: &str) -> String {
    if why.is_empty() { what.to_owned() } else { format!("{what}: {}", plain(why)) }
}

fn by_whom(what: &str, by: &str, reason: Option<&str>) -> String {
    format!("{what} by {}{}", plain(by), because(reason))
}

fn because(reason: Option<&str>) -> String {
    reason.map(|reason| format!(": {}", plain(reason))).unwrap_or_default()
}

/// What a check in a body looks for, while it does.
fn checking(plan: Option<&Plan>, address: &Address) -> String {
    let stage = plan.and_then(|plan| plan.stage(&address.environment));
    let check = stage.and_then(|stage| checks_in(&stage.body).into_iter().find(|check| check.address == *address));
    check.map_or_else(|| "checking".to_owned(), |check| format!("checking: {}", check_sentence(&check.kind)))
}

/// A program's beginning is worth a line, since it may take long; that of a file or a link is not.
fn program_tone(plan: Option<&Plan>, address: &Address) -> Tone {
    match effect_of(plan, address).map(|effect| &effect.kind) {
        Some(EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. }) => Tone::Quiet,
        // What a person is asked for says more.
        Some(EffectKind::Manual { .. }) => Tone::Quiet,
        Some(EffectKind::Step(_) | EffectKind::Refresh { .. } | EffectKind::Notify { .. } | EffectKind::Http(_))
        | None => Tone::Plain,
    }
}

/// How often an effect is tried at most, where that is more than once.
fn tries(plan: Option<&Plan>, address: &Address) -> Option<u32> {
    let effect = plan?.stage(&address.environment).and_then(|stage| effect_in(&stage.body, address))?;
    match &effect.kind {
        EffectKind::Step(step) => step.retry.as_ref().map(Retry::tries),
        _ => None,
    }
}

/// The effect, those of `rollback { … }` blocks too.
fn effect_in<'p>(nodes: &'p [Node], address: &Address) -> Option<&'p Effect> {
    nodes.iter().find_map(|node| match node {
        Node::Effect(effect) => (effect.address == *address).then_some(&**effect),
        Node::Check(_) => None,
        Node::Parallel { body, .. } => effect_in(body, address),
        Node::Phase { body, rollback, .. } => {
            effect_in(body, address).or_else(|| rollback.iter().flatten().find(|effect| effect.address == *address))
        }
    })
}
