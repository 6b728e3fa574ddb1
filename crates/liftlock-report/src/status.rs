//! What is where now, and who has to do something about it.

use std::fmt::Write as _;

use jiff::Timestamp;
use liftlock_journal::{Drill, EnvironmentState, Ledger, RunSummary, WaitingGate};
use liftlock_names::{Part, ReleaseRef, RunId};
use serde::Serialize;

use crate::history::what;
use crate::json::{self, FORMAT};
use crate::outcome::between;
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::table::{Cell, table};
use crate::units::age;
use crate::words::{approve_command, confirm_command};

/// Trouble first, then runs that are not over, then a table for each pipeline. `lives` says whether a process works on a
/// run at this moment.
pub fn human(ledger: &Ledger, lives: &dyn Fn(&RunId) -> bool, now: Timestamp, style: &Style) -> String {
    if ledger.environments.is_empty() && ledger.runs.is_empty() {
        return "nothing was released yet; see what would happen with: liftlock plan\n".to_owned();
    }
    let mut text = String::new();
    for ((pipeline, environment), state) in &ledger.environments {
        trouble(&mut text, pipeline, environment, state, style);
    }
    for (run, summary) in ledger.runs.iter().filter(|(_, summary)| summary.outcome.is_none()) {
        under_way(&mut text, ledger, (run, summary), lives(run), now, style);
    }
    let mut pipelines: Vec<&str> = Vec::new();
    for (pipeline, _) in ledger.environments.keys() {
        if !pipelines.contains(&pipeline.as_str()) {
            pipelines.push(pipeline);
        }
    }
    for pipeline in pipelines {
        let _ = writeln!(text, "{}", style.paint(Tone::Strong, &plain(pipeline)));
        let own = ledger.environments.iter().filter(|((owner, _), _)| owner == pipeline);
        let rows = own.map(|((_, environment), state)| row(environment, state, now, style)).collect();
        let head = ["ENVIRONMENT", "VERSION", "RELEASE", "DIGEST", "SINCE", "BY RUN", ""];
        text.push_str(&table(style, 2, &head, rows));
        for ((_, environment), state) in ledger.environments.iter().filter(|((owner, _), _)| owner == pipeline) {
            if let Some((at, drill)) = &state.drill {
                let (tone, line) = crate::drill::standing(environment, *at, drill, now);
                let _ = writeln!(text, "  {}", style.paint(tone, &line));
            }
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}

/// The same for a program.
pub fn json(ledger: &Ledger, lives: &dyn Fn(&RunId) -> bool) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        r#type: &'static str,
        environments: Vec<Environment<'a>>,
        runs: Vec<Run<'a>>,
    }
    #[derive(Serialize)]
    struct Environment<'a> {
        pipeline: &'a str,
        environment: &'a str,
        release: Option<&'a ReleaseRef>,
        since: Option<Timestamp>,
        occupied: Option<&'a RunId>,
        trouble: Option<Trouble<'a>>,
        /// The newest drill that came to its end.
        drill: Option<Drilled<'a>>,
    }
    #[derive(Serialize)]
    struct Drilled<'a> {
        at: Timestamp,
        good: bool,
        #[serde(flatten)]
        drill: &'a Drill,
    }
    #[derive(Serialize)]
    struct Trouble<'a> {
        run: &'a RunId,
        at: Timestamp,
        why: &'a str,
    }
    /// A run that is under way or was interrupted.
    #[derive(Serialize)]
    struct Run<'a> {
        run: &'a RunId,
        pipeline: &'a str,
        version: &'a str,
        number: u64,
        by: &'a str,
        started_at: Timestamp,
        last_at: Timestamp,
        /// Whether a process works on it.
        under_way: bool,
        waiting: &'a [WaitingGate],
    }
    let environments = ledger.environments.iter().map(|((pipeline, environment), state)| {
        let current = state.stack.last();
        let trouble = state.trouble.as_ref();
        Environment {
            pipeline,
            environment,
            release: current.map(|released| &released.release),
            since: current.map(|released| released.at),
            occupied: state.occupied.as_ref(),
            drill: state.drill.as_ref().map(|(at, drill)| Drilled { at: *at, good: drill.is_good(), drill }),
            trouble: trouble.map(|trouble| Trouble { run: &trouble.run, at: trouble.at, why: &trouble.why }),
        }
    });
    let open = ledger.runs.iter().filter(|(_, summary)| summary.outcome.is_none());
    let runs = open.map(|(run, summary)| Run {
        run,
        pipeline: &summary.pipeline,
        version: &summary.version,
        number: summary.number,
        by: &summary.by,
        started_at: summary.started_at,
        last_at: summary.last_at,
        under_way: lives(run),
        waiting: &summary.waiting,
    });
    json::line(&Document {
        format: FORMAT,
        r#type: "status",
        environments: environments.collect(),
        runs: runs.collect(),
    })
}

