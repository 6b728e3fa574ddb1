//! What somebody who lets a release go should have thought of, each with its reason; never a number that weighs them.
//!
//! Risks are no part of the plan: they follow from what was released before and from what time it is, and the same plan
//! stays the same plan while they change.

use indexmap::IndexMap;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use liftlock_journal::Ledger;
use liftlock_names::{Address, Digest};
use serde::Serialize;

use crate::document::{ActionKind, Change, Class, GateKind, Plan, Stage};
use crate::past::Past;

/// How many days ahead a freeze is close.
const CLOSE_DAYS: i32 = 3;
/// After how many days an undo counts as not rehearsed.
const REHEARSED_DAYS: i64 = 90;

/// One thing to think of, with what it rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "risk", rename_all = "kebab-case")]
pub enum Risk {
    /// Nothing takes it back.
    Irreversible { effect: Address, why: String },
    /// There are points at which a failure does not bring the environment back.
    NotRestored { environment: String, points: usize },
    /// The version was released as another artifact. Where none is built yet, it is refused unless the build comes out as
    /// exactly that.
    OtherArtifact { version: String, released: Digest, built: Option<Digest> },
    /// Nobody can tell what it changes.
    Unknown { effect: Address, why: String },
    /// More than half as many effects again as the release before changed there.
    Larger { environment: String, changes: usize, before: usize, release: u64 },
    /// There never was a release.
    FirstRelease { environments: Vec<String> },
    /// Effects, without their environment, that the release before did not have.
    FirstTime { environments: Vec<String>, effects: Vec<String> },
    /// What does not come to its end before the freeze has to wait until it is over.
    FreezeAhead { gate: Address, from: Date, to: Date, reason: String },
    /// They are entered at the same time, so that none shows what the others would suffer.
    Together { environments: Vec<String> },
    /// Protected environments where no undo was seen to work for long, or ever.
    NotRehearsed { environment: String, last: Option<Timestamp> },
    /// Environments that want a drill of the pipeline within a time, and there was none, or none that went well. `last` is
    /// the newest that did.
    DrillStale { environment: String, within_ms: u64, last: Option<Timestamp> },
}

/// What there is to think of before the plan is run at `now`, gravest first. A way back has fewer: it has been gone up.
pub fn risks(plan: &Plan, ledger: &Ledger, past: &Past<'_>, now: Timestamp) -> Vec<Risk> {
    let mut risks = Vec::new();
    let is_release = plan.action == ActionKind::Release;
    if is_release {
        risks.extend(irreversible(plan));
        risks.extend(not_restored(plan));
        risks.extend(other_artifact(plan, ledger));
    }
    risks.extend(unknown(plan));
    if is_release {
        risks.extend(larger(plan, ledger));
        risks.extend(first_release(plan, ledger));
        risks.extend(first_time(plan, past));
        risks.extend(plan.gates().filter_map(|gate| freeze_ahead(&gate.address, &gate.kind, now)));
        risks.extend(together(plan));
        risks.extend(plan.stages().filter_map(|stage| not_rehearsed(plan, stage, ledger, now)));
        risks.extend(plan.stages().filter_map(|stage| drill_stale(plan, stage, ledger, now)));
    }
    risks
}

fn irreversible(plan: &Plan) -> impl Iterator<Item = Risk> {
    let effects = plan.stages().flat_map(Stage::effects).filter(|effect| !effect.change.is_none());
    effects.filter_map(|effect| match &effect.class {
        Class::Irreversible { why } => Some(Risk::Irreversible { effect: effect.address.clone(), why: why.clone() }),
        _ => None,
    })
}

fn not_restored(plan: &Plan) -> impl Iterator<Item = Risk> {
    let stages = plan.stages().filter(|stage| stage.coverage.restored < stage.coverage.total);
    stages.map(|stage| Risk::NotRestored {
        environment: stage.environment.clone(),
        points: stage.coverage.total - stage.coverage.restored,
    })
}

fn other_artifact(plan: &Plan, ledger: &Ledger) -> Option<Risk> {
    let artifact = plan.artifact.as_ref()?;
    let version = artifact.version();
    let released = ledger.released_as(&plan.pipeline, version)?;
    let built = artifact.digest();
    (built != Some(released)).then(|| Risk::OtherArtifact { version: version.to_owned(), released, built })
}

fn unknown(plan: &Plan) -> impl Iterator<Item = Risk> {
    plan.stages().flat_map(Stage::effects).filter_map(|effect| match &effect.change {
        Change::Unknown { why, .. } => Some(Risk::Unknown { effect: effect.address.clone(), why: why.clone() }),
        _ => None,
    })
}

