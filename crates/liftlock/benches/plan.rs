//! What planning costs, beside `ninja -n` and the floor: reading and hashing the same files in one process.
//!
//! Each project has twenty files in each of its environments, and is planned twice: before its first release, with all in
//! place but one in a hundred, and after a release, which is what planning is mostly about. `ninja` is given as many
//! files to copy, of which it has to look at as many and copy as few; where it is not installed, its columns are empty.
//! Both are run as their users run them, output to nowhere. All take turns, and medians are compared: the machine may be
//! shared. The greatest memory is that which GNU time reports, where it is installed. `cargo bench -p liftlock --bench plan`.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use liftlock_names::Digest;

const ROUNDS: usize = 7;
const EFFECTS_OF_ENVIRONMENT: usize = 20;

fn main() -> Result<(), Box<dyn Error>> {
    println!(
        "| effects | planned | `liftlock plan` | memory | `ninja -n` | memory | reading and hashing | of ninja | of the floor |"
    );
    println!("|--:|---|--:|--:|--:|--:|--:|--:|--:|");
    for effects in [1000, 10_000] {
        let folder = tempfile::tempdir()?;
        let root = folder.path();
        write_project(root, effects)?;
        let ninja = write_ninja(root, effects)?;
        measure(root, effects, "before its first release", ninja)?;
        let mut release = Command::new(env!("CARGO_BIN_EXE_liftlock"));
        run(release.args(["run", "--yes", "--quiet"]).current_dir(root.join("project")))?;
        change_some(&root.join("project"), effects)?;
        measure(root, effects, "after a release", ninja)?;
    }
    Ok(())
}

/// Prints a row of the table.
fn measure(root: &Path, effects: usize, case: &str, ninja: bool) -> Result<(), Box<dyn Error>> {
    let plan = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_liftlock"));
        command.args(["plan", "--quiet"]).current_dir(root.join("project"));
        command
    };
    let dry = || {
        let mut command = Command::new("ninja");
        command.arg("-n").current_dir(root.join("ninja"));
        command
    };
    let (mut plans, mut drys, mut floors) = (vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        plans.push(run(&mut plan())?);
        floors.push(floor(&root.join("project"), effects)?);
        if ninja {
            drys.push(run(&mut dry())?);
        }
    }
    let (plans, floors, drys) = (median(plans), median(floors), median(drys));
    let ratio = |of: Option<Duration>| match (plans, of) {
        (Some(plan), Some(of)) => format!("{:.2}", plan.as_secs_f64() / of.as_secs_f64()),
        _ => String::new(),
    };
    println!(
        "| {effects} | {case} | {} | {} | {} | {} | {} | {} | {} |",
        shown(plans),
        memory(&plan()),
        shown(drys),
        if ninja { memory(&dry()) } else { String::new() },
        shown(floors),
        ratio(drys),
        ratio(floors)
    );
    Ok(())
}

/// How long a program takes, which has to end well.
fn run(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    command.stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?} ended with {status}").into()) }
}

/// Reads what the plan has to read, and hashes it.
fn floor(project: &Path, effects: usize) -> Result<Duration, Box<dyn Error>> {
    let begun = Instant::now();
    let mut bytes = 0;
    for at in 0..effects {
        let content = fs::read(project.join(path(at)))?;
        bytes += std::hint::black_box(Digest::of(&content)).short().len();
    }
    std::hint::black_box(bytes);
    Ok(begun.elapsed())
}

/// The greatest memory of a program, as GNU time says it.
fn memory(command: &Command) -> String {
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["-f", "%M"]).arg(command.get_program()).args(command.get_args()).stdout(Stdio::null());
    timed.current_dir(command.get_current_dir().unwrap_or(Path::new(".")));
    let Ok(output) = timed.output() else { return String::new() };
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let kilobytes: Option<f64> = said.lines().last().and_then(|line| line.trim().parse().ok());
    kilobytes.map(|kilobytes| format!("{:.1} MiB", kilobytes / 1024.0)).unwrap_or_default()
}

