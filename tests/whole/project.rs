//! A project in a folder of its own, and the program run in it.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use serde_json::Value;
use tempfile::TempDir;

/// A project that goes away with everything it started.
pub struct Project {
    folder: TempDir,
    /// Whether the storefront's services are to be stopped at the end.
    services: bool,
}

/// How a call of the program ended.
#[derive(Debug)]
pub struct Ended {
    /// `None` where a signal ended it.
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Project {
    /// A project with these files.
    pub fn with(files: &[(&str, &str)]) -> Self {
        let project = Project { folder: tempfile::tempdir().unwrap(), services: false };
        for (path, text) in files {
            project.write(path, text);
        }
        project
    }

    /// A copy of the storefront, on ports of its own and with shorter waits. The application is a link to the real one,
    /// so that cargo finds what it has compiled already.
    pub fn storefront() -> Self {
        let example = repository().join("examples/storefront");
        let mut project = Project::with(&[]);
        project.services = true;
        copy_folder(&example.join("ops"), &project.path("ops"));
        copy_folder(&example.join("releases"), &project.path("releases"));
        std::os::unix::fs::symlink(example.join("app"), project.path("app")).unwrap();
        let pipeline = fs::read_to_string(example.join("storefront.release")).unwrap();
        let shorter = [("for = 5s", "for = 300ms"), ("within = 15s", "within = 3s")];
        assert!(shorter.iter().all(|(long, _)| pipeline.contains(long)), "waits of the example are shortened by text");
        let pipeline = shorter.iter().fold(pipeline, |text, (long, short)| text.replace(long, short));
        project.write("storefront.release", &pipeline);
        let environments = fs::read_to_string(example.join("environments.release")).unwrap();
        project.write("environments.release", &environments);
        project.take_free_ports();
        project
    }

    /// A copy of everything, journal and store included, with the same ports.
    pub fn twin(&self) -> Self {
        let twin = Project { folder: tempfile::tempdir().unwrap(), services: self.services };
        copy_folder(self.folder.path(), twin.folder.path());
        twin
    }

    /// Gives each environment a port that nobody uses.
    pub fn take_free_ports(&self) {
        let mut text = fs::read_to_string(self.path("environments.release")).unwrap();
        for environment in ["dev", "staging", "production"] {
            let (old, new) = (self.port(environment), free_port());
            text = text.replace(&format!("127.0.0.1:{old}\""), &format!("127.0.0.1:{new}\""));
        }
        self.write("environments.release", &text);
    }

    /// The port of an environment of the storefront, from its text.
    pub fn port(&self, environment: &str) -> u16 {
        let text = fs::read_to_string(self.path("environments.release")).unwrap();
        let (_, block) = text.split_once(&format!("environment {environment} {{")).unwrap();
        let (_, rest) = block.split_once("http://127.0.0.1:").unwrap();
        rest.split('"').next().unwrap().parse().unwrap()
    }

    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    pub fn write(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn read(&self, path: &str) -> String {
        fs::read_to_string(self.path(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Runs the program.
    pub fn liftlock(&self, arguments: &[&str]) -> Ended {
        self.liftlock_with(arguments, &[])
    }

    /// Runs the program so that its append of this number kills it, if there is one.
    pub fn liftlock_killed_after(&self, arguments: &[&str], appends: usize) -> Ended {
        self.liftlock_with(arguments, &[("LIFTLOCK_TEST_KILL", &format!("record:{appends}"))])
    }

    /// Every file below a folder with its content, and every link with its target.
    pub fn tree(&self, folder: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut open = vec![self.path(folder)];
        while let Some(path) = open.pop() {
            let Ok(metadata) = fs::symlink_metadata(&path) else { continue };
            let name = path.strip_prefix(self.folder.path()).unwrap().display().to_string();
            if metadata.is_symlink() {
                found.push((name, format!("-> {}", fs::read_link(&path).unwrap().display())));
            } else if metadata.is_dir() {
                open.extend(fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
        found.sort();
        found
    }

    /// Runs the program so that a record kills it; panics if it lives.
    pub fn liftlock_killed(&self, arguments: &[&str], point: &str) {
        let ended = self.liftlock_killed_at(arguments, point);
        assert_eq!(ended.code, None, "{point} did not kill it\n{}", ended.stderr);
    }

    /// Runs the program so that a record kills it, if it gets there.
    pub fn liftlock_killed_at(&self, arguments: &[&str], point: &str) -> Ended {
        self.liftlock_with(arguments, &[("LIFTLOCK_TEST_KILL", point)])
    }

    /// Runs the program with environment variables of its own.
    pub fn liftlock_with(&self, arguments: &[&str], variables: &[(&str, &str)]) -> Ended {
        let mut command = Command::new(env!("CARGO_BIN_EXE_liftlock-under-test"));
        command.args(arguments).current_dir(self.folder.path()).stdin(std::process::Stdio::null());
        for name in ["LIFTLOCK_STORE", "LIFTLOCK_AS", "LIFTLOCK_TEST_KILL", "CI", "NO_COLOR", "GITHUB_STEP_SUMMARY"] {
            command.env_remove(name);
        }
        command.envs(variables.iter().copied());
        Ended::of(command.output().unwrap())
    }

    /// Every record of the newest run.
    pub fn records(&self) -> Vec<Value> {
        let ended = self.liftlock(&["log", "--output", "json"]);
        assert_eq!(ended.code, Some(0), "{}", ended.stderr);
        ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The status of a GET request to an environment of the storefront, with the body.
    pub fn get(&self, environment: &str, path: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port(environment))).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap();
        (status, answer.split_once("\r\n\r\n").map(|(_, body)| body.trim().to_owned()).unwrap_or_default())
    }

    /// Whether anybody listens for an environment of the storefront.
    pub fn answers(&self, environment: &str) -> bool {
        TcpStream::connect(("127.0.0.1", self.port(environment))).is_ok()
    }

    /// What a script of the storefront prints.
    pub fn ops(&self, arguments: &[&str]) -> String {
        let output = Command::new(self.path("ops").join(arguments[0]))
            .args(&arguments[1..])
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn stop_services(&self) {
        if self.services {
            self.ops(&["stop-all"]);
        }
    }
}

impl Drop for Project {
    fn drop(&mut self) {
        self.stop_services();
    }
}

impl Ended {
    pub fn of(output: Output) -> Self {
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// Panics, with all that was printed, unless the program ended with `code`.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "\n--- stdout\n{}\n--- stderr\n{}", self.stdout, self.stderr);
        self
    }
}

/// A port that nobody listens on, given out once by this process. It is below the range from which the system takes the
/// ports of outgoing connections, so that none of those can take it before the service does.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 12_000 + u16::try_from(std::process::id() % 100).unwrap() * 150;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        let kind = entry.file_type().unwrap();
        if kind.is_symlink() {
            std::os::unix::fs::symlink(fs::read_link(entry.path()).unwrap(), target).unwrap();
        } else if kind.is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
