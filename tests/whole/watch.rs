//! `liftlock check --watch`.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::project::Project;

#[test]
fn a_change_is_checked_and_an_interrupt_ends_it() {
    let project = Project::with(&[("app.release", "import \"./shared/more.release\"\n"), ("shared/more.release", "")]);
    let mut child = Command::new(env!("CARGO_BIN_EXE_liftlock-under-test"))
        .args(["check", "app.release", "--watch", "--output", "concise"])
        .current_dir(project.path("."))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (sender, receiver) = mpsc::channel();
    let stderr = BufReader::new(child.stderr.take().unwrap());
    std::thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
    let next = |what: &str| {
        let line = receiver.recv_timeout(Duration::from_secs(30)).unwrap_or_else(|_| panic!("no pass after {what}"));
        line.split_once("  ").unwrap().1.to_owned()
    };
    assert_eq!(next("the start"), "no findings in 2 files");
    project.write("app.release", "import \"./shared/more.release\"\nenviroment dev {}\n");
    assert_eq!(next("a mistake"), "1 error in 2 files");
    project.write("app.release", "import \"./shared/more.release\"\nenvironment dev {}\n");
    assert_eq!(next("mending it"), "no findings in 2 files");
    project.write("shared/more.release", "environment dev {}\n");
    assert_eq!(next("a change of an import"), "1 error in 2 files");
    project.write("liftlock.toml", "[rule]\n");
    assert_eq!(next("a project file"), "2 errors in 2 files");

    let sent = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut found = String::new();
    child.stdout.take().unwrap().read_to_string(&mut found).unwrap();
    assert!(found.starts_with("app.release:2:1: error[names/unknown-kind]"), "{found}");
    assert!(!found.contains('\x1b'), "only a terminal is cleared");
}
