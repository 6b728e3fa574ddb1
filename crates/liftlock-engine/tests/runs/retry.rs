//! Steps that are tried again.

use liftlock_journal::{EffectStatus, Event, Outcome};
use liftlock_plan::{Retry, Step};

use crate::site::{Seen, Site, address, plan, sh, step};

fn retry(times: u32, wait_ms: u64) -> Option<Retry> {
    Some(Retry { times, wait_ms, factor: 2.0, most_ms: wait_ms * 4 })
}

/// Succeeds at the try that makes `tries` as long as `wanted`, and keeps the keys that it was given.
fn succeeds_at(wanted: usize, retry: Option<Retry>) -> Step {
    let script = format!(
        "printf x >> tries; echo \"$LIFTLOCK_KEY\" >> keys; test $(wc -c < tries) -ge {wanted} || {{ echo no; exit 7; }}"
    );
    Step { idempotent: true, retry, rollback: Some(sh("echo undone >> undone")), ..step(sh(&script)) }
}

#[test]
fn a_step_is_tried_until_it_succeeds_and_each_try_has_a_key_and_records() {
    let site = Site::new();
    let seen = Seen::default();
    let state = site.run(&plan(vec![("call", succeeds_at(3, retry(5, 2)))]), &seen);
    assert_eq!(state.finished, Some(Outcome::Released));
    assert_eq!(seen.attempts(), [1, 2, 3]);
    let keys = (1..=3).map(|attempt| format!("{}/shop/dev/deploy/call/{attempt}\n", state.run));
    assert_eq!(site.read("keys"), keys.collect::<String>());
    let failures = seen.records.borrow();
    let failures = failures.iter().filter_map(|record| match &record.event {
        Event::EffectFailed { failure, retry_ms, .. } => Some((failure.tail.clone(), retry_ms.unwrap())),
        _ => None,
    });
    for (tail, wait) in failures {
        assert_eq!(tail, ["no"]);
        assert!(wait <= 8);
    }
    assert_eq!(state.effects[&address("call")].attempt, 3);
}

#[test]
fn with_no_tries_left_the_last_failure_counts_and_the_step_is_undone_once() {
    let site = Site::new();
    let seen = Seen::default();
    let state = site.run(&plan(vec![("call", succeeds_at(9, retry(2, 1)))]), &seen);
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!(seen.attempts(), [1, 2, 3]);
    assert_eq!(site.read("undone"), "undone\n");
}

#[test]
fn without_retry_nothing_is_tried_again() {
    let site = Site::new();
    let seen = Seen::default();
    site.run(&plan(vec![("call", succeeds_at(2, None))]), &seen);
    assert_eq!(seen.attempts(), [1]);
}

#[test]
fn a_program_that_is_not_there_is_not_waited_for() {
    let site = Site::new();
    let seen = Seen::default();
    let run = crate::site::program(&["./no-such-program"]);
    site.run(&plan(vec![("call", Step { idempotent: true, retry: retry(3, 1), ..step(run) })]), &seen);
    assert_eq!(seen.attempts(), [1]);
}

#[test]
fn a_cancel_ends_the_wait_and_the_step_is_undone() {
    let site = Site::new();
    let seen = Seen { cancel_at: Some(|event| matches!(event, Event::EffectFailed { .. })), ..Seen::default() };
    let state = site.run(&plan(vec![("call", succeeds_at(2, retry(3, u64::from(u32::MAX))))]), &seen);
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!(seen.attempts(), [1]);
    assert_eq!(site.read("undone"), "undone\n");
}

#[test]
fn a_run_that_ended_while_it_waited_goes_on_with_the_tries_that_are_left() {
    let site = Site::new();
    let dies = Seen { die_at: Some(|event| matches!(event, Event::EffectFailed { .. })), ..Seen::default() };
    let left = site.run_and_die(&plan(vec![("call", succeeds_at(9, retry(2, u64::from(u32::MAX))))]), &dies);
    let waiting = &left.effects[&address("call")];
    assert_eq!((waiting.status, waiting.retry), (EffectStatus::Failed, true));

    // The second try fails, too, and the wait for the third is as long.
    let dies = Seen { die_at: Some(|event| matches!(event, Event::EffectFailed { .. })), ..Seen::default() };
    let end = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| site.resume(&left, &dies)));
    assert!(end.is_err(), "the process died again");
    let seen = Seen::default();
    let state = site.resume(&left, &seen);
    assert_eq!((dies.attempts(), seen.attempts()), (vec![2], vec![3]));
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
}

#[test]
fn waits_grow_up_to_their_limit() {
    let retry = Retry { times: 9, wait_ms: 100, factor: 3.0, most_ms: 1000 };
    let waits: Vec<u64> = (1..=5).map(|attempt| retry.longest_wait_ms(attempt)).collect();
    assert_eq!(waits, [100, 300, 900, 1000, 1000]);
    assert_eq!(retry.longest_wait_ms(u32::MAX), 1000);
    let large = Retry { wait_ms: u64::MAX, factor: f64::INFINITY, most_ms: u64::MAX, ..retry };
    assert_eq!(large.longest_wait_ms(u32::MAX), u64::MAX);
}
