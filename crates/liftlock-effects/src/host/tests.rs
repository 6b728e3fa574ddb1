//! The prologue through a local shell, and the whole way through a real `sshd` where there is one.

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Process, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::*;
use crate::testing::{command, run};
use crate::{Captured, Ending};

/// What a shell could take for something else than a text.
const HOSTILE: [&str; 12] = [
    "",
    " a  b ",
    "it's",
    "''",
    "\"$HOME\" $(id) `id` ${x}",
    "a\nb\n\n",
    "\\n \\\\ \\",
    "-n",
    "* ? [a] ~ #! {a,b}",
    "a;b|c&d>e<f",
    "ä 🦀 \u{1}\u{7f}\t\r",
    "end\n",
];

fn host(name: &str) -> Host {
    Host { name: name.to_owned(), script: None }
}

/// What ssh would be told, told to a shell of this machine, as sshd tells it to the shell of a user.
fn locally(command: &Command, host: &Host, shell: &[&str], folder: &Path) -> Captured {
    let reached = host.reach(command).unwrap();
    assert_eq!(reached.argv[reached.argv.len() - 2..], [host.name.as_str(), REMOTE]);
    let mut local = reached;
    local.argv = shell.iter().copied().chain(["-c", REMOTE]).map(str::to_owned).collect();
    local.cwd = folder.to_owned();
    run(&local).0.unwrap()
}

fn shells() -> Vec<Vec<&'static str>> {
    let shells = [vec!["sh"], vec!["dash"], vec!["bash"], vec!["bash", "--posix"]];
    let is_there = |shell: &Vec<&str>| Process::new(shell[0]).args(["-c", "true"]).status().is_ok();
    shells.into_iter().filter(is_there).collect()
}

#[test]
fn every_argument_variable_and_input_arrives_as_it_is() {
    let folder = TempDir::new().unwrap();
    for shell in shells() {
        let script = r#"printf '<%s>' "$@" "$VALUE" "$(pwd)"; cat"#;
        let mut argv = vec!["sh", "-c", script, "name"];
        argv.extend(HOSTILE);
        for value in HOSTILE {
            let mut program = command(Path::new("."), &argv);
            program.env = vec![("VALUE".to_owned(), value.into())];
            program.stdin = Some(format!("the rest{value}").into());
            let captured = locally(&program, &host("web-1"), &shell, folder.path());
            let mut expected: String = HOSTILE.iter().map(|word| format!("<{word}>")).collect();
            let here = folder.path().canonicalize().unwrap();
            expected.push_str(&format!("<{value}><{}>the rest{value}", here.display()));
            assert_eq!(String::from_utf8_lossy(&captured.stdout), expected, "{shell:?} {:?}", captured.tail);
        }
    }
}

#[test]
fn the_folder_is_gone_to_and_one_that_is_not_there_ends_it() {
    let folder = TempDir::new().unwrap();
    for name in ["-it's a", "a b"] {
        fs::create_dir(folder.path().join(name)).unwrap();
        let captured = locally(&command(Path::new(name), &["pwd"]), &host("web-1"), &["sh"], folder.path());
        let there = folder.path().canonicalize().unwrap().join(name);
        assert_eq!(String::from_utf8_lossy(&captured.stdout), format!("{}\n", there.display()));
    }
    let captured = locally(&command(Path::new("missing"), &["pwd"]), &host("web-1"), &["sh"], folder.path());
    assert_eq!(captured.ending, Ending::Exited(126));
}

#[test]
fn a_program_without_input_reads_nothing() {
    let folder = TempDir::new().unwrap();
    let captured = locally(&command(Path::new(""), &["cat"]), &host("web-1"), &["sh"], folder.path());
    assert_eq!((captured.ending, captured.stdout.as_slice()), (Ending::Exited(0), b"".as_slice()));
}

