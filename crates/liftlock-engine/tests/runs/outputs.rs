//! What steps hand to later ones.

use liftlock_journal::{Event, Outcome};
use liftlock_plan::{Invocation, Plan, Step};

use crate::site::{Seen, Site, address, output, plan, sh, step, with};

fn create(script: &str) -> Step {
    Step { outputs: vec!["id".to_owned()], ..step(sh(script)) }
}

/// Writes what it is given as `ID` to a file.
fn uses(file: &str) -> Invocation {
    with(sh(&format!("echo \"$ID\" >> {file}")), "ID", output("create", "id"))
}

fn failure(seen: &Seen) -> String {
    let records = seen.records.borrow();
    let failures = records.iter().filter_map(|record| match &record.event {
        Event::StageFailed { failure, .. } => Some(failure.message.clone()),
        _ => None,
    });
    failures.collect::<Vec<_>>().pop().unwrap_or_default()
}

#[test]
fn a_value_reaches_later_steps_and_their_undo() {
    let site = Site::new();
    let seen = Seen::default();
    let write = create(r#"echo "id=a b=c" >> "$LIFTLOCK_OUTPUT"; echo "other=1" >> "$LIFTLOCK_OUTPUT""#);
    let state = site.run(
        &plan(vec![
            ("create", Step { rollback: Some(uses("undone")), ..write }),
            ("use", Step { rollback: Some(uses("undone")), ..step(uses("used")) }),
            ("fail", step(sh("false"))),
        ]),
        &seen,
    );
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!((site.read("used").as_str(), site.read("undone").as_str()), ("a b=c\n", "a b=c\na b=c\n"));
    assert_eq!(state.effects[&address("create")].outputs["id"], "a b=c");
    assert_eq!(*seen.printed.borrow(), "liftlock: `other` is no output of this step, and is ignored\n");
}

#[test]
fn a_declared_value_that_is_not_written_fails_the_step() {
    let site = Site::new();
    let seen = Seen::default();
    site.run(&plan(vec![("create", create("true")), ("use", step(uses("used")))]), &seen);
    let expected =
        "it ended well, and did not write its output `id`; a line `name=value` in the file $LIFTLOCK_OUTPUT does";
    assert_eq!((failure(&seen).as_str(), site.read("used").as_str()), (expected, ""));
}

#[test]
fn a_run_that_is_taken_up_again_knows_the_values() {
    let site = Site::new();
    // The process dies when the next step is just begun, which may have written the file by then.
    let once = with(sh("echo \"$ID\" > used"), "ID", output("create", "id"));
    let once = Step { idempotent: true, ..step(once) };
    let plan = plan(vec![("create", create("echo id=7 >> $LIFTLOCK_OUTPUT")), ("use", once)]);
    let dies = Seen { die_at: Some(|event| matches!(event, Event::EffectFinished { .. })), ..Seen::default() };
    let left = site.run_and_die(&plan, &dies);
    let state = site.resume(&left, &Seen::default());
    assert_eq!((state.finished, site.read("used").as_str()), (Some(Outcome::Released), "7\n"));
}

#[test]
fn a_rollback_long_after_knows_the_values_and_shows_them() {
    let site = Site::new();
    let undo = Some(uses("undone"));
    let create = Step { rollback: undo, ..create("echo id=7 >> $LIFTLOCK_OUTPUT") };
    site.run(&plan(vec![("create", create)]), &Seen::default());
    let back: Plan = site.rollback();
    assert!(back.canonical().contains(r#""ID":[{"literal":"7"}]"#), "{}", back.canonical());
    let state = site.run(&back, &Seen::default());
    assert_eq!((state.finished, site.read("undone").as_str()), (Some(Outcome::RolledBack), "7\n"));
}

#[test]
fn what_was_written_before_the_step_failed_is_there_for_its_undo() {
    let site = Site::new();
    let undo = Some(uses("undone"));
    let half = Step { rollback: undo, ..create("echo id=7 >> $LIFTLOCK_OUTPUT; exit 1") };
    let state = site.run(&plan(vec![("create", half)]), &Seen::default());
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!(site.read("undone"), "7\n");
}

#[test]
fn an_undo_that_needs_a_value_which_was_never_written_says_so_and_does_not_run() {
    let site = Site::new();
    let half = Step { rollback: Some(uses("undone")), ..create("exit 1") };
    let state = site.run(&plan(vec![("create", half)]), &Seen::default());
    let Some(Outcome::Stranded { why }) = &state.finished else { panic!("{:?}", state.finished) };
    assert!(why.contains("the output `id` of deploy/create is not known"), "{why}");
    assert!(why.contains("did not come to its end, and had not written it by then"), "{why}");
    assert_eq!(site.read("undone"), "");
}

#[test]
fn an_atomic_step_that_failed_needs_no_undo_and_so_no_value() {
    let site = Site::new();
    let half = Step { rollback: Some(uses("undone")), atomic: true, ..create("exit 1") };
    let state = site.run(&plan(vec![("create", half)]), &Seen::default());
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
}

#[test]
fn a_step_that_was_in_place_has_no_values() {
    let site = Site::new();
    let seen = Seen::default();
    let there = Step { observe: Some(sh("echo there")), desired: Some("there".to_owned()), ..create("false") };
    site.run(&plan(vec![("create", there), ("use", step(uses("used")))]), &seen);
    assert_eq!(
        failure(&seen),
        "the output `id` of deploy/create is not known: the step was in place and did not run; leave out its `desired`, \
         or write the output in a step that always runs"
    );
}

#[test]
fn an_effect_in_doubt_that_is_in_place_is_done_with_what_it_wrote() {
    let site = Site::new();
    let create = Step {
        observe: Some(sh("cat made 2>/dev/null || echo nothing")),
        desired: Some("made".to_owned()),
        // The runner dies while the program is under way, after all is done.
        ..create("echo id=7 >> $LIFTLOCK_OUTPUT; echo made > made")
    };
    let plan = plan(vec![("create", create), ("use", step(uses("used")))]);
    let dies = Seen { die_at: Some(|event| matches!(event, Event::EffectStarted { .. })), ..Seen::default() };
    let left = site.run_and_die(&plan, &dies);
    // What the program would have left behind: nobody can be killed between two lines of it on purpose.
    let file = site.path().join("output").join(left.run.as_str()).join("dev.deploy.create.1.values");
    std::fs::write(file, "id=7\n").unwrap();
    site.write("made", "made\n");
    let state = site.resume(&left, &Seen::default());
    assert_eq!((state.finished, site.read("used").as_str()), (Some(Outcome::Released), "7\n"));
    assert_eq!(state.effects[&address("create")].attempt, 1);
}
