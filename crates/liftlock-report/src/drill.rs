//! Drills: what one would do, and what it has shown of every effect.

use std::fmt::Write as _;

use jiff::Timestamp;
use liftlock_journal::{Differs, Drill, DrillResult, Fault, FaultKind};
use liftlock_names::RunId;
use liftlock_plan::{Class, Effect, EffectKind, Rehearsal, runs_beside_others};
use serde::Serialize;

use crate::json::{self, FORMAT};
use crate::outcome::between;
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::table::{Cell, table};
use crate::units::{age, count, release, took, versioned};

/// What a drill would do.
pub fn preview(rehearsal: &Rehearsal, style: &Style) -> String {
    let what = versioned(&rehearsal.plan.pipeline, &rehearsal.plan.version);
    let stands = rehearsal.stage().and_then(|stage| stage.previous.as_ref());
    let stands = stands.map_or_else(|| "nothing".to_owned(), release);
    let name = style.paint(Tone::Strong, &format!("drill of {}", plain(&rehearsal.environment)));
    let rounds = rehearsal.faults.len();
    let mut text = format!("{name} with {what}, where {stands} runs: {}\n", count(rounds, "round"));
    text.push_str("each effect runs for real and is declared failed, then runs again and is interrupted;\n");
    text.push_str("each time all of the release is undone, and everything is looked at\n\n");
    let effects = rehearsal.stage().map(|stage| stage.effects()).unwrap_or_default();
    let row = |effect: &&Effect| {
        let at = Cell::new(plain(&effect.address.within_stage()));
        match rehearsal.left_out.iter().find(|(left_out, _)| *left_out == effect.address) {
            Some((_, why)) => vec![at, Cell::of(Tone::Quiet, format!("left out: {}", plain(why)))],
            None if effect.class == Class::ReadOnly => vec![at, Cell::new(held_to(rehearsal, effect))],
            None if is_observed(effect) => vec![at, Cell::new("what is there tells whether its undo works")],
            None => vec![at, Cell::of(Tone::Attention, "nobody can tell whether its undo works: nothing observes it")],
        }
    };
    text.push_str(&table(style, 2, &[], effects.iter().map(row).collect()));
    text
}

fn held_to(rehearsal: &Rehearsal, effect: &Effect) -> &'static str {
    let runs_beside_others = rehearsal.stage().is_some_and(|stage| runs_beside_others(&stage.body, &effect.address));
    if runs_beside_others {
        "only reads, which nobody can tell while others run beside it"
    } else {
        "is held to changing nothing"
    }
}

fn is_observed(effect: &Effect) -> bool {
    match &effect.kind {
        EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } => true,
        kind => kind.observed_by().is_some(),
    }
}

/// The same for a program.
pub fn preview_json(rehearsal: &Rehearsal) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        r#type: &'static str,
        pipeline: &'a str,
        environment: &'a str,
        version: &'a str,
        rounds: &'a [Fault],
        left_out: Vec<LeftOut<'a>>,
    }
    #[derive(Serialize)]
    struct LeftOut<'a> {
        effect: String,
        why: &'a str,
    }
    let left_out = rehearsal.left_out.iter().map(|(effect, why)| LeftOut { effect: effect.to_string(), why });
    json::line(&Document {
        format: FORMAT,
        r#type: "drill-plan",
        pipeline: &rehearsal.plan.pipeline,
        environment: &rehearsal.environment,
        version: &rehearsal.plan.version,
        rounds: &rehearsal.faults,
        left_out: left_out.collect(),
    })
}

/// One round, before it begins: `round 3 of 14: deploy/unpack is declared failed`.
pub fn round(at: usize, of: usize, fault: &Fault) -> String {
    format!("round {at} of {of}: {}", self::fault(fault))
}

/// `deploy/unpack is declared failed`.
pub(crate) fn fault(fault: &Fault) -> String {
    let at = fault.effect.within_stage();
    let at = plain(&at);
    match fault.fault {
        FaultKind::Failure => format!("{at} is declared failed"),
        FaultKind::Interrupt => format!("interrupted behind {at}"),
    }
}

