//! Runs, newest first.

use jiff::Timestamp;
use liftlock_journal::{Action, Ledger, Outcome, RunSummary, WaitingGate};
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
            Cell::new(style.day_time(summary.started_at)),
            Cell::new(what(summary)),
            Cell::new(took(between(summary.started_at, summary.last_at))),
            Cell::new(plain(&summary.by)),
            // What comes last may be long.
            Cell::of(tone, style.cut(&outcome, 60)),
        ]
    };
    let rows = ledger.runs.iter().rev().take(limit).map(row).collect();
    let mut text = table(style, 0, &["RUN", "STARTED", "WHAT", "TOOK", "BY", "OUTCOME"], rows);
    let more = ledger.runs.len().saturating_sub(limit);
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
    }
}

fn outcome(summary: &RunSummary) -> (Tone, String) {
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
