//! What a person does, requests, metrics and notices: from the release file to the plan, and through a run.

use crate::plan_schema::assert_fits;
use crate::project::Project;

/// A release file with this in its pipeline.
fn release(body: &str) -> String {
    format!(
        r#"edition 2026

environment dev {{}}

artifact app {{
  version = "1.0.0"
  sources = ["app.txt"]
  build   = `cp app.txt app.out`
  file    = "app.out"
}}

pipeline app {{
  promote artifact.app through dev

{body}
}}
"#
    )
}

const BY_HAND: &str = r#"
  deploy {
    directory first { path = "dev/first" }
    manual key { instructions = "Turn the key.", rollback = "Turn it back." }
    directory last { path = "dev/last" }
  }
"#;

const EVERY_KIND: &str = r#"
  deploy {
    metric calm {
      server   = "http://127.0.0.1:1"
      query    = "up"
      above    = 0.5
      at_least = 3
      no_data  = "wait"
      samples  = "count(up)"
      for      = 1s
    }
    http_request flag {
      url        = "http://127.0.0.1:1/flags/shop"
      headers    = { Authorization = secret.env("TOKEN"), "X-Team" = "shop" }
      body       = "${release.number}"
      status     = [201, 204]
      rollback   = { method = "DELETE", url = "http://127.0.0.1:1/flags/1", headers = { Authorization = secret.env("TOKEN") } }
      idempotent = true
    }
    manual key { instructions = "Turn the key.", rollback = "Turn it back." }
    notify told { run = `true` }
  }

  on failure {
    notify chat { run = `echo ${failure.summary}` }
  }
  on interrupt { in_doubt = undo }
"#;

fn project(body: &str) -> Project {
    Project::with(&[("app.release", &release(body)), ("app.txt", "app\n")])
}

#[test]
fn a_run_that_asks_a_person_goes_on_once_it_is_confirmed() {
    let project = project(BY_HAND);
    let plan = project.liftlock(&["run", "--yes", "--no-wait"]).expect(3);
    assert!(
        plan.stderr.contains("waiting for a person: Turn the key.; confirm with: liftlock confirm "),
        "{}",
        plan.stderr
    );
    let status = project.liftlock(&["status"]).expect(0).stdout;
    assert!(status.contains("waits in dev at deploy/key: a person has to do it"), "{status}");
    assert!(status.contains(" app/dev/deploy/key --as YOU"), "{status}");

    let overview = project.liftlock(&[]).expect(0).stdout;
    assert!(overview.contains("waits for a person at app/dev/deploy/key: say that it is done"), "{overview}");
    let nobody = project.liftlock(&["confirm", "lock"]).expect(2);
    assert!(nobody.stderr.contains("asks nobody to do `lock`"), "{}", nobody.stderr);
    let said = project.liftlock(&["confirm", "--as", "grace"]).expect(0);
    assert!(said.stderr.contains("go on with `liftlock resume"), "{}", said.stderr);
    let again = project.liftlock(&["confirm", "app/dev/deploy/key", "--as", "ada"]).expect(1);
    assert!(again.stderr.contains("grace has said already"), "{}", again.stderr);

    let ended = project.liftlock(&["resume"]).expect(0);
    assert!(ended.stdout.contains("is released to dev"), "{}", ended.stdout);
    assert!(project.path("dev/last").is_dir());
    project.liftlock(&["confirm"]).expect(2);
}

#[test]
fn what_a_person_could_not_do_is_taken_back_by_a_person() {
    let project = project(BY_HAND);
    project.liftlock(&["run", "--yes", "--no-wait"]).expect(3);
    project.liftlock(&["confirm", "deploy/key", "--failed", "it is bent", "--as", "grace"]).expect(0);
    let waits = project.liftlock(&["resume", "--no-wait"]).expect(3);
    assert!(waits.stderr.contains("waiting for a person: Turn it back."), "{}", waits.stderr);
    project.liftlock(&["confirm", "--as", "grace"]).expect(0);
    let ended = project.liftlock(&["resume"]).expect(1);
    assert!(ended.stdout.contains("grace says that it failed: it is bent"), "{}", ended.stdout);
    assert!(!project.path("dev/first").exists());
}

#[test]
fn plans_of_every_kind_are_drafted_and_fit_the_schema() {
    let project = project(BY_HAND);
    project.liftlock(&["plan", "--offline", "--out", "before.json"]).expect(0);
    project.write("app.release", &release(EVERY_KIND));
    project.liftlock(&["plan", "--offline", "--out", "plan.json"]).expect(0);
    assert_fits(&project.read("plan.json"));
    project.liftlock(&["diff", "plan.json", "plan.json"]).expect(0);
    let diff = project.liftlock(&["diff", "before.json", "plan.json"]).expect(2).stdout;
    for line in [
        "request = POST http://127.0.0.1:1/flags/shop",
        "request, with Authorization = secret.env(\"TOKEN\")",
        "request, with X-Team = shop",
        "request, welcome = 204",
        "request, at most = 30s",
        "undo = DELETE http://127.0.0.1:1/flags/1",
        "metric = up",
        "on/failure/chat",
        "it is undone",
    ] {
        assert!(diff.contains(line), "{line} is not in\n{diff}");
    }
}

#[test]
fn a_status_that_no_server_gives_is_refused_when_the_release_is_planned() {
    for status in ["99", "600"] {
        let body = EVERY_KIND.replace("201, 204", status);
        let refused = project(&body).liftlock(&["plan", "--offline"]).expect(2);
        let message = format!("a status of the request `flag` is `{status}`: a number from 100 to 599 is wanted");
        assert!(refused.stderr.contains(&message), "{}", refused.stderr);
    }
}