#[test]
fn a_script_becomes_a_file_there_and_is_removed() {
    let folder = TempDir::new().unwrap();
    let script = "printf '%s|' \"$0\" 'it'\\''s'\nexit 3\n".to_owned();
    let host = Host { name: "web-1".to_owned(), script: Some(script) };
    let captured = locally(&command(Path::new(""), &["sh", "-eu"]), &host, &["sh"], folder.path());
    assert_eq!(captured.ending, Ending::Exited(3), "{:?}", captured.tail);
    let printed = String::from_utf8(captured.stdout).unwrap();
    let (path, rest) = printed.split_once('|').unwrap();
    assert_eq!(rest, "it's|");
    let started = Instant::now();
    while Path::new(path).exists() {
        assert!(started.elapsed() < Duration::from_secs(8), "{path} stays");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn no_value_stands_on_a_command_line() {
    let mut program = command(Path::new(""), &["true"]);
    program.env = vec![("TOKEN".to_owned(), "hunter22".into()), ("LIFTLOCK_KEY".to_owned(), "key".into())];
    let reached = host("-oProxyCommand=x").reach(&program).unwrap();
    assert!(!reached.argv.join(" ").contains("hunter22"), "{:?}", reached.argv);
    assert_eq!(reached.env, [("LIFTLOCK_KEY".to_owned(), "key".into())]);
    let at = reached.argv.iter().position(|word| word == "--").unwrap();
    assert_eq!(reached.argv[at + 1], "-oProxyCommand=x");
    assert!(!format!("{reached:?}").contains("hunter22"));
}

#[test]
fn what_no_shell_can_take_is_refused() {
    let mut program = command(Path::new(""), &["true"]);
    program.env = vec![("A-B".to_owned(), "x".into())];
    let why = host("web-1").reach(&program).unwrap_err().to_string();
    assert_eq!(why, "`A-B` is no name of a variable that a shell can set");
    let program = command(Path::new(""), &["a\0b"]);
    assert!(host("web-1").reach(&program).is_err());
}

/// An `sshd` of the user who runs the tests, on a port of its own.
struct Sshd {
    folder: TempDir,
    daemon: Child,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

impl Sshd {
    /// `None` where this machine has no `sshd`, or none that starts.
    fn start() -> Option<Sshd> {
        let program = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"].map(PathBuf::from);
        let program = program.into_iter().find(|path| path.exists())?;
        let folder = TempDir::new().unwrap();
        let path = |name: &str| folder.path().join(name);
        for key in ["host", "user"] {
            let made = Process::new("ssh-keygen")
                .args(["-q", "-t", "ed25519", "-N", "", "-f"])
                .arg(path(key))
                .status()
                .ok()?;
            assert!(made.success());
        }
        fs::copy(path("user.pub"), path("authorized")).unwrap();
        // Tests beside this one, of this process and of others, look for a port at the same time.
        static TAKEN: AtomicU16 = AtomicU16::new(0);
        let first = 12_000 + (std::process::id() % 500) as u16 * 16;
        let next = || first + TAKEN.fetch_add(1, Ordering::SeqCst);
        let port = std::iter::repeat_with(next).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).unwrap();
        let config = format!(
            "Port {port}\nListenAddress 127.0.0.1\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\nUsePAM no\n\
             StrictModes no\nPasswordAuthentication no\nPermitRootLogin yes\n",
            path("host").display(),
            path("authorized").display(),
        );
        fs::write(path("sshd.conf"), config).unwrap();
        let user = String::from_utf8(Process::new("id").arg("-un").output().unwrap().stdout).unwrap();
        let config = format!(
            "Host shop\nHostName 127.0.0.1\nPort {port}\nUser {}\nIdentityFile {}\nIdentitiesOnly yes\n\
             StrictHostKeyChecking no\nUserKnownHostsFile {}\nLogLevel ERROR\n",
            user.trim(),
            path("user").display(),
            path("known").display(),
        );
        fs::write(path("ssh.conf"), config).unwrap();
        let daemon = Process::new(&program)
            .args(["-D", "-e", "-f"])
            .arg(path("sshd.conf"))
            .stderr(Stdio::from(fs::File::create(path("sshd.log")).unwrap()))
            .spawn()
            .unwrap();
        let sshd = Sshd { folder, daemon };
        let started = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            let log = fs::read_to_string(sshd.folder.path().join("sshd.log")).unwrap();
            // Of root it wants a folder that only the system's own start of it makes.
            if log.contains("Missing privilege separation directory") {
                return None;
            }
            assert!(started.elapsed() < Duration::from_secs(8), "sshd does not answer: {log}");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(sshd)
    }

    /// The command as it would be run, but for where ssh finds its settings.
    fn reach(&self, command: &Command) -> Command {
        let mut reached = host("shop").reach(command).unwrap();
        let config = self.folder.path().join("ssh.conf").display().to_string();
        reached.argv.splice(1..1, ["-F".to_owned(), config]);
        reached
    }

    fn run(&self, command: &Command) -> Captured {
        run(&self.reach(command)).0.unwrap()
    }
}

/// The tests of the whole way are skipped where no `sshd` can be started, and say so.
fn sshd() -> Option<Sshd> {
    let sshd = Sshd::start();
    if sshd.is_none() {
        eprintln!("skipped: this machine has no sshd that can be started; Debian's package is openssh-server");
    }
    sshd
}

#[test]
fn a_program_runs_on_a_host() {
    let Some(sshd) = sshd() else { return };
    let folder = sshd.folder.path().canonicalize().unwrap();
    let script = r#"printf '<%s>' "$@" "$VALUE" "$(pwd)"; cat; exit 3"#;
    let mut argv = vec!["sh", "-c", script, "name"];
    argv.extend(HOSTILE);
    let mut program = command(&folder, &argv);
    program.env = vec![("VALUE".to_owned(), "a\n'b'".into())];
    program.stdin = Some("the rest\n".repeat(20_000).into());
    let captured = sshd.run(&program);
    let words: String = HOSTILE.iter().map(|word| format!("<{word}>")).collect();
    let expected = format!("{words}<a\n'b'><{}>{}", folder.display(), "the rest\n".repeat(20_000));
    assert_eq!(captured.ending, Ending::Exited(3), "{:?}", captured.tail);
    assert!(captured.stdout == expected.as_bytes(), "{:?}", captured.tail);
    // By itself: the two outputs come over one connection, and in which order is for ssh to say.
    let captured = sshd.run(&command(&folder, &["sh", "-c", "echo said >&2"]));
    assert_eq!(captured.tail, ["said"]);
}

#[test]
fn the_home_is_where_a_program_runs_without_a_folder() {
    let Some(sshd) = sshd() else { return };
    for folder in ["", "."] {
        let program = command(Path::new(folder), &["sh", "-c", "test \"$(pwd -P)\" = \"$(cd && pwd -P)\""]);
        assert_eq!(sshd.run(&program).ending, Ending::Exited(0));
    }
}

#[test]
fn a_host_that_is_not_there_says_so() {
    if Process::new("ssh").arg("-V").stderr(Stdio::null()).status().is_err() {
        eprintln!("skipped: this machine has no ssh; Debian's package is openssh-client");
        return;
    }
    let program = Command { on: Some(host("ssh://127.0.0.1:1")), ..command(Path::new(""), &["true"]) };
    let site = crate::testing::Site::new();
    let (failure, _) = site.with(async |context| {
        let outcome = context.run(&program).await;
        program.succeeded(outcome).unwrap_err()
    });
    let message = "`true` on `ssh://127.0.0.1:1` ended with status 255, as ssh does where it cannot connect";
    assert_eq!(failure.message, message);
    assert!(failure.tail.iter().any(|line| line.contains("Connection refused")), "{:?}", failure.tail);
}

#[test]
fn after_the_time_out_the_program_there_is_ended_too() {
    let Some(sshd) = sshd() else { return };
    let folder = sshd.folder.path().to_owned();
    let mut program = command(&folder, &["sh", "-c", "echo $$ > pid; sleep 300 & echo $! > child; wait"]);
    program.timeout = Duration::from_secs(3);
    let captured = sshd.run(&program);
    assert_eq!(captured.ending, Ending::TimedOut);
    for name in ["pid", "child"] {
        let process = fs::read_to_string(folder.join(name)).unwrap().trim().to_owned();
        let started = Instant::now();
        loop {
            match fs::read_to_string(format!("/proc/{process}/stat")) {
                Ok(stat) if !stat.contains(") Z ") => {}
                _ => break,
            }
            assert!(started.elapsed() < Duration::from_secs(15), "{name} {process} still runs");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
