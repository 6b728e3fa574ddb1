//! A saved plan is run as it was shown, or refused with the reason.

use crate::project::Project;

const RELEASE: &str = r#"edition 2026

environment dev {}
artifact app { version = "1.0.0", sources = ["app.release"], build = `true`, file = "app.release" }
pipeline app {
  promote artifact.app through dev
  deploy {
    file config { path = "config.json", content = "{\"workers\": 4, \"name\": \"shop\"}\n" }
    file other { path = "other", content = "x\n" }
  }
  verify { command there { run = `test -e config.json` } }
}
"#;

fn planned(arguments: &[&str]) -> Project {
    let project =
        Project::with(&[("app.release", RELEASE), ("config.json", "{\n  \"name\": \"shop\",\n  \"workers\": 2\n}\n")]);
    project.liftlock(&[&["plan", "--out", "plan.json"], arguments].concat()).expect(0);
    project
}

#[track_caller]
fn assert_refused(project: &Project, why: &str) {
    let ended = project.liftlock(&["run", "plan.json", "--yes"]).expect(4);
    assert!(ended.stderr.contains(why), "{}", ended.stderr);
    assert!(!project.path("other").exists(), "nothing was begun");
}

#[test]
fn a_stale_plan_is_refused_with_what_has_changed() {
    let project = planned(&[]);
    project.write("config.json", "by hand");
    assert_refused(&project, "one thing that it rests on has changed since");
}

#[test]
fn a_plan_that_was_changed_is_refused() {
    for (from, to) in [("\\\"workers\\\": 4", "\\\"workers\\\": 400"), ("\"expires_at\": \"20", "\"expires_at\": \"21")]
    {
        let project = planned(&[]);
        let text = project.read("plan.json");
        assert!(text.contains(from), "{text}");
        project.write("plan.json", &text.replacen(from, to, 1));
        assert_refused(&project, "the plan was changed after it was made");
    }
}

#[test]
fn an_expired_plan_is_refused_and_one_that_has_not_is_run() {
    let project = planned(&["--expires", "1ms"]);
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_refused(&project, "the plan expired at ");
    let project = planned(&["--expires", "7d"]);
    project.liftlock(&["run", "plan.json", "--yes"]).expect(0);
    assert_eq!(project.read("other"), "x\n");
}

#[test]
fn how_long_a_plan_holds_is_a_duration() {
    let project = Project::with(&[("app.release", RELEASE)]);
    for wrong in ["tomorrow", "0s", "-1h", "1y", "99999999999h"] {
        let expires = format!("--expires={wrong}");
        project.liftlock(&["plan", "--out", "plan.json", &expires]).expect(2);
        assert!(!project.path("plan.json").exists(), "{wrong}");
    }
}

#[test]
fn the_same_plan_is_the_same_whenever_it_was_made() {
    let project = planned(&[]);
    let first: serde_json::Value = serde_json::from_str(&project.read("plan.json")).unwrap();
    project.liftlock(&["plan", "--out", "plan.json", "--expires", "1h"]).expect(0);
    let second: serde_json::Value = serde_json::from_str(&project.read("plan.json")).unwrap();
    assert_eq!(first["hash"], second["hash"]);
    assert_ne!(first["seal"], second["seal"]);
}

#[test]
fn json_is_shown_by_its_values_and_text_by_its_lines() {
    let project = planned(&[]);
    let plan = project.liftlock(&["plan"]).expect(0).stdout;
    assert!(plan.contains("by value") && plan.contains("| - workers: 2\n      | + workers: 4\n"), "{plan}");
    assert!(!plan.contains("name: shop"), "what is only laid out in another way is no change: {plan}");
    let markdown = project.liftlock(&["plan", "--output", "markdown"]).expect(0).stdout;
    assert!(markdown.contains("```diff\n-workers: 2\n+workers: 4\n```"), "{markdown}");
    let beside = project.liftlock(&["plan", "--side-by-side", "always"]).expect(0).stdout;
    let line = beside.lines().find(|line| line.contains("- workers: 2")).unwrap();
    assert!(line.contains("+ workers: 4"), "{beside}");
}

#[test]
fn a_long_diff_is_folded_until_it_is_asked_for() {
    let lines: String = (0..300).map(|line| format!("line {line}\\n")).collect();
    let text = RELEASE.replace("content = \"x\\n\"", &format!("content = \"{lines}\""));
    let project = Project::with(&[("app.release", &text)]);
    let plan = project.liftlock(&["plan"]).expect(0).stdout;
    assert!(plan.contains("260 lines folded; `--full` shows them") && !plan.contains("line 100"), "{plan}");
    assert!(project.liftlock(&["plan", "--full"]).expect(0).stdout.contains("| + line 100\n"));
}
