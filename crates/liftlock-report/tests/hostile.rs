//! Text from outside never drives a terminal, and no view has an escape character where colour is off.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use liftlock_journal::{Event, FailureKind, Ledger, Record, RunState};
use liftlock_plan::{Change, EffectKind, Node, Plan};
use liftlock_report::run::Lines;
use liftlock_report::{Style, history, log, outcome, plan, status};
use serde_json::Value;
use support::{at, records, released, unhealthy};

/// Clears the screen, sets the title, begins a control sequence in one byte, and turns the direction of writing.
const HOSTILE: &str = "\x1b[2J\x1b]0;owned\x07\u{9b}31m\u{202e}\r\n\x08";

/// Puts hostile text behind every text of a document, but where a text has a form of its own.
fn poison(value: &mut Value, key: &str) {
    let formed = ["run", "of", "digest", "source_digest", "plan_hash", "sources", "hash", "from", "to", "until"];
    let tags =
        ["kind", "change", "class", "state", "event", "end", "outcome", "address", "at", "gate", "effect", "check"];
    match value {
        Value::String(text) if !formed.contains(&key) && !tags.contains(&key) && key != "on_failure" => {
            text.push_str(HOSTILE);
        }
        Value::Array(items) => items.iter_mut().for_each(|item| poison(item, key)),
        Value::Object(fields) => fields.iter_mut().for_each(|(name, item)| poison(item, name)),
        _ => {}
    }
}

fn hostile_plan(mut made: Plan) -> Plan {
    if let Node::Effect(effect) = &mut made.waves[0][0].body[2] {
        effect.change = Change::Unknown { why: HOSTILE.to_owned(), preview: Some(HOSTILE.to_owned()) };
        effect.class = liftlock_plan::Class::Irreversible { why: HOSTILE.to_owned() };
        if let EffectKind::Step(step) = &mut effect.kind {
            step.run = support::command(&[HOSTILE, "a\nb"]);
        }
    }
    let mut value = serde_json::to_value(&made).unwrap();
    poison(&mut value, "");
    serde_json::from_value(value).unwrap()
}

/// Every event kind that says something, with hostile texts, about environments with hostile names.
fn hostile_records(made: &Plan) -> Vec<Record> {
    let failure = support::failure(FailureKind::Failed, "no", &["tail"]);
    let artifact = "storefront".to_owned();
    let mut events =
        vec![support::artifact_ready(), support::image_ready(), Event::ArtifactFailed { artifact, failure }];
    events.extend(released("dev"));
    events.extend(unhealthy("staging"));
    let gate = support::address("production", liftlock_names::Part::Before, "go");
    let (by, why) = ("ada".to_owned(), "because".to_owned());
    let reason = Some(why.clone());
    events.extend([
        Event::RunResumed { by: by.clone(), host: by.clone(), process: 1 },
        Event::GateWaiting { gate: gate.clone(), why: why.clone(), until: None, approval: true },
        Event::GateOpened { gate: gate.clone(), why: why.clone() },
        Event::GateRefused { gate: gate.clone(), why: why.clone() },
        Event::ApprovalGiven { gate: gate.clone(), by: by.clone(), plan_hash: made.hash(), reason: reason.clone() },
        Event::ApprovalRejected { gate, by: by.clone(), reason: reason.clone() },
        Event::CancelRequested { by, reason },
        Event::StageEnded {
            environment: "staging".to_owned(),
            end: liftlock_journal::End::Stranded { why: why.clone() },
        },
        Event::RunFinished { outcome: liftlock_journal::Outcome::Stranded { why } },
    ]);
    let mut records = records(made, events);
    for record in &mut records {
        let plan = match &record.event {
            Event::RunStarted { plan, .. } => Some(plan.clone()),
            _ => None,
        };
        let mut value = serde_json::to_value(&record.event).unwrap();
        poison(&mut value, "");
        record.event = serde_json::from_value(value).unwrap();
        if let (Event::RunStarted { plan, .. }, Some(text)) = (&mut record.event, plan) {
            *plan = text;
        }
    }
    records
}

fn assert_safe(view: &str, text: &str) {
    let bad = |char: char| (char.is_control() && char != '\n' && char != '\t') || char == '\u{202e}';
    let at = text.lines().find(|line| line.contains(bad));
    assert!(at.is_none(), "{view}: {at:?}");
}

#[derive(Clone, Default)]
struct Written(std::rc::Rc<std::cell::RefCell<Vec<u8>>>);

