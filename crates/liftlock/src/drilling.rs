//! The rounds of a drill, one after the other, and what they show.

use std::collections::HashSet;

use indexmap::IndexMap;
use liftlock_engine::{Engine, Interrupt, Sight, Start, View, conclude_drill, start};
use liftlock_journal::{
    DRILL_FORMAT, Differs, Drill, DrillResult, Drilled, Event, Failure, FailureKind, Fault, FaultKind, Outcome, Record,
    RunState, State,
};
use liftlock_names::{Address, RunId};
use liftlock_plan::{Class, Rehearsal, Stage};

use crate::cli::{Options, Output};
use crate::exit::{Exit, Problem};
use crate::session::{Opened, Session, runtime};
use crate::{signals, terminal};

/// Runs every round until one leaves the environment as it should not be, and puts on record what they have shown, behind the
/// last of them.
pub fn drill(session: &Session<'_>, opened: &Opened, rehearsal: &Rehearsal) -> Result<(RunId, Drill), Problem> {
    let stage = rehearsal.stage().ok_or_else(|| Problem::failed("the drill has no environment"))?;
    let (view, interrupt) = (RoundView { options: session.options }, Interrupt::default());
    let engine = opened.engine(&view, &interrupt, true);
    runtime()?.block_on(async {
        tokio::select! {
            end = rounds(session.options, &engine, rehearsal, stage) => end,
            () = signals::watch(&interrupt) => unreachable!("signals are watched for ever"),
        }
    })
}

async fn rounds(
    options: &Options,
    engine: &Engine<'_>,
    rehearsal: &Rehearsal,
    stage: &Stage,
) -> Result<(RunId, Drill), Problem> {
    let started_at = engine.world.now();
    let before = Sight::of(engine, stage).await;
    let mut results: IndexMap<Address, DrillResult> = IndexMap::new();
    let mut broken = None;
    let (mut run, mut done) = (None, 0);
    for fault in &rehearsal.faults {
        // What fails by itself would only do so again.
        if matches!(results.get(&fault.effect), Some(DrillResult::NotReached { .. })) {
            continue;
        }
        done += 1;
        terminal::tell(options, &liftlock_report::drill::round(done, rehearsal.faults.len(), fault));
        let plan = rehearsal.round(fault);
        let state = start(*engine, Start { plan: &plan, approve: Vec::new() }).await?;
        refuse_unfinished(&state, &rehearsal.environment, engine.interrupt)?;
        let after = Sight::of(engine, stage).await;
        let result = judge(engine, stage, fault, &state, &before, &after)?;
        let is_bad = result.is_bad();
        worsen(&mut results, &fault.effect, result);
        run = Some(state.run);
        if is_bad {
            broken = Some(fault.effect.within_stage());
            break;
        }
    }
    let run = run.ok_or_else(|| Problem::failed("there is nothing to drill"))?;
    let drill = Drill {
        format: DRILL_FORMAT,
        pipeline: rehearsal.plan.pipeline.clone(),
        environment: rehearsal.environment.clone(),
        version: rehearsal.plan.version.clone(),
        by: engine.who.by.clone(),
        started_at,
        rounds: done,
        effects: all(rehearsal, stage, results, broken.as_deref()),
    };
    let drill = conclude_drill(engine, &run, drill)?;
    Ok((run, drill))
}

/// A round that was not gone to its end shows nothing, and neither do those that would follow. One that entered and then
/// began nothing shows that the release fails by itself.
fn refuse_unfinished(state: &RunState, environment: &str, interrupt: &Interrupt) -> Result<(), Problem> {
    let shown = "nothing of the drill is on record but its rounds";
    let was_entered = state.stages.get(environment).is_some_and(|stage| stage.entered_at.is_some());
    match &state.finished {
        Some(outcome @ (Outcome::Refused { why, .. } | Outcome::Left { why }))
            if !was_entered || matches!(outcome, Outcome::Left { .. }) =>
        {
            Err(Problem::new(Exit::of(outcome), format!("the drill was refused: {why}")).with_help(shown))
        }
        Some(Outcome::Stranded { .. }) => Ok(()),
        _ if interrupt.count() > 0 || state.cancelled.is_some() => {
            Err(Problem::failed("the drill was stopped, and its last round undone").with_help(shown))
        }
        _ => Ok(()),
    }
}

