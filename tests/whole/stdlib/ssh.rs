//! `std/ssh`, with an sshd of its own on loopback.

use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::faults::{self, When};
use super::site::{eventually, have, shell, site};
use crate::project::{Project, free_port};

struct Sshd {
    site: Project,
    daemon: Child,
}

impl Sshd {
    /// `None` where this machine has no `sshd`, or none that starts.
    fn start() -> Option<Self> {
        let programs = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd"];
        let program = programs.into_iter().find(|path| Path::new(path).is_file()).unwrap_or(programs[0]);
        if !have(&["ssh", "ssh-keygen", program]) {
            return None;
        }
        let (site, port) = (site("ssh"), free_port());
        let folder = site.path("").canonicalize().unwrap().display().to_string();
        let folder = folder.trim_end_matches('/');
        shell(&site, "mkdir keys; for key in host user; do ssh-keygen -q -t ed25519 -N '' -f keys/$key; done");
        // Programs on the host are those of this machine, and what a test puts in front of them.
        site.write(
            "keys/sshd.conf",
            &format!(
                "Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/keys/host\nPidFile none\nUsePAM no\n\
                 AuthorizedKeysFile {folder}/keys/user.pub\nStrictModes no\nPasswordAuthentication no\n\
                 PermitRootLogin yes\nAcceptEnv LIFTLOCK_KEY\nSetEnv \"PATH={}\"\n",
                faults::path(&site)
            ),
        );
        let user = shell(&site, "id -un");
        site.write(
            "keys/ssh.conf",
            &format!(
                "Host web-1\nHostName 127.0.0.1\nPort {port}\nUser {}\nIdentityFile {folder}/keys/user\n\
                 IdentitiesOnly yes\nStrictHostKeyChecking no\nUserKnownHostsFile {folder}/keys/known\nLogLevel ERROR\n\
                 SendEnv LIFTLOCK_KEY\n",
                user.trim()
            ),
        );
        let ssh = shell(&site, "type -P ssh");
        faults::put(
            &site,
            "ssh",
            // With `keys/cut` there, a connection breaks while something is sent, once.
            &format!(
                "#!/bin/sh\nssh='{} -F {folder}/keys/ssh.conf'\ncase $* in\n  *'cat >'*)\n    \
                 if rm {folder}/keys/cut 2> /dev/null; then head -c 2 | $ssh \"$@\"; exit; fi\n    ;;\nesac\n\
                 exec $ssh \"$@\"\n",
                ssh.trim()
            ),
        );
        let log = std::fs::File::create(site.path("keys/log")).unwrap();
        let daemon = Command::new(program)
            .args(["-D", "-e", "-f"])
            .arg(site.path("keys/sshd.conf"))
            .stderr(Stdio::from(log))
            .spawn()
            .unwrap();
        let sshd = Sshd { site, daemon };
        let mut starts = true;
        eventually("sshd answers", || {
            // Of root it wants a folder that only the system's own start of it makes.
            starts = !sshd.site.read("keys/log").contains("Missing privilege separation directory");
            !starts || TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        if !starts {
            eprintln!("skipped: sshd does not start without /run/sshd");
            return None;
        }
        sshd.site.write("there/old/below/file", "old");
        sshd.site.write("there/app.conf", "by hand");
        sshd.site.write("there/releases/.here", "");
        shell(&sshd.site, "chmod 0600 there/app.conf; ln -s releases/0.9.0 there/current; touch there/restarts");
        Some(sshd)
    }

    /// What is on the host, with permissions and times; those of folders and links are nobody's business.
    fn state(&self) -> String {
        shell(
            &self.site,
            "cd there; find . -path ./kept -prune -o -path ./restarts -prune -o -type d -printf '%p %m\\n' \
             -o -type l -printf '%p %l\\n' -o -printf '%p %m %Ts\\n' | sort; find . -path ./kept -prune -o -path ./restarts -prune \
             -o -type f -exec sha256sum {} + | sort",
        )
    }

    fn arguments<'a>(&self, there: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["run", "ssh", "--yes", "--set", there];
        arguments.extend(more.iter().flat_map(|input| ["--set", input]));
        arguments
    }

    fn there(&self) -> String {
        format!("there={}", self.site.path("there").display())
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

#[test]
fn what_is_on_a_host_goes_forth_and_comes_back_with_permissions_and_times() {
    let Some(sshd) = Sshd::start() else { return };
    let (site, there) = (&sshd.site, sshd.there());
    let before = sshd.state();
    faults::run(site, &sshd.arguments(&there, &[])).expect(0);
    assert_eq!(site.read("there/releases/1.0.0/app.txt"), "app\n");
    assert_eq!(site.read("there/app.conf"), "workers = 4\n");
    assert_eq!(shell(site, "stat -c '%a' there/it*; cat there/it*"), "640\napp\n");
    assert!(!site.path("there/old").exists());
    assert_eq!(site.read("there/restarts"), "releases/1.0.0\n");
    faults::run(site, &["drift", "dev"]).expect(0);
    faults::run(site, &["plan", "ssh", "--set", &there, "--detailed-exitcode"]).expect(0);
    faults::run(site, &["rollback", "dev", "--yes"]).expect(0);
    assert_eq!(sshd.state(), before);
    assert_eq!(site.read("there/restarts"), "releases/1.0.0\nreleases/0.9.0\n");
}

#[test]
fn whatever_fails_half_way_on_a_host_leaves_it_as_it_was() {
    let Some(sshd) = Sshd::start() else { return };
    let (site, there) = (&sshd.site, sshd.there());
    let state = || sshd.state();
    let arguments = sshd.arguments(&there, &[]);
    for fault in [
        // `unpack`, `upload`, `write` and `point` all put their last word into place by `mv`.
        ("mv", "releases/1.0.0", When::After),
        ("mv", "app.conf", When::Before),
        ("mv", "app.conf", When::After),
        ("mv", "current", When::After),
        ("rm", "there/old", When::After),
        ("sh", "there/restarts", When::After),
    ] {
        faults::goes_back(site, &arguments, fault, &state);
    }
}

#[test]
fn what_does_not_arrive_whole_takes_no_place() {
    let Some(sshd) = Sshd::start() else { return };
    let (site, there) = (&sshd.site, sshd.there());
    // Once the archive is there already, it is the file that is cut off.
    for step in ["deploy/app/unpack", "deploy/copied/upload"] {
        let before = sshd.state();
        site.write("keys/cut", "");
        let ended = faults::run(site, &sshd.arguments(&there, &[])).expect(1);
        assert!(ended.stdout.contains("did not arrive as it was sent"), "{}", ended.stdout);
        assert!(ended.stdout.contains(step) && ended.stdout.contains("is restored"), "{}", ended.stdout);
        assert_eq!(sshd.state(), before);
        shell(site, "mkdir -p there/releases/1.0.0; printf 1.0.0 > there/releases/1.0.0/.unpacked");
    }
}

#[test]
fn what_is_in_the_way_on_a_host_is_left() {
    let Some(sshd) = Sshd::start() else { return };
    let (site, there) = (&sshd.site, sshd.there());
    shell(site, "rm there/current; mkdir there/current; echo mine > there/current/file");
    let before = sshd.state();
    let ended = faults::run(site, &sshd.arguments(&there, &[])).expect(1);
    assert!(ended.stdout.contains("is no link") && ended.stdout.contains("is restored"), "{}", ended.stdout);
    assert_eq!(sshd.state(), before);
}
