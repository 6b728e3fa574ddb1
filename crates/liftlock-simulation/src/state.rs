//! All that there is in a simulated world at one moment.
//!
//! It is data and nothing else, so that a clone of it is the world as somebody finds it who comes after a crash.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use jiff::Timestamp;
use liftlock_effects::Ending;
use liftlock_journal::{Event, Record};
use liftlock_names::{Digest, RunId};

use crate::chance::Chance;
use crate::faults::Asked;
use crate::files::Files;
use crate::programs::Program;

/// Monday, 2026-11-23, 12:00 in London: where every simulated world begins, in milliseconds since 1970.
const BEGINNING: i64 = 1_795_435_200_000;

/// Stands in the place of every hash.
static UNCHAINED: LazyLock<Digest> = LazyLock::new(|| Digest::of(b"simulated"));

/// A world at one moment.
#[derive(Debug, Clone)]
pub struct State {
    /// How long it has been since the beginning, by a clock that no one can set.
    pub elapsed: Duration,
    /// By how many milliseconds the clock on the wall has been set forward.
    pub set_forward: i64,
    pub chance: Chance,
    pub things: Things,
    /// Programs that run, also those of a runner that died.
    pub running: Vec<Process>,
    /// Every program that was ever started with a key, in order.
    pub begun: Arc<Vec<Begun>>,
    pub next_process: u64,
    /// The runner that lives.
    pub living: Option<u32>,
    pub asked: Asked,
    pub records: Vec<Arc<Record>>,
    pub leases: Arc<BTreeMap<String, LeaseRow>>,
    pub contents: Arc<BTreeMap<Digest, Arc<[u8]>>>,
    /// Rises with every change to anything but the clock.
    pub changes: u64,
}

/// What the programs and the effects of a release change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Things {
    pub files: Files,
    keys: Arc<BTreeMap<Arc<str>, Arc<str>>>,
}

/// A program that runs.
#[derive(Debug, Clone)]
pub struct Process {
    pub id: u64,
    /// Its `LIFTLOCK_KEY`.
    pub key: Option<Arc<str>>,
    pub program: Program,
    pub ends: Duration,
    pub fate: Fate,
    /// Whether the runner that started it still waits for it.
    pub is_waited_for: bool,
    /// What it printed, once it has ended.
    pub printed: Option<String>,
}

/// How a program is going to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fate {
    pub holds: Holds,
    pub ending: Ending,
}

/// How much of what a program does it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    Nothing,
    Half,
    All,
}

/// That a program was started for an effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    pub key: Arc<str>,
    /// The last record at that time.
    pub head: u64,
    /// Whether all that it does was done already.
    pub was_done: bool,
}

/// Who held a lock last, and until when; `None` where it was given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeaseRow {
    pub owner: RunId,
    pub token: u64,
    pub until: Option<Timestamp>,
}

impl State {
    pub fn new(seed: u64) -> Self {
        State {
            elapsed: Duration::ZERO,
            set_forward: 0,
            chance: Chance::new(seed),
            things: Things::default(),
            running: Vec::new(),
            begun: Arc::default(),
            next_process: 1,
            living: None,
            asked: Asked::default(),
            records: Vec::new(),
            leases: Arc::default(),
            contents: Arc::default(),
            changes: 0,
        }
    }

    /// What the clock on the wall says.
    pub fn now(&self) -> Timestamp {
        let elapsed = i64::try_from(self.elapsed.as_millis()).unwrap_or(i64::MAX);
        let now = BEGINNING.saturating_add(elapsed).saturating_add(self.set_forward);
        Timestamp::from_millisecond(now).unwrap_or(Timestamp::MAX)
    }

    /// When the next program ends.
    pub fn next_end(&self) -> Option<Duration> {
        self.running.iter().filter(|process| process.printed.is_none()).map(|process| process.ends).min()
    }

    /// Lets time pass, and every program come to its end whose time it is, in their order.
    pub fn pass_to(&mut self, to: Duration) {
        while let Some(end) = self.next_end().filter(|end| *end <= to) {
            self.elapsed = self.elapsed.max(end);
            for at in 0..self.running.len() {
                if self.running[at].printed.is_none() && self.running[at].ends <= end {
                    self.finish(at);
                }
            }
            self.running.retain(|process| process.printed.is_none() || process.is_waited_for);
        }
        self.elapsed = self.elapsed.max(to);
    }

    fn finish(&mut self, at: usize) {
        let process = &mut self.running[at];
        let printed = match process.fate.holds {
            Holds::Nothing => String::new(),
            Holds::Half => {
                process.program.take_half_hold(&mut self.things);
                String::new()
            }
            Holds::All => process.program.take_hold(&mut self.things),
        };
        process.printed = Some(printed);
        self.changes += 1;
    }

    /// Ends the programs of which `which` says so, in the middle of what they do. Returns how many still ran.
    pub fn kill(&mut self, which: impl Fn(&Process) -> bool) -> usize {
        let mut killed = 0;
        let things = &mut self.things;
        self.running.retain(|process| {
            if !which(process) {
                return true;
            }
            if process.printed.is_none() {
                killed += 1;
                if process.fate.holds != Holds::Nothing {
                    process.program.take_half_hold(things);
                }
            }
            false
        });
        self.changes += u64::from(killed > 0);
        killed
    }

    /// Adds a record at the end. There is no chain of hashes here: the store on disk is tried for it by its own tests.
    pub fn append(&mut self, run: &RunId, at: Timestamp, event: Event) -> Record {
        let sequence = self.records.len() as u64 + 1;
        let record = Record { sequence, run: run.clone(), at, event, hash: *UNCHAINED };
        self.records.push(Arc::new(record.clone()));
        self.changes += 1;
        record
    }

    /// Every record.
    pub fn journal(&self) -> Vec<Record> {
        self.records.iter().map(|record| Record::clone(record)).collect()
    }

    /// The machine of the runner goes on without it: what it had started runs on, and nobody waits for it.
    pub fn orphan(&mut self) {
        self.living = None;
        self.running.retain(|process| process.printed.is_none());
        self.running.iter_mut().for_each(|process| process.is_waited_for = false);
    }
}

impl Things {
    /// The value of a key; `none` where it has none.
    pub fn key(&self, key: &str) -> &str {
        self.keys.get(key).map_or("none", |value| value)
    }

    pub fn set(&mut self, key: &Arc<str>, value: &Arc<str>) {
        if &**value == "none" {
            Arc::make_mut(&mut self.keys).remove(key);
        } else {
            Arc::make_mut(&mut self.keys).insert(key.clone(), value.clone());
        }
    }
}
