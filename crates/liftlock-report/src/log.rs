//! Every record of a run.

use jiff::Timestamp;
use liftlock_journal::{Event, Record};
use liftlock_names::{Digest, RunId};
use liftlock_plan::Plan;
use serde::Serialize;
use serde_json::Value;

use crate::json::{self, FORMAT};
use crate::plain::printed;
use crate::style::{Style, Tone};
use crate::words::{Subject, say};

/// A line for each record of a run, with its sequence and time, and the last lines of output of what failed.
pub fn human(records: &[Record], style: &Style) -> String {
    human_with(records, plan_of(records).as_ref(), style)
}

/// The same for records that come later than the first, which holds the plan.
pub fn human_with(records: &[Record], plan: Option<&Plan>, style: &Style) -> String {
    let width = records.iter().map(|record| record.sequence.to_string().len()).max().unwrap_or(0);
    let mut text = String::new();
    for record in records {
        let said = say(record, plan, style);
        let place = match said.of {
            Subject::Run => String::new(),
            of => {
                let (environment, address) = of.columns();
                format!("{} ", [environment, address].join(" ").trim())
            }
        };
        let at = style.paint(Tone::Quiet, &format!("{:>width$}  {}", record.sequence, moment(style, record.at)));
        text.push_str(&format!("{at}  {place}{}\n", style.paint(said.tone, &said.text)));
        for line in tail(&record.event) {
            text.push_str(&format!("{:width$}    | {}\n", "", printed(line.as_bytes())));
        }
    }
    text
}

/// A record for a program, in one line. The plan's text, which is long and stands in the first record of every run, is
/// left out.
pub fn json_line(record: &Record) -> String {
    if !matches!(record.event, Event::RunStarted { .. }) {
        return json_line_with_plan(record);
    }
    let mut event = serde_json::to_value(&record.event).unwrap_or(Value::Null);
    if let Value::Object(fields) = &mut event {
        fields.remove("plan");
    }
    line(record, event)
}

/// A record for a program, in one line, with all that it holds.
pub fn json_line_with_plan(record: &Record) -> String {
    line(record, &record.event)
}

fn line<E: Serialize>(record: &Record, event: E) -> String {
    #[derive(Serialize)]
    struct Line<'a, E: Serialize> {
        format: u32,
        r#type: &'static str,
        sequence: u64,
        run: &'a RunId,
        at: Timestamp,
        event: E,
        hash: Digest,
    }
    let (sequence, run, at, hash) = (record.sequence, &record.run, record.at, record.hash);
    json::line(&Line { format: FORMAT, r#type: "record", sequence, run, at, event, hash })
}

/// The plan of the run, where its first record is there and can be read.
pub fn plan_of(records: &[Record]) -> Option<Plan> {
    records.iter().find_map(|record| match &record.event {
        Event::RunStarted { plan, .. } => serde_json::from_str(plan).ok(),
        _ => None,
    })
}

/// The day and the time, to the second.
fn moment(style: &Style, at: Timestamp) -> String {
    at.to_zoned_datetime(style.zone()).strftime("%Y-%m-%d %H:%M:%S").to_string()
}

fn tail(event: &Event) -> &[String] {
    match event {
        Event::ArtifactFailed { failure, .. }
        | Event::EffectFailed { failure, .. }
        | Event::CheckFailed { failure, .. }
        | Event::UndoFailed { failure, .. } => &failure.tail,
        _ => &[],
    }
}
