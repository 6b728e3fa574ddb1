//! `examples/monorepo`: two pipelines, and what they share.

use super::Example;

const FREEZE: &str = "freeze(from: 2026-12-18, to: 2027-01-04, reason: \"year-end freeze\")";

/// A copy on a day on which the freeze for everybody is over, or under way, whatever day it is.
fn example(frozen: bool) -> Example {
    let example = Example::copy("monorepo");
    let calendars = example.project().read("shared/calendars.release");
    assert!(calendars.contains(FREEZE), "the freeze is moved by text");
    let end = if frozen { "2999-12-31" } else { "2020-01-02" };
    let freeze = format!("freeze(from: 2020-01-01, to: {end}, reason: \"year-end freeze\")");
    example.project().write("shared/calendars.release", &calendars.replace(FREEZE, &freeze));
    example
}

/// What customers see of either.
fn seen(example: &Example) -> String {
    let script = "for each in handbook prices; do readlink srv/production/$each/current || echo none; done";
    example.shell(script).expect(0).stdout
}

#[test]
fn two_pipelines_release_into_shared_environments_and_leave_each_other_alone() {
    let example = example(false);
    example.does("One command", 0).expect(0);
    assert_eq!(seen(&example), "releases/1.0.0\nreleases/1.0.0\n");
    let autumn = example.project().tree("srv");

    let bad = example.does("A bad release", 0).expect(1);
    assert!(bad.stdout.contains("  | coffee has no price"), "{}", bad.stdout);
    assert!(bad.stdout.contains("staging is restored to 1.0.0"), "{}", bad.stdout);
    assert_eq!(example.project().tree("srv"), autumn);

    example.does("Urgent", 0).expect(3);
    example.does("Urgent", 1).expect(0);
    assert_eq!(seen(&example), "releases/1.0.0\nreleases/1.1.0\n");

    example.does("Back", 0).expect(0);
    assert_eq!(seen(&example), "releases/1.0.0\nreleases/1.0.0\n");
}

#[test]
fn in_a_freeze_only_what_is_urgent_gets_into_production_and_a_second_person_agrees() {
    let example = example(true);
    let run = ["run", "prices", "--values", "prices/1.0.0.toml", "--as", "ada@example.com", "--approve", "go", "--yes"];
    let waiting = example.project().liftlock(&[&run[..], &["--no-wait", "--set", "urgent=true"]].concat()).expect(3);
    assert!(waiting.stderr.contains("before/steady"), "{}", waiting.stderr);
    // The one who has started it is no second person.
    let alone = example.project().liftlock(&["approve", "second", "--as", "ada@example.com"]).expect(1);
    assert!(alone.stderr.contains("ada@example.com"), "{}", alone.stderr);
    assert_eq!(seen(&example), "none\nnone\n");
    example.does("Urgent", 1).expect(0);
    assert_eq!(seen(&example), "none\nreleases/1.0.0\n");

    example.project().liftlock(&["rollback", "production", "--yes"]).expect(0);
    let script = "sleep 2.5";
    let frozen = [&run[..], &["--no-wait", "--set", "version=1.0.1"]].concat();
    example.project().liftlock(&frozen).expect(3);
    example.shell(script).expect(0);
    let waits = example.project().liftlock(&["resume", "--no-wait"]).expect(3);
    assert!(waits.stderr.contains("before/gates/open"), "{}", waits.stderr);
    assert_eq!(seen(&example), "none\nnone\n");
}
