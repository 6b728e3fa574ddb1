//! Records without a store, and stores in folders of their own.

use std::path::PathBuf;

use jiff::Timestamp;
use liftlock_journal::{Action, Event, Failure, FailureKind, Record, SqliteStore};
use liftlock_names::{Digest, ReleaseRef, RunId};
use tempfile::TempDir;

/// A journal in a folder that goes away with it.
pub struct Place {
    pub folder: TempDir,
}

impl Place {
    pub fn new() -> Place {
        Place { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("state/journal.db")
    }

    pub fn open(&self) -> SqliteStore {
        SqliteStore::open(&self.path()).unwrap()
    }

    /// A connection that is bound by none of the store's promises.
    pub fn raw(&self) -> rusqlite::Connection {
        let raw = rusqlite::Connection::open(self.path()).unwrap();
        raw.execute_batch(
            "DROP TRIGGER IF EXISTS records_are_added_at_the_end;
             DROP TRIGGER IF EXISTS records_are_never_changed;
             DROP TRIGGER IF EXISTS records_are_never_deleted;",
        )
        .unwrap();
        raw
    }
}

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_000_000 + second).unwrap()
}

pub fn run(number: u32) -> RunId {
    RunId::new(at(0), number)
}

/// An event that is told from others by its text.
pub fn resumed(by: &str) -> Event {
    Event::RunResumed { by: by.to_owned(), host: "here".to_owned(), process: 0 }
}

pub fn started(number: u64, action: Action) -> Event {
    Event::RunStarted {
        pipeline: "storefront".to_owned(),
        action,
        version: format!("1.{number}.0"),
        number,
        plan_hash: Digest::of(b"plan"),
        plan: "{}".to_owned(),
        by: "ada".to_owned(),
        host: "here".to_owned(),
        process: 0,
        approve: Vec::new(),
    }
}

pub fn release(number: u64) -> ReleaseRef {
    ReleaseRef {
        number,
        version: format!("1.{number}.0"),
        digest: Some(digest(number)),
        run: run(u32::try_from(number).unwrap()),
    }
}

pub fn digest(number: u64) -> Digest {
    Digest::of(number.to_string().as_bytes())
}

pub fn failure(message: &str) -> Failure {
    Failure { kind: FailureKind::Failed, message: message.to_owned(), tail: Vec::new() }
}

/// Records as a store would number them, one second apart.
#[derive(Default)]
pub struct Told {
    pub records: Vec<Record>,
}

impl Told {
    pub fn tell(&mut self, run: &RunId, events: impl IntoIterator<Item = Event>) {
        for event in events {
            let sequence = self.records.len() as u64 + 1;
            let (run, at) = (run.clone(), at(i64::try_from(sequence).unwrap()));
            self.records.push(Record { sequence, run, at, event, hash: digest(sequence) });
        }
    }
}
