//! Effects that were under way when the run was interrupted, and of which nothing tells whether they were done.

use liftlock_engine::EngineError;
use liftlock_journal::{Event, Outcome, Settlement};
use liftlock_names::Part;
use liftlock_plan::{InDoubt, Plan};

use crate::support::{Site, address, plan, step};

fn doubtful(in_doubt: InDoubt) -> Plan {
    let mut plan = plan(vec![step("one", "echo one >> log; test -e open || sleep 30", "echo undone >> log")]);
    plan.on.in_doubt = in_doubt;
    plan
}

#[test]
fn an_effect_in_doubt_is_put_to_a_person() {
    let site = Site::new();
    site.run_killed_at(&doubtful(InDoubt::Ask), "effect-started deploy/one");
    let before = site.records().len();
    match site.try_resume() {
        Err(error @ EngineError::InDoubt { .. }) => {
            let run = site.records()[0].run.clone();
            let message = format!("nothing tells whether deploy/one was done in dev by run {run}");
            assert_eq!(error.to_string(), message);
        }
        other => panic!("{other:?}"),
    }
    // Nothing is said of the effect, so that it can be asked about again.
    assert!(site.records()[before..].iter().all(|record| !matches!(record.event, Event::EffectFailed { .. })));

    let effect = address(Part::Deploy, "one");
    site.say(Event::Settled { effect, settlement: Settlement::Done, by: "grace".to_owned(), reason: None });
    assert_eq!(site.resume().finished, Some(Outcome::Released));
}

#[test]
fn an_effect_in_doubt_is_undone_where_the_plan_says_so() {
    let site = Site::new();
    site.run_killed_at(&doubtful(InDoubt::Undo), "effect-started deploy/one");
    let state = site.resume();
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert!(site.read("log").ends_with("undone\n"));
}

#[test]
fn whoever_cancels_is_not_asked_about_what_is_in_doubt() {
    let site = Site::new();
    site.run_killed_at(&doubtful(InDoubt::Ask), "effect-started deploy/one");
    site.say(Event::CancelRequested { by: "grace".to_owned(), reason: None });
    let state = site.resume();
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert!(site.read("log").ends_with("undone\n"));
}
