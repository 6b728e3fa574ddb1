//! A project for one module, and what has to be there for its server.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::project::{Project, repository};

/// The modules of the standard library.
pub fn modules() -> Vec<String> {
    let files = fs::read_dir(repository().join("stdlib")).unwrap();
    let names = files.filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".release").map(str::to_owned)
    });
    let mut names: Vec<String> = names.filter(|name| name != "kinds").collect();
    names.sort();
    assert!(names.len() > 10, "{names:?}");
    names
}

/// A project with the pipeline of `tests/stdlib` that calls this module.
pub fn site(module: &str) -> Project {
    let data = |name: &str| fs::read_to_string(repository().join("tests/stdlib").join(name)).unwrap();
    let pipeline = format!("{module}.release");
    Project::with(&[
        (&pipeline, &data(&pipeline)),
        ("world.release", &data("world.release")),
        ("app.txt", "app\n"),
        ("srv/kept", ""),
    ])
}

/// Whether all these programs are here; says which one is not.
pub fn have(programs: &[&str]) -> bool {
    for program in programs {
        let path = Path::new(program);
        let folders = std::env::var_os("PATH").unwrap_or_default();
        let mut folders = std::env::split_paths(&folders).chain(["/usr/sbin".into()]);
        if !path.is_file() && !folders.any(|folder| folder.join(path).is_file()) {
            eprintln!("skipped: `{program}` is not on this machine");
            return false;
        }
    }
    true
}

/// What a shell prints in the folder of the project; panics where it fails.
pub fn shell(site: &Project, script: &str) -> String {
    let output =
        Command::new("bash").args(["-euo", "pipefail", "-c", script]).current_dir(site.path(".")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{script}\n{stderr}");
    String::from_utf8(output.stdout).unwrap()
}

/// Waits until a thing is so.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(20), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
