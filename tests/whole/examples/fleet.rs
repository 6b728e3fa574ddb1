//! `examples/fleet`: hosts in waves, by an sshd that it starts itself.

use std::path::Path;

use super::{Example, have};

/// What works on the hosts, one after the other.
fn working(example: &Example) -> String {
    let script = "for host in srv/web-*; do read -r version at < $host/heartbeat; \
                  $host/bin/service works $version; echo $version $(ls $host/releases) $(readlink $host/current); done";
    example.shell(script).expect(0).stdout
}

fn all(each: &str) -> String {
    format!("{each}\n").repeat(6)
}

#[test]
fn what_does_not_work_on_one_host_is_taken_back_and_never_reaches_the_last_wave() {
    if !have(&["sshd", "ssh", "ssh-keygen", "ps", "setsid"]) {
        return;
    }
    let example = Example::copy("fleet");
    if example.shell("id -u").expect(0).stdout == "0\n" && !Path::new("/run/sshd").is_dir() {
        eprintln!("skipped: for root, sshd does not start without /run/sshd");
        return;
    }
    example.does("One command", 0).expect(0);
    assert_eq!(working(&example), all("1.0.0 1.0.0 releases/1.0.0"));

    let bad = example.does("A bad release", 0).expect(1);
    assert!(bad.stdout.contains("why: deploy/host[\"web-4\"]/works/passes: "), "{}", bad.stdout);
    assert!(bad.stdout.contains("there is no `lane` in worker.conf"), "{}", bad.stdout);
    assert!(bad.stdout.contains("production is restored to 1.0.0"), "{}", bad.stdout);
    assert_eq!(working(&example), all("1.0.0 1.0.0 releases/1.0.0"));
    for (host, touched) in [("web-1", true), ("web-4", true), ("web-5", false), ("web-6", false)] {
        let started = bad.stderr.contains(&format!("deploy/host[\"{host}\"]/program/unpack      started"));
        assert_eq!(started, touched, "{host}\n{}", bad.stderr);
    }

    example.does("Mended", 0).expect(0);
    assert_eq!(working(&example), all("1.1.0 1.0.0 1.1.0 releases/1.1.0"));
    example.does("Back", 0).expect(0);
    assert_eq!(working(&example), all("1.0.0 1.0.0 releases/1.0.0"));
}
