//! Steps on other hosts, as far as it takes no other host.

use liftlock_journal::{Event, FailureKind};
use liftlock_plan::{Invocation, Program, Step};

use crate::site::{Seen, Site, plan, sh, step};

fn failure(seen: &Seen) -> liftlock_journal::Failure {
    let records = seen.records.borrow();
    let mut failures = records.iter().filter_map(|record| match &record.event {
        Event::StageFailed { failure, .. } => Some(failure.clone()),
        _ => None,
    });
    failures.next().unwrap()
}

/// A host that nothing listens on.
fn on_nobody(run: Invocation) -> Invocation {
    Invocation { on: Some("ssh://127.0.0.1:1".into()), ..run }
}

#[test]
fn a_program_for_another_host_never_runs_on_this_one() {
    let site = Site::new();
    let script = Program::Script { interpreter: "sh".to_owned(), text: "echo ran > ran\n".to_owned() };
    for run in [sh("echo ran > ran"), Invocation { program: script, ..sh("") }] {
        let seen = Seen::default();
        site.run(&plan(vec![("there", step(on_nobody(run)))]), &seen);
        assert!(failure(&seen).message.contains("ssh"), "{}", failure(&seen).message);
        assert_eq!(site.read("ran"), "");
    }
}

#[test]
fn a_step_on_another_host_has_no_outputs() {
    let site = Site::new();
    let seen = Seen::default();
    let writes = Step { outputs: vec!["id".to_owned()], ..step(on_nobody(sh("echo id=1 >> $LIFTLOCK_OUTPUT"))) };
    site.run(&plan(vec![("there", writes)]), &seen);
    let failure = failure(&seen);
    assert_eq!(
        (failure.kind, failure.message.as_str()),
        (FailureKind::NotStarted, "a step on another host cannot have outputs")
    );
    assert!(seen.attempts().is_empty());
}
