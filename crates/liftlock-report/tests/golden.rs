//! What people read, word for word. `BLESS=1` rewrites the files; the diff is then read like code.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod support;

use liftlock_journal::{End, Event, Failure, FailureKind, Ledger, Outcome, Record, RunState, State};
use liftlock_names::Part;
use liftlock_plan::{
    Change, CheckKind, Class, Difference, EffectKind, Invocation, Late, Node, Plan, Retry, Secret, Text, Timing,
};
use liftlock_report::plan::between;
use liftlock_report::{Style, history, log, outcome, plan, status};
use support::{address, at, deploy, golden, records, released, undone, unhealthy};

fn bare() -> Style {
    Style::bare()
}

fn human(plan: &Plan, now: jiff::Timestamp, style: &Style) -> String {
    plan::human(&plan::View { plan, risks: &support::risks(plan, now), place: (1, 1), now }, style)
}

fn report(plan: &Plan, events: Vec<Event>) -> String {
    let state = RunState::fold(&records(plan, events)).unwrap();
    outcome::human(&state, plan, &bare())
}

fn finished(outcome: Outcome) -> Event {
    Event::RunFinished { outcome }
}

fn restored() -> Vec<Event> {
    let mut events = vec![support::artifact_ready()];
    events.extend(released("dev"));
    events.extend(unhealthy("staging"));
    for path in ["switch/current", "switch/config", "migrate", "unpack"] {
        events.extend(undone("staging", path));
    }
    events.push(Event::StageEnded { environment: "staging".to_owned(), end: End::Restored });
    events.push(finished(Outcome::Restored { why: "verify/health is not healthy".to_owned() }));
    events
}

fn stranded() -> Vec<Event> {
    let mut events = released("dev");
    events.extend(unhealthy("staging"));
    let effect = deploy("staging", "migrate");
    let failure = support::failure(
        liftlock_journal::FailureKind::Failed,
        "ended with status 1",
        &["down to 41: column `sku` is still in use"],
    );
    events.push(Event::UndoStarted { effect: effect.clone() });
    events.push(Event::UndoFailed { effect, failure, took_ms: 90 });
    let why = "the undo of deploy/migrate failed: ended with status 1".to_owned();
    events.push(Event::StageEnded { environment: "staging".to_owned(), end: End::Stranded { why: why.clone() } });
    events.push(finished(Outcome::Stranded { why }));
    events
}

fn waiting() -> Vec<Event> {
    let mut events = released("dev");
    events.extend(released("staging"));
    let why = "0 of 1 approvals from release-managers".to_owned();
    events.push(Event::GateWaiting {
        gate: address("production", Part::Before, "go"),
        why,
        until: None,
        approval: true,
    });
    events
}

fn everything() -> Vec<Event> {
    [released("dev"), released("staging"), released("production"), vec![finished(Outcome::Released)]].concat()
}

#[test]
fn a_plan_says_what_would_change_where() {
    let mut made = support::plan();
    golden("plan.txt", &human(&made, at(0), &bare()));
    assert_eq!(
        plan::one_line(&made),
        format!(
            "storefront 1.1.0: dev -> staging -> production; 15 changes, 3 in place, 0 unknown (plan {})",
            made.hash().short()
        )
    );
    support::built(&mut made);
    assert!(human(&made, at(0), &bare()).contains("artifact storefront-1.1.0.tar.gz: built already, sha256 "));
}

#[test]
fn a_window_says_whether_it_is_open_and_when_it_opens() {
    let made = support::plan();
    let shown = |now: &str| human(&made, now.parse().unwrap(), &bare());
    assert!(shown("2026-11-23T08:00:00Z").contains("\n      open now\n"));
    let frozen =
        "\n      closed: frozen until the end of 2027-01-04: year-end freeze; opens 2027-01-05 09:00 Europe/Berlin\n";
    assert!(shown("2026-12-21T08:00:00Z").contains(frozen), "{}", shown("2026-12-21T08:00:00Z"));
}

#[test]
fn a_plan_with_nothing_to_do_says_so_first() {
    let mut made = support::plan();
    support::built(&mut made);
    support::change_all(&mut made, &Change::InPlace);
    for stage in made.waves.iter_mut().flatten() {
        stage.previous = Some(support::release(5, "1.1.0"));
    }
    golden("plan-empty.txt", &human(&made, at(0), &bare()));
    made.waves[2][0].previous = None;
    golden("plan-in-place.txt", &human(&made, at(0), &bare()));
}

