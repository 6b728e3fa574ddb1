//! Processes that a runner which was killed has left behind.

/// Kills (SIGKILL) every process whose environment holds `LIFTLOCK_KEY=<key>`, except this one, and returns how many
/// they were. It looks again until none is left, as one that is being killed may just have started another.
///
/// The environment tells them apart because nothing else still does: the runner that knew their process ids died
/// without a word, an id may belong to another program by now, and a process that made itself a session or a group of
/// its own is no longer in the one it was started in. Its environment it has inherited all the same.
///
/// Works on Linux, for processes of the same user; elsewhere it finds none.
#[cfg(target_os = "linux")]
pub(crate) fn end_all_of(key: &str) -> usize {
    use std::collections::HashSet;
    use std::time::Duration;

    if key.is_empty() {
        return 0;
    }
    let entry = format!("LIFTLOCK_KEY={key}");
    let mut ended = HashSet::new();
    for _ in 0..50 {
        let found = linux::holding(entry.as_bytes());
        if found.is_empty() {
            break;
        }
        for process in found {
            if linux::kill(process, entry.as_bytes()) {
                ended.insert(process);
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    ended.len()
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn end_all_of(_key: &str) -> usize {
    0
}

/// Whether a process of this host lives. One that belongs to somebody else does.
#[cfg(unix)]
pub(crate) fn is_alive(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(rustix::process::Pid::from_raw);
    process.is_some_and(|process| !matches!(rustix::process::test_kill_process(process), Err(rustix::io::Errno::SRCH)))
}

#[cfg(target_os = "linux")]
mod linux {
    use rustix::process::{Pid, PidfdFlags, Signal, getpid, kill_process, pidfd_open, pidfd_send_signal};

    /// The processes with `entry` in their environment. Those that may not be looked at are somebody else's.
    pub(super) fn holding(entry: &[u8]) -> Vec<Pid> {
        let Ok(folder) = std::fs::read_dir("/proc") else {
            return Vec::new();
        };
        let processes = folder.flatten().filter_map(|file| file.file_name().to_str()?.parse().ok());
        processes.filter_map(Pid::from_raw).filter(|process| *process != getpid() && holds(*process, entry)).collect()
    }

    fn holds(process: Pid, entry: &[u8]) -> bool {
        std::fs::read(format!("/proc/{process}/environ"))
            .is_ok_and(|environment| environment.split(|byte| *byte == 0).any(|other| other == entry))
    }

    /// Kills by a handle that is taken first and looked through again, so that no other process can be hit which got the
    /// same id in between.
    pub(super) fn kill(process: Pid, entry: &[u8]) -> bool {
        match pidfd_open(process, PidfdFlags::empty()) {
            Ok(handle) => holds(process, entry) && pidfd_send_signal(handle, Signal::KILL).is_ok(),
            // Kernels before 5.3, and sandboxes that forbid the call.
            Err(rustix::io::Errno::NOSYS | rustix::io::Errno::PERM) => kill_process(process, Signal::KILL).is_ok(),
            Err(_) => false,
        }
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn an_orphan_is_found_by_its_key_and_others_are_left_alone() {
        let key = format!("test-{}", std::process::id());
        let other = format!("{key}-longer");
        let start = |key: &str, script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).env("LIFTLOCK_KEY", key).stdout(Stdio::null());
            command.spawn().unwrap()
        };
        // The shell ends and leaves one that is in a session of its own.
        let mut parent = start(&key, "setsid sleep 60 & exit 0");
        parent.wait().unwrap();
        let mut child = start(&key, "sleep 60");
        let mut bystander = start(&other, "exec sleep 60");

        // The shells may or may not have replaced themselves with their `sleep`.
        assert!((2..=3).contains(&end_all_of(&key)));
        assert_eq!(end_all_of(&key), 0);
        assert!(!child.wait().unwrap().success());
        assert!(bystander.try_wait().unwrap().is_none());
        bystander.kill().unwrap();
        bystander.wait().unwrap();
    }

    #[test]
    fn no_key_ends_nothing() {
        assert_eq!(end_all_of(""), 0);
    }
}
