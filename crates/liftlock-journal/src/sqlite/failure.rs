//! What SQLite's errors mean to those who asked for something.

use std::io;
use std::path::Path;

use rusqlite::ffi::ErrorCode;

use crate::StoreError;

/// The store's error for one of SQLite's.
pub(super) fn of(path: &Path, error: rusqlite::Error) -> StoreError {
    use rusqlite::Error;
    let path = path.to_owned();
    let why = error.to_string();
    match &error {
        Error::SqliteFailure(failure, _) => match failure.code {
            ErrorCode::DiskFull => StoreError::Full { path },
            ErrorCode::ReadOnly | ErrorCode::PermissionDenied => StoreError::ReadOnly { path, why },
            ErrorCode::CannotOpen => StoreError::Open { path, why },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => StoreError::Damaged { path, why },
            _ => StoreError::Sqlite { path, source: error },
        },
        // The tables are strict, so that only a damaged page can hold a value of another type.
        Error::InvalidColumnType(..)
        | Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::Utf8Error(..) => StoreError::Damaged { path, why },
        _ => StoreError::Sqlite { path, source: error },
    }
}

/// The store's error for one of the file system's, met while the file was made.
pub(super) fn of_io(path: &Path, error: &io::Error) -> StoreError {
    let path = path.to_owned();
    let why = error.to_string();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => StoreError::Full { path },
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => StoreError::ReadOnly { path, why },
        _ => StoreError::Open { path, why },
    }
}

/// A count as SQLite keeps it. Counts rise by one from 1, so that none ever reaches the end of the range.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count that SQLite kept.
///
/// # Errors
/// [`StoreError::Damaged`] where it is negative.
pub(super) fn number(path: &Path, kept: i64) -> Result<u64, StoreError> {
    u64::try_from(kept)
        .map_err(|_| StoreError::Damaged { path: path.to_owned(), why: format!("{kept} stands where a count is kept") })
}
