//! The state of a run, told from its records.

use liftlock_journal::{
    Action, EffectState, EffectStatus, End, Event, GateStatus, Outcome, RunState, Settlement, State,
};
use liftlock_names::{Address, Digest};

use crate::support::{Told, at, failure, release, resumed, run, started};

fn fold(events: impl IntoIterator<Item = Event>) -> RunState {
    let mut told = Told::default();
    told.tell(&run(1), [started(1, Action::Release)]);
    told.tell(&run(1), events);
    RunState::fold(&told.records).unwrap()
}

fn address(text: &str) -> Address {
    format!("storefront/production/{text}").parse().unwrap()
}

fn migrate() -> Address {
    address("deploy/migrate")
}

fn output(text: &str) -> State {
    State::Output { text: text.to_owned() }
}

fn begun(attempt: u32, before: &str) -> Event {
    Event::EffectStarted { effect: migrate(), attempt, before: output(before) }
}

fn finished(after: &str) -> Event {
    Event::EffectFinished { effect: migrate(), after: output(after), took_ms: 1, outputs: Default::default() }
}

fn failed() -> Event {
    Event::EffectFailed {
        effect: migrate(),
        failure: failure("it broke"),
        took_ms: 1,
        retry_ms: None,
        outputs: Default::default(),
    }
}

fn undo_failed() -> [Event; 2] {
    let failure = failure("the undo broke");
    let effect = migrate();
    [Event::UndoStarted { effect: effect.clone() }, Event::UndoFailed { effect, failure, took_ms: 1 }]
}

fn settled(settlement: Settlement) -> Event {
    Event::Settled { effect: migrate(), settlement, by: "ada".to_owned(), reason: None }
}

fn effect(events: impl IntoIterator<Item = Event>) -> EffectState {
    fold(events).effects[&migrate()].clone()
}

fn waiting(why: &str) -> Event {
    Event::GateWaiting { gate: address("before/approval"), why: why.to_owned(), until: None, approval: true }
}

fn approved(by: &str, reason: &str) -> Event {
    Event::ApprovalGiven {
        gate: address("before/approval"),
        by: by.to_owned(),
        plan_hash: Digest::of(b"plan"),
        reason: Some(reason.to_owned()),
    }
}

fn rejected() -> Event {
    let reason = Some("too late".to_owned());
    Event::ApprovalRejected { gate: address("before/approval"), by: "grace".to_owned(), reason }
}

#[test]
fn records_that_do_not_begin_with_the_beginning_are_no_run() {
    let mut told = Told::default();
    told.tell(&run(1), [resumed("ada"), started(1, Action::Release)]);
    assert_eq!(RunState::fold(&told.records), None);
    assert_eq!(RunState::fold(&[]), None);
}

#[test]
fn records_of_other_runs_change_nothing() {
    let mut told = Told::default();
    told.tell(&run(1), [started(1, Action::Release)]);
    let alone = RunState::fold(&told.records);
    told.tell(&run(2), [started(2, Action::Release), finished("done")]);
    assert_eq!(RunState::fold(&told.records), alone);
}

#[test]
fn a_later_attempt_keeps_what_was_observed_before_the_first() {
    let effect = effect([begun(1, "old"), failed(), begun(2, "half"), finished("new")]);
    assert_eq!((effect.status, effect.attempt), (EffectStatus::Finished, 2));
    assert_eq!((effect.before, effect.after), (Some(output("old")), Some(output("new"))));
    assert_eq!(effect.failure, None);
}

#[test]
fn an_effect_without_an_end_is_in_doubt() {
    assert_eq!(effect([begun(1, "old")]).status, EffectStatus::Started);
    let undone = effect([begun(1, "old"), finished("new"), undo_failed()[0].clone()]);
    assert_eq!(undone.status, EffectStatus::UndoStarted);
}

#[test]
fn an_effect_with_nothing_to_do_says_so() {
    let in_place = effect([Event::EffectInPlace { effect: migrate(), state: output("new") }]);
    assert_eq!((in_place.status, in_place.after), (EffectStatus::InPlace, Some(output("new"))));
    let not_needed = effect([Event::EffectNotNeeded { effect: migrate() }]);
    assert_eq!((not_needed.status, not_needed.attempt), (EffectStatus::NotNeeded, 0));
}

#[test]
fn an_effect_that_failed_and_was_undone_still_tells_why_it_failed() {
    let undone = Event::UndoFinished { effect: migrate(), state: output("old"), took_ms: 1 };
    let effect = effect([begun(1, "old"), failed(), undo_failed()[0].clone(), undone]);
    assert_eq!((effect.status, effect.after), (EffectStatus::Undone, Some(output("old"))));
    assert_eq!(effect.failure, Some(failure("it broke")));
}

#[test]
fn a_person_settles_an_effect_in_doubt() {
    let settle = |settlement| effect([begun(1, "old"), settled(settlement)]);
    assert_eq!(settle(Settlement::Done).status, EffectStatus::Finished);
    assert_eq!(settle(Settlement::Undone).status, EffectStatus::Undone);
    let again = settle(Settlement::Retry);
    assert_eq!((again.status, again.retry), (EffectStatus::Started, true));
    assert_eq!(again.before, Some(output("old")));
    let begun_again = effect([begun(1, "old"), settled(Settlement::Retry), begun(2, "half")]);
    assert_eq!((begun_again.retry, begun_again.before), (false, Some(output("old"))));
}

