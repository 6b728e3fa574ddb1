//! What running costs, beside `make`, which keeps no record of anything, and `cat`, which hides nothing.
//!
//! A chain is so many steps of `true`, one after the other; side by side, two are worked on at once. `make` gets as many
//! targets of the same. Both are run as their users run them, output to nowhere. A flood is one step that prints 256 MiB,
//! streamed, prefixed and kept, with eight secrets to be hidden in it; beside it, the same through a pipe by `cat`.
//!
//! All take turns, and medians are compared: the machine may be shared. What the disk is waited for is counted by strace,
//! and the greatest memory is that which GNU time reports, each where it is installed. A journal on a disk that is slow to
//! sync makes the times those of the disk, which is why the syncs are counted. `cargo bench -p liftlock --bench run`; with
//! `-- flood` or `-- chain` only that.

use std::error::Error;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const FLOOD: usize = 32 << 20;
const TIMES: usize = 8;

/// What every project begins with.
const HEAD: &str = "edition 2026

environment dev {}
artifact app { version = \"1.0.0\", sources = [\"source\"], build = `true`, file = \"source\" }

pipeline app {
  promote artifact.app through dev
  deploy {
";

fn main() -> Result<(), Box<dyn Error>> {
    let only: Option<String> = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let wanted = |name: &str| only.as_deref().is_none_or(|only| only == name);
    if wanted("chain") {
        println!("| steps | how | `liftlock run` | each | syncs | memory | `make` | each | of make |");
        println!("|--:|---|--:|--:|--:|--:|--:|--:|--:|");
        for (steps, how, rounds) in [(1000, How::Chain, 5), (1000, How::SideBySide, 5), (10_000, How::Chain, 1)] {
            measure(steps, how, rounds)?;
        }
    }
    if wanted("flood") {
        flood()?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
enum How {
    Chain,
    /// Two at once.
    SideBySide,
}

/// Prints a row of the table.
fn measure(steps: usize, how: How, rounds: usize) -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let (project, makefile) = (folder.path().join("project"), folder.path().join("make"));
    fs::create_dir_all(&project)?;
    fs::create_dir_all(&makefile)?;
    write_project(&project, steps, how)?;
    write_makefile(&makefile, steps, how)?;
    let jobs = if let How::SideBySide = how { "-j2" } else { "-j1" };
    let make = || {
        let mut command = Command::new("make");
        command.args([jobs, "-s"]).current_dir(&makefile);
        command
    };
    let quiet = || -> Result<Command, Box<dyn Error>> {
        let mut command = run(&project)?;
        command.arg("--quiet");
        Ok(command)
    };
    let (mut runs, mut makes) = (vec![], vec![]);
    let has_make = is_there("make");
    for _ in 0..rounds {
        runs.push(timed(&mut quiet()?)?);
        if has_make {
            makes.push(timed(&mut make())?);
        }
    }
    let (runs, makes) = (median(runs), median(makes));
    let each = |time: Option<Duration>| {
        time.map(|time| format!("{:.0} µs", time.as_secs_f64() * 1e6 / steps as f64)).unwrap_or_default()
    };
    let of_make = match (runs, makes) {
        (Some(run), Some(make)) => format!("{:.2}", run.as_secs_f64() / make.as_secs_f64()),
        _ => String::new(),
    };
    println!(
        "| {steps} | {} | {} | {} | {} | {} | {} | {} | {of_make} |",
        match how {
            How::Chain => "one after the other",
            How::SideBySide => "2 at once",
        },
        shown(runs),
        each(runs),
        syncs(&quiet()?, folder.path()),
        memory(&quiet()?),
        shown(makes),
        each(makes),
    );
    Ok(())
}

/// A run in a project where nothing was ever run.
fn run(project: &Path) -> Result<Command, Box<dyn Error>> {
    let state = project.join(".liftlock");
    if state.exists() {
        fs::remove_dir_all(&state)?;
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_liftlock"));
    command.args(["run", "--yes", "--as", "ada"]).current_dir(project);
    Ok(command)
}

/// How long a program takes, which has to end well.
fn timed(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?} ended with {status}").into()) }
}

/// How often the program itself, without those that it starts, waits for the disk.
fn syncs(command: &Command, folder: &Path) -> String {
    let log = folder.join("syncs");
    let mut traced = Command::new("strace");
    traced.args(["-qq", "-e", "trace=fsync,fdatasync", "-e", "signal=none", "-o"]).arg(&log);
    traced.arg(command.get_program()).args(command.get_args());
    traced.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    if !is_there("strace") || timed(&mut traced).is_err() {
        return String::new();
    }
    fs::read_to_string(&log)
        .map(|log| log.lines().filter(|line| line.contains("sync(")).count().to_string())
        .unwrap_or_default()
}

/// The greatest memory of a program, as GNU time says it.
fn memory(command: &Command) -> String {
    let Ok(file) = tempfile::NamedTempFile::new() else { return String::new() };
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M", "-o"]).arg(file.path()).arg(command.get_program()).args(command.get_args());
    timed.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    if timed.stdout(Stdio::null()).stderr(Stdio::null()).status().is_err() {
        return String::new();
    }
    let said = fs::read_to_string(file.path()).unwrap_or_default();
    let kilobytes: Option<f64> = said.lines().last().and_then(|line| line.trim().parse().ok());
    kilobytes.map(|kilobytes| format!("{:.1} MiB", kilobytes / 1024.0)).unwrap_or_default()
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

fn shown(time: Option<Duration>) -> String {
    time.map(|time| format!("{:.0} ms", time.as_secs_f64() * 1000.0)).unwrap_or_default()
}

fn write_project(project: &Path, steps: usize, how: How) -> Result<(), Box<dyn Error>> {
    let mut text = HEAD.to_owned();
    match how {
        How::Chain => {
            for at in 0..steps {
                writeln!(text, "    step s{at} {{ run = `true`, rollback = `true back` }}")?;
            }
        }
        How::SideBySide => {
            writeln!(text, "    each at in 1..{steps} {{\n      at_most = 2")?;
            text.push_str("      step s { run = `true`, rollback = `true back` }\n    }\n");
        }
    }
    text.push_str("  }\n}\n");
    fs::write(project.join("source"), "x\n")?;
    Ok(fs::write(project.join("app.release"), text)?)
}

fn write_makefile(folder: &Path, steps: usize, how: How) -> Result<(), Box<dyn Error>> {
    let mut text = ".PHONY: all".to_owned();
    (0..steps).for_each(|at| text.push_str(&format!(" s{at}")));
    match how {
        How::Chain => writeln!(text, "\nall: s{}", steps - 1)?,
        How::SideBySide => {
            text.push_str("\nall:");
            (0..steps).for_each(|at| text.push_str(&format!(" s{at}")));
            text.push('\n');
        }
    }
    for at in 0..steps {
        match (how, at) {
            (How::Chain, 1..) => writeln!(text, "s{at}: s{}\n\ttrue", at - 1)?,
            _ => writeln!(text, "s{at}:\n\ttrue")?,
        }
    }
    Ok(fs::write(folder.join("Makefile"), text)?)
}

/// Prints how fast a flood of output goes through a run, beside two `cat` and a pipe.
fn flood() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let project = folder.path().join("project");
    fs::create_dir_all(&project)?;
    let mut seed = 42;
    let secrets: Vec<String> = (0..8).map(|_| word(&mut seed, 24)).collect();
    fs::write(project.join("output"), output(&secrets))?;
    let mut text = HEAD.to_owned();
    text.push_str("    step flood {\n      env = {");
    for (at, secret) in secrets.iter().enumerate() {
        fs::write(project.join(format!("secret{at}")), secret)?;
        write!(text, "{}S{at} = secret.file(\"secret{at}\")", if at == 0 { " " } else { ", " })?;
    }
    let words = ["output"; TIMES].join(" ");
    writeln!(text, " }}\n      run = `cat {words}`\n      rollback = `true back`\n    }}\n  }}\n}}")?;
    fs::write(project.join("source"), "x\n")?;
    fs::write(project.join("app.release"), text)?;

    // A run says on standard error what its programs print.
    let through_a_pipe = |mut command: Command, is_run: bool| -> Result<Duration, Box<dyn Error>> {
        let (end, sink) = std::io::pipe()?;
        let begun = Instant::now();
        match is_run {
            true => command.stdout(Stdio::null()).stderr(sink),
            false => command.stdout(sink).stderr(Stdio::null()),
        };
        let mut first = command.spawn()?;
        drop(command);
        let second = Command::new("cat").stdin(end).stdout(File::create("/dev/null")?).status()?;
        if !first.wait()?.success() || !second.success() { Err("a flood failed".into()) } else { Ok(begun.elapsed()) }
    };
    let (mut runs, mut cats) = (vec![], vec![]);
    for _ in 0..5 {
        runs.push(through_a_pipe(run(&project)?, true)?);
        let mut cat = Command::new("cat");
        cat.args(["output"; TIMES]).current_dir(&project);
        cats.push(through_a_pipe(cat, false)?);
    }
    let (Some(took), Some(cat)) = (median(runs), median(cats)) else { return Ok(()) };
    let speed = |time: Duration| format!("{:.0} MB/s", (FLOOD * TIMES) as f64 / 1e6 / time.as_secs_f64());
    println!("\n| 256 MiB of output | `liftlock run` | memory | `cat \\| cat` | of cat |\n|---|--:|--:|--:|--:|");
    println!(
        "| 8 secrets hidden | {} | {} | {} | {:.2} |",
        speed(took),
        memory(&run(&project)?),
        speed(cat),
        cat.as_secs_f64() / took.as_secs_f64()
    );
    Ok(())
}

/// Lines as a build prints them, with a secret in one of a few hundred.
fn output(secrets: &[String]) -> Vec<u8> {
    let mut seed = 7;
    let mut text = Vec::with_capacity(FLOOD + 200);
    let mut line = 0_usize;
    while text.len() < FLOOD {
        line += 1;
        for _ in 0..8 {
            let length = 2 + (next(&mut seed) % 9) as usize;
            text.extend_from_slice(word(&mut seed, length).as_bytes());
            text.push(b' ');
        }
        if line.is_multiple_of(400) {
            text.extend_from_slice(secrets[line / 400 % secrets.len()].as_bytes());
        }
        text.push(b'\n');
    }
    text
}

fn word(seed: &mut u64, length: usize) -> String {
    (0..length).map(|_| char::from(b"abcdefghijklmnopqrstuvwxyz0123456789"[(next(seed) % 36) as usize])).collect()
}

/// splitmix64.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