fn larger<'p>(plan: &'p Plan, ledger: &'p Ledger) -> impl Iterator<Item = Risk> + 'p {
    plan.stages().filter(|_| plan.observed).filter_map(|stage| {
        let release = stage.previous.as_ref()?;
        let known = ledger.environment(&plan.pipeline, &stage.environment)?;
        let released = known.history.iter().rev().find(|released| released.release == *release)?;
        let before = released.finished;
        let changes = stage.effects().iter().filter(|effect| !effect.change.is_none()).count();
        (before > 0 && changes * 2 > before * 3).then(|| Risk::Larger {
            environment: stage.environment.clone(),
            changes,
            before,
            release: release.number,
        })
    })
}

fn first_release(plan: &Plan, ledger: &Ledger) -> Option<Risk> {
    let never = |stage: &&Stage| {
        let known = ledger.environment(&plan.pipeline, &stage.environment);
        stage.previous.is_none() && known.is_none_or(|known| known.history.is_empty())
    };
    let environments: Vec<String> = plan.stages().filter(never).map(|stage| stage.environment.clone()).collect();
    (!environments.is_empty()).then_some(Risk::FirstRelease { environments })
}

/// Environments with the same news are named together.
fn first_time(plan: &Plan, past: &Past<'_>) -> Vec<Risk> {
    let mut news: IndexMap<Vec<String>, Vec<String>> = IndexMap::new();
    for stage in plan.stages() {
        let Some(previous) = &stage.previous else { continue };
        let planned = past.planned(&previous.run);
        let Some(before) = planned.as_ref().and_then(|planned| planned.stage(&stage.environment)) else { continue };
        let mut changing = stage.effects();
        changing.retain(|effect| !effect.change.is_none());
        if changing.is_empty() {
            continue;
        }
        let known = before.effects();
        let new = changing.iter().map(|effect| &effect.address);
        let new = new.filter(|address| !known.contains(&(address.part, address.path.as_slice())));
        let new: Vec<String> = new.map(|address| address.within_stage()).collect();
        if !new.is_empty() {
            news.entry(new).or_default().push(stage.environment.clone());
        }
    }
    news.into_iter().map(|(effects, environments)| Risk::FirstTime { environments, effects }).collect()
}

/// A freeze that has begun closes the gate, and is no risk any more.
fn freeze_ahead(gate: &Address, kind: &GateKind, now: Timestamp) -> Option<Risk> {
    let GateKind::Window { zone, deny, .. } = kind else { return None };
    let today = now.to_zoned_datetime(TimeZone::get(zone).ok()?).date();
    let days = |from: Date| today.until(from).ok().map(|span| span.get_days());
    let close = deny.iter().filter(|freeze| days(freeze.from).is_some_and(|days| (1..=CLOSE_DAYS).contains(&days)));
    let freeze = close.min_by_key(|freeze| freeze.from)?;
    let (from, to, reason) = (freeze.from, freeze.to, freeze.reason.clone());
    Some(Risk::FreezeAhead { gate: gate.clone(), from, to, reason })
}

fn together(plan: &Plan) -> impl Iterator<Item = Risk> {
    let changes = |stage: &&Stage| !plan.observed || stage.changes();
    plan.waves.iter().filter_map(move |wave| {
        let environments: Vec<String> = wave.iter().filter(changes).map(|stage| stage.environment.clone()).collect();
        (environments.len() > 1).then_some(Risk::Together { environments })
    })
}

fn not_rehearsed(plan: &Plan, stage: &Stage, ledger: &Ledger, now: Timestamp) -> Option<Risk> {
    let known = ledger.environment(&plan.pipeline, &stage.environment)?;
    if !stage.protected || known.history.is_empty() || (plan.observed && !stage.changes()) {
        return None;
    }
    let is_fresh = |at: Timestamp| now.duration_since(at).as_hours() < REHEARSED_DAYS * 24;
    let last = known.restored;
    (!last.is_some_and(is_fresh)).then(|| Risk::NotRehearsed { environment: stage.environment.clone(), last })
}

/// Whatever environment it took place in: the body is the same.
fn drill_stale(plan: &Plan, stage: &Stage, ledger: &Ledger, now: Timestamp) -> Option<Risk> {
    let within_ms = stage.drill_within_ms?;
    let own = ledger.environments.iter().filter(|((pipeline, _), _)| *pipeline == plan.pipeline);
    let good = own.filter_map(|(_, state)| state.drill.as_ref()).filter(|(_, drill)| drill.is_good());
    let last = good.map(|(at, _)| *at).max();
    let is_fresh = |at: Timestamp| now.duration_since(at).as_millis() <= i128::from(within_ms);
    let environment = stage.environment.clone();
    (!last.is_some_and(is_fresh)).then_some(Risk::DrillStale { environment, within_ms, last })
}
