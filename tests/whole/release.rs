//! Small pipelines, one behaviour each.

use crate::project::Project;

/// Two environments, an artifact that is a copy of a text file, and a body of its own.
fn project(deploy: &str) -> Project {
    project_with("", deploy)
}

fn project_with(more: &str, deploy: &str) -> Project {
    let text = format!(
        r#"edition 2026

settings {{ root: path }}

environment dev {{ root = "dev" }}

environment production {{
  requires  = [dev]
  protected = true
  root      = "production"
}}

group owners {{ members = ["ada", "grace"] }}

input version: semver = "1.0.0"

artifact app {{
  version = input.version
  sources = ["app.txt"]
  env     = {{ VERSION = version }}
  build   = `cp app.txt app-${{version}}.txt`
  file    = "app-${{version}}.txt"
}}

pipeline app {{
  promote artifact.app through dev -> production

  before production {{
    approval go {{ from = group.owners }}
  }}

  deploy {{
{deploy}
  }}

  verify {{
    command fine {{ run = `true` }}
  }}

  {more}
}}
"#
    );
    Project::with(&[("app.release", &text), ("app.txt", "app\n")])
}

/// A step that notes in `log` that it ran, and in reverse that it was undone.
fn noting(name: &str) -> String {
    format!(
        r#"step {name} {{
      run      = ```sh
        echo "run {name}" >> log
      ```
      rollback = ```sh
        echo "undo {name}" >> log
      ```
    }}
"#
    )
}

const FAILING: &str =
    "step broken {\n run = ```sh\n echo 'no such luck' >&2\n exit 3\n ```\n rollback = `echo undo`\n }\n";
const TO_DEV: &[&str] = &["run", "--to", "dev", "--yes"];

#[test]
fn a_failure_undoes_what_was_done_last_first_and_the_failing_step_too() {
    let body =
        [noting("first"), noting("second"), FAILING.replace("`echo undo`", "```sh\n echo 'undo broken' >> log\n ```")];
    let project = project(&body.concat());
    let ended = project.liftlock(TO_DEV).expect(1);
    assert_eq!(project.read("log"), "run first\nrun second\nundo broken\nundo second\nundo first\n");
    let why = ended.stdout.lines().nth(1).unwrap();
    assert!(why.contains("deploy/broken") && why.contains("status 3"), "{}", ended.stdout);
    assert!(ended.stdout.contains("no such luck"), "{}", ended.stdout);
}

#[test]
fn members_that_run_together_are_all_undone_when_one_fails() {
    let body = format!("parallel both {{\n{}{FAILING}}}\n", noting("sibling"));
    let project = project(&body);
    project.liftlock(TO_DEV).expect(1);
    assert_eq!(project.read("log"), "run sibling\nundo sibling\n");
}

#[test]
fn a_rollback_block_covers_its_phase() {
    let body = format!(
        "phase switch {{\n step a {{ run = ```sh\n echo a >> log\n ```\n }}\n rollback {{ step back {{ run = ```sh\n echo back >> log\n ```\n }} }}\n }}\n{FAILING}"
    );
    let project = project(&body);
    project.liftlock(TO_DEV).expect(1);
    assert_eq!(project.read("log"), "a\nback\n");
}

#[test]
fn an_undo_that_restores_nothing_strands_the_environment_until_a_person_has_looked() {
    let lying = r#"step lying {
      observe  = `cat state`
      desired  = "new"
      run      = ```sh
        printf new > state
      ```
      rollback = `true`
    }
"#;
    let project = project(&format!("{lying}{FAILING}"));
    project.write("state", "old");
    let ended = project.liftlock(TO_DEV).expect(6);
    assert!(ended.stdout.contains("lying"), "{}", ended.stdout);

    // Nothing else enters.
    let other = project.liftlock(&["run", "--to", "dev", "--set", "version=2.0.0", "--yes"]).expect(5);
    assert!(other.stdout.contains("liftlock resume"), "{}", other.stdout);

    // A person mends it, and lets the run look again.
    project.write("state", "old");
    project.liftlock(&["resume"]).expect(1);
    assert_eq!(project.read("state"), "old");
    // Now another release may enter, and fares as the first did.
    let third = project.liftlock(&["run", "--to", "dev", "--set", "version=2.0.0", "--yes"]).expect(6);
    assert!(third.stdout.contains("lying"), "{}", third.stdout);
}

