//! What a record is as text, and the chain of hashes through the records; the same in every store.
//!
//! The hash of a record is the SHA-256 digest over five texts, each preceded by its length in bytes as eight bytes,
//! least significant first: the hash of the record before it (`sha256:…`), its sequence in decimal, its run, its time,
//! and its body, the very bytes that are kept. Before the first record stands [`start`]. The idea is that of linked
//! time-stamping (Haber and Stornetta, 1991): nothing can be changed without changing all that follows.

use liftlock_names::Digest;
use serde::{Deserialize, Serialize};

use crate::{Event, Record, StoreError, Verification};

/// The version of the records that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What every body of that version begins with.
const BEGINNING: &str = r#"{"v":1,"#;

/// A record as a store keeps it, beside its sequence.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept<'a> {
    pub run: &'a str,
    pub at: &'a str,
    pub hash: &'a str,
    pub body: &'a str,
}

impl Kept<'_> {
    /// The record that these texts are.
    ///
    /// # Errors
    /// [`StoreError::Unreadable`] where this version of the program does not understand it.
    pub fn record(&self, sequence: u64) -> Result<Record, StoreError> {
        self.record_of(sequence, event(self.body).map_err(|why| StoreError::Unreadable { sequence, why })?)
    }

    /// The record with an event that was read from the body already.
    ///
    /// # Errors
    /// As [`Kept::record`].
    pub fn record_of(&self, sequence: u64, event: Event) -> Result<Record, StoreError> {
        let unreadable = |why| StoreError::Unreadable { sequence, why };
        Ok(Record {
            sequence,
            run: self.run.parse().map_err(|error| unreadable(format!("its run: {error}")))?,
            at: self.at.parse().map_err(|error| unreadable(format!("its time: {error}")))?,
            event,
            hash: self.hash.parse().map_err(|error| unreadable(format!("its hash: {error}")))?,
        })
    }
}

/// What stands for the hash of the record before the first.
pub(crate) fn start() -> Digest {
    Digest::of(b"liftlock journal 1")
}

pub(crate) fn hash(previous: &Digest, sequence: u64, run: &str, at: &str, body: &str) -> Digest {
    let (previous, sequence) = (previous.to_string(), sequence.to_string());
    Digest::of_all([previous.as_str(), &sequence, run, at, body].map(str::as_bytes))
}

/// The JSON text of an event, with the version of its format in front.
pub(crate) fn body(event: &Event) -> serde_json::Result<String> {
    #[derive(Serialize)]
    struct Body<'a> {
        v: u32,
        #[serde(flatten)]
        event: &'a Event,
    }
    serde_json::to_string(&Body { v: VERSION, event })
}

/// The event in a body; the text says why there is none.
fn event(body: &str) -> Result<Event, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    // A body that begins as this program writes it need not be gone through for its version, which may be a long way.
    if !body.starts_with(BEGINNING) {
        let Version { v } = serde_json::from_str(body).map_err(|error| error.to_string())?;
        known(v)?;
    }
    serde_json::from_str(body).map_err(|error| error.to_string())
}

/// Whether records of this version can be read.
///
/// # Errors
/// That they cannot, in words.
pub(crate) fn known(version: u32) -> Result<(), String> {
    if version > VERSION {
        return Err(format!("a newer liftlock wrote it (version {version}, this one knows {VERSION})"));
    }
    Ok(())
}

/// Recomputes the chain, one record at a time.
///
/// That records are missing at the very end is not seen: nothing behind them tells of them.
pub(crate) struct Recomputation {
    records: u64,
    previous: Digest,
}

impl Recomputation {
    pub fn new() -> Self {
        Recomputation { records: 0, previous: start() }
    }

    /// How many records were found to be what they should be.
    pub fn records(&self) -> u64 {
        self.records
    }

    /// Takes the next record; `found` is the sequence that it has, and `kept` its texts, or why they are none.
    ///
    /// # Errors
    /// That it is not the record that belongs there.
    pub fn follow(&mut self, found: i64, kept: Result<Kept<'_>, String>) -> Result<(), Verification> {
        let sequence = self.records + 1;
        let broken = |why| Verification::Broken { sequence, why };
        if u64::try_from(found) != Ok(sequence) {
            return Err(broken(format!("it is missing; the next is {found}")));
        }
        let kept = kept.map_err(broken)?;
        let expected = hash(&self.previous, sequence, kept.run, kept.at, kept.body);
        if kept.hash != expected.to_string() {
            return Err(broken("its hash is not that of its content and of the record before it".to_owned()));
        }
        (self.records, self.previous) = (sequence, expected);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_begins_with_its_version() {
        let event = Event::RunResumed { by: "ada".to_owned(), host: "here".to_owned(), process: 1 };
        assert!(body(&event).unwrap().starts_with(BEGINNING));
        let body =
            |version: u32| format!(r#"{{"event":"run-resumed","by":"ada","host":"here","process":1,"v":{version}}}"#);
        assert_eq!(super::event(&body(VERSION)), Ok(event));
        assert!(super::event(&body(VERSION + 1)).is_err_and(|why| why.contains("newer")));
    }
}
