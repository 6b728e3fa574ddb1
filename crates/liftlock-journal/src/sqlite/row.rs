//! A record as a row of SQLite's.

use std::path::Path;

use rusqlite::{Connection, Row};

use super::failure::{self, number};
use crate::chain::{Kept, Recomputation};
use crate::{Event, Record, StoreError, Verification, chain};

/// The JSON text of an event.
pub(super) fn body(path: &Path, event: &Event) -> Result<String, StoreError> {
    chain::body(event).map_err(|error| StoreError::Sqlite {
        path: path.to_owned(),
        source: rusqlite::Error::ToSqlConversionFailure(error.into()),
    })
}

/// The record in a row of `sequence, run, at, hash, body`.
///
/// # Errors
/// [`StoreError::Unreadable`] where this version of the program does not understand it.
pub(super) fn record(path: &Path, row: &Row<'_>) -> Result<Record, StoreError> {
    let sequence = row.get(0).map_err(|error| failure::of(path, error))?;
    let sequence = number(path, sequence)?;
    kept(row).map_err(|why| StoreError::Unreadable { sequence, why })?.record(sequence)
}

/// The texts in such a row.
pub(super) fn kept<'a>(row: &'a Row<'_>) -> Result<Kept<'a>, String> {
    Ok(Kept { run: text(row, 1)?, at: text(row, 2)?, hash: text(row, 3)?, body: text(row, 4)? })
}

fn text<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a str, String> {
    let value = row.get_ref(column).map_err(|error| error.to_string())?;
    value.as_str().map_err(|error| error.to_string())
}

/// Recomputes the chain, one record at a time.
pub(super) fn verify(path: &Path, connection: &Connection) -> Result<Verification, StoreError> {
    let fault = |error| failure::of(path, error);
    let sql = "SELECT sequence, run, at, hash, body FROM records ORDER BY sequence";
    let mut select = connection.prepare_cached(sql).map_err(fault)?;
    let mut rows = select.query([]).map_err(fault)?;
    let mut recomputation = Recomputation::new();
    while let Some(row) = rows.next().map_err(fault)? {
        if let Err(broken) = recomputation.follow(row.get(0).map_err(fault)?, kept(row)) {
            return Ok(broken);
        }
    }
    Ok(Verification::Whole { records: recomputation.records() })
}