/// A column, which is a file, and a step that is about what stands in it: without the column there is nothing to look at.
/// The checks behind them fail.
fn column(observe: &str, rollback: &str) -> Project {
    let body = format!(
        r#"step column {{
      observe  = ```sh
        if [ -f column ]; then echo there; else echo none; fi
      ```
      desired  = "there"
      run      = ```sh
        printf 3 > column
      ```
      rollback = `rm column`
    }}
    step backfill {{
      observe  = {observe}
      desired  = "4"
      run      = ```sh
        printf 4 > column
      ```
      rollback = {rollback}
    }}
"#
    );
    let project = project(&body);
    let passing = "command fine { run = `true` }";
    let text = project.read("app.release");
    assert!(text.contains(passing));
    project.write("app.release", &text.replace(passing, "command fine { run = `test ! -f column` }"));
    project
}

const COLUMN_OR_NONE: &str = "```sh\nif [ -f column ]; then cat column; else echo 'no column'; fi\n```";
const PUT_BACK: &str = "`sh -c 'printf %s \"$0\" > column' ${observed}`";

#[test]
fn what_was_found_behind_an_earlier_step_need_not_be_there_once_that_step_is_undone_too() {
    // Whether or not the observation says anything before the column is there.
    for observe in [COLUMN_OR_NONE, "`cat column`"] {
        let project = column(observe, PUT_BACK);
        let ended = project.liftlock(TO_DEV).expect(1);
        assert!(ended.stdout.contains("restored"), "{}", ended.stdout);
        assert!(!project.path("column").exists());

        // The same holds for a release that is taken back later.
        let text = project.read("app.release");
        project.write("app.release", &text.replace("test ! -f column", "test -f column"));
        project.liftlock(TO_DEV).expect(0);
        assert_eq!(project.read("column"), "4");
        project.liftlock(&["rollback", "dev", "--yes"]).expect(0);
        assert!(!project.path("column").exists());
    }
}

#[test]
fn a_runner_that_dies_between_two_undos_has_the_look_behind_the_first_on_record() {
    let project = column(COLUMN_OR_NONE, PUT_BACK);
    project.liftlock_killed(TO_DEV, "after:undo-finished:app/dev/deploy/backfill");
    project.liftlock(&["resume"]).expect(1);
    assert!(!project.path("column").exists());
}

#[test]
fn an_undo_that_restores_nothing_is_found_out_though_what_it_stood_on_is_gone() {
    for observe in [COLUMN_OR_NONE, "`cat column`"] {
        let project = column(observe, "`true`");
        let ended = project.liftlock(TO_DEV).expect(6);
        let why = "deploy/backfill was undone, and was not what it was right behind its undo: `4` instead of `3`";
        assert!(ended.stdout.contains(why), "{}", ended.stdout);
    }
}

#[test]
fn an_undo_that_harms_what_stands_behind_it_is_found_out() {
    let project = column("`cat other`", "`sh -c 'printf %s \"$0\" > other' ${observed}`");
    project.write("other", "1");
    let text = project.read("app.release").replace("printf 4 > column", "printf 4 > other");
    project.write("app.release", &text.replace("`rm column`", "```sh\nrm column\nprintf 9 > other\n```"));
    let ended = project.liftlock(TO_DEV).expect(6);
    let why = "deploy/backfill was undone, and is not what it was: `9` instead of `1`";
    assert!(ended.stdout.contains(why), "{}", ended.stdout);
}

