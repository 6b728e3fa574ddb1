//! `std/kubernetes`, with a recorded conversation in the place of kubectl: `tests/stdlib/programs/kubectl`.

use super::faults;
use super::site::{shell, site};
use crate::project::{Ended, Project, repository};

const MANIFESTS: &str = r#"apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  a: "1"
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  template:
    spec:
      containers:
      - image: web:1
        name: web
"#;

const WORKER: &str = r#"apiVersion: apps/v1
kind: Deployment
metadata:
  name: worker
spec:
  replicas: 1
  template:
    spec:
      containers:
      - image: worker:1
        name: worker
"#;

fn cluster() -> Project {
    let site = site("kubernetes");
    let program = std::fs::read_to_string(repository().join("tests/stdlib/programs/kubectl")).unwrap();
    let cluster = site.path("cluster").display().to_string();
    faults::put(
        &site,
        "kubectl",
        &program.replace("set -euo pipefail", &format!("set -euo pipefail\nCLUSTER={cluster}")),
    );
    site.write("worker.yaml", WORKER);
    site.write("manifests.yaml", MANIFESTS);
    shell(&site, "mkdir cluster; bin/kubectl apply --namespace=shop -f worker.yaml");
    site
}

/// Every object, but for what the server writes.
fn state(site: &Project) -> String {
    let theirs = "resourceVersion|generation|revision|observedGeneration|uid|creationTimestamp";
    shell(
        site,
        &format!("find cluster -type f | sort | while read -r file; do echo $file; grep -Ev '({theirs}):' $file; done"),
    )
}

fn release(site: &Project, inputs: &[&str]) -> Ended {
    let mut arguments = vec!["run", "kubernetes", "--yes"];
    arguments.extend(inputs.iter().flat_map(|input| ["--set", input]));
    faults::run(site, &arguments)
}

#[test]
fn the_very_manifests_that_stood_before_come_back() {
    let site = cluster();
    let first = state(&site);
    let ended = release(&site, &["broken=true"]).expect(1);
    assert!(ended.stdout.contains("is restored"), "{}", ended.stdout);
    assert_eq!(state(&site), first);
    release(&site, &[]).expect(0);
    assert!(state(&site).contains("image: worker:2"), "{}", state(&site));
    faults::run(&site, &["drift", "dev"]).expect(0);
    faults::run(&site, &["plan", "kubernetes", "--detailed-exitcode"]).expect(0);
    faults::run(&site, &["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(state(&site), first);
}

#[test]
fn whatever_a_cluster_refuses_half_way_leaves_it_as_it_was() {
    let site = cluster();
    release(&site, &[]).expect(0);
    let before = state(&site);
    let changed = MANIFESTS.replace("a: \"1\"", "a: \"2\"");
    for (manifests, inputs, fails) in [
        // The map is changed by then, and the deployment is not.
        (changed.replace("replicas: 2", "replicas: -2"), [].as_slice(), "deploy/shop/apply"),
        (changed.replace("web:1", "web:broken"), &[], "deploy/web/rolled_out"),
        (changed.clone(), &["image=worker:3", "replicas=-1"], "deploy/workers/scale"),
    ] {
        site.write("manifests.yaml", &manifests);
        let ended = release(&site, inputs).expect(1);
        assert!(ended.stdout.contains(fails) && ended.stdout.contains("is restored"), "{}", ended.stdout);
        assert_eq!(state(&site), before, "{fails}");
    }
}

#[test]
fn a_connection_to_a_cluster_that_breaks_leaves_it_as_it_was() {
    let site = cluster();
    let arguments = ["run", "kubernetes", "--yes"];
    let state = || state(&site);
    // The fault stands in front of the conversation, which is moved aside.
    shell(&site, "mkdir real; mv bin/kubectl real/kubectl");
    let real = site.path("real/kubectl").display().to_string();
    // The first of them looks what stands, before anything is kept.
    for matching in ["create", "apply", "set image", "scale", "rollout restart"] {
        let armed = site.path("bin/kubectl.armed").display().to_string();
        site.write("bin/kubectl.armed", "");
        let script = format!(
            "#!/bin/sh\n{real} \"$@\" || exit\ncase \"${{LIFTLOCK_KEY:+run}} $*\" in\n  ' '*) ;;\n  *'{matching}'*)\n    \
             if rm '{armed}' 2> /dev/null; then echo 'error: the connection is gone' >&2; exit 1; fi\n    ;;\nesac\n"
        );
        faults::put(&site, "kubectl", &script);
        let before = state();
        let ended = faults::run(&site, &arguments).expect(1);
        assert!(ended.stdout.contains("is restored"), "{matching}: {}", ended.stdout);
        assert!(!site.path("bin/kubectl.armed").exists(), "{matching} was never called");
        assert_eq!(state(), before, "{matching}");
    }
}