/// What a drill has shown of every effect; its last round was `run`.
pub fn human(drill: &Drill, run: &RunId, now: Timestamp, style: &Style) -> String {
    let (tone, verdict) = verdict(drill);
    let what = versioned(&drill.pipeline, &drill.version);
    let head = format!("drill of {} with {what}: {verdict}", plain(&drill.environment));
    let mut text = format!("{}\n\n", style.paint(tone, &head));
    let row = |effect: &liftlock_journal::Drilled| {
        let (tone, words) = result(&effect.result);
        vec![Cell::new(plain(&effect.effect.within_stage())), Cell::of(tone, words)]
    };
    text.push_str(&table(style, 2, &[], drill.effects.iter().map(row).collect()));
    for effect in &drill.effects {
        if let DrillResult::NotRestored { differs, .. } | DrillResult::Changed { differs, .. } = &effect.result {
            differences(&mut text, &effect.effect.within_stage(), differs, style);
        }
    }
    text.push('\n');
    let bad = drill.effects.iter().find_map(|effect| match &effect.result {
        DrillResult::NotRestored { run, .. } => Some((effect.effect.within_stage(), run)),
        _ => None,
    });
    if let Some((at, run)) = bad {
        let _ = writeln!(text, "mend the undo of {} and put right what it left behind; then:", plain(&at));
        let _ = writeln!(
            text,
            "    {}",
            style.paint(Tone::Strong, &format!("liftlock resume {run} --leave \"put right\""))
        );
        let _ = writeln!(text, "see everything that happened:");
        let _ = writeln!(text, "    {}", style.paint(Tone::Strong, &format!("liftlock log {run}")));
    }
    let took = took(between(drill.started_at, now));
    let rounds = count(drill.rounds, "round");
    let _ = writeln!(text, "{rounds}, took {took}; on record behind run {run}");
    text
}

/// The same for a program.
pub fn json(drill: &Drill, run: &RunId) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        r#type: &'static str,
        run: &'a RunId,
        good: bool,
        #[serde(flatten)]
        drill: &'a Drill,
    }
    json::line(&Document { r#type: "drill", run, good: drill.is_good(), drill })
}

/// What a drill comes to, in a clause.
pub(crate) fn verdict(drill: &Drill) -> (Tone, String) {
    let names = |which: fn(&DrillResult) -> bool| {
        let named = drill.effects.iter().filter(|effect| which(&effect.result));
        named.map(|effect| plain(&effect.effect.within_stage()).into_owned()).collect::<Vec<_>>().join(", ")
    };
    let bad = names(DrillResult::is_bad);
    if !bad.is_empty() {
        return (Tone::Bad, format!("{} is NOT RESTORED by the undo of {bad}", plain(&drill.environment)));
    }
    let changed = names(|result| matches!(result, DrillResult::Changed { .. }));
    if !changed.is_empty() {
        return (Tone::Bad, format!("{changed} says that it only reads, and CHANGES something"));
    }
    let missed = names(|result| matches!(result, DrillResult::NotReached { .. }));
    if !missed.is_empty() {
        return (Tone::Bad, format!("the release FAILED by itself: {missed} could not be drilled"));
    }
    let proven = drill.count(|result| *result == DrillResult::Proven);
    let only_read = drill.count(|result| *result == DrillResult::OnlyRead);
    let unobserved = drill.count(|result| *result == DrillResult::Unobserved);
    let mut parts = vec![format!("{} proven to be undone", count(proven, "effect"))];
    match only_read {
        0 => {}
        1 => parts.push("1 only reads".to_owned()),
        many => parts.push(format!("{many} only read")),
    }
    if unobserved > 0 {
        parts.push(format!("{unobserved} undone that nobody can judge"));
    }
    (Tone::Good, parts.join(", "))
}

/// When an environment was drilled, and what came of it, in a line of `status`.
pub(crate) fn standing(environment: &str, at: Timestamp, drill: &Drill, now: Timestamp) -> (Tone, String) {
    let (tone, verdict) = verdict(drill);
    let ago = age(between(at, now));
    let what = versioned(&drill.pipeline, &drill.version);
    (tone, format!("{} was drilled with {what} {ago} ago: {verdict}", plain(environment)))
}

fn result(result: &DrillResult) -> (Tone, String) {
    match result {
        DrillResult::Proven => (Tone::Good, "undone, and all that is observed is as it was".to_owned()),
        DrillResult::Unobserved => (
            Tone::Attention,
            "undone, and nobody can tell what of it is left: nothing observes what it changes".to_owned(),
        ),
        DrillResult::OnlyRead => (Tone::Good, "only reads, as far as can be observed".to_owned()),
        DrillResult::NotRestored { why, .. } => (Tone::Bad, format!("NOT RESTORED: {}", plain(why))),
        DrillResult::Changed { differs, .. } => {
            (Tone::Bad, format!("CHANGES something though it is `readonly`: {}", count(differs.len(), "observation")))
        }
        DrillResult::NotReached { why, .. } => (Tone::Bad, format!("not drilled: {}", plain(why))),
        DrillResult::NotDrilled { why } => (Tone::Quiet, format!("left out: {}", plain(why))),
    }
}

fn differences(text: &mut String, of: &str, differs: &[Differs], style: &Style) {
    if differs.is_empty() {
        return;
    }
    let _ = writeln!(text, "\n  {}", style.paint(Tone::Bad, &format!("after the round of {}:", plain(of))));
    for differs in differs {
        let at = differs.at.within_stage();
        let _ = writeln!(text, "    {}", plain(&at));
        let _ = writeln!(text, "      before: {}", plain(&differs.before.to_string()));
        let _ = writeln!(text, "      after:  {}", plain(&differs.after.to_string()));
    }
}