#[test]
fn an_atomic_step_that_failed_needs_nothing_of_what_it_found_behind_an_earlier_one() {
    let project = column(COLUMN_OR_NONE, PUT_BACK);
    let failing = project.read("app.release").replace("printf 4 > column", "exit 3");
    project.write("app.release", &failing.replace("desired  = \"4\"", "desired  = \"4\"\n      atomic   = true"));
    let ended = project.liftlock(TO_DEV).expect(1);
    assert!(ended.stdout.contains("restored"), "{}", ended.stdout);
}

#[test]
fn a_point_of_no_return_holds_the_environment_with_what_stands_behind_it_undone() {
    let body = [
        noting("before"),
        "step gone {\n run = `true`\n irreversible = \"the old data is dropped\"\n }\n".to_owned(),
        noting("after"),
        FAILING.to_owned(),
    ];
    let project = project(&body.concat());
    let ended = project.liftlock(TO_DEV).expect(6);
    assert_eq!(project.read("log"), "run before\nrun after\nundo after\n");
    assert!(ended.stdout.contains("the old data is dropped"), "{}", ended.stdout);
}

#[test]
fn a_step_in_place_is_left_alone_and_a_refresh_with_nothing_to_notice_does_not_run() {
    let body = r#"file config { path = "${env.root}/config", content = "x" }
    refresh service { run = ```sh
        echo refreshed >> log
      ```
    }
"#;
    let project = project(body);
    project.liftlock(TO_DEV).expect(0);
    assert_eq!(project.read("log"), "refreshed\n");
    project.liftlock(&["run", "--to", "dev", "--set", "version=1.0.1", "--yes"]).expect(0);
    assert_eq!(project.read("log"), "refreshed\n");
}

#[test]
fn an_approval_counts_from_the_group_and_not_from_the_one_who_started() {
    let project = project(&noting("step"));
    let ended = project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    assert!(ended.stderr.contains("liftlock resume"), "{}", ended.stderr);
    assert_eq!(project.read("log"), "run step\n");

    let own = project.liftlock(&["approve", "--as", "ada"]).expect(1);
    assert!(own.stderr.contains("somebody else"), "{}", own.stderr);
    let stranger = project.liftlock(&["approve", "--as", "mallory"]).expect(1);
    assert!(stranger.stderr.contains("not of the group owners"), "{}", stranger.stderr);
    project.liftlock(&["resume", "--no-wait"]).expect(3);

    project.liftlock(&["approve", "go", "--as", "grace"]).expect(0);
    project.liftlock(&["resume"]).expect(0);
    assert_eq!(project.read("log"), "run step\nrun step\n");
}

#[test]
fn a_rejection_ends_the_run_and_leaves_what_was_released_before() {
    let project = project(&noting("step"));
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    project.liftlock(&["reject", "--as", "grace", "--reason", "not on a Friday"]).expect(0);
    let ended = project.liftlock(&["resume"]).expect(1);
    assert!(ended.stdout.contains("not on a Friday"), "{}", ended.stdout);
    assert_eq!(project.read("log"), "run step\n");
}

#[test]
fn with_rollback_pipeline_every_stage_goes_back_last_first() {
    let body = r#"step note {
      env      = { NAME = env.name }
      run      = ```sh
        echo "run $NAME" >> log
        test "$NAME" = dev
      ```
      rollback = ```sh
        echo "undo $NAME" >> log
      ```
    }
"#;
    let project = project_with("on failure { rollback = pipeline }", body);
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    project.liftlock(&["approve", "--as", "grace"]).expect(0);
    project.liftlock(&["resume"]).expect(1);
    assert_eq!(project.read("log"), "run dev\nrun production\nundo production\nundo dev\n");
    let again = project.liftlock(&["rollback", "dev", "--yes"]).expect(1);
    assert!(again.stderr.contains("has no release"), "{}", again.stderr);
}

