//! `examples/postgres-expand-contract`, on a server that it starts itself.

use super::{Example, have};

fn example() -> Option<Example> {
    have(&["psql", "pg_dump", "pg_isready", "initdb", "setpriv"]).then(|| Example::copy("postgres-expand-contract"))
}

/// All that is in a data base, but for the keys that make each dump another one.
fn dump(example: &Example, environment: &str) -> String {
    let up = example.project().read("ops/up");
    let port = up.lines().find_map(|line| line.strip_prefix("port=")).unwrap();
    let script =
        format!("pg_dump -h 127.0.0.1 -p {port} -U shop {environment} | grep -v -e '^.restrict' -e '^.unrestrict'");
    example.shell(&script).expect(0).stdout
}

#[test]
fn a_column_is_renamed_taken_back_and_dropped_when_nobody_writes_it() {
    let Some(example) = example() else { return };
    example.shell("ops/up").expect(0);
    let before = dump(&example, "staging");

    example.does("One command", 0).expect(0);
    let released = dump(&example, "production");
    assert!(released.contains(" grace@example.com\tgrace@example.com\n"), "{released}");
    let listed = example.does("One command", 1).expect(0).stdout;
    assert!(listed.ends_with("4|Alan|Alan@Example.com\n"), "{listed}");

    example.does("Back", 0).expect(0);
    assert_eq!(dump(&example, "staging"), before);
    let back = dump(&example, "production");
    assert!(back.contains("4\tAlan\tAlan@Example.com\n") && !back.contains("email"), "{back}");

    let bad = example.does("A bad release", 0).expect(1);
    assert!(bad.stdout.contains("staging is restored"), "{}", bad.stdout);
    assert!(bad.stdout.contains("`observe` prints `f` and not `t`"), "{}", bad.stdout);
    assert_eq!((dump(&example, "staging"), dump(&example, "production")), (before, back));

    example.does("One command", 0).expect(0);
    let released = dump(&example, "staging");
    // As long as somebody writes the old column, it stays.
    let write = "ops/old-program staging add Barbara barbara@example.com";
    example.shell(write).expect(0);
    let written = dump(&example, "staging");
    let early = ["run", "--values", "releases/1.2.0.toml", "--set", "quiet=1 hour", "--yes"];
    let early = example.project().liftlock(&early).expect(1);
    assert!(early.stdout.contains("staging is restored") && early.stdout.contains("unused/holds"), "{}", early.stdout);
    assert_ne!(dump(&example, "staging"), released);
    assert_eq!(dump(&example, "staging"), written);

    // Five seconds are over by then, or will be.
    std::thread::sleep(std::time::Duration::from_secs(5));
    let plan = example.does("The point of no return", 0).expect(3);
    assert!(plan.stdout.contains("2 POINTS OF NO RETURN"), "{}", plan.stdout);
    assert!(dump(&example, "production").contains("mail"));
    example.does("The point of no return", 1).expect(0);
    let contracted = dump(&example, "production");
    assert!(!contracted.contains(" mail ") && contracted.contains("4\tAlan\talan@example.com"), "{contracted}");
    let back = example.project().liftlock(&["rollback", "production", "--yes"]).expect(1);
    assert!(back.stderr.contains("point of no return"), "{}", back.stderr);
}
