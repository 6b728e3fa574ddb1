//! `examples/canary`, behind an HAProxy and judged by a Prometheus that it starts itself.

use super::{Example, have};

/// The version and the weight in each of the two places, and what is on the disk.
fn state(example: &Example) -> String {
    let script = "for slot in stable canary; do ops/slot get $slot; \
                  echo \"get weight greeter/$slot\" | socat -t 10 - UNIX-CONNECT:srv/admin.sock; done; ls srv/releases";
    example.shell(script).expect(0).stdout.replace("\n\n", "\n")
}

#[test]
fn a_canary_that_is_well_replaces_the_old_version_and_one_that_is_not_is_gone() {
    if !have(&["haproxy", "prometheus", "socat", "ps"]) {
        return;
    }
    let example = Example::copy("canary");
    example.shell("ops/up").expect(0);
    let first = state(&example);
    assert!(first.starts_with("1.0.0\n90 (initial 90)\nnone\n0 (initial 0)\n"), "{first}");

    let released = example.does("One command", 0).expect(0);
    assert!(released.stdout.contains("greeter 1.1.0 is released to production"), "{}", released.stdout);
    for share in ["[10]", "[30]", "[90]"] {
        let judged = format!("gently/weight{share}/name[\"errors\"]/judged  passed: 0 ");
        assert!(released.stderr.contains(&judged), "{}", released.stderr);
    }
    let second = state(&example);
    assert!(second.starts_with("1.1.0\n90 (initial 90)\n1.1.0\n0 (initial 0)\n"), "{second}");

    let bad = example.does("A bad release", 0).expect(1);
    assert!(bad.stdout.contains("why: deploy/gently/weight[10]/name[\"errors\"]/judged: "), "{}", bad.stdout);
    assert!(bad.stdout.contains("production is restored to 1.1.0"), "{}", bad.stdout);
    assert_eq!(state(&example), second);

    example.does("Back", 0).expect(0);
    assert_eq!(state(&example), first);
}
