//! Tries out random pipelines, and prints what came of them as a table.
//!
//! `explore --points 1000000` lets a runner die at so many moments; `explore --coverage 100000` compares coverage with the
//! engine for so many pipelines. `--seed N` begins at another seed, `--threads N` takes fewer or more than there are.
//! Every seed is looked at by one thread, so that what it makes is the same whatever their number.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use liftlock_simulation::coverage::{Compared, compare};
use liftlock_simulation::explore::{Tally, explore};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let first = number("--seed").unwrap_or(0);
    let threads =
        number("--threads").unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get() as u64));
    let began = Instant::now();
    let (rows, first_broken) = match number("--coverage") {
        Some(pipelines) => of_coverage(first, threads, pipelines),
        None => of_crashes(first, threads, number("--points").unwrap_or(100_000)),
    };
    let seconds = began.elapsed().as_secs_f64();
    for (name, count) in &rows {
        println!("{name:<44} {count:>12}");
    }
    let (_, measure) = rows[0];
    println!("{:<44} {:>12.0}", format!("{} a second, {threads} threads", rows[0].0), measure as f64 / seconds);
    println!("{:<44} {seconds:>12.1}", "seconds");
    match first_broken {
        None => ExitCode::SUCCESS,
        Some(story) => {
            println!("\n{story}");
            ExitCode::FAILURE
        }
    }
}

type Table = (Vec<(&'static str, u64)>, Option<String>);

fn of_crashes(first: u64, threads: u64, points: u64) -> Table {
    let done = AtomicU64::new(0);
    let (tallies, broken) = each_seed(first, threads, |seed, tally: &mut Tally| {
        let before = tally.points;
        let explored = explore(seed, tally);
        let so_far = done.fetch_add(tally.points - before, Ordering::Relaxed);
        let story = |violation: liftlock_simulation::explore::Violation| {
            format!("seed {}: {}\n\n{}", violation.seed, violation.law, violation.story)
        };
        (so_far < points, explored.err().map(|violation| story(*violation)))
    });
    let sum = |of: fn(&Tally) -> u64| tallies.iter().map(of).sum();
    let rows = vec![
        ("moments at which a runner died", sum(|tally| tally.points)),
        ("  of runs that had been taken up before", sum(|tally| tally.second_points)),
        ("pipelines", sum(|tally| tally.pipelines)),
        ("releases run to their end undisturbed", sum(|tally| tally.runs)),
        ("records", sum(|tally| tally.records)),
        ("ends: released", sum(|tally| tally.released)),
        ("      restored", sum(|tally| tally.restored)),
        ("      refused", sum(|tally| tally.refused)),
        ("      left as it is, as declared", sum(|tally| tally.left)),
        ("      held or stranded, locked with a reason", sum(|tally| tally.needs_a_person)),
        ("laws broken", u64::from(broken.is_some())),
    ];
    (rows, broken)
}

fn of_coverage(first: u64, threads: u64, pipelines: u64) -> Table {
    let (compared, broken) = each_seed(first, threads, |seed, compared: &mut Compared| {
        let result = compare(seed, compared);
        let story = |difference: liftlock_simulation::coverage::Difference| {
            format!("seed {}: {}\n\n{}", difference.seed, difference.what, difference.text)
        };
        (seed + 1 < first + pipelines, result.err().map(|difference| story(*difference)))
    });
    let sum = |of: fn(&Compared) -> u64| compared.iter().map(of).sum();
    let rows = vec![
        ("pipelines", sum(|compared| compared.pipelines)),
        ("failure points", sum(|compared| compared.points)),
        ("  restored", sum(|compared| compared.restored)),
        ("  held", sum(|compared| compared.held)),
        ("  stranded", sum(|compared| compared.stranded)),
        ("  left as it is", sum(|compared| compared.left)),
        ("runs with one fault", sum(|compared| compared.singles)),
        ("runs with two faults", sum(|compared| compared.doubles)),
        ("differences", u64::from(broken.is_some())),
    ];
    (rows, broken)
}

/// Looks at one seed after the other until `look` says that it is enough, or has found something.
fn each_seed<T: Default + Send>(
    first: u64,
    threads: u64,
    look: impl Fn(u64, &mut T) -> (bool, Option<String>) + Sync,
) -> (Vec<T>, Option<String>) {
    let next = AtomicU64::new(first);
    let is_enough = AtomicBool::new(false);
    let found = Mutex::new(None);
    let work = || {
        let mut seen = T::default();
        while !is_enough.load(Ordering::Relaxed) {
            let (goes_on, story) = look(next.fetch_add(1, Ordering::Relaxed), &mut seen);
            if !goes_on || story.is_some() {
                is_enough.store(true, Ordering::Relaxed);
            }
            if let (Some(story), Ok(mut found)) = (story, found.lock()) {
                *found = Some(story);
            }
        }
        seen
    };
    let seen = std::thread::scope(|scope| {
        let handles: Vec<_> = (0..threads.max(1)).map(|_| scope.spawn(work)).collect();
        // What panics has found something, and must not look like less that was looked at.
        let joined = handles.into_iter().map(|handle| handle.join());
        joined.map(|seen| seen.unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
    });
    (seen, found.into_inner().ok().flatten())
}
