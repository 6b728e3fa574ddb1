//! What the server's errors mean to those who asked for something.

use std::error::Error as _;

use postgres::Error;
use postgres::error::SqlState;

use crate::StoreError;

/// The store's error for one of the server's, or of the way to it.
pub(super) fn of(address: &str, error: &Error) -> StoreError {
    let (address, why) = (address.to_owned(), words(error));
    let Some(state) = error.code() else {
        // What did not come from the server did not come at all, but for values of another type than the tables have.
        return match error.is_closed() || is_of_the_way(error) {
            true => StoreError::Unreachable { address, why },
            false => StoreError::Server { address, why },
        };
    };
    match state.code().get(..2).unwrap_or_default() {
        // The server goes down, or comes up; a session was ended; there are too many of them.
        "57" | "08" => StoreError::Unreachable { address, why },
        _ if *state == SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT || *state == SqlState::TOO_MANY_CONNECTIONS => {
            StoreError::Unreachable { address, why }
        }
        _ if *state == SqlState::DISK_FULL => StoreError::Full { path: address.into() },
        "XX" => StoreError::Damaged { path: address.into(), why },
        // A wrong password, no such database, no right to it, no writing on a copy of it.
        "28" | "3D" | "25" => StoreError::Refused { address, why },
        _ if *state == SqlState::INSUFFICIENT_PRIVILEGE => StoreError::Refused { address, why },
        _ if *state == SqlState::LOCK_NOT_AVAILABLE => {
            StoreError::Server { address, why: "another process has been writing to it for too long".to_owned() }
        }
        _ => StoreError::Server { address, why },
    }
}

/// Whether a server that is there cannot take a connection now, and soon may.
pub(super) fn is_passing(error: &Error) -> bool {
    error.code().is_some_and(|state| *state == SqlState::CANNOT_CONNECT_NOW || *state == SqlState::TOO_MANY_CONNECTIONS)
}

/// The same for one that came up while the connection was made: whoever answers and lets nobody in refuses.
pub(super) fn at_the_door(address: &str, error: &Error) -> StoreError {
    if is_of_tls(error) {
        return StoreError::Refused { address: address.to_owned(), why: words(error) };
    }
    match of(address, error) {
        StoreError::Server { address, why } => StoreError::Refused { address, why },
        other => other,
    }
}

/// What went wrong, in one line.
pub(super) fn words(error: &Error) -> String {
    if let Some(error) = error.as_db_error() {
        return error.message().to_owned();
    }
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}

/// Whether no answer came, or none that could be one.
fn is_of_the_way(error: &Error) -> bool {
    error.source().is_some_and(|source| source.is::<std::io::Error>())
}

/// Whether a connection came about, and not that nobody listens, or that it is the server.
fn is_of_tls(error: &Error) -> bool {
    let way = error.source().and_then(|source| source.downcast_ref::<std::io::Error>());
    way.and_then(std::io::Error::get_ref).is_some_and(|source| source.is::<rustls::Error>())
}

/// A count as the server keeps it. Counts rise by one from 1, so that none ever reaches the end of the range.
pub(super) fn integer(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// A count that the server kept.
///
/// # Errors
/// [`StoreError::Damaged`] where it is negative.
pub(super) fn number(address: &str, kept: i64) -> Result<u64, StoreError> {
    let why = format!("{kept} stands where a count is kept");
    u64::try_from(kept).map_err(|_| StoreError::Damaged { path: address.into(), why })
}
