//! `liftlock fmt` on real files.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use crate::project::{Project, repository};

const UNTIDY: &str = "a={b=1}\n";
const TIDY: &str = "a = { b = 1 }\n";

fn untidy() -> Project {
    Project::with(&[("one.release", UNTIDY), ("below/two.release", "a = 1 # one\n"), ("notes.txt", UNTIDY)])
}

#[test]
fn only_files_that_change_are_written_and_named() {
    let project = untidy();
    let modified = |name: &str| fs::metadata(project.path(name)).unwrap().modified().unwrap();
    let before = modified("below/two.release");
    fs::set_permissions(project.path("one.release"), fs::Permissions::from_mode(0o640)).unwrap();
    let ended = project.liftlock(&["fmt"]).expect(0);
    assert_eq!(project.read("one.release"), TIDY);
    assert_eq!(project.read("notes.txt"), UNTIDY);
    assert_eq!(modified("below/two.release"), before);
    assert_eq!(fs::metadata(project.path("one.release")).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(ended.stdout, "");
    assert_eq!(ended.stderr, "formatted one.release\n1 file formatted; 2 files in all\n");
    let left: Vec<_> = fs::read_dir(project.path(".")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");

    let again = project.liftlock(&["fmt"]).expect(0);
    assert_eq!(again.stderr, "0 files formatted; 2 files in all\n");
}

#[test]
fn a_link_goes_on_being_one() {
    let project = Project::with(&[("below/real.release", UNTIDY)]);
    std::os::unix::fs::symlink("below/real.release", project.path("link.release")).unwrap();
    project.liftlock(&["fmt", "link.release"]).expect(0);
    assert!(fs::symlink_metadata(project.path("link.release")).unwrap().is_symlink());
    assert_eq!(project.read("below/real.release"), TIDY);
}

#[test]
fn check_writes_nothing_and_says_by_its_exit_code_that_it_would() {
    let project = untidy();
    let ended = project.liftlock(&["fmt", "--check"]).expect(1);
    assert!(ended.stderr.starts_with("would format one.release\n"), "{}", ended.stderr);
    assert_eq!(project.read("one.release"), UNTIDY);
    project.liftlock(&["fmt", "--check", "below"]).expect(0);
}

#[test]
fn diff_writes_nothing_and_shows_the_lines() {
    let project = untidy();
    let ended = project.liftlock(&["fmt", "--diff"]).expect(0);
    assert_eq!(ended.stdout, "--- one.release\n+++ one.release\n-a={b=1}\n+a = { b = 1 }\n");
    assert_eq!(project.read("one.release"), UNTIDY);
    project.liftlock(&["fmt", "--diff", "--check"]).expect(1);
}

#[test]
fn a_broken_file_shows_its_findings_and_stops_no_other() {
    let project = Project::with(&[("a.release", "a =\n"), ("b.release", UNTIDY)]);
    let ended = project.liftlock(&["fmt"]).expect(1);
    assert!(ended.stderr.contains("error[syntax/missing-value]"), "{}", ended.stderr);
    assert!(ended.stderr.contains("a.release:1:"), "{}", ended.stderr);
    assert_eq!(project.read("a.release"), "a =\n");
    assert_eq!(project.read("b.release"), TIDY);
}

#[test]
fn standard_input_goes_to_standard_output() {
    let project = Project::with(&[]);
    let format = |text: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_liftlock-under-test"))
            .args(["fmt", "-"])
            .current_dir(project.path("."))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(format(UNTIDY), (Some(0), TIDY.to_owned(), String::new()));
    let (code, stdout, stderr) = format("a =\n");
    assert_eq!((code, stdout.as_str()), (Some(1), ""));
    assert!(stderr.contains("<stdin>:1:"), "{stderr}");
    project.liftlock(&["fmt", "-", "a.release"]).expect(2);
}

#[test]
fn the_standard_kinds_and_the_pipeline_of_the_example_are_in_the_style() {
    let path = |name: &str| repository().join(name).to_str().unwrap().to_owned();
    let project = Project::with(&[]);
    project.liftlock(&["fmt", "--check", &path("stdlib"), &path("examples")]).expect(0);
}
