//! The examples, as their READMEs say that they are run: each command is read from there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use walkdir::WalkDir;

use crate::project::{Ended, Project, free_port, repository};

mod canary;
mod fleet;
mod index;
mod kubernetes;
mod monorepo;
mod postgres_expand_contract;
mod two_services;

/// A copy of an example, on ports of its own. What it has started is stopped when it goes away.
pub struct Example {
    name: &'static str,
    project: Project,
}

impl Example {
    pub fn copy(name: &'static str) -> Self {
        let from = repository().join("examples").join(name);
        let example = Example { name, project: Project::with(&[]) };
        // What somebody has released by hand stays there.
        let made = ["srv", "dist", ".liftlock"].map(|made| from.join(made));
        let entries = WalkDir::new(&from).min_depth(1).into_iter().filter_entry(|entry| {
            // The program is compiled where it is, so that cargo finds its workspace.
            !made.iter().any(|made| made == entry.path()) && !is_in_package(entry.path())
        });
        for entry in entries.map(Result::unwrap) {
            let to = example.project.path(entry.path().strip_prefix(&from).unwrap().to_str().unwrap());
            if entry.path().join("Cargo.toml").is_file() {
                std::os::unix::fs::symlink(entry.path(), to).unwrap();
            } else if entry.file_type().is_dir() {
                fs::create_dir_all(to).unwrap();
            } else {
                fs::copy(entry.path(), to).unwrap();
            }
        }
        example.take_free_ports();
        example
    }

    /// The ports of the examples are 32100 to 32199.
    fn take_free_ports(&self) {
        let mut taken: BTreeMap<String, String> = BTreeMap::new();
        for entry in WalkDir::new(self.project.path(".")).into_iter().map(Result::unwrap) {
            let Ok(text) = fs::read_to_string(entry.path()) else { continue };
            let mut changed = text.clone();
            for port in (32_100..32_200).map(|port: u16| port.to_string()).filter(|port| text.contains(port)) {
                let free = taken.entry(port.clone()).or_insert_with(|| free_port().to_string());
                changed = changed.replace(&port, free);
            }
            if changed != text {
                fs::write(entry.path(), changed).unwrap();
            }
        }
    }

    /// What stands in the README below a heading, to be typed: of all blocks there, the one of this number.
    fn commands(&self, heading: &str, number: usize) -> String {
        let readme = self.project.read("README.md");
        let (_, below) = readme.split_once(&format!("\n## {heading}\n")).expect(heading);
        let section = below.split("\n## ").next().unwrap();
        let block = section.split("\n```sh\n").nth(number + 1).expect(heading);
        block.split("\n```").next().unwrap().to_owned()
    }

    /// Does what the README says there, as if this copy were the example.
    pub fn does(&self, heading: &str, number: usize) -> Ended {
        let commands = self.commands(heading, number);
        let program = format!("'{}'", env!("CARGO_BIN_EXE_liftlock-under-test"));
        let commands = commands.replace("cargo run -q --", &program).replace("cargo run --", &program);
        self.shell(&commands.replace(&format!("examples/{}", self.name), "."))
    }

    /// What a shell does in the folder of the project.
    pub fn shell(&self, script: &str) -> Ended {
        let mut command = Command::new("bash");
        command.args(["-euo", "pipefail", "-c", script]).current_dir(self.project.path(".")).stdin(Stdio::null());
        for name in ["LIFTLOCK_STORE", "LIFTLOCK_AS", "CI", "NO_COLOR", "GITHUB_STEP_SUMMARY"] {
            command.env_remove(name);
        }
        Ended::of(command.output().unwrap())
    }

    pub fn project(&self) -> &Project {
        &self.project
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        self.shell("ops/reset");
    }
}

/// Whether all these programs are here; says which one is not.
pub fn have(programs: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    // Debian has the programs of a PostgreSQL server on nobody's path.
    let servers =
        fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten().map(|entry| entry.path().join("bin"));
    let folders: Vec<_> =
        std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]).chain(servers).collect();
    let missing = programs.iter().find(|program| !folders.iter().any(|folder| folder.join(program).is_file()));
    if let Some(missing) = missing {
        eprintln!("skipped: `{missing}` is not on this machine");
    }
    missing.is_none()
}

/// Whether this stands beside the manifest of a package, or is it.
fn is_in_package(path: &Path) -> bool {
    path.parent().is_some_and(|folder| folder.join("Cargo.toml").is_file())
}

/// The folders of `examples/`.
pub fn names() -> Vec<String> {
    let entries = fs::read_dir(repository().join("examples")).unwrap().map(|entry| entry.unwrap().path());
    let mut names: Vec<String> = entries.filter(|path| path.is_dir()).map(|path| name_of(&path)).collect();
    names.sort();
    names
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}
