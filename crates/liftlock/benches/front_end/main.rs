//! What reading, understanding and checking release files costs, beside the floor: reading the same files, and counting
//! their lines.
//!
//! The files are made of a seed; each is a project of its own of about a hundred lines. Parsing and lowering are measured on
//! one processor; `liftlock check` is the program as its users run it, with its start and on all processors. A keystroke
//! is the change of one character in a project of about 10,000 lines: the file is parsed again, and what it belongs to
//! lowered and checked. All take turns, and medians are compared: the machine may be shared.
//!
//! `cargo bench -p liftlock --bench front_end`; with `-- --many` also 10,000 files, and with `-- --write DIR FILES` nothing is
//! measured but the files are written, for other tools.

mod pipelines;

use std::collections::BTreeMap;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use liftlock_check::Policy;
use liftlock_diagnostics::{Finding, SourceId};
use liftlock_model::{Loaded, ReadFiles, Unit, load, lower};
use liftlock_syntax::parse;

const ROUNDS: usize = 7;
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

/// So many of the files have about 10,000 lines.
const FILES_OF_KEYSTROKE: usize = 90;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    if let [flag, folder, count] = arguments.as_slice()
        && flag == "--write"
    {
        return write(Path::new(folder), count.parse()?).map(drop);
    }
    println!("| files | lines | what | time | lines/s | MB/s | of reading |");
    println!("|--:|--:|---|--:|--:|--:|--:|");
    let many = arguments.iter().any(|argument| argument == "--many").then_some(10_000);
    for count in [1, 100, 1000].into_iter().chain(many) {
        let folder = tempfile::tempdir()?;
        whole(folder.path(), count)?;
    }
    println!(
        "\n| one keystroke in {FILES_OF_KEYSTROKE} files of about a hundred lines | time | of counting their lines |"
    );
    println!("|---|--:|--:|");
    keystroke("each of which is a project", false)?;
    keystroke("which one project imports", true)
}

/// Prints a row for each step from files to findings.
fn whole(folder: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    let paths = write(folder, count)?;
    let texts: Vec<String> = paths.iter().map(fs::read_to_string).collect::<Result<_, _>>()?;
    let bytes: usize = texts.iter().map(String::len).sum();
    let lines: usize = texts.iter().map(|text| lines(text)).sum();
    let trees: Vec<_> = texts.iter().map(|text| parse(SourceId(0), text).0).collect();
    let mut steps: [(&str, Vec<Duration>); 5] =
        ["reading", "counting lines", "parsing", "lowering", "`liftlock check`"].map(|name| (name, Vec::new()));
    for _ in 0..ROUNDS {
        steps[0].1.push(timed(|| paths.iter().for_each(|path| drop(black_box(fs::read(path))))));
        steps[1].1.push(timed(|| texts.iter().for_each(|text| count_lines(text))));
        steps[2].1.push(timed(|| texts.iter().for_each(|text| drop(black_box(parse(SourceId(0), text))))));
        steps[3].1.push(timed(|| trees.iter().for_each(|tree| drop(black_box(lower(&[Unit::alone(tree)]))))));
        steps[4].1.push(program(folder)?);
    }
    let steps = steps.map(|(name, times)| (name, median(times)));
    let reading = steps[0].1;
    for (name, time) in steps {
        let seconds = time.as_secs_f64();
        println!(
            "| {count} | {lines} | {name} | {:.2} ms | {:.0} | {:.1} | {:.2} |",
            seconds * 1e3,
            lines as f64 / seconds,
            bytes as f64 / 1e6 / seconds,
            seconds / reading.as_secs_f64()
        );
    }
    Ok(())
}

/// Prints what a keystroke costs in files that are projects, or that one project imports.
fn keystroke(case: &str, joined: bool) -> Result<(), Box<dyn Error>> {
    let mut random = pipelines::Random(SEED);
    let mut files = BTreeMap::new();
    for at in 0..FILES_OF_KEYSTROKE {
        files.insert(name(at), if joined { pipelines::pipeline(&mut random, at) } else { project(&mut random, at) });
    }
    if joined {
        files.insert(PathBuf::from("environments.release"), pipelines::environments(&mut random));
        let imports = files.keys().map(|path| format!("import \"./{}\"\n", path.display())).collect();
        files.insert(PathBuf::from("all.release"), imports);
    }
    let files = Memory(files);
    let mut loaded = load(&files.0.keys().cloned().collect::<Vec<_>>(), &files);
    let path = name(FILES_OF_KEYSTROKE / 2);
    let id = loaded.sources.find(&path).ok_or("the file is loaded")?;
    let text = files.read(&path)?;
    let (mut times, mut floors) = (vec![], vec![]);
    for round in 0..ROUNDS * 3 {
        let changed = text.replacen("releases", &"releases"[..round % 8 + 1], 1);
        times.push(timed(|| {
            loaded.change(id, changed, &files);
            black_box(findings(&loaded, id));
        }));
        floors.push(timed(|| files.0.values().for_each(|text| count_lines(text))));
    }
    let (time, floor) = (median(times), median(floors));
    println!("| {case} | {:.2} ms | {:.0} |", time.as_secs_f64() * 1e3, time.as_secs_f64() / floor.as_secs_f64());
    Ok(())
}

/// What is wrong with the models that a file belongs to.
fn findings(loaded: &Loaded, id: SourceId) -> Vec<Finding> {
    let units = loaded.roots().into_iter().map(|root| loaded.unit(root));
    let units = units.filter(|unit| unit.iter().any(|unit| unit.file.source == id));
    let of_unit = |unit: Vec<Unit<'_>>| {
        let (model, findings) = lower(&unit);
        liftlock_check::check(model, findings, &Policy::default()).1
    };
    units.flat_map(of_unit).collect()
}

/// Files that are not on disk.
struct Memory(BTreeMap<PathBuf, String>);

impl ReadFiles for Memory {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// One file with all that its pipeline needs.
fn project(random: &mut pipelines::Random, at: usize) -> String {
    let environments = pipelines::environments(random);
    format!("{environments}{}", pipelines::pipeline(random, at))
}

fn name(at: usize) -> PathBuf {
    PathBuf::from(format!("p{at:05}.release"))
}

fn write(folder: &Path, count: usize) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    fs::create_dir_all(folder)?;
    let mut random = pipelines::Random(SEED);
    let mut paths = Vec::new();
    for at in 0..count {
        let path = folder.join(name(at));
        fs::write(&path, project(&mut random, at))?;
        paths.push(path);
    }
    Ok(paths)
}

/// How long the program takes, which has to find nothing.
fn program(folder: &Path) -> Result<Duration, Box<dyn Error>> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_liftlock"));
    command.args(["check", "--quiet"]).current_dir(folder).stdout(Stdio::null()).stderr(Stdio::null());
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    if status.success() { Ok(took) } else { Err(format!("`liftlock check` ended with {status}").into()) }
}

fn lines(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

fn count_lines(text: &str) {
    black_box(lines(black_box(text)));
}

fn timed(work: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    work();
    begun.elapsed()
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}