#[test]
fn a_cancelled_run_stops_at_the_next_safe_point_and_undoes_its_stage() {
    // Between two steps that observe nothing there is no such moment: the end of one and the beginning of the next are on
    // record together.
    let look = "command look { run = `true` }\n".to_owned();
    let project = project(&[noting("first"), look, noting("second")].concat());
    project.liftlock_killed(TO_DEV, "after:check-started:app/dev/deploy/look");
    project.liftlock(&["cancel", "--reason", "wrong version"]).expect(0);
    let ended = project.liftlock(&["resume"]).expect(1);
    assert!(ended.stdout.contains("wrong version"), "{}", ended.stdout);
    assert_eq!(project.read("log"), "run first\nundo first\n");
}

#[test]
fn a_step_in_doubt_that_may_not_be_repeated_is_put_to_a_person() {
    let project = project(&[noting("first"), noting("second")].concat());
    project.liftlock_killed(TO_DEV, "before:effect-finished:app/dev/deploy/second");
    let other = project.liftlock(&["run", "--to", "dev", "--set", "version=2.0.0", "--yes"]).expect(5);
    assert!(other.stdout.contains("liftlock resume"), "{}", other.stdout);
    let asked = project.liftlock(&["resume"]).expect(6);
    assert!(asked.stderr.contains("--settle app/dev/deploy/second=done"), "{}", asked.stderr);
    assert_eq!(project.read("log"), "run first\nrun second\n");
    // What a person says is undone is not undone again; the rest of the stage is.
    let ended = project.liftlock(&["resume", "--settle", "app/dev/deploy/second=undone"]).expect(1);
    assert_eq!(project.read("log"), "run first\nrun second\nundo first\n");
    assert!(ended.stdout.contains("interrupted"), "{}", ended.stdout);
}

#[test]
fn a_person_settles_what_is_in_doubt() {
    let project = project(&[noting("first"), noting("second")].concat());
    project.liftlock_killed(TO_DEV, "before:effect-finished:app/dev/deploy/first");
    project.liftlock(&["resume", "--settle", "app/dev/deploy/first=done"]).expect(0);
    assert_eq!(project.read("log"), "run first\nrun second\n");
}

#[test]
fn a_saved_plan_runs_once_and_is_stale_afterwards() {
    let project = project("file config { path = \"${env.root}/config\", content = \"${input.version}\" }\n");
    project.liftlock(&["plan", "--to", "dev", "--out", "plan.json"]).expect(0);
    project.liftlock(&["run", "plan.json", "--yes"]).expect(0);
    assert_eq!(project.read("dev/config"), "1.0.0");
    let ended = project.liftlock(&["run", "plan.json", "--yes"]).expect(4);
    assert!(ended.stderr.contains("stale"), "{}", ended.stderr);
}

#[test]
fn a_plan_that_was_changed_is_refused() {
    let project = project("file config { path = \"${env.root}/config\", content = \"good\" }\n");
    project.liftlock(&["plan", "--to", "dev", "--out", "plan.json"]).expect(0);
    project.write("plan.json", &project.read("plan.json").replace("good", "evil"));
    let ended = project.liftlock(&["run", "plan.json", "--yes"]).expect(4);
    assert!(ended.stderr.contains("was changed"), "{}", ended.stderr);
    assert!(!project.path("dev/config").exists());
}

#[test]
fn a_plan_by_somebody_who_changed_the_file_by_hand_since_is_stale() {
    let project = project("file config { path = \"${env.root}/config\", content = \"new\" }\n");
    project.write("dev/config", "old");
    project.liftlock(&["plan", "--to", "dev", "--out", "plan.json"]).expect(0);
    project.write("dev/config", "by hand");
    let ended = project.liftlock(&["run", "plan.json", "--yes"]).expect(4);
    assert!(ended.stderr.contains("app/dev/deploy/config"), "{}", ended.stderr);
    assert_eq!(project.read("dev/config"), "by hand");
}

#[test]
fn a_version_never_means_two_artifacts() {
    let project = project(&noting("step"));
    project.liftlock(TO_DEV).expect(0);
    project.write("app.txt", "changed\n");
    let ended = project.liftlock(TO_DEV).expect(1);
    assert!(ended.stdout.contains("version 1.0.0 was released as"), "{}", ended.stdout);
    assert_eq!(project.read("log"), "run step\n");
}

