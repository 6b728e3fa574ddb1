//! What a shell and a pager are given: completions and manual pages.

use std::fs;
use std::process::Command;

use crate::project::Project;

#[test]
fn a_shell_takes_the_completions_and_finds_every_verb_in_them() {
    let project = Project::with(&[]);
    let script = project.liftlock(&["completions", "bash"]).expect(0).stdout;
    for verb in ["init", "check", "drill", "rollback", "completions"] {
        assert!(script.contains(verb), "{verb}");
    }
    project.write("completions.bash", &script);
    let Ok(status) = Command::new("bash").args(["-n", "completions.bash"]).current_dir(project.path(".")).status()
    else {
        eprintln!("skipped: there is no bash");
        return;
    };
    assert!(status.success(), "bash does not take them");
    let ended = project.liftlock(&["completions", "csh"]).expect(2);
    assert!(ended.stderr.contains("bash"), "the shells that there are: {}", ended.stderr);
}

#[test]
fn every_verb_has_its_manual_page() {
    let project = Project::with(&[]);
    let page = project.liftlock(&["man"]).expect(0).stdout;
    assert!(page.contains(".TH liftlock 1") && page.contains("rollback"), "{page}");
    fs::create_dir(project.path("pages")).unwrap();
    project.liftlock(&["man", "--out", "pages"]).expect(0);
    let page = project.read("pages/liftlock-rollback.1");
    assert!(page.contains(".TH") && page.contains("pipeline"), "{page}");
    let ended = project.liftlock(&["man", "--out", "nowhere"]).expect(1);
    assert!(ended.stderr.contains("`nowhere` cannot be written"), "{}", ended.stderr);
}