fn trouble(text: &mut String, pipeline: &str, environment: &str, state: &EnvironmentState, style: &Style) {
    let Some(trouble) = &state.trouble else { return };
    let at = style.day_time(trouble.at);
    let line = format!("{} of {} NEEDS A PERSON since {at}", plain(environment), plain(pipeline));
    let _ = writeln!(text, "{}", style.paint(Tone::Bad, &line));
    let _ = writeln!(text, "  why: {}", plain(&trouble.why));
    let _ = writeln!(text, "  see everything that happened: liftlock log {}", trouble.run);
    let _ = writeln!(text, "  when it is put right: liftlock resume {}\n", trouble.run);
}

fn under_way(
    text: &mut String,
    ledger: &Ledger,
    (run, summary): (&RunId, &RunSummary),
    lives: bool,
    now: Timestamp,
    style: &Style,
) {
    let ago = |at| age(between(at, now));
    let how = match (lives, summary.waiting.is_empty(), &summary.ends) {
        (true, _, _) => "is under way".to_owned(),
        (false, _, Some(ends)) => format!("is not over, and was {}", plain(ends)),
        (false, false, None) if summary.waiting.iter().any(|waiting| waiting.gate.part == Part::Deploy) => {
            "waits for a person, and no process waits with it".to_owned()
        }
        (false, false, None) => "waits at a gate, and no process waits with it".to_owned(),
        (false, true, None) => "was interrupted".to_owned(),
    };
    let line = format!("run {run} {how}: {}", what(summary));
    let _ = writeln!(text, "{}", style.paint(Tone::Attention, &line));
    let (by, host) = (plain(&summary.by), plain(&summary.host));
    let _ = writeln!(
        text,
        "  started by {by} on {host} {} ago, last record {} ago",
        ago(summary.started_at),
        ago(summary.last_at)
    );
    for ((_, environment), state) in &ledger.environments {
        if state.occupied.as_ref() == Some(run) {
            let _ = writeln!(text, "  is in the middle of {}: nothing else enters there", plain(environment));
        }
    }
    for gate in &summary.waiting {
        let (environment, name) = (plain(&gate.gate.environment), plain(gate.gate.name()));
        if gate.gate.part == Part::Deploy {
            let _ = writeln!(
                text,
                "  waits in {environment} at {}: {}",
                plain(&gate.gate.within_stage()),
                plain(&gate.why)
            );
            let _ = writeln!(text, "  confirm with: {}", confirm_command(run, &gate.gate));
            continue;
        }
        let _ = writeln!(text, "  waits in front of {environment} at {name}: {}", plain(&gate.why));
        if gate.approval {
            let _ = writeln!(text, "  approve with: {}", approve_command(run, &gate.gate, None));
        }
    }
    if lives {
        let _ = writeln!(text, "  watch it with: liftlock log {run} --follow\n");
    } else {
        let what = if summary.ends.is_some() { "end it" } else { "go on" };
        let _ = writeln!(text, "  {what} with: liftlock resume {run}\n");
    }
}

fn row(environment: &str, state: &EnvironmentState, now: Timestamp, style: &Style) -> Vec<Cell> {
    let (tone, note) = match (&state.trouble, &state.occupied) {
        (Some(_), _) => (Tone::Bad, "NEEDS A PERSON".to_owned()),
        (None, Some(run)) => (Tone::Attention, format!("run {run} is in it")),
        (None, None) => (Tone::Plain, String::new()),
    };
    let name = Cell::of(if tone == Tone::Plain { Tone::Strong } else { tone }, plain(environment));
    let Some(current) = state.stack.last() else {
        let mut row = vec![name, Cell::of(Tone::Quiet, "nothing")];
        row.extend((0..4).map(|_| Cell::new("")));
        row.push(Cell::of(tone, note));
        return row;
    };
    let release = &current.release;
    let ago = age(between(current.at, now));
    vec![
        name,
        Cell::new(if release.version.is_empty() { "-".into() } else { plain(&release.version) }),
        Cell::new(release.number.to_string()),
        Cell::new(release.digest.map_or_else(|| "-".to_owned(), |digest| digest.short())),
        Cell::new(format!("{} ({ago} ago)", style.day_time(current.at))),
        Cell::new(release.run.as_str()),
        Cell::of(tone, note),
    ]
}