#[test]
fn a_person_settles_an_undo_that_failed() {
    let [undo, broke] = undo_failed();
    let told = [begun(1, "old"), finished("new"), undo.clone(), broke];
    let settle = |then: &[Event]| effect(told.iter().chain(then).cloned());
    let failed = settle(&[]);
    assert_eq!(failed.status, EffectStatus::UndoFailed);
    assert_eq!(failed.failure, Some(failure("the undo broke")));
    let done = settle(&[settled(Settlement::Done)]);
    assert_eq!((done.status, done.after), (EffectStatus::Finished, Some(output("new"))));
    let undone = settle(&[settled(Settlement::Undone)]);
    assert_eq!((undone.status, undone.failure), (EffectStatus::Undone, None));
    let again = settle(&[settled(Settlement::Retry)]);
    assert_eq!((again.status, again.retry), (EffectStatus::UndoStarted, true));
    let begun_again = settle(&[settled(Settlement::Retry), undo]);
    assert_eq!((begun_again.status, begun_again.retry), (EffectStatus::UndoStarted, false));
}

#[test]
fn a_stage_tells_what_it_replaced_and_how_it_ended() {
    let environment = || "production".to_owned();
    let state = fold([
        Event::StageEntered { environment: environment(), replaces: Some(release(3)) },
        Event::StageEntered { environment: environment(), replaces: None },
        Event::StageFailed { environment: environment(), at: None, failure: failure("it broke") },
        Event::StageEnded { environment: environment(), end: End::Restored },
    ]);
    let stage = &state.stages["production"];
    assert_eq!((stage.entered_at, stage.ended_at), (Some(at(2)), Some(at(5))));
    assert_eq!(stage.replaces, Some(release(3)));
    assert_eq!(stage.failed, Some((None, failure("it broke"))));
    assert_eq!((&stage.end, &stage.released), (&Some(End::Restored), &None));
}

#[test]
fn a_lock_is_held_until_it_is_given_back_under_the_same_token() {
    let taken = |token| Event::LeaseTaken { lock: "production".to_owned(), token, host: String::new(), process: 0 };
    let given_back = |token| Event::LeaseReleased { lock: "production".to_owned(), token };
    assert_eq!(fold([taken(1), taken(2), given_back(1)]).leases["production"], 2);
    assert!(fold([taken(1), given_back(1)]).leases.is_empty());
}

#[test]
fn who_approves_again_is_counted_once() {
    let state = fold([waiting("for two"), approved("ada", "a"), approved("grace", "b"), approved("ada", "c")]);
    let gate = &state.gates[&address("before/approval")];
    let told: Vec<_> = gate.approvals.iter().map(|approval| approval.reason.as_deref()).collect();
    assert_eq!(told, [Some("b"), Some("c")]);
    assert!(matches!(&gate.status, GateStatus::Waiting { why, .. } if why == "for two"));
}

#[test]
fn an_approval_ahead_of_time_does_not_start_the_clock_of_the_gate() {
    let ahead = fold([approved("ada", "a")]);
    assert!(!ahead.gates[&address("before/approval")].waited);
    let state = fold([approved("ada", "a"), waiting("for two"), waiting("for one")]);
    let gate = &state.gates[&address("before/approval")];
    assert_eq!((gate.since, gate.waited, gate.approvals.len()), (at(3), true, 1));
}

#[test]
fn a_rejection_is_for_good() {
    for told in [vec![waiting("for two"), rejected(), waiting("for one")], vec![rejected(), waiting("")]] {
        let state = fold(told);
        let status = &state.gates[&address("before/approval")].status;
        let why = "rejected by grace: too late".to_owned();
        assert_eq!(*status, GateStatus::Refused { why });
    }
}

#[test]
fn a_stranded_run_that_a_person_takes_up_is_under_way_again() {
    let (environment, why) = ("production".to_owned(), "the undo broke".to_owned());
    let told = [
        Event::StageEntered { environment: environment.clone(), replaces: None },
        Event::StageEnded { environment, end: End::Stranded { why: why.clone() } },
        Event::RunFinished { outcome: Outcome::Stranded { why } },
    ];
    let stranded = fold(told.clone());
    assert!(stranded.finished.is_some() && stranded.stages["production"].end.is_some());
    let resumed = fold(told.into_iter().chain([resumed("grace")]));
    assert_eq!(resumed.finished, None);
    assert_eq!(resumed.stages["production"].end, None);
    assert_eq!(resumed.stages["production"].entered_at, Some(at(2)));
}

#[test]
fn the_last_result_of_a_check_and_the_wish_to_cancel_are_known() {
    let check = address("verify/healthy");
    let state = fold([
        Event::CheckPassed { check: check.clone(), detail: String::new(), took_ms: 1 },
        Event::CheckFailed { check: check.clone(), failure: failure("503"), took_ms: 1 },
        Event::CancelRequested { by: "ada".to_owned(), reason: Some("wrong version".to_owned()) },
    ]);
    assert_eq!(state.checks[&check], Some(failure("503")));
    assert_eq!(state.cancelled.as_deref(), Some("by ada: wrong version"));
    assert_eq!((state.sequence, state.last_at), (4, at(4)));
}
