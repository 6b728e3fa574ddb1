//! Checks that stand in a body, and checks that have to go on passing.

use liftlock_engine::EngineError;
use liftlock_journal::{Event, Outcome};
use liftlock_names::Part;
use liftlock_plan::{CheckKind, Gate, GateKind, NoData, Node, Timing};

use crate::support::{Site, address, check, command, plan, step};

fn look(path: &str, script: &str) -> Node {
    Node::Check(Box::new(check(Part::Deploy, path, command(script, 0))))
}

#[test]
fn a_check_in_a_body_stands_between_what_is_before_and_behind_it() {
    let site = Site::new();
    let body =
        vec![step("one", "echo one > state", "rm state"), look("seen", "test -s state"), step("two", "true", "true")];
    assert_eq!(site.run(&plan(body)).finished, Some(Outcome::Released));
    let wanted = [
        "stage-entered",
        "effect-started deploy/one",
        "effect-finished deploy/one",
        "check-started deploy/seen",
        "check-passed deploy/seen",
        "effect-started deploy/two",
        "effect-finished deploy/two",
        "stage-released",
        "run-finished",
    ];
    assert_eq!(site.said(), wanted);
}

#[test]
fn a_check_that_fails_in_a_body_takes_back_what_stands_before_it() {
    let site = Site::new();
    let phase = Node::Phase {
        name: "switch".to_owned(),
        body: vec![step("switch/one", "echo one > state", "rm state"), look("switch/seen", "echo bad; exit 3")],
        rollback: None,
    };
    let state = site.run(&plan(vec![phase, step("two", "echo two > second", "true")]));
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    let (at, failure) = state.stages["dev"].failed.clone().unwrap();
    assert_eq!(at, Some(address(Part::Deploy, "switch/seen")));
    assert_eq!((failure.message.as_str(), failure.tail.join("").as_str()), ("`sh` ended with status 3", "bad"));
    assert_eq!((site.read("state"), site.read("second")), (String::new(), String::new()));
}

#[test]
fn a_check_that_passed_is_not_asked_again_and_one_that_was_interrupted_is() {
    let site = Site::new();
    let body = vec![
        look("first", "echo x >> first"),
        look("second", "echo x >> second; test -e open || sleep 30"),
        step("two", "true", "true"),
    ];
    site.run_killed_at(&plan(body), "check-started deploy/second");
    site.write("open", "");
    assert_eq!(site.resume().finished, Some(Outcome::Released));
    assert_eq!(site.read("first"), "x\n");
    assert!(site.said().iter().filter(|said| *said == "check-started deploy/second").count() == 2, "{:?}", site.said());
}

#[test]
fn a_check_that_has_to_last_is_broken_off_when_somebody_cancels() {
    let site = Site::new();
    let body = vec![
        step("one", "echo one > state", "rm state"),
        Node::Check(Box::new(check(Part::Deploy, "seen", command("true", 3_600_000)))),
    ];
    site.run_killed_at(&plan(body), "check-started deploy/seen");
    site.say(Event::CancelRequested { by: "grace".to_owned(), reason: None });
    let state = site.resume();
    assert!(matches!(&state.finished, Some(Outcome::Restored { why }) if why == "cancelled by grace"));
    assert_eq!(site.read("state"), "");
}

#[test]
fn a_gate_whose_check_lasts_is_left_at_an_interrupt() {
    let site = Site::new();
    let mut plan = plan(vec![step("one", "echo one > state", "rm state")]);
    let gate = |name: &str, lasts_ms| Gate {
        address: address(Part::Before, name),
        docs: None,
        kind: GateKind::Check(command("true", lasts_ms)),
    };
    plan.waves[0][0].gates = vec![gate("ready", 0), gate("calm", 3_600_000)];
    match site.run_interrupted_at(&plan, "gate-opened before/ready") {
        Err(EngineError::Waiting { gates, .. }) => assert_eq!(gates[0].0.name(), "calm"),
        other => panic!("{other:?}"),
    }
    site.say(Event::CancelRequested { by: "grace".to_owned(), reason: None });
    let state = site.resume();
    assert!(matches!(state.finished, Some(Outcome::Refused { .. })), "{:?}", state.finished);
    assert_eq!(site.read("state"), "");
}

#[test]
fn a_metric_is_a_gate_and_a_check_like_any_other() {
    // Nobody listens on port 1.
    let metric = || CheckKind::Metric {
        server: "http://127.0.0.1:1".to_owned(),
        query: "up".to_owned(),
        above: Some(0.5),
        below: None,
        samples: 0,
        samples_query: None,
        no_data: NoData::Wait,
        timing: Timing { within_ms: 0, every_ms: 10, lasts_ms: 0 },
    };
    let wanted = "no answer from http://127.0.0.1:1: connection refused";
    let mut gated = plan(vec![step("one", "true", "true")]);
    gated.waves[0][0].gates =
        vec![Gate { address: address(Part::Before, "calm"), docs: None, kind: GateKind::Check(metric()) }];
    let mut verified = plan(vec![step("one", "true", "true")]);
    verified.waves[0][0].verify = vec![check(Part::Verify, "calm", metric())];
    let inside = plan(vec![Node::Check(Box::new(check(Part::Deploy, "calm", metric())))]);
    for plan in [gated, verified, inside] {
        let state = Site::new().run(&plan);
        assert_eq!(state.stages["dev"].failed.as_ref().map(|(_, failure)| failure.message.as_str()), Some(wanted));
    }
}