fn median(mut times: Vec<Duration>) -> Option<Duration> {
    times.sort();
    times.get(times.len() / 2).copied()
}

fn shown(time: Option<Duration>) -> String {
    time.map(|time| format!("{:.1} ms", time.as_secs_f64() * 1000.0)).unwrap_or_default()
}

fn path(at: usize) -> String {
    format!("srv/e{:03}/f{:02}.conf", at / EFFECTS_OF_ENVIRONMENT, at % EFFECTS_OF_ENVIRONMENT)
}

fn content(environment: usize, file: usize) -> String {
    format!("name = \"e{environment:03}\"\nfile = {file}\nworkers = 8\nlisten = \"127.0.0.1:4101\"\n")
}

/// A project with everything in place, but every hundredth file.
fn write_project(root: &Path, effects: usize) -> Result<(), Box<dyn Error>> {
    let project = root.join("project");
    let environments = effects / EFFECTS_OF_ENVIRONMENT;
    let mut release = "edition 2026\n\nsettings { root: path }\n\n".to_owned();
    for at in 0..environments {
        fs::create_dir_all(project.join(format!("srv/e{at:03}")))?;
        writeln!(release, "environment e{at:03} {{ root = \"srv/e{at:03}\" }}")?;
    }
    let names: Vec<String> = (0..environments).map(|at| format!("e{at:03}")).collect();
    release.push_str(
        "\nartifact app { version = \"1.0.0\", sources = [\"source\"], build = `true`, file = \"source\" }\n",
    );
    writeln!(release, "pipeline app {{\n  promote artifact.app through [{}]\n  deploy {{", names.join(", "))?;
    for file in 0..EFFECTS_OF_ENVIRONMENT {
        let content = content(0, file).replace("e000", "${env.name}").replace('"', "\\\"").replace('\n', "\\n");
        writeln!(
            release,
            "    file f{file:02} {{ path = \"${{env.root}}/f{file:02}.conf\", content = \"{content}\" }}"
        )?;
    }
    release.push_str("  }\n  verify { command there { run = `true` } }\n}\n");
    fs::write(project.join("app.release"), release)?;
    fs::write(project.join("source"), "x\n")?;
    for at in 0..effects {
        fs::write(project.join(path(at)), content(at / EFFECTS_OF_ENVIRONMENT, at % EFFECTS_OF_ENVIRONMENT))?;
    }
    change_some(&project, effects)
}

/// Changes one file in a hundred by hand.
fn change_some(project: &Path, effects: usize) -> Result<(), Box<dyn Error>> {
    for at in (0..effects).step_by(100) {
        let text = content(at / EFFECTS_OF_ENVIRONMENT, at % EFFECTS_OF_ENVIRONMENT);
        fs::write(project.join(path(at)), text.replace("workers = 8", "workers = 4"))?;
    }
    Ok(())
}

/// As many copies for ninja, done once, of which every hundredth is to be done again. Whether ninja is there.
fn write_ninja(root: &Path, effects: usize) -> Result<bool, Box<dyn Error>> {
    let folder = root.join("ninja");
    fs::create_dir_all(folder.join("in"))?;
    let mut text = "rule copy\n  command = cp $in $out\n".to_owned();
    for at in 0..effects {
        writeln!(text, "build out/{at}: copy in/{at}")?;
        fs::write(folder.join(format!("in/{at}")), content(at, at))?;
    }
    fs::write(folder.join("build.ninja"), text)?;
    let mut first = Command::new("ninja");
    first.args(["--quiet"]).current_dir(&folder).stdout(Stdio::null());
    if first.status().is_err() {
        return Ok(false);
    }
    for at in (0..effects).step_by(100) {
        fs::write(folder.join(format!("in/{at}")), "changed\n")?;
    }
    Ok(true)
}
