//! `examples/kubernetes`: its plan, and a release with recorded conversations in the place of a cluster and a registry.

use std::os::unix::fs::PermissionsExt as _;

use super::Example;
use crate::project::{Ended, repository};

/// What the registry of the conversation says `nginx:1.27.0` is.
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// Puts a program into the folder that is looked at first.
fn put(example: &Example, program: &str, script: &str) {
    let path = format!("bin/{program}");
    example.project().write(&path, script);
    std::fs::set_permissions(example.project().path(&path), std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// The example beside a cluster that has what stands in `once/`.
fn clustered() -> Example {
    let example = Example::copy("kubernetes");
    let kubectl = std::fs::read_to_string(repository().join("tests/stdlib/programs/kubectl")).unwrap();
    let cluster = example.project().path("cluster").display().to_string();
    put(&example, "kubectl", &kubectl.replace("set -euo pipefail", &format!("set -euo pipefail\nCLUSTER={cluster}")));
    let script = format!("#!/bin/sh\ncase $* in\n  *docker://nginx:1.27.0) echo {DIGEST} ;;\n  *) exit 1 ;;\nesac\n");
    put(&example, "skopeo", &script);
    let once = "mkdir cluster; for namespace in web-staging web; do \
                bin/kubectl apply --namespace=$namespace -f once/deployment.yaml; done";
    example.shell(once).expect(0);
    example
}

fn liftlock(example: &Example, arguments: &[&str]) -> Ended {
    let path = format!("{}:{}", example.project().path("bin").display(), std::env::var("PATH").unwrap_or_default());
    example.project().liftlock_with(arguments, &[("PATH", &path)])
}

/// Every object, but for what the server writes.
fn state(example: &Example) -> String {
    let theirs = "resourceVersion|generation|revision|observedGeneration|uid|creationTimestamp";
    let script =
        format!("for file in $(find cluster -type f | sort); do echo $file; grep -Ev '({theirs}):' $file; done");
    example.shell(&script).expect(0).stdout
}

#[test]
fn without_a_cluster_and_a_registry_it_is_planned() {
    let example = Example::copy("kubernetes");
    let plan = example.does("One command", 0).expect(0).stdout;
    for said in
        ["image nginx:1.27.0; its digest was not looked up", "deploy/settings/apply", "production/go: 1 approval"]
    {
        assert!(plan.contains(said), "{plan}");
    }
}

#[test]
fn the_digest_of_staging_is_what_enters_production_and_the_way_back_leaves_nothing() {
    let example = clustered();
    // Nobody waits ten seconds for a conversation.
    let release = example.project().read("web.release");
    assert!(release.contains("for = 10s"), "waits of the example are shortened by text");
    example.project().write("web.release", &release.replace("for = 10s", "for = 300ms"));
    let before = state(&example);
    assert!(before.contains("nginx:1.26.0"), "{before}");

    let run = ["run", "--values", "releases/1.27.0.toml", "--as", "ada@example.com", "--approve", "go", "--yes"];
    liftlock(&example, &run).expect(0);
    let released = state(&example);
    let image = format!("- image: nginx@{DIGEST}");
    assert_eq!(released.matches(&image).count(), 2, "{released}");
    assert!(released.contains("  replicas: 3\n") && released.contains("Open from nine"), "{released}");

    for environment in ["production", "staging"] {
        liftlock(&example, &["rollback", environment, "--yes"]).expect(0);
    }
    assert_eq!(state(&example), before);
}
