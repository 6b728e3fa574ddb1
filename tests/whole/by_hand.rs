//! Saved plans with things in them that no release file can say yet: what a person does, checks in bodies, notices.

use liftlock_names::Digest;

use crate::plan_schema::assert_fits;
use crate::project::Project;

const RELEASE: &str = r#"edition 2026

environment dev {}

artifact app {
  version = "1.0.0"
  sources = ["app.txt"]
  build   = `cp app.txt app.out`
  file    = "app.out"
}

pipeline app {
  promote artifact.app through dev

  deploy {
    directory first { path = "dev/first" }
    directory key { path = "dev/key" }
    directory last { path = "dev/last" }
  }
}
"#;

const FILES: &[(&str, &str)] = &[("app.release", RELEASE), ("app.txt", "app\n")];

/// The kinds as they stand in a plan, in the order of their fields.
const MANUAL: &str = r#"{"manual":{"instructions":"Turn the key.","undo":"Turn it back.","atomic":false}}"#;
const HTTP: &str = r#"{"http":{"request":{"method":"POST","url":[{"literal":"http://127.0.0.1:1/"}],"headers":{"X":[{"late":"release-number"}]},"body":[{"literal":"x"}],"status":[201],"timeout_ms":1000},"undo":null,"observe":null,"desired":null,"idempotent":true}}"#;
const NOTIFY: &str = r#"{"notify":{"run":{"program":{"command":[[{"literal":"true"}]]},"env":{},"cwd":".","stdin":null,"timeout_ms":1000}}}"#;
const TOLD: &str = r#"{"notify":{"run":{"program":{"command":[[{"literal":"echo"}],[{"late":{"failure":"summary"}}]]},"env":{},"cwd":".","stdin":null,"timeout_ms":1000}}}"#;
const METRIC: &str = r#"{"metric":{"server":"http://127.0.0.1:1","query":"up","above":0.5,"below":null,"samples":3,"samples_query":"count(up)","no_data":"wait","within_ms":0,"every_ms":500,"lasts_ms":1000}}"#;

/// A saved plan with other text in it, and the hash that belongs to it.
fn edited(saved: &str, edits: &[(&str, &str)]) -> String {
    let (mut compact, mut is_quoted, mut is_escaped) = (String::new(), false, false);
    for char in saved.chars() {
        is_quoted ^= char == '"' && !is_escaped;
        is_escaped = char == '\\' && !is_escaped;
        if is_quoted || !char.is_whitespace() {
            compact.push(char);
        }
    }
    let (_, plan) = compact.split_once("\"plan\":").unwrap();
    let mut plan = plan.strip_suffix('}').unwrap().to_owned();
    for (from, to) in edits {
        assert!(plan.contains(from), "{from} is not in {plan}");
        plan = plan.replace(from, to);
    }
    format!("{{\"hash\":\"{}\",\"plan\":{plan}}}", Digest::of(plan.as_bytes()))
}

/// The plan of the project in which a person turns the key.
fn with_key(project: &Project) {
    project.liftlock(&["plan", "--out", "plan.json"]).expect(0);
    let diff = r#""change":{"change":"diff","diff":"+a folder\n"}"#;
    let unknown = r#""change":{"change":"unknown","why":"a person makes it","preview":null}"#;
    let at = |observed: &str, change: &str| {
        format!(r#""class":{{"class":"reversible"}},"observed":{{"state":"{observed}"}},{change}"#)
    };
    let from = format!(r#"{{"directory":{{"path":"dev/key"}}}},{}"#, at("absent", diff));
    let to = format!("{MANUAL},{}", at("unobserved", unknown));
    let plan = edited(&project.read("plan.json"), &[(&from, &to)]);
    project.write("plan.json", &plan);
}

#[test]
fn a_run_that_asks_a_person_goes_on_once_it_is_confirmed() {
    let project = Project::with(FILES);
    with_key(&project);
    let plan = project.liftlock(&["run", "plan.json", "--yes", "--no-wait"]).expect(3);
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
    let project = Project::with(FILES);
    with_key(&project);
    project.liftlock(&["run", "plan.json", "--yes", "--no-wait"]).expect(3);
    project.liftlock(&["confirm", "deploy/key", "--failed", "it is bent", "--as", "grace"]).expect(0);
    let waits = project.liftlock(&["resume", "--no-wait"]).expect(3);
    assert!(waits.stderr.contains("waiting for a person: Turn it back."), "{}", waits.stderr);
    project.liftlock(&["confirm", "--as", "grace"]).expect(0);
    let ended = project.liftlock(&["resume"]).expect(1);
    assert!(ended.stdout.contains("grace says that it failed: it is bent"), "{}", ended.stdout);
    assert!(!project.path("dev/first").exists());
}

#[test]
fn plans_of_every_kind_are_read_and_fit_the_schema() {
    let project = Project::with(FILES);
    project.liftlock(&["plan", "--offline", "--out", "plan.json"]).expect(0);
    let saved = project.read("plan.json");
    let effect = |address: &str, kind: &str| {
        format!(
            r#"{{"address":"{address}","kind":{kind},"class":{{"class":"read-only"}},"observed":null,"change":{{"change":"unobserved"}}}}"#
        )
    };
    let hooks = format!(
        r#""observed":false,"on":{{"success":[],"failure":[{}],"interrupt":[],"in_doubt":"undo"}}}}"#,
        effect("app/*/on/failure/chat", TOLD)
    );
    let check = format!(r#""body":[{{"check":{{"address":"app/dev/deploy/calm","kind":{METRIC}}}}},"#);
    let folder = |name: &str| format!(r#"{{"directory":{{"path":"dev/{name}"}}}}"#);
    let plan = edited(
        &saved,
        &[
            (r#""body":["#, &check),
            (&folder("first"), HTTP),
            (&folder("key"), MANUAL),
            (&folder("last"), NOTIFY),
            (r#""observed":false}"#, &hooks),
        ],
    );
    assert_fits(&plan);
    project.write("edited.json", &plan);
    project.liftlock(&["diff", "edited.json", "edited.json"]).expect(0);
    let diff = project.liftlock(&["diff", "plan.json", "edited.json"]).expect(2).stdout;
    for line in [
        "by a person = Turn the key.",
        "request = POST http://127.0.0.1:1/",
        "metric = up",
        "on/failure/chat",
        "it is undone",
    ] {
        assert!(diff.contains(line), "{line} is not in\n{diff}");
    }
}
