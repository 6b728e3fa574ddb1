//! The runner is killed with SIGKILL in the middle of every effect in turn, on the way up and on the way down, and
//! `resume` brings the release to the same end, without doing again what was finished.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::project::Project;

const EFFECTS: &[&str] = &["releases", "unpack", "migrate", "switch/config", "switch/link", "switch/service"];
const RELEASE: &[&str] =
    &["run", "--values", "releases/1.0.0.toml", "--as", "ada@example.com", "--approve", "go", "--yes"];

/// The addresses of the effects of the example, from the project itself: the test fails when one is added unseen.
fn effects_of(project: &Project) -> Vec<String> {
    let records = project.records();
    let mut effects = Vec::new();
    for record in &records {
        if record["event"]["event"] == "effect-started" {
            let effect = record["event"]["effect"].as_str().unwrap().to_owned();
            if !effects.contains(&effect) {
                effects.push(effect);
            }
        }
    }
    effects
}

/// How often each record of an effect was written.
fn count(records: &[Value], event: &str) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for record in records.iter().filter(|record| record["event"]["event"] == event) {
        *counts.entry(record["event"]["effect"].as_str().unwrap().to_owned()).or_default() += 1;
    }
    counts
}

/// Runs the program so that it is killed at `point`, and takes the run up again. What is to be killed a moment after a
/// record may have come to its end by then: that is how it was to end.
fn killed_and_resumed(project: &Project, arguments: &[&str], point: &str, code: i32) {
    let ended = project.liftlock_killed_at(arguments, point);
    match ended.code {
        Some(found) => {
            assert!(point.starts_with("during:"), "{point} did not kill it\n{}", ended.stderr);
            assert_eq!(found, code, "{point}\n{}", ended.stderr);
        }
        None if is_over(project) => {}
        None => {
            let resumed = project.liftlock(&["resume", "--as", "ada"]);
            assert_eq!(resumed.code, Some(code), "{point}\n{}\n{}", resumed.stdout, resumed.stderr);
        }
    }
}

/// Whether the newest run has its last record: there is nothing to go on with then.
fn is_over(project: &Project) -> bool {
    project.records().iter().any(|record| record["event"]["event"] == "run-finished")
}

/// A storefront whose artifact is built and that has released nothing.
fn built() -> Project {
    let project = Project::storefront();
    project.liftlock(&["run", "--values", "releases/1.0.0.toml", "--to", "dev", "--yes"]).expect(0);
    project.liftlock(&["rollback", "dev", "--yes"]).expect(0);
    project
}

#[test]
fn killed_in_any_effect_a_release_is_resumed_to_the_same_end() {
    let template = built();
    let all = {
        let project = template.twin();
        project.liftlock(RELEASE).expect(0);
        effects_of(&project)
    };
    assert_eq!(all.len(), 3 * EFFECTS.len(), "{all:?}");

    for effect in &all {
        let points = [
            format!("after:effect-started:{effect}"),
            format!("during:effect-started:{effect}"),
            format!("before:effect-finished:{effect}"),
        ];
        for point in points {
            // An effect that is over in a moment is over before `during` kills: then the next one is hit, which is as good.
            let project = template.twin();
            project.take_free_ports();
            killed_and_resumed(&project, RELEASE, &point, 0);

            for environment in ["dev", "staging", "production"] {
                assert_eq!(project.get(environment, "/version"), (200, "1.0.0".to_owned()), "{point}");
                assert_eq!(project.get(environment, "/health").0, 200, "{point}");
            }
            let records = project.records();
            for (address, finished) in count(&records, "effect-finished") {
                assert_eq!(finished, 1, "{address} after {point}");
            }
            let repeated: Vec<_> =
                count(&records, "effect-started").into_iter().filter(|(_, started)| *started > 1).collect();
            assert!(repeated.len() <= 1, "{repeated:?} after {point}");
            assert_eq!(count(&records, "effect-finished").len(), all.len(), "{point}");
            project.liftlock(&["log", "--verify"]).expect(0);
        }
    }
}

#[test]
fn killed_in_any_undo_a_failed_release_is_resumed_to_the_restored_end() {
    let template = Project::storefront();
    template.liftlock(&["run", "--values", "releases/1.0.0.toml", "--to", "staging", "--yes"]).expect(0);
    // The bad version is built, and dev has it, before anything is killed.
    template.liftlock(&["run", "--values", "releases/1.2.0.toml", "--to", "dev", "--yes"]).expect(0);
    template.stop_services();
    let bad = ["run", "--values", "releases/1.2.0.toml", "--to", "staging", "--yes"];
    let start = |project: &Project| {
        for environment in ["dev", "staging"] {
            project.ops(&["service", "restart", &format!("srv/{environment}")]);
        }
    };

    let undone = {
        let project = template.twin();
        start(&project);
        project.liftlock(&bad).expect(1);
        let records = project.records();
        let mut undone: Vec<String> = count(&records, "undo-finished").into_keys().collect();
        undone.sort();
        undone
    };
    assert_eq!(undone.len(), 4, "{undone:?}");

    for effect in &undone {
        for point in [
            format!("after:undo-started:{effect}"),
            format!("during:undo-started:{effect}"),
            format!("before:undo-finished:{effect}"),
        ] {
            let project = template.twin();
            start(&project);
            let before = project.read("srv/staging/shop.toml");
            killed_and_resumed(&project, &bad, &point, 1);

            assert_eq!(project.get("staging", "/version"), (200, "1.0.0".to_owned()), "{point}");
            assert_eq!(project.get("staging", "/health").0, 200, "{point}");
            assert_eq!(project.read("srv/staging/shop.toml"), before, "{point}");
            assert_eq!(project.ops(&["schema", "version", "srv/staging/shop.db"]), "1", "{point}");
            for (address, finished) in count(&project.records(), "undo-finished") {
                assert_eq!(finished, 1, "{address} after {point}");
            }
        }
    }
}

