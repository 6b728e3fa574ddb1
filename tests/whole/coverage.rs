//! `liftlock check --coverage`: what it says of a failure is what happens.

use std::fs;

use serde_json::Value;

use crate::project::Project;

/// Every construct that decides how a body is taken back. A step fails where the file `fails` names it.
const PROJECT: &str = r#"edition 2026

environment dev {}

artifact app {
  version = "1.0.0"
  sources = ["app.txt"]
  build   = `cp app.txt app-1.txt`
  file    = "app-1.txt"
}

pipeline app {
  promote artifact.app through dev

  deploy {
    parallel both {
      file one { path = "one", content = "1" }
      file two { path = "two", content = "2" }
    }
    step look { run = `ops/fail look`, readonly = true }
    phase data {
      step dump { run = `ops/fail dump`, rollback = `true` }
      step migrate { run = `ops/fail migrate` }
      step index { run = `ops/fail index` }

      rollback {
        step restore { run = `true` }
        step tidy { run = `true` }
      }
    }
    phase switch {
      phase inner {
        refresh early { run = `ops/fail early` }
        file config { path = "config", content = "x" }
        refresh late { run = `ops/fail late` }
      }
      step flip {
        run      = `ops/fail flip`
        rollback = `true`
        atomic   = true
      }
    }
  }

  verify {
    command fine { run = `ops/fail fine` }
  }
}
"#;

/// Fails once, so that a `refresh` can be run once more on the way back.
const FAIL: &str = "#!/bin/sh\nif [ -e fails ] && [ \"$1\" = \"$(cat fails)\" ]; then rm fails; exit 1; fi\n";

fn project() -> Project {
    let project = Project::with(&[("app.release", PROJECT), ("app.txt", "app\n"), ("ops/fail", FAIL)]);
    let path = project.path("ops/fail");
    let mut permissions = fs::metadata(&path).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o755);
    fs::set_permissions(path, permissions).unwrap();
    project
}

/// The members of a `parallel` are taken back together, in any order.
fn ordered(mut undos: Vec<String>) -> Vec<String> {
    let both = |at: &String| at.starts_with("deploy/both/");
    if let Some(first) = undos.iter().position(both) {
        let count = undos[first..].iter().take_while(|at| both(at)).count();
        undos[first..first + count].sort();
    }
    undos
}

#[test]
fn what_it_says_is_undone_is_undone_in_that_order() {
    let covered = project().liftlock(&["check", "--coverage", "--output", "json"]).expect(0);
    let record = covered.stdout.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let record = record.into_iter().find(|record| record["type"] == "coverage").unwrap();
    let points = record["points"].as_array().unwrap();
    for failing in ["look", "dump", "migrate", "index", "early", "late", "flip", "fine"] {
        let point = points.iter().find(|point| {
            point["kind"] != "interruption" && point["at"].as_str().unwrap().ends_with(&format!("/{failing}"))
        });
        let said =
            point.unwrap()["undo"].as_array().unwrap().iter().map(|undo| undo["at"].as_str().unwrap().to_owned());

        let project = project();
        project.write("fails", failing);
        project.liftlock(&["run", "--yes"]).expect(1);
        let records = project.records();
        let undone = records.iter().map(|record| &record["event"]).filter(|event| event["event"] == "undo-started");
        let undone = undone.map(|event| event["effect"].as_str().unwrap().replacen("app/dev/", "", 1));
        assert_eq!(ordered(said.collect()), ordered(undone.collect()), "{failing}");
        assert_eq!(point.unwrap()["ending"], "restored");
    }
}

#[test]
fn a_stage_below_the_share_that_is_asked_for_is_a_finding() {
    let project = project();
    project.liftlock(&["check", "--min-coverage", "100"]).expect(0);
    project.write(
        "app.release",
        &PROJECT.replace("rollback = `true`\n        atomic   = true", "irreversible = \"gone\""),
    );
    project.liftlock(&["check"]).expect(0);
    // The last effect and the check behind it, of ten effects and a check.
    project.liftlock(&["check", "--min-coverage", "81"]).expect(0);
    let ended = project.liftlock(&["check", "--min-coverage", "90", "--output", "concise"]).expect(1);
    assert!(
        ended.stdout.contains("error[rollback/coverage] the rollback coverage of `dev` is 81%"),
        "{}",
        ended.stdout
    );

    let shown = project.liftlock(&["check", "--coverage"]).expect(0);
    let expected = "  not restored:
    deploy/switch/flip
      ends:    held at deploy/switch/flip, a point of no return
      applied: deploy/both/one, deploy/both/two, deploy/look, deploy/data/dump, deploy/data/migrate, deploy/data/index, ";
    assert!(shown.stdout.contains(expected), "{}", shown.stdout);
}