#[test]
fn a_point_of_no_return_and_the_unknown_are_not_to_be_missed() {
    let mut made = support::plan();
    made.waves.truncate(1);
    let stage = &mut made.waves[0][0];
    stage.coverage.restored = 7;
    if let Node::Effect(effect) = &mut stage.body[2] {
        effect.class = Class::Irreversible { why: "dropped columns do not come back".to_owned() };
        let preview = Some("drop column sku\ndrop column price\n".to_owned());
        effect.change = Change::Unknown { why: "it has no `observe`".to_owned(), preview };
    }
    let members = std::mem::take(&mut stage.body).into_iter().skip(1).collect();
    stage.body = vec![Node::Parallel { name: "both".to_owned(), body: members }];
    golden("plan-no-return.txt", &human(&made, at(0), &bare()));
}

#[test]
fn a_preview_is_shown_below_what_is_observed_to_change() {
    let made = support::previewed();
    golden("plan-preview.txt", &human(&made, at(0), &bare()));
    let wide = Style { side_by_side: true, width: 140, ..bare() };
    golden("plan-preview-wide.txt", &human(&made, at(0), &wide));
}

#[test]
fn every_risk_is_said_in_front_with_its_reason() {
    let made = support::plan();
    let risks = support::every_risk("so it was said");
    let shown = plan::human(&plan::View { plan: &made, risks: &risks, place: (1, 1), now: at(0) }, &bare());
    let (front, _) = shown.split_once("artifact storefront").unwrap();
    golden("risks.txt", front);
}

#[test]
fn an_offline_plan_says_that_nothing_was_observed() {
    let mut made = support::plan();
    made.observed = false;
    made.waves.truncate(1);
    support::change_all(&mut made, &Change::Unobserved);
    golden("plan-offline.txt", &human(&made, at(0), &bare()));
}

#[test]
fn a_rollback_is_shown_in_the_order_in_which_it_runs() {
    golden("plan-rollback.txt", &human(&support::rollback(), at(0), &bare()));
}

#[test]
fn a_stale_plan_says_what_has_changed() {
    let difference =
        |at: &str, then: &str, now: &str| Difference { at: at.to_owned(), then: then.to_owned(), now: now.to_owned() };
    let differences = [
        difference("staging", "release 4 (1.0.0)", "release 5 (1.1.0)"),
        difference("storefront/dev/deploy/migrate", "`41`", "`42`"),
    ];
    golden("stale.txt", &plan::stale(&differences, &bare()));
}

#[test]
fn the_end_of_a_run_is_told_from_what_matters_first() {
    let plan = support::plan();
    golden("outcome-released.txt", &report(&plan, everything()));
    golden("outcome-restored.txt", &report(&plan, restored()));
    golden("outcome-stranded.txt", &report(&plan, stranded()));
    golden("outcome-waiting.txt", &report(&plan, waiting()));
    let back = support::rollback();
    let mut events: Vec<Event> = ["switch/current", "switch/config", "migrate", "unpack"]
        .into_iter()
        .flat_map(|path| undone("production", path))
        .collect();
    events.insert(
        0,
        Event::StageEntered { environment: "production".to_owned(), replaces: Some(support::release(5, "1.1.0")) },
    );
    events.push(Event::StageEnded { environment: "production".to_owned(), end: End::Restored });
    events.push(finished(Outcome::RolledBack));
    golden("outcome-rolled-back.txt", &report(&back, events));
}

#[test]
fn status_and_history_begin_with_who_is_needed() {
    let ledger = ledger();
    golden("status.txt", &status::human(&ledger, &|_| false, at(7200), &bare()));
    golden("history.txt", &history::human(&ledger, 10, &bare()));
    let empty = Ledger::default();
    assert!(status::human(&empty, &|_| false, at(0), &bare()).starts_with("nothing was released yet"));
    assert_eq!(history::human(&empty, 10, &bare()), "there was no run yet\n");
}

/// Three runs: one that released, one that waits, one that is stranded.
fn ledger() -> Ledger {
    let plan = support::plan();
    let mut all: Vec<Record> = Vec::new();
    for (name, events) in [("1tk8w0m3x1", everything()), ("1tk8w0m3x2", stranded()), ("1tk8w0m3x3", waiting())] {
        for mut record in records(&plan, events) {
            record.run = name.parse().unwrap();
            record.sequence = all.len() as u64 + 1;
            record.at = at(all.len() as i64);
            all.push(record);
        }
    }
    Ledger::fold(&all)
}