/// A pipeline with everything that can stand in a body, through two environments and back.
const EVERYTHING: &str = r#"edition 2026

environment dev {}
environment eu { requires = [dev] }
environment us { requires = [dev], protected = true }

group owners { members = ["ada"] }
input version: semver
input broken: string = "no"

artifact app {
  version = input.version
  sources = ["app.txt"]
  env     = { VERSION = version }
  build   = `cp app.txt app-${version}.txt`
  file    = "app-${version}.txt"
}

pipeline app {
  promote artifact.app through dev -> [eu, us]

  before us {
    approval go { from = owners, self = true }
  }

  deploy {
    directory root { path = "srv/${env.name}" }
    phase data {
      step copy {
        observe = `cat srv/${env.name}/data`
        desired = release.version
        env     = { TO = "srv/${env.name}/data", VERSION = release.version }
        run     = ```sh
          printf %s "$VERSION" > "$TO"
        ```
      }
      rollback {
        step restore {
          env = { TO = "srv/${env.name}/data", VERSION = previous?.version ?? "0.0.0" }
          run = ```sh
            printf %s "$VERSION" > "$TO"
          ```
        }
      }
    }
    parallel both {
      file config { path = "srv/${env.name}/config", content = "version ${release.version}\n" }
      link current { path = "srv/${env.name}/current", target = "releases/${release.version}" }
    }
    refresh service {
      env = { TO = "srv/${env.name}/service", FROM = "srv/${env.name}/config" }
      run = ```sh
        if [ -e "$FROM" ]; then cp "$FROM" "$TO"; else rm -f "$TO"; fi
      ```
    }
    step last {
      env        = { BROKEN = input.broken, NAME = env.name }
      run        = ```sh
        [ "$BROKEN" != "$NAME" ]
      ```
      rollback   = `true`
      idempotent = true
    }
  }

  verify { command config { run = `test -e srv/${env.name}/config` } }

  on failure { rollback = pipeline }
}
"#;

/// `EVERYTHING`, released once, so that there is something to go back to.
fn everything() -> Project {
    let project = Project::with(&[("app.release", EVERYTHING), ("app.txt", "app\n")]);
    for environment in ["dev", "eu", "us"] {
        project.write(&format!("srv/{environment}/data"), "0.0.0");
    }
    project.liftlock(&["run", "--set", "version=1.0.0", "--as", "ada", "--approve", "go", "--yes"]).expect(0);
    project
}

/// Kills `arguments` at every append in turn; after `resume` everything has to be as when it was never killed.
fn killed_at_every_record(arguments: &[&str], code: i32) {
    let template = everything();
    let expected = {
        let project = template.twin();
        project.liftlock(arguments).expect(code);
        (project.tree("srv"), project.liftlock(&["status", "--as", "ada"]).expect(0).stdout.lines().count())
    };
    for append in 1.. {
        let project = template.twin();
        let ended = project.liftlock_killed_after(arguments, append);
        if ended.code.is_some() {
            // What belongs together is appended together, so that there are fewer of them than records.
            assert!(append > 10, "only {append} appends\n{}", ended.stderr);
            return;
        }
        if !is_over(&project) {
            let resumed = project.liftlock(&["resume", "--as", "ada"]);
            assert_eq!(resumed.code, Some(code), "after append {append}\n{}\n{}", resumed.stdout, resumed.stderr);
        }
        let status = project.liftlock(&["status", "--as", "ada"]).expect(0).stdout.lines().count();
        assert_eq!((project.tree("srv"), status), expected, "after append {append}");
        project.liftlock(&["log", "--verify"]).expect(0);
    }
}

#[test]
fn killed_at_any_record_a_release_comes_to_the_same_end() {
    killed_at_every_record(&["run", "--set", "version=1.1.0", "--as", "ada", "--approve", "go", "--yes"], 0);
}

#[test]
fn killed_at_any_record_a_release_that_fails_takes_every_environment_back() {
    let bad = ["run", "--set", "version=1.1.0", "--set", "broken=us", "--as", "ada", "--approve", "go", "--yes"];
    killed_at_every_record(&bad, 1);
}

#[test]
fn killed_at_any_record_a_rollback_comes_to_the_same_end() {
    killed_at_every_record(&["rollback", "us", "--as", "ada", "--yes"], 0);
}
