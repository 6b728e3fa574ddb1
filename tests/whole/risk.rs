//! What there is to think of before a release, each with its reason.

use crate::project::Project;

const RELEASE: &str = r#"edition 2026

settings { root: path }
environment dev { root = "dev" }
environment eu { requires = [dev], protected = true, root = "eu" }
environment us { requires = [dev], protected = true, root = "us" }
group owners { members = ["ada"] }
input version: semver
artifact app {
  version = input.version
  sources = ["app.txt"]
  build   = `cp app.txt out.txt`
  file    = "out.txt"
}
pipeline app {
  promote artifact.app through dev -> [eu, us]
  before eu { approval go { from = group.owners, self = true } }
  before us { approval go { from = group.owners, self = true } }
  deploy {
    file config { path = "${env.root}/config", content = "version = ${release.version}\n" }
  }
  verify { command there { run = `test -e ${env.root}/config` } }
}
"#;

fn project() -> Project {
    Project::with(&[("app.release", RELEASE), ("app.txt", "app\n")])
}

fn plan(project: &Project, version: &str) -> String {
    let version = format!("version={version}");
    let plan = project.liftlock(&["plan", "--set", &version]).expect(0).stdout;
    // The columns are as wide as the widest word.
    plan.lines().map(|line| format!("{}\n", line.split_whitespace().collect::<Vec<_>>().join(" "))).collect()
}

fn run(project: &Project, version: &str) {
    let version = format!("version={version}");
    project.liftlock(&["run", "--yes", "--as", "ada", "--approve", "go", "--set", &version]).expect(0);
}

#[test]
fn a_first_release_and_a_wave_are_said() {
    let plan = plan(&project(), "1.0.0");
    for line in [
        "first release dev, eu and us: nothing was released there before",
        "at the same time eu and us: what is wrong in one is wrong in all before anybody sees it",
        "waits for go in eu and us: 1 approval by owners",
    ] {
        assert!(plan.contains(&format!("\n{line}\n")), "{line}\n{plan}");
    }
    assert!(!plan.contains("not rehearsed"), "there is nothing to go back from: {plan}");
}

#[test]
fn what_is_new_and_what_is_more_than_last_time_is_said() {
    let project = project();
    run(&project, "1.0.0");
    let usual = plan(&project, "1.1.0");
    assert!(!usual.contains("first time") && !usual.contains("larger") && !usual.contains("first release"), "{usual}");
    assert!(usual.contains("\nnot rehearsed eu and us: no undo was ever seen to work there\n"), "{usual}");

    let more = "deploy {\n    directory logs { path = \"${env.root}/logs\" }\n";
    project.write("app.release", &RELEASE.replace("deploy {\n", more));
    let larger = plan(&project, "1.1.0");
    assert!(larger.contains("\nfirst time dev, eu and us: the release before did not have deploy/logs\n"), "{larger}");
    assert!(larger.contains("\nlarger than last time dev, eu and us: 2 effects; release 1 changed 1\n"), "{larger}");
}

#[test]
fn an_undo_that_was_seen_to_work_is_a_rehearsal() {
    let project = project();
    run(&project, "1.0.0");
    run(&project, "1.1.0");
    project.liftlock(&["rollback", "eu", "--yes"]).expect(0);
    let plan = plan(&project, "1.2.0");
    assert!(plan.contains("\nnot rehearsed us: "), "{plan}");
}

#[test]
fn a_version_that_was_released_from_other_sources_is_said_before_it_is_refused() {
    let project = project();
    run(&project, "1.0.0");
    assert!(!plan(&project, "1.0.0").contains("used before"));
    project.write("app.txt", "changed\n");
    let plan = plan(&project, "1.0.0");
    assert!(plan.contains("version used before 1.0.0: it was released as "), "{plan}");
    let json = project.liftlock(&["plan", "--set", "version=1.0.0", "--output", "json"]).expect(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    let risks = json["risks"].as_array().unwrap();
    assert!(risks.iter().any(|risk| risk["risk"] == "other-artifact" && risk["built"].is_null()), "{json}");
    let ended =
        project.liftlock(&["run", "--yes", "--as", "ada", "--approve", "go", "--set", "version=1.0.0"]).expect(1);
    assert!(ended.stdout.contains("a version of its own"), "{}", ended.stdout);
}