impl std::io::Write for Written {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn view<'a>(plan: &'a Plan, risks: &'a [liftlock_plan::Risk]) -> plan::View<'a> {
    plan::View { plan, risks, place: (1, 1), now: at(0) }
}

fn human(made: &Plan, style: &Style) -> String {
    plan::human(&view(made, &support::risks(made, at(0))), style)
}

#[test]
fn hostile_text_is_neutralised_in_every_view() {
    let beside = Style { side_by_side: true, width: 150, ..Style::bare() };
    for style in [Style::bare(), Style { unicode: true, width: 80, ..Style::bare() }, beside] {
        for made in [support::plan(), support::rollback()] {
            let made = hostile_plan(made);
            let records = hostile_records(&made);
            let state = RunState::fold(&records).unwrap();
            let ledger = Ledger::fold(&records);
            let open = Ledger::fold(&records[..records.len() - 1]);
            let text = human(&made, &style);
            assert!(text.contains("␛[2J"), "what is hostile is shown, not hidden");
            assert_safe("plan", &text);
            let diff = liftlock_plan::between(Some(&support::plan()), Some(&made));
            assert_safe("difference", &plan::between::human(&diff, &style));
            assert_safe("difference as Markdown", &plan::between::markdown(&diff));
            assert_safe("plan as Markdown", &plan::markdown(&[view(&made, &support::risks(&made, at(0)))]));
            let risks = support::every_risk(HOSTILE);
            assert_safe("risks", &plan::human(&view(&made, &risks), &style));
            assert_safe("risks as Markdown", &plan::markdown(&[view(&made, &risks)]));
            assert_safe("risks as JSON", &plan::json(&view(&made, &risks)));
            assert_safe("plan, in one line", &plan::one_line(&made));
            assert_safe("outcome", &outcome::human(&state, &made, &style));
            assert_safe("status", &status::human(&ledger, &|_| true, at(1), &style));
            assert_safe("status of what is not over", &status::human(&open, &|_| true, at(1), &style));
            assert_safe("history", &history::human(&ledger, 9, &style));
            assert_safe("history of what is not over", &history::human(&open, 9, &style));
            assert_safe("log", &log::human(&records, &style));
            let difference =
                liftlock_plan::Difference { at: HOSTILE.to_owned(), then: HOSTILE.to_owned(), now: HOSTILE.to_owned() };
            assert_safe("stale", &plan::stale(&[difference], &style));

            let written = Written::default();
            let mut lines = Lines::new(&made, style.clone(), Box::new(written.clone()));
            for record in &records {
                lines.record(record);
                lines.output(None, HOSTILE.as_bytes());
            }
            lines.finish();
            assert_safe("lines", &String::from_utf8(written.0.take()).unwrap());
        }
    }
}

#[test]
fn colour_only_wraps_what_is_there_without_it() {
    let color = Style { color: true, ..Style::bare() };
    let made = support::plan();
    let colored = human(&made, &color);
    assert!(colored.contains("\x1b[32m+ \x1b[0m\x1b[32mworkers  = \x1b[0m\x1b[7;32m4\x1b[0m"), "{colored}");
    let mut bare = String::new();
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\x1b') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    bare.push_str(rest);
    // Without colour, what differs in a line is pointed at below it.
    let is_pointer = |line: &&str| line.contains('^') && line.chars().all(|char| " |^".contains(char));
    let wanted = human(&made, &Style::bare());
    let wanted: String = wanted.lines().filter(|line| !is_pointer(line)).map(|line| format!("{line}\n")).collect();
    assert_eq!(bare, wanted);
}

/// The plan with its keys in their order.
#[derive(serde::Deserialize)]
struct Document {
    plan: Plan,
}

#[test]
fn json_parses_back() {
    let parse = |text: &str| -> Value { serde_json::from_str(text).unwrap() };
    for made in [support::plan(), hostile_plan(support::plan())] {
        let text = plan::json(&view(&made, &support::risks(&made, at(0))));
        assert_safe("plan", &text);
        let value = parse(&text);
        assert_eq!((&value["format"], &value["type"]), (&Value::from(1), &Value::from("plan")));
        assert_eq!(value["hash"], Value::from(made.hash().to_string()));
        // By the text, since the order of inputs is part of what is hashed.
        let saved: Document = serde_json::from_str(&text).unwrap();
        assert_eq!(saved.plan.hash(), made.hash());

        let records = hostile_records(&made);
        let state = RunState::fold(&records).unwrap();
        let ledger = Ledger::fold(&records);
        for text in [outcome::json(&state, &made), status::json(&ledger, &|_| true)] {
            assert_safe("json", &text);
            assert_eq!(parse(&text)["format"], Value::from(1));
        }
        let outcome = parse(&outcome::json(&state, &made));
        assert_eq!(outcome["started_at"], Value::from("2026-11-20T14:02:11Z"));
        assert!(history::json(&ledger, 9).lines().all(|line| parse(line)["type"] == "run"));
        for record in &records {
            let value = parse(&log::json_line(record));
            assert_eq!(value["sequence"], Value::from(record.sequence));
            assert_eq!(value["event"]["plan"], Value::Null);
        }
        let whole = parse(&log::json_line_with_plan(&records[0]));
        assert_eq!(whole["event"]["plan"], Value::from(made.canonical()));
    }
}
