//! `liftlock init`.

use std::fs;
use std::process::Command;

use crate::project::Project;

/// What projects look like that have no pipeline yet: some files, and what has to be in the first pipeline.
const PROJECTS: &[(&[(&str, &str)], &str)] = &[
    (&[("index.html", "")], "tar -czf \"$FILE\" -- index.html"),
    (
        &[("Cargo.toml", "[package]\nname = \"shop\"\nversion = \"1.2.3\"\n"), ("src/main.rs", "")],
        "cargo build --release",
    ),
    (&[("package.json", "{ \"name\": \"@shop/web\", \"scripts\": { \"build\": \"vite build\" } }")], "npm run build"),
    (&[("go.mod", "module example.com/api\n"), ("main.go", "")], "go build"),
    (&[("Makefile", "dist:\n\ttrue\n"), ("Dockerfile", "")], "make dist VERSION="),
    (&[("a file; with \"everything\" ${in} `it`", ""), ("plain", "")], "sources = [\"plain\"]"),
];

#[test]
fn a_first_pipeline_has_no_findings_and_can_be_planned_whatever_is_there() {
    for (files, expected) in PROJECTS {
        let project = Project::with(files);
        let ended = project.liftlock(&["init", "--as", "ada@example.com"]).expect(0);
        assert!(ended.stderr.contains("`check` finds nothing in it"), "{}", ended.stderr);
        let files = fs::read_dir(project.path(".")).unwrap().flatten();
        let made =
            files.map(|entry| entry.path()).find(|path| path.extension().is_some_and(|ending| ending == "release"));
        let text = fs::read_to_string(made.unwrap()).unwrap();
        assert!(text.contains(expected), "{text}");
        project.liftlock(&["check", "--deny", "names", "--deny", "parity"]).expect(0);
        project.liftlock(&["fmt", "--check"]).expect(0);
        let plan = project.liftlock(&["plan", "--set", "version=1.0.0"]).expect(0).stdout;
        assert!(plan.contains("dev -> staging -> production") && plan.contains("0 unknown"), "{plan}");
    }
}

#[test]
fn an_empty_folder_is_told_where_to_put_what_is_released() {
    let project = Project::with(&[]);
    project.liftlock(&["init", "--as", "ada@example.com"]).expect(0);
    project.liftlock(&["check"]).expect(0);
    let ended = project.liftlock(&["plan", "--set", "version=1.0.0"]).expect(1);
    assert!(ended.stderr.contains("no file matches the sources src/**"), "{}", ended.stderr);
}

#[test]
fn what_is_there_is_released_as_it_is_and_taken_back() {
    let project = Project::with(&[("index.html", "hello\n")]);
    let git = |arguments: &[&str]| {
        let identity = ["-c", "user.name=Grace", "-c", "user.email=grace@example.com"];
        let status =
            Command::new("git").args(identity).args(arguments).current_dir(project.path(".")).status().unwrap();
        assert!(status.success(), "{arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "a page"]);
    project.liftlock(&["init", "--as", "ada@example.com"]).expect(0);
    assert_eq!(project.read(".gitignore"), "/.liftlock/\n/.artifacts/\n/.srv/\n");
    let ignored = project.read(".gitignore");
    project.liftlock(&["init"]).expect(2);
    assert_eq!(project.read(".gitignore"), ignored, "a second time nothing is written");
    git(&["add", "-A"]);
    git(&["commit", "-qm", "how it is released"]);
    project.liftlock(&["run", "--set", "version=1.0.0", "--to", "staging", "--yes"]).expect(0);
    assert_eq!(project.read(".srv/staging/current/index.html"), "hello\n");
    project.liftlock(&["plan", "--set", "version=1.0.1"]).expect(0);
    project.liftlock(&["rollback", "staging", "--yes"]).expect(0);
    assert!(!project.path(".srv/staging/current").exists(), "the link is gone again");
}