#[test]
fn an_artifact_that_was_changed_in_the_store_enters_nothing() {
    let project = project(&noting("step"));
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    for entry in walk(&project.path(".liftlock/store")) {
        if std::fs::read_to_string(&entry).is_ok_and(|text| text == "app\n") {
            let _ = std::fs::remove_file(&entry);
            std::fs::write(&entry, "evil\n").unwrap();
        }
    }
    project.liftlock(&["approve", "--as", "grace"]).expect(0);
    let ended = project.liftlock(&["resume"]).expect(1);
    assert!(ended.stdout.contains("has been changed"), "{}", ended.stdout);
    assert_eq!(project.read("log"), "run step\n");
}

fn walk(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(walk(&path)) } else { files.push(path) }
    }
    files
}

#[test]
fn a_value_never_becomes_code() {
    let project = Project::with(&[(
        "app.release",
        r#"
input text: string
environment dev {}
artifact app { version = "1.0.0", sources = ["app.release"], build = `cp app.release app.out`, file = "app.out" }
pipeline app {
  promote artifact.app through dev
  deploy {
    step say {
      run      = `echo ${input.text}`
      readonly = true
    }
    step script {
      env      = { TEXT = input.text }
      readonly = true
      run      = ```sh
        printf '%s' "$TEXT" > text
      ```
    }
  }
}
"#,
    )]);
    let hostile = "$(touch owned); `touch owned` && \"'; touch owned";
    project.liftlock(&["run", "--set", &format!("text={hostile}"), "--yes"]).expect(0);
    assert_eq!(project.read("text"), hostile);
    assert!(!project.path("owned").exists());
}

#[test]
fn a_build_that_fails_changes_nothing_and_shows_its_last_lines() {
    let project = project(&noting("step"));
    let text = project.read("app.release").replace("`cp app.txt app-${version}.txt`", "`ls no-such-file`");
    project.write("app.release", &text);
    let ended = project.liftlock(TO_DEV).expect(1);
    assert!(ended.stdout.contains("no-such-file"), "{}", ended.stdout);
    assert!(!project.path("log").exists());
}

#[test]
fn without_a_yes_and_nobody_to_ask_nothing_begins() {
    let project = project(&noting("step"));
    let ended = project.liftlock(&["run", "--to", "dev"]).expect(2);
    assert!(ended.stderr.contains("--yes"), "{}", ended.stderr);
    assert!(!project.path("log").exists());
}

#[test]
fn what_can_be_done_is_listed_where_nobody_can_choose() {
    let project = project(&noting("step"));
    let list = project.liftlock(&[]).expect(0).stdout;
    assert!(list.contains("liftlock run app"), "{list}");
    project.liftlock(&["run", "--as", "ada", "--yes", "--no-wait"]).expect(3);
    let list = project.liftlock(&[]).expect(0).stdout;
    assert!(list.contains("liftlock approve") && list.contains("liftlock resume"), "{list}");
    assert!(list.contains("liftlock rollback dev"), "{list}");
}

#[test]
fn the_plan_is_what_the_run_does() {
    let body = r#"file config { path = "${env.root}/config", content = "version ${release.version}\n" }
    link current { path = "${env.root}/current", target = "config" }
    directory data { path = "${env.root}/data" }
"#;
    let project = project(body);
    let plan = project.liftlock(&["plan", "--to", "dev", "--output", "json"]).expect(0).stdout;
    let plan: serde_json::Value = serde_json::from_str(&plan).unwrap();
    project.liftlock(TO_DEV).expect(0);
    let planned: Vec<String> = plan["plan"]["waves"][0][0]["body"]
        .as_array()
        .unwrap()
        .iter()
        .map(|node| node["effect"]["address"].as_str().unwrap().to_owned())
        .collect();
    let done: Vec<String> = project
        .records()
        .iter()
        .filter(|record| record["event"]["event"] == "effect-finished")
        .map(|record| record["event"]["effect"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(planned, done);
    assert_eq!(project.read("dev/config"), "version 1.0.0\n");
}
