//! What the screens of a long history cost: ten thousand releases of fifty effects, in a journal made from a seed.
//!
//! `history` and `status` are run as their users run them, output to nowhere, after the first of them has folded all
//! records, which is shown as well. The floor is `liftlock --version`. The journal has a million records, and is better
//! made where nobody waits for a disk: `TMPDIR=/dev/shm cargo bench -p liftlock --bench history`; `-- 1000` makes fewer
//! releases.

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use liftlock_journal::{Action, End, Event, Failure, FailureKind, Guard, Outcome, SqliteStore, State, Store as _};
use liftlock_names::{Address, Digest, ReleaseRef, RunId};

const ROUNDS: usize = 15;
const EFFECTS: usize = 50;

fn main() -> Result<(), Box<dyn Error>> {
    let releases = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000);
    let folder = tempfile::tempdir()?;
    std::fs::write(folder.path().join("app.release"), "edition 2026\n")?;
    let begun = Instant::now();
    let records = write_journal(&folder.path().join(".liftlock/journal.db"), releases)?;
    println!("{releases} releases, {records} records, made in {:.1} s\n", begun.elapsed().as_secs_f64());
    println!("| screen | time | memory |\n|---|--:|--:|");
    let screens: [(&str, &[&str]); 5] = [
        ("`history`, all folded anew", &["history"]),
        ("`--version`", &["--version"]),
        ("`history`", &["history"]),
        ("`history --limit 1000`", &["history", "--limit", "1000"]),
        ("`status`", &["status"]),
    ];
    for (at, (name, arguments)) in screens.into_iter().enumerate() {
        let command = || {
            let mut command = Command::new(env!("CARGO_BIN_EXE_liftlock"));
            command.args(arguments).current_dir(folder.path());
            command
        };
        let rounds = if at == 0 { 1 } else { ROUNDS };
        let mut times = (0..rounds).map(|_| timed(&mut command())).collect::<Result<Vec<_>, _>>()?;
        times.sort();
        let median = times[times.len() / 2];
        println!("| {name} | {:.1} ms | {} |", median.as_secs_f64() * 1000.0, memory(&command()));
    }
    Ok(())
}

fn timed(command: &mut Command) -> Result<Duration, Box<dyn Error>> {
    command.stdout(Stdio::null()).stderr(Stdio::inherit());
    let begun = Instant::now();
    let status = command.status()?;
    let took = begun.elapsed();
    if status.success() { Ok(took) } else { Err(format!("{command:?} ended with {status}").into()) }
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

/// Releases through three environments, of which one in seven fails in the last and is restored.
fn write_journal(path: &Path, releases: usize) -> Result<u64, Box<dyn Error>> {
    let store = SqliteStore::open(path)?;
    let beginning: Timestamp = "2020-01-01T00:00:00Z".parse()?;
    let mut seed = 42;
    for number in 1..=releases as u64 {
        let at = beginning.checked_add(SignedDuration::from_mins(i64::try_from(number * 17)?))?;
        let run = RunId::new(at, u32::try_from(next(&mut seed) & 0x7fff)?);
        store.append(&run, at, &release(&mut seed, number, &run)?, Guard::Always)?;
    }
    Ok(store.head()?)
}

fn release(seed: &mut u64, number: u64, run: &RunId) -> Result<Vec<Event>, Box<dyn Error>> {
    let version = format!("{}.{}.{}", number / 400, number / 20 % 20, number % 20);
    let digest = Digest::of(version.as_bytes());
    // The plan itself does not matter here, but that it has to be stepped over.
    let plan = format!("{{\"plan\":\"{}\"}}", "\\\"x\\\" ".repeat(500));
    let by = ["ada", "grace", "barbara"][(next(seed) % 3) as usize].to_owned();
    let mut events = vec![
        Event::RunStarted {
            pipeline: "app".to_owned(),
            action: Action::Release,
            version: version.clone(),
            number,
            plan_hash: Digest::of(number.to_string().as_bytes()),
            plan,
            by,
            host: "builder-1".to_owned(),
            process: 4711,
            approve: Vec::new(),
        },
        Event::ArtifactReady {
            artifact: "app".to_owned(),
            version: version.clone(),
            digest,
            name: format!("app-{version}.tar.gz"),
            bytes: 1 << 20,
            sources: Digest::of(format!("sources of {number}").as_bytes()),
            built: true,
        },
    ];
    let fails = next(seed).is_multiple_of(7);
    let failure = || Failure {
        kind: FailureKind::Unhealthy,
        message: "http://127.0.0.1:4101/health answered 503 for 15s; expected 200".to_owned(),
        tail: Vec::new(),
    };
    for (place, environment) in ["dev", "staging", "production"].into_iter().enumerate() {
        let environment = environment.to_owned();
        events.push(Event::LeaseTaken {
            lock: environment.clone(),
            token: number,
            host: "builder-1".to_owned(),
            process: 4711,
        });
        events.push(Event::StageEntered { environment: environment.clone(), replaces: None });
        for at in (0..EFFECTS).skip(place).step_by(3) {
            let effect: Address = format!("app/{environment}/deploy/switch/step{at}").parse()?;
            let before = State::Output { text: "1".to_owned() };
            events.push(Event::EffectStarted { effect: effect.clone(), attempt: 1, before });
            let (after, took_ms) = (State::Output { text: "2".to_owned() }, next(seed) % 5000);
            events.push(Event::EffectFinished { effect, after, took_ms, outputs: BTreeMap::new() });
        }
        if fails && place == 2 {
            let why = failure();
            events.push(Event::StageFailed { environment: environment.clone(), at: None, failure: why });
            events.push(Event::StageEnded { environment: environment.clone(), end: End::Restored });
        } else {
            let release = ReleaseRef { number, version: version.clone(), digest: Some(digest), run: run.clone() };
            events.push(Event::StageReleased { environment: environment.clone(), release });
        }
        events.push(Event::LeaseReleased { lock: environment, token: number });
    }
    let outcome = if fails { Outcome::Restored { why: failure().message } } else { Outcome::Released };
    events.push(Event::RunFinished { outcome });
    Ok(events)
}

/// splitmix64.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
