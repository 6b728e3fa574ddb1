//! Runs, newest first.

use jiff::Timestamp;
use liftlock_journal::{Action, Drill, Ledger, Outcome, RunSummary, WaitingGate};
use liftlock_names::{Digest, RunId};
use serde::Serialize;

use crate::json::{self, FORMAT};
use crate::outcome::between;
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::table::{Cell, table};
use crate::units::{and, took, versioned};

/// A table of runs, newest first, at most `limit` of them.
pub fn human(ledger: &Ledger, limit: usize, style: &Style) -> String {
    if ledger.runs.is_empty() {
        return "there was no run yet\n".to_owned();
    }
    let row = |(run, summary): (&RunId, &RunSummary)| {
        let (tone, outcome) = outcome(summary);
        vec![
            Cell::of(Tone::Strong, run.as_str()),
            Cell::new(style.day_time(began(summary))),
            Cell::new(what(summary)),
            Cell::new(took(between(began(summary), summary.last_at))),
            Cell::new(plain(&summary.by)),
            // What comes last may be long.
            Cell::of(tone, style.cut(&outcome, 60)),
        ]
    };
    let shown = || ledger.runs.iter().rev().filter(|(_, summary)| is_shown(summary));
    let rows = shown().take(limit).map(row).collect();
    let mut text = table(style, 0, &["RUN", "STARTED", "WHAT", "TOOK", "BY", "OUTCOME"], rows);
    let more = shown().count().saturating_sub(limit);
    if more > 0 {
        text.push_str(&style.paint(Tone::Quiet, &format!("and {more} older")));
        text.push('\n');
    }
    text
}

/// One line for each run, newest first.
pub fn json(ledger: &Ledger, limit: usize) -> String {
    #[derive(Serialize)]
    struct Line<'a> {
        format: u32,
        r#type: &'static str,
        run: &'a RunId,
        pipeline: &'a str,
        action: &'a Action,
        version: &'a str,
        number: u64,
        plan_hash: Digest,
        by: &'a str,
        host: &'a str,
        started_at: Timestamp,
        last_at: Timestamp,
        reached: &'a [String],
        waiting: &'a [WaitingGate],
        outcome: Option<&'a Outcome>,
        /// What a drill has shown whose last round this was.
        #[serde(skip_serializing_if = "Option::is_none")]
        drill: Option<&'a Drill>,
    }
    let line = |(run, summary): (&RunId, &RunSummary)| {
        let line = json::line(&Line {
            format: FORMAT,
            r#type: "run",
            run,
            pipeline: &summary.pipeline,
            action: &summary.action,
            version: &summary.version,
            number: summary.number,
            plan_hash: summary.plan_hash,
            by: &summary.by,
            host: &summary.host,
            started_at: summary.started_at,
            last_at: summary.last_at,
            reached: &summary.reached,
            waiting: &summary.waiting,
            outcome: summary.outcome.as_ref(),
            drill: summary.drill.as_ref(),
        });
        format!("{line}\n")
    };
    ledger.runs.iter().rev().take(limit).map(line).collect()
}

/// `storefront 1.1.0 (release 5)`.
pub(crate) fn what(summary: &RunSummary) -> String {
    let what = versioned(&summary.pipeline, &summary.version);
    match &summary.action {
        Action::Release => format!("{what} (release {})", summary.number),
        Action::Rollback { environment, .. } => format!("rollback of {}, from {what}", plain(environment)),
        Action::Drill { environment, .. } if summary.drill.is_some() => {
            format!("drill of {} with {what}", plain(environment))
        }
        Action::Drill { environment, fault } => {
            format!("drill of {} with {what}, {}", plain(environment), crate::drill::fault(fault))
        }
    }
}

/// Of the rounds of a drill, those that are over and did what they should are behind the one that says so.
fn is_shown(summary: &RunSummary) -> bool {
    let is_round = matches!(summary.action, Action::Drill { .. }) && summary.drill.is_none();
    !(is_round && matches!(summary.outcome, Some(Outcome::Restored { .. })))
}

fn began(summary: &RunSummary) -> Timestamp {
    summary.drill.as_ref().map_or(summary.started_at, |drill| drill.started_at)
}

fn outcome(summary: &RunSummary) -> (Tone, String) {
    if let Some(drill) = &summary.drill {
        return crate::drill::verdict(drill);
    }
    let reached: Vec<&str> = summary.reached.iter().map(String::as_str).collect();
    match (&summary.outcome, reached.as_slice()) {
        (Some(Outcome::Released), [_, ..]) => (Tone::Good, format!("released to {}", and(&reached))),
        (Some(outcome), _) => crate::words::outcome(outcome),
        (None, _) => match summary.waiting.as_slice() {
            [] => (Tone::Attention, "under way, or interrupted".to_owned()),
            [gate, ..] => {
                let (environment, name) = (plain(&gate.gate.environment), plain(gate.gate.name()));
                (Tone::Attention, format!("waits in front of {environment} at {name}"))
            }
        },
    }
}
