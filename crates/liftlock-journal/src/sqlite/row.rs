//! A record as a row, and the chain of hashes through the rows.
//!
//! The hash of a record is the SHA-256 digest over five texts, each preceded by its length in bytes as eight bytes,
//! least significant first: the hash of the record before it (`sha256:…`), its sequence in decimal, its run, its time,
//! and its body, the very bytes that are kept. Before the first record stands [`chain_start`]. The idea is that of
//! linked time-stamping (Haber and Stornetta, 1991): nothing can be changed without changing all that follows.

use std::path::Path;

use liftlock_names::Digest;
use rusqlite::{Connection, Row};
use serde::{Deserialize, Serialize};

use super::failure::{self, number};
use crate::{Event, Record, StoreError, Verification};

/// The version of the records that this program writes, and the newest that it reads.
const VERSION: u32 = 1;

/// What stands for the hash of the record before the first.
pub(super) fn chain_start() -> Digest {
    Digest::of(b"liftlock journal 1")
}

pub(super) fn hash(previous: &Digest, sequence: u64, run: &str, at: &str, body: &str) -> Digest {
    let (previous, sequence) = (previous.to_string(), sequence.to_string());
    Digest::of_all([previous.as_str(), &sequence, run, at, body].map(str::as_bytes))
}

/// The JSON text of an event, with the version of its format in front.
pub(super) fn body(path: &Path, event: &Event) -> Result<String, StoreError> {
    #[derive(Serialize)]
    struct Body<'a> {
        v: u32,
        #[serde(flatten)]
        event: &'a Event,
    }
    serde_json::to_string(&Body { v: VERSION, event }).map_err(|error| StoreError::Sqlite {
        path: path.to_owned(),
        source: rusqlite::Error::ToSqlConversionFailure(error.into()),
    })
}

/// The event in a body; the text says why there is none.
fn event(body: &str) -> Result<Event, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let Version { v } = serde_json::from_str(body).map_err(|error| error.to_string())?;
    if v > VERSION {
        return Err(format!("a newer liftlock wrote it (version {v}, this one knows {VERSION})"));
    }
    serde_json::from_str(body).map_err(|error| error.to_string())
}

/// The record in a row of `sequence, run, at, hash, body`.
///
/// # Errors
/// [`StoreError::Unreadable`] where this version of the program does not understand it.
pub(super) fn record(path: &Path, row: &Row<'_>) -> Result<Record, StoreError> {
    let sequence = row.get(0).map_err(|error| failure::of(path, error))?;
    let sequence = number(path, sequence)?;
    let unreadable = |why| StoreError::Unreadable { sequence, why };
    let run = text(row, 1).map_err(unreadable)?.parse();
    let at = text(row, 2).map_err(unreadable)?.parse();
    let hash = text(row, 3).map_err(unreadable)?.parse();
    Ok(Record {
        sequence,
        run: run.map_err(|error| unreadable(format!("its run: {error}")))?,
        at: at.map_err(|error| unreadable(format!("its time: {error}")))?,
        event: text(row, 4).and_then(event).map_err(unreadable)?,
        hash: hash.map_err(|error| unreadable(format!("its hash: {error}")))?,
    })
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, String> {
    let value = row.get_ref(column).map_err(|error| error.to_string())?;
    value.as_str().map_err(|error| error.to_string())
}

/// Recomputes the chain, one record at a time.
///
/// That records are missing at the very end is not seen: nothing behind them tells of them.
pub(super) fn verify(path: &Path, connection: &Connection) -> Result<Verification, StoreError> {
    let fault = |error| failure::of(path, error);
    let sql = "SELECT sequence, run, at, hash, body FROM records ORDER BY sequence";
    let mut select = connection.prepare_cached(sql).map_err(fault)?;
    let mut rows = select.query([]).map_err(fault)?;
    let (mut records, mut previous) = (0, chain_start());
    while let Some(row) = rows.next().map_err(fault)? {
        let sequence = records + 1;
        let broken = |why| Ok(Verification::Broken { sequence, why });
        let found: i64 = row.get(0).map_err(fault)?;
        if u64::try_from(found) != Ok(sequence) {
            return broken(format!("it is missing; the next is {found}"));
        }
        previous = match chained(row, &previous, sequence) {
            Ok(hash) => hash,
            Err(why) => return broken(why),
        };
        records = sequence;
    }
    Ok(Verification::Whole { records })
}

/// The hash of a row, if it is the one that belongs there.
fn chained(row: &Row<'_>, previous: &Digest, sequence: u64) -> Result<Digest, String> {
    let expected = hash(previous, sequence, text(row, 1)?, text(row, 2)?, text(row, 4)?);
    if text(row, 3)? != expected.to_string() {
        return Err("its hash is not that of its content and of the record before it".to_owned());
    }
    Ok(expected)
}
