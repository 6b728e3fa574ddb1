//! Locks that are held for a time.
//!
//! The one table that is written over. A row stays when its lock is given back, so that tokens only ever rise; it then
//! has no end. Times are milliseconds since 1970, so that they compare as numbers.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_names::RunId;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::{self, integer, number};
use crate::{Lease, LeaseRequest, Leased, StoreError};

/// Who held a lock last, and until when.
pub(super) struct LeaseRow {
    lock: String,
    owner: RunId,
    token: u64,
    /// `None` where it was given back.
    until: Option<Timestamp>,
}

impl LeaseRow {
    /// The lease, if it is held at `at`.
    pub(super) fn at(self, at: Timestamp) -> Option<Lease> {
        let LeaseRow { lock, owner, token, until } = self;
        let until = until.filter(|until| until.as_millisecond() > at.as_millisecond())?;
        Some(Lease { lock, owner, token, until })
    }
}

/// The row of a lock that was ever taken.
pub(super) fn find(path: &Path, connection: &Connection, lock: &str) -> Result<Option<LeaseRow>, StoreError> {
    let fault = |error| failure::of(path, error);
    let row = connection
        .prepare_cached("SELECT owner, token, until FROM leases WHERE lock = ?1")
        .map_err(fault)?
        .query_row([lock], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
        .optional()
        .map_err(fault)?;
    let Some((owner, token, until)): Option<(String, i64, Option<i64>)> = row else {
        return Ok(None);
    };
    let damaged = |why| StoreError::Damaged { path: path.to_owned(), why };
    let owner = owner.parse().map_err(|error| damaged(format!("the lock `{lock}`: {error}")))?;
    let until = until
        .map(Timestamp::from_millisecond)
        .transpose()
        .map_err(|error| damaged(format!("the lock `{lock}`: {error}")))?;
    Ok(Some(LeaseRow { lock: lock.to_owned(), owner, token: number(path, token)?, until }))
}

/// Takes a lock that nobody else holds. Every taking has a token of its own, also that by the owner: what is left of
/// the process that held it before is told from the one that holds it now.
pub(super) fn take(path: &Path, connection: &Connection, request: &LeaseRequest) -> Result<Leased, StoreError> {
    let LeaseRequest { lock, owner, now, lasts } = request;
    let row = find(path, connection, lock)?;
    let token = row.as_ref().map_or(0, |row| row.token) + 1;
    match row.and_then(|row| row.at(*now)) {
        Some(lease) if lease.owner != *owner => return Ok(Leased::Held(lease)),
        _ => {}
    }
    let until = end(*now, *lasts);
    connection
        .prepare_cached(
            "INSERT INTO leases (lock, owner, token, until) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (lock) DO UPDATE
             SET owner = excluded.owner, token = excluded.token, until = excluded.until",
        )
        .and_then(|mut insert| insert.execute(params![lock, owner.as_str(), integer(token), until.as_millisecond()]))
        .map_err(|error| failure::of(path, error))?;
    Ok(Leased::Taken(Lease { lock: lock.clone(), owner: owner.clone(), token, until }))
}

/// When a lease ends that is taken or renewed at `now`.
pub(super) fn end(now: Timestamp, lasts: Duration) -> Timestamp {
    let lasts = i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX);
    // The last whole second that can be told; its milliseconds are not all in the range.
    let latest = Timestamp::MAX.as_second().saturating_mul(1000);
    Timestamp::from_millisecond(now.as_millisecond().saturating_add(lasts).min(latest)).unwrap_or(now)
}

/// Sets the end of a lease, or gives it back; nothing happens where the token is not the last.
pub(super) fn set_until(
    path: &Path,
    connection: &Connection,
    lease: &Lease,
    until: Option<Timestamp>,
) -> Result<(), StoreError> {
    let until = until.map(Timestamp::as_millisecond);
    connection
        .prepare_cached("UPDATE leases SET until = ?1 WHERE lock = ?2 AND owner = ?3 AND token = ?4")
        .and_then(|mut update| update.execute(params![until, lease.lock, lease.owner.as_str(), integer(lease.token)]))
        .map_err(|error| failure::of(path, error))?;
    Ok(())
}

/// Whether the leases are held still. One that has expired is, as long as nobody else has taken the lock since; one
/// that was given back is not.
///
/// # Errors
/// [`StoreError::LeaseLost`] for the first that is not.
pub(super) fn all_held(path: &Path, connection: &Connection, leases: &[Lease]) -> Result<(), StoreError> {
    for lease in leases {
        let row = find(path, connection, &lease.lock)?;
        let held = row.is_some_and(|row| row.owner == lease.owner && row.token == lease.token && row.until.is_some());
        if !held {
            return Err(StoreError::LeaseLost { lock: lease.lock.clone() });
        }
    }
    Ok(())
}
