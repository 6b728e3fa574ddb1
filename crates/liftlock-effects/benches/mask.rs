//! How fast the output of a program goes through the mask, beside `cat` through a pipe.
//!
//! The floor is `cat FILE … | cat`, which reads and writes as much and looks at nothing. Then the runner takes the output
//! of the same `cat`: with nothing to hide, with eight secrets in all their forms, and with so many that vector
//! instructions cannot look for all at once. The text is made from a seed and holds each of the eight secrets now and
//! then. All take turns, and medians are compared. `cargo bench -p liftlock-effects --bench mask`.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::time::{Duration, Instant};

use liftlock_effects::{Command, Mask, RealWorld, World as _};

const ROUNDS: usize = 5;
const FILE: usize = 64 << 20;
const FILES: usize = 16;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let file = folder.path().join("output");
    let secrets: Vec<String> = (0..8_u64).map(|number| word(&mut (number * 77 + 5), 24)).collect();
    std::fs::write(&file, text(&secrets))?;

    let masks = [("nothing to hide", 0), ("8 secrets", 8), ("64 secrets", 64)];
    let masks: Vec<(&str, Mask)> = masks
        .into_iter()
        .map(|(name, count)| {
            let mask = Mask::default();
            for number in 0..count {
                let secret = secrets.get(number).cloned();
                mask.add(&secret.unwrap_or_else(|| word(&mut (number as u64 + 900), 24)))?;
            }
            Ok((name, mask))
        })
        .collect::<Result<_, Box<dyn Error>>>()?;

    let mut times: Vec<Vec<Duration>> = vec![Vec::new(); masks.len() + 1];
    for _ in 0..ROUNDS {
        times[0].push(cat(&file)?);
        for (at, (_, mask)) in masks.iter().enumerate() {
            times[at + 1].push(masked(&file, mask)?);
        }
    }
    let names = ["cat | cat"].into_iter().chain(masks.iter().map(|(name, _)| *name));
    let floor = median(&mut times[0]);
    println!("{:<18} {:>9} {:>9}", "1 GiB of output", "MB/s", "of cat");
    for (name, times) in names.zip(&mut times) {
        let median = median(times);
        let speed = (FILE * FILES) as f64 / 1e6 / median.as_secs_f64();
        println!("{name:<18} {speed:>9.0} {:>9.2}", floor.as_secs_f64() / median.as_secs_f64());
    }
    Ok(())
}

/// Lines as a build prints them, with a secret in one of a few hundred.
fn text(secrets: &[String]) -> Vec<u8> {
    let mut seed = 42;
    let mut text = Vec::with_capacity(FILE + 200);
    let mut line = 0_usize;
    while text.len() < FILE {
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
    text.truncate(FILE);
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

fn cat(file: &Path) -> Result<Duration, Box<dyn Error>> {
    let started = Instant::now();
    let mut first = Process::new("cat").args(vec![file; FILES]).stdout(Stdio::piped()).spawn()?;
    let input = first.stdout.take().ok_or("no pipe")?;
    let second = Process::new("cat").stdin(input).stdout(File::create("/dev/null")?).status()?;
    if !first.wait()?.success() || !second.success() {
        return Err("cat failed".into());
    }
    Ok(started.elapsed())
}

fn masked(file: &Path, mask: &Mask) -> Result<Duration, Box<dyn Error>> {
    let mut argv = vec!["cat".to_owned()];
    argv.extend(vec![file.to_string_lossy().into_owned(); FILES]);
    let command = Command {
        argv,
        env: Vec::new(),
        cwd: PathBuf::from("/"),
        stdin: None,
        timeout: Duration::from_secs(600),
        on: None,
    };
    let mut sink = File::create("/dev/null")?;
    let mut failed = None;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let started = Instant::now();
    runtime.block_on(RealWorld::new().run(&command, mask, &mut |block| failed = sink.write_all(block).err()))?;
    failed.map_or(Ok(started.elapsed()), |error| Err(error.into()))
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort();
    times[times.len() / 2]
}
