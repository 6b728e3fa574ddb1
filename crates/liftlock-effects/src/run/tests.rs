//! Programs that behave, and programs that do not, in the real world.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use super::*;
use crate::testing::{Site, block_on, command, run};
use crate::{RealWorld, World as _};

/// Long enough for a busy machine, and far below what the sleeping programs here would take.
const SOON: Duration = Duration::from_secs(8);

fn text(captured: &Captured) -> &str {
    std::str::from_utf8(&captured.stdout).unwrap()
}

/// Waits for a file with a process id in it.
fn process_in(path: &Path) -> Pid {
    let started = Instant::now();
    loop {
        if let Ok(text) = fs::read_to_string(path)
            && let Some(line) = text.strip_suffix('\n')
        {
            return Pid::from_raw(line.trim().parse().unwrap()).unwrap();
        }
        assert!(started.elapsed() < SOON, "{} did not appear", path.display());
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// Waits until a process has gone or is a zombie: a container may have nobody to bury it.
fn has_ended(process: Pid) -> bool {
    let started = Instant::now();
    while started.elapsed() < SOON {
        match fs::read_to_string(format!("/proc/{process}/stat")) {
            Ok(stat) if !stat.contains(") Z ") => std::thread::sleep(Duration::from_millis(5)),
            _ => return true,
        }
    }
    false
}

#[test]
fn a_program_gets_its_arguments_environment_folder_and_input_as_they_are() {
    let site = Site::new();
    let mut program =
        command(site.path(), &["sh", "-c", r#"printf '%s|' "$0" "$@" "$MARK" "$(pwd)"; cat"#, "a  b", "$(c)", "'"]);
    program.env = vec![("MARK".to_owned(), "from env".into())];
    program.stdin = Some("from stdin".into());
    let (captured, output) = run(&program);
    let captured = captured.unwrap();
    let folder = site.path().canonicalize().unwrap();
    assert_eq!(text(&captured), format!("a  b|$(c)|'|from env|{}|from stdin", folder.display()));
    assert_eq!(output, captured.stdout);
    assert_eq!(captured.ending, Ending::Exited(0));
}

#[test]
fn without_input_a_program_reads_nothing() {
    let site = Site::new();
    assert_eq!(text(&run(&command(site.path(), &["cat"])).0.unwrap()), "");
}

#[test]
fn input_that_nobody_reads_is_no_error() {
    let site = Site::new();
    let mut program = command(site.path(), &["true"]);
    program.stdin = Some("x".repeat(4 << 20).into());
    assert_eq!(run(&program).0.unwrap().ending, Ending::Exited(0));
}

#[test]
fn input_and_output_larger_than_a_pipe_flow_at_the_same_time() {
    let site = Site::new();
    let mut program = command(site.path(), &["cat"]);
    program.stdin = Some("x".repeat(4 << 20).into());
    let (captured, output) = run(&program);
    assert_eq!(output.len(), 4 << 20);
    assert_eq!(captured.unwrap().stdout.len(), MAX_CAPTURED);
}

#[test]
fn a_program_with_a_slash_is_looked_up_from_its_folder() {
    let site = Site::new();
    let path = site.path().join("ops/hello");
    RealWorld::new().write(&path, b"#!/bin/sh\necho hello\n", 0o755).unwrap();
    assert_eq!(text(&run(&command(site.path(), &["ops/hello"])).0.unwrap()), "hello\n");
    assert_eq!(text(&run(&command(&site.path().join("ops"), &["./hello"])).0.unwrap()), "hello\n");
}

#[test]
fn the_ending_tells_status_and_signal_and_the_tail_has_both_outputs() {
    let site = Site::new();
    let captured = run(&site.sh("echo out; echo err >&2; exit 3")).0.unwrap();
    assert_eq!(captured.ending, Ending::Exited(3));
    assert_eq!(text(&captured), "out\n");
    let mut tail = captured.tail;
    tail.sort();
    assert_eq!(tail, ["err", "out"]);
    assert_eq!(run(&site.sh("kill -9 $$")).0.unwrap().ending, Ending::Signalled(9));
}

#[test]
fn a_flood_is_handed_on_whole_and_kept_in_bounds() {
    let site = Site::new();
    let mut count = 0;
    let program = site.sh("head -c 100000000 /dev/zero | tr '\\0' x; echo; seq 30");
    let mask = Mask::default();
    let captured = block_on(RealWorld::new().run(&program, &mask, &mut |block| count += block.len())).unwrap();
    assert_eq!(count, 100_000_001 + 9 * 2 + 21 * 3);
    assert_eq!(captured.stdout.len(), MAX_CAPTURED);
    let expected: Vec<_> = (11..=30).map(|number| number.to_string()).collect();
    assert_eq!(captured.tail, expected);
}

#[test]
fn a_service_that_holds_the_pipes_does_not_hold_up_the_end() {
    let site = Site::new();
    let started = Instant::now();
    let captured = run(&site.sh("setsid sleep 30 & echo $! > service; echo up")).0.unwrap();
    assert!(started.elapsed() < SOON);
    assert_eq!((captured.ending, text(&captured)), (Ending::Exited(0), "up\n"));
    // It is what the step was for, so it is still there.
    let service = process_in(&site.path().join("service"));
    rustix::process::kill_process(service, Signal::KILL).unwrap();
}

#[test]
fn what_a_program_started_in_its_group_outlives_it() {
    let site = Site::new();
    run(&site.sh("sleep 30 & echo $! > service")).0.unwrap();
    let service = process_in(&site.path().join("service"));
    std::thread::sleep(Duration::from_millis(50));
    rustix::process::kill_process(service, Signal::KILL).unwrap();
}

#[test]
fn a_time_out_ends_the_grandchildren_too() {
    let site = Site::new();
    let mut program = site.sh("echo begun; sh -c 'sleep 30 & echo $! > grandchild; wait' & wait");
    program.timeout = Duration::from_millis(500);
    let captured = run(&program).0.unwrap();
    assert_eq!((captured.ending, text(&captured)), (Ending::TimedOut, "begun\n"));
    assert!(has_ended(process_in(&site.path().join("grandchild"))));
}

#[test]
fn a_time_out_lets_a_program_clean_up() {
    let site = Site::new();
    let mut program = site.sh("trap 'echo cleaned; exit 0' TERM; echo begun; while :; do sleep 0.05; done");
    program.timeout = Duration::from_millis(500);
    let captured = run(&program).0.unwrap();
    assert_eq!((captured.ending, text(&captured)), (Ending::TimedOut, "begun\ncleaned\n"));
}

#[test]
fn a_program_that_ignores_sigterm_is_killed() {
    let site = Site::new();
    let mut program = site.sh("trap '' TERM; echo $$ > self; while :; do sleep 0.1; done");
    program.timeout = Duration::from_millis(300);
    let started = Instant::now();
    assert_eq!(run(&program).0.unwrap().ending, Ending::TimedOut);
    assert!((GRACE..SOON).contains(&started.elapsed()));
    assert!(has_ended(process_in(&site.path().join("self"))));
}

#[test]
fn a_dropped_future_kills_the_group() {
    let site = Site::new();
    let program = site.sh("trap '' TERM; sleep 30 & echo $! > grandchild; echo $$ > self; wait");
    let grandchild = block_on(async {
        let path = site.path().join("self");
        let mut output = |_: &[u8]| {};
        let world = RealWorld::new();
        let mask = Mask::default();
        let mut running = world.run(&program, &mask, &mut output);
        while !path.exists() {
            assert!(timeout(Duration::from_millis(10), &mut running).await.is_err());
        }
        drop(running);
        assert!(has_ended(process_in(&path)));
        process_in(&site.path().join("grandchild"))
    });
    assert!(has_ended(grandchild));
}

#[test]
fn what_cannot_be_started_says_why() {
    let site = Site::new();
    let file = |name: &str, text: &str, mode: u32| {
        fs::write(site.path().join(name), text).unwrap();
        fs::set_permissions(site.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
    };
    file("plain", "#!/bin/sh\n", 0o644);
    file("strange", "#!/no/such/interpreter\n", 0o755);
    file("empty", "no program", 0o755);
    fs::create_dir(site.path().join("folder")).unwrap();
    let said = |cwd: &Path, program: &str| {
        let program = command(cwd, &[program]);
        program.succeeded(run(&program).0).unwrap_err().message
    };
    let root = site.path().display();
    let cases = [
        ("ops/none", format!("`ops/none` is not there: {root}/ops/none")),
        ("no-such-program", "`no-such-program` is not there: not on the PATH".to_owned()),
        ("/no/such", "`/no/such` is not there".to_owned()),
        ("./plain", "`./plain` could not be started: it is not marked as executable".to_owned()),
        ("./strange", "`./strange` could not be started: the interpreter that it names is not there".to_owned()),
        (
            "./empty",
            "`./empty` could not be started: it is no program that this machine can run; a script begins with `#!`"
                .to_owned(),
        ),
        ("./folder", "`./folder` could not be started: it is a folder".to_owned()),
    ];
    for (program, message) in cases {
        assert_eq!(said(site.path(), program), message);
    }
    let missing = site.path().join("missing");
    let message = format!("`true` could not be started: the folder `{}` is not there", missing.display());
    assert_eq!(said(&missing, "true"), message);
    assert_eq!(
        said(&site.path().join("plain"), "true"),
        format!("`true` could not be started: `{root}/plain` is not a folder")
    );
}