#[test]
fn the_log_tells_every_record() {
    let mut events = restored();
    let effect = deploy("staging", "unpack");
    events.push(Event::EffectStarted { effect, attempt: 2, before: State::Unobserved });
    golden("log.txt", &log::human(&records(&support::plan(), events), &bare()));
}

/// The plan, with an `unpack` that is given all that a step can be given.
fn given() -> Plan {
    let mut plan = support::plan();
    let secret = |secret| Text::late(Late::Secret(secret));
    let stage = &mut plan.waves[0][0];
    let Node::Effect(effect) = &mut stage.body[1] else { panic!("the second node is an effect") };
    let EffectKind::Step(step) = &mut effect.kind else { panic!("it is a step") };
    step.retry = Some(Retry { times: 3, wait_ms: 1000, factor: 2.0, most_ms: 60_000 });
    step.outputs = vec!["id".to_owned(), "zone".to_owned()];
    step.run.on = Some("deploy@web-1".into());
    step.run.env.insert("DATABASE_URL".to_owned(), secret(Secret::Env("DEV_DATABASE_URL".to_owned())));
    let words = ["vault", "read", "kv/shop"].map(str::to_owned);
    step.run.env.insert("TOKEN".to_owned(), secret(Secret::Command(words.to_vec())));
    step.run.stdin = Some(secret(Secret::File("key.pem".to_owned())));
    let run = Invocation { on: Some("web-1".into()), ..step.run.clone() };
    stage.verify[0].kind = CheckKind::Command { run, timing: Timing { within_ms: 5000, every_ms: 1000, lasts_ms: 0 } };
    plan
}

#[test]
fn a_plan_says_on_which_host_with_which_secrets_and_how_often() {
    golden("plan-given.txt", &human(&given(), at(0), &bare()));
    let diff = liftlock_plan::between(Some(&support::plan()), Some(&given()));
    golden("diff-given.txt", &between::human(&diff, &bare()));
}

#[test]
fn a_step_that_is_tried_again_is_no_alarm_until_no_tries_are_left() {
    let effect = deploy("dev", "unpack");
    let failure =
        Failure { kind: FailureKind::Failed, message: "`ops/unpack` ended with status 7".to_owned(), tail: Vec::new() };
    let failed = |retry_ms| Event::EffectFailed {
        effect: effect.clone(),
        failure: failure.clone(),
        took_ms: 120,
        retry_ms,
        outputs: Default::default(),
    };
    let started = |attempt| Event::EffectStarted { effect: effect.clone(), attempt, before: State::Unobserved };
    let events = vec![
        started(1),
        failed(Some(1500)),
        started(2),
        failed(Some(0)),
        started(3),
        failed(Some(2)),
        started(4),
        failed(None),
    ];
    golden("log-retry.txt", &log::human(&records(&given(), events), &bare()));
}

#[test]
fn every_kind_is_said_in_a_plan_and_in_a_run() {
    let made = support::kinds();
    golden("plan-kinds.txt", &human(&made, at(0), &bare()));
    golden(
        "plan-kinds.md",
        &plan::markdown(&[plan::View { plan: &made, risks: &support::risks(&made, at(0)), place: (1, 1), now: at(0) }]),
    );
    let mut back = support::kinds();
    // What was said stays said.
    back.on = Default::default();
    back.waves[0][0].body.truncate(2);
    back.action =
        liftlock_plan::ActionKind::Rollback { environment: "dev".to_owned(), of: support::run(), number: 5, to: None };
    golden("plan-kinds-rollback.txt", &human(&back, at(0), &bare()));
    let records = records(&made, support::kinds_happening());
    golden("log-kinds.txt", &log::human(&records, &bare()));
    golden("outcome-kinds.txt", &report(&made, support::kinds_happening()));
}

#[test]
fn what_a_person_is_asked_to_do_is_said_with_the_command_that_confirms_it() {
    let made = support::kinds();
    let asked: Vec<Event> = support::kinds_happening().into_iter().take(4).collect();
    golden("outcome-asked.txt", &report(&made, asked.clone()));
    let ledger = Ledger::fold(&records(&made, asked));
    golden("status-asked.txt", &status::human(&ledger, &|_| false, at(90), &bare()));
}
