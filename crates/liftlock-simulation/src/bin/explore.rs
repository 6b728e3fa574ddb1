//! Tries out random pipelines, and prints what came of them as a table.
//!
//! `explore --points 1000000` lets a runner die at so many moments; `--seed N` begins at another seed.

use std::process::ExitCode;
use std::time::Instant;

use liftlock_simulation::explore::{Tally, explore};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |name: &str| {
        let at = arguments.iter().position(|argument| argument == name)?;
        arguments.get(at + 1)?.parse::<u64>().ok()
    };
    let points = number("--points").unwrap_or(100_000);
    let began = Instant::now();
    let mut tally = Tally::default();
    let mut seed = number("--seed").unwrap_or(0);
    while tally.points < points {
        if let Err(violation) = explore(seed, &mut tally) {
            println!("seed {}: {}\n\n{}", violation.seed, violation.law, violation.story);
            return ExitCode::FAILURE;
        }
        seed += 1;
    }
    println!("{tally:#?}\n{:?}", began.elapsed());
    ExitCode::SUCCESS
}
