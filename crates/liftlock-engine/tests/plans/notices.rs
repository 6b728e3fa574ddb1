//! Notices: in a body, and when the run ends.

use liftlock_journal::{Event, Outcome};
use liftlock_names::{Address, Part};
use liftlock_plan::{Class, Effect, EffectKind, FailureFact, Hooks, Late, Node, Plan, Text};

use crate::support::{Site, address, effect, plan, sh, step};

fn notify(path: &str, script: &str) -> Node {
    Node::Effect(Box::new(effect(path, EffectKind::Notify { run: sh(script) }, Class::ReadOnly)))
}

/// A notice at an end of the run.
fn hook(path: &str, script: &str, env: &[(&str, Late)]) -> Effect {
    let mut run = sh(script);
    run.env = env.iter().map(|(name, late)| ((*name).to_owned(), Text::late(late.clone()))).collect();
    let address = Address { environment: Address::RUN.to_owned(), ..address(Part::On, path) };
    Effect { address, ..effect("x", EffectKind::Notify { run }, Class::ReadOnly) }
}

fn hooked(body: Vec<Node>) -> Plan {
    let facts = [
        ("SUMMARY", Late::Failure(FailureFact::Summary)),
        ("ENVIRONMENT", Late::Failure(FailureFact::Environment)),
        ("EFFECT", Late::Failure(FailureFact::Effect)),
    ];
    let tell = r#"printf '%s|%s|%s\n' "$SUMMARY" "$ENVIRONMENT" "$EFFECT" >> told"#;
    let on = Hooks {
        success: vec![hook("success/chat", "echo released >> told", &[])],
        failure: vec![hook("failure/chat", tell, &facts)],
        interrupt: vec![hook("interrupt/chat", &tell.replace("printf '", "printf 'interrupt "), &facts)],
        ..Hooks::default()
    };
    Plan { on, ..plan(body) }
}

#[test]
fn a_notice_goes_out_at_its_place_and_changes_nothing() {
    let site = Site::new();
    let refresh = EffectKind::Refresh { run: sh("echo refreshed >> log") };
    let body = vec![
        notify("tell", "echo told >> log"),
        Node::Effect(Box::new(effect("service", refresh, Class::Reversible))),
        step("one", "echo one >> log", "echo undone >> log"),
    ];
    assert_eq!(site.run(&plan(body)).finished, Some(Outcome::Released));
    // It is no change that the refresh would take notice of.
    assert_eq!(site.read("log"), "told\none\n");
}

#[test]
fn a_notice_that_nobody_gets_fails_nothing() {
    let site = Site::new();
    let state = site.run(&plan(vec![notify("tell", "echo no route; exit 7"), step("one", "true", "true")]));
    assert_eq!(state.finished, Some(Outcome::Released));
    let failure = state.effects[&address(Part::Deploy, "tell")].failure.clone().unwrap();
    assert_eq!((failure.message.as_str(), failure.tail.join("").as_str()), ("`sh` ended with status 7", "no route"));
    assert!(site.said().contains(&"notice-failed deploy/tell".to_owned()), "{:?}", site.said());
}

#[test]
fn a_stage_in_which_only_notices_went_out_is_untouched() {
    let site = Site::new();
    let state = site.run(&plan(vec![notify("tell", "true"), step("one", "exit 1", "echo undone > undone")]));
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })));
    assert_eq!(site.read("undone"), "undone\n");
    let check = crate::support::check(Part::Deploy, "seen", crate::support::command("exit 1", 0));
    let site = Site::new();
    let state = site.run(&plan(vec![notify("tell", "true"), Node::Check(Box::new(check))]));
    assert!(matches!(state.finished, Some(Outcome::Refused { .. })), "{:?}", state.finished);
}

#[test]
fn nobody_is_told_about_an_environment_in_which_there_is_nothing_to_do() {
    let site = Site::new();
    let body = || vec![notify("tell", "echo told >> log")];
    site.run(&plan(body()));
    let mut again = plan(body());
    again.observed = true;
    again.waves[0][0].previous = site.records().iter().find_map(|record| match &record.event {
        Event::StageReleased { release, .. } => Some(release.clone()),
        _ => None,
    });
    assert!(again.is_empty());
    assert_eq!(site.run(&again).finished, Some(Outcome::Released));
    assert_eq!(site.read("log"), "told\n");
}

#[test]
fn a_notice_that_was_under_way_is_sent_again_and_one_that_went_out_is_not() {
    let site = Site::new();
    let body = vec![
        notify("first", "echo first >> log"),
        notify("second", "echo second >> log; test -e open || sleep 30"),
        step("one", "true", "true"),
    ];
    site.run_killed_at(&plan(body), "effect-started deploy/second");
    site.write("open", "");
    assert_eq!(site.resume().finished, Some(Outcome::Released));
    assert_eq!(site.read("log").lines().filter(|line| *line == "first").count(), 1);
    assert!(site.read("log").ends_with("second\n"));
}

#[test]
fn each_end_of_a_run_has_its_notices() {
    let told = |plan: &Plan| {
        let site = Site::new();
        site.run(plan);
        site.read("told")
    };
    assert_eq!(told(&hooked(vec![step("one", "true", "true")])), "released\n");
    assert_eq!(
        told(&hooked(vec![step("one", "exit 3", "true")])),
        "dev failed at deploy/one: `sh` ended with status 3|dev|deploy/one\n"
    );
    assert_eq!(
        told(&hooked(vec![step("one", "exit 3", "exit 4")])),
        "dev failed at deploy/one: `sh` ended with status 3; dev is stranded: the undo of deploy/one failed: \
         `sh` ended with status 4|dev|deploy/one\n"
    );
}

#[test]
fn whoever_ends_a_run_gets_the_notices_of_an_interruption() {
    let site = Site::new();
    let plan = hooked(vec![step("one", "true", "true"), step("two", "true", "true")]);
    site.run_interrupted_at(&plan, "effect-started deploy/one").unwrap();
    assert_eq!(site.read("told"), "interrupt dev failed: cancelled by an interrupt|dev|\n");
}

#[test]
fn what_was_told_at_the_end_is_not_told_again_when_the_run_is_taken_up() {
    let site = Site::new();
    let mut plan = hooked(vec![step("one", "exit 3", "true")]);
    plan.on.failure.push(hook("failure/late", "test -e open || sleep 30", &[]));
    site.run_killed_at(&plan, "effect-started on/failure/late");
    site.write("open", "");
    assert!(matches!(site.resume().finished, Some(Outcome::Restored { .. })));
    assert_eq!(site.read("told").lines().count(), 1);

    // An environment that needs a person, too, is told of once.
    let site = Site::new();
    site.run(&hooked(vec![step("one", "exit 3", "test -e open")]));
    site.write("open", "");
    assert!(matches!(site.resume().finished, Some(Outcome::Restored { .. })));
    assert_eq!(site.read("told").lines().count(), 1);
}
