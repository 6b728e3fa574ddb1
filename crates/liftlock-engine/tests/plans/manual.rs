//! What a person does, and takes back.

use std::time::Duration;

use liftlock_engine::EngineError;
use liftlock_journal::{Event, Guard, Outcome, Query, RunState, SqliteStore, Store as _, Way};
use liftlock_names::Part;
use liftlock_plan::{Class, EffectKind, Node};

use crate::support::{Site, address, effect, node, plan, step};

fn key(atomic: bool) -> Node {
    let undo = Some("Turn it back.".to_owned());
    node("key", EffectKind::Manual { instructions: "Turn the key.".to_owned(), undo, atomic })
}

fn confirmed(way: Way, failed: Option<&str>) -> Event {
    let (effect, by) = (address(Part::Deploy, "key"), "grace".to_owned());
    Event::ManualConfirmed { effect, way, by, failed: failed.map(str::to_owned) }
}

#[track_caller]
fn waits(end: Result<RunState, EngineError>) {
    match end {
        Err(EngineError::Waiting { gates, .. }) => assert_eq!(gates[0].0, address(Part::Deploy, "key")),
        other => panic!("{other:?}"),
    }
}

/// Nobody waits in this process.
fn site() -> Site {
    let mut site = Site::new();
    site.wait = false;
    site
}

#[test]
fn a_run_waits_for_a_person_and_goes_on_when_it_is_taken_up() {
    let site = site();
    waits(site.try_run(&plan(vec![key(false), step("two", "echo two >> log", "true")])));
    // Asked again, it still waits, and nothing is begun twice.
    waits(site.try_resume());
    assert_eq!(site.read("log"), "");
    site.say(confirmed(Way::Up, None));
    assert_eq!(site.resume().finished, Some(Outcome::Released));
    assert_eq!(site.read("log"), "two\n");
    let count = |name: &str| site.said().iter().filter(|said| *said == name).count();
    assert_eq!((count("effect-started deploy/key"), count("manual-waiting deploy/key")), (1, 2));
}

#[test]
fn a_run_that_waits_itself_goes_on_when_somebody_confirms() {
    let site = Site::new();
    let path = site.folder.path().join(".state/journal.db");
    let person = std::thread::spawn(move || {
        let store = SqliteStore::open(&path).unwrap();
        for _ in 0..400 {
            let records = store.read(&Query::default()).unwrap();
            if let Some(record) = records.iter().find(|record| matches!(record.event, Event::ManualWaiting { .. })) {
                let now = jiff::Timestamp::now();
                store.append(&record.run, now, &[confirmed(Way::Up, None)], Guard::Always).unwrap();
                return;
            }
            std::thread::sleep(Duration::from_millis(25));
        }
    });
    assert_eq!(site.run(&plan(vec![key(false)])).finished, Some(Outcome::Released));
    person.join().unwrap();
}

#[test]
fn what_a_person_did_a_person_takes_back() {
    let site = site();
    waits(site.try_run(&plan(vec![step("one", "true", "echo one >> log"), key(false), step("two", "exit 1", "true")])));
    site.say(confirmed(Way::Up, None));
    waits(site.try_resume());
    // What stands before it is still there.
    assert_eq!(site.read("log"), "");
    // A word on the way up comes too late.
    site.say(confirmed(Way::Up, None));
    waits(site.try_resume());
    site.say(confirmed(Way::Down, None));
    let state = site.resume();
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!(site.read("log"), "one\n");
}

#[test]
fn what_could_not_be_done_may_be_half_done_unless_it_is_atomic() {
    let site_of = |atomic| {
        let site = site();
        waits(site.try_run(&plan(vec![key(atomic)])));
        site.say(confirmed(Way::Up, Some("it does not fit")));
        site
    };
    let half = site_of(false);
    waits(half.try_resume());
    half.say(confirmed(Way::Down, None));
    let state = half.resume();
    let why = "grace says that it failed: it does not fit";
    assert_eq!(state.finished, Some(Outcome::Restored { why: why.to_owned() }));
    let state = site_of(true).resume();
    assert_eq!(state.finished, Some(Outcome::Restored { why: why.to_owned() }));
}

#[test]
fn an_undo_that_a_person_could_not_do_strands_the_environment_and_is_asked_for_again() {
    let site = site();
    waits(site.try_run(&plan(vec![key(false), step("two", "exit 1", "true")])));
    site.say(confirmed(Way::Up, None));
    waits(site.try_resume());
    site.say(confirmed(Way::Down, Some("it is stuck")));
    assert!(matches!(site.resume().finished, Some(Outcome::Stranded { .. })));
    waits(site.try_resume());
    site.say(confirmed(Way::Down, None));
    assert!(matches!(site.resume().finished, Some(Outcome::Restored { .. })));
}

#[test]
fn whoever_cancels_need_not_do_what_is_asked() {
    let site = site();
    waits(site.try_run(&plan(vec![step("one", "true", "echo one >> log"), key(true)])));
    site.say(Event::CancelRequested { by: "grace".to_owned(), reason: None });
    let state = site.resume();
    assert_eq!(state.finished, Some(Outcome::Restored { why: "cancelled by grace".to_owned() }));
    assert_eq!(site.read("log"), "one\n");
}

#[test]
fn a_person_can_be_what_restores_a_phase() {
    let site = site();
    let restore = EffectKind::Manual { instructions: "Put the tape back.".to_owned(), undo: None, atomic: false };
    let mut migrate = step("data/migrate", "exit 1", "true");
    if let Node::Effect(effect) = &mut migrate {
        effect.class = Class::Covered;
    }
    let phase = Node::Phase {
        name: "data".to_owned(),
        body: vec![migrate],
        rollback: Some(vec![effect("key", restore, Class::Covered)]),
    };
    waits(site.try_run(&plan(vec![phase])));
    waits(site.try_resume());
    site.say(confirmed(Way::Down, None));
    assert!(matches!(site.resume().finished, Some(Outcome::Restored { .. })));
}