/// What a round shows of the effect that was made to fail in it.
fn judge(
    engine: &Engine<'_>,
    stage: &Stage,
    fault: &Fault,
    state: &RunState,
    before: &Sight,
    after: &Sight,
) -> Result<DrillResult, Problem> {
    let run = state.run.clone();
    let differs = before.differs(after, engine.mask);
    if let Some(Outcome::Stranded { why }) = &state.finished {
        return Ok(DrillResult::NotRestored { run, why: why.clone(), differs });
    }
    if let Some(first) = differs.first() {
        let why = format!("{} is not what it was", first.at.within_stage());
        return Ok(DrillResult::NotRestored { run, why, differs });
    }
    if let Some(why) = missed(fault, state) {
        return Ok(DrillResult::NotReached { run, why });
    }
    let query = liftlock_journal::Query { run: Some(run.clone()), ..Default::default() };
    let records = engine.store.read(&query)?;
    let changed = changed_by_reading(&records, &fault.effect);
    if !changed.is_empty() {
        return Ok(DrillResult::Changed { run, differs: changed });
    }
    let effect = stage.effects().into_iter().find(|effect| effect.address == fault.effect);
    if effect.is_some_and(|effect| effect.class == Class::ReadOnly) {
        return Ok(DrillResult::OnlyRead);
    }
    // What needs a secret is observed by the run alone.
    let seen_by_run = state.effects.get(&fault.effect).and_then(|effect| effect.before.as_ref());
    let is_seen = seen_by_run.is_some_and(State::is_told);
    // What looks the same before the effect and behind it cannot tell whether its undo has done anything.
    let is_blind = seen_by_run.is_some_and(|before| found_behind(&records, &fault.effect) == Some(before));
    let proven = !is_blind && (is_seen || before.tells(&fault.effect));
    Ok(if proven { DrillResult::Proven } else { DrillResult::Unobserved })
}

/// Why the round did not show what it should: it ended somewhere else, or in another way.
fn missed(fault: &Fault, state: &RunState) -> Option<String> {
    let stage = state.stages.get(&fault.effect.environment)?;
    let Some((at, Failure { kind, message, .. })) = &stage.failed else {
        return Some("the round did not fail".to_owned());
    };
    let is_in_place = || {
        use liftlock_journal::EffectStatus::{InPlace, NotNeeded};
        state.effects.get(&fault.effect).is_some_and(|effect| matches!(effect.status, InPlace | NotNeeded))
    };
    match (fault.fault, kind) {
        _ if is_in_place() => Some("it was in place already when it was its turn".to_owned()),
        (FaultKind::Failure, FailureKind::Drill) => None,
        (FaultKind::Interrupt, FailureKind::Cancelled) => None,
        _ => match at {
            Some(at) if *at != fault.effect => Some(format!("{} failed by itself: {message}", at.within_stage())),
            _ => Some(format!("it failed by itself: {message}")),
        },
    }
}

fn changed_by_reading(records: &[Record], effect: &Address) -> Vec<Differs> {
    let changed = records.iter().filter_map(|record| match &record.event {
        Event::ReadOnlyChanged { effect: reader, differs } if reader == effect => Some(differs),
        _ => None,
    });
    changed.flatten().cloned().collect()
}

/// What was observed when the effect had ended well, and before it was undone. One that is declared failed has no such record.
fn found_behind<'r>(records: &'r [Record], effect: &Address) -> Option<&'r State> {
    records.iter().rev().find_map(|record| match &record.event {
        Event::EffectFinished { effect: finished, after, .. } if finished == effect => Some(after),
        _ => None,
    })
}

/// Of what several rounds show of an effect, the worst counts.
fn worsen(results: &mut IndexMap<Address, DrillResult>, effect: &Address, result: DrillResult) {
    let weight = |result: &DrillResult| match result {
        DrillResult::Proven | DrillResult::OnlyRead => 0,
        DrillResult::Unobserved => 1,
        DrillResult::NotDrilled { .. } => 2,
        DrillResult::NotReached { .. } => 3,
        DrillResult::Changed { .. } => 4,
        DrillResult::NotRestored { .. } => 5,
    };
    match results.get_mut(effect) {
        Some(known) if weight(known) >= weight(&result) => {}
        Some(known) => *known = result,
        None => {
            results.insert(effect.clone(), result);
        }
    }
}

/// Every effect of the stage, in its order.
fn all(
    rehearsal: &Rehearsal,
    stage: &Stage,
    mut results: IndexMap<Address, DrillResult>,
    broken: Option<&str>,
) -> Vec<Drilled> {
    let mut named: HashSet<&Address> = HashSet::new();
    let effects = stage.effects().into_iter().filter(|effect| named.insert(&effect.address));
    let drilled = effects.map(|effect| {
        let left_out = || rehearsal.left_out.iter().find(|(left_out, _)| *left_out == effect.address);
        let result = results.shift_remove(&effect.address).unwrap_or_else(|| DrillResult::NotDrilled {
            why: match (left_out(), broken) {
                (Some((_, why)), _) => why.clone(),
                (None, Some(broken)) => format!("the drill ended at {broken}"),
                (None, None) => "no round came to it".to_owned(),
            },
        });
        Drilled { effect: effect.address.clone(), result }
    });
    drilled.collect()
}

/// Shows of a round only what somebody has to do about it: that everything fails is what it is for.
struct RoundView<'a> {
    options: &'a Options,
}

impl View for RoundView<'_> {
    fn record(&self, record: &Record) {
        if self.options.output() == Output::Json {
            terminal::print(&liftlock_report::log::json_line(record));
        }
        if let Event::ManualWaiting { .. } | Event::ManualConfirmed { .. } | Event::ReadOnlyChanged { .. } =
            record.event
        {
            let style = terminal::style(self.options, terminal::Stream::Stderr);
            let said = liftlock_report::words::say(record, None, &style);
            let (_, at) = said.of.columns();
            terminal::say(&format!("  {at}  {}", style.paint(said.tone, &said.text)));
        }
    }

    fn output(&self, _: Option<&Address>, _: &[u8]) {}
}
