//! Locks that are held for a time, by the clock of the server: those of the machines that share it may differ.
//!
//! The one table that is written over. A row stays when its lock is given back, so that tokens only ever rise; it then
//! has no end. Times are milliseconds since 1970.

use std::time::Duration;

use jiff::Timestamp;
use postgres::types::Type;
use postgres::{GenericClient, Row};

use super::failure::{self, integer, number};
use crate::{Lease, LeaseRequest, Leased, StoreError};

/// Now, by the server's clock.
const NOW: &str = "(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::bigint";

/// Takes a lock that nobody else holds. Every taking has a token of its own, also that by the owner: what is left of
/// the process that held it before is told from the one that holds it now.
///
/// Called by one that writes alone, so that no record is appended under a lease that is just being taken.
pub(super) fn take(
    address: &str,
    client: &mut impl GenericClient,
    request: &LeaseRequest,
) -> Result<Leased, StoreError> {
    let LeaseRequest { lock, owner, lasts, .. } = request;
    let sql = format!(
        "INSERT INTO liftlock.leases AS kept (lock, owner, token, until) VALUES ($1, $2, 1, least({NOW} + $3, $4))
         ON CONFLICT (lock) DO UPDATE
         SET owner = excluded.owner, token = kept.token + 1, until = excluded.until
         WHERE kept.until IS NULL OR kept.until <= {NOW} OR kept.owner = excluded.owner
         RETURNING owner, token, until"
    );
    let taken = client.query_typed_opt(
        &sql,
        &[
            (lock, Type::TEXT),
            (&owner.as_str(), Type::TEXT),
            (&milliseconds(*lasts), Type::INT8),
            (&latest(), Type::INT8),
        ],
    );
    if let Some(row) = taken.map_err(|error| failure::of(address, &error))? {
        return lease(address, lock, &row).map(Leased::Taken);
    }
    let sql = "SELECT owner, token, until FROM liftlock.leases WHERE lock = $1";
    let held = client.query_typed_one(sql, &[(lock, Type::TEXT)]).map_err(|error| failure::of(address, &error))?;
    lease(address, lock, &held).map(Leased::Held)
}

/// Makes a lease last for so long from now.
///
/// # Errors
/// [`StoreError::LeaseLost`] where another has taken the lock since, or it was given back.
pub(super) fn renew(
    address: &str,
    client: &mut impl GenericClient,
    lease: &Lease,
    lasts: Duration,
) -> Result<(), StoreError> {
    let sql = format!(
        "UPDATE liftlock.leases SET until = least({NOW} + $4, $5)
         WHERE lock = $1 AND owner = $2 AND token = $3 AND until IS NOT NULL"
    );
    let renewed = client.execute_typed(
        &sql,
        &[
            (&lease.lock, Type::TEXT),
            (&lease.owner.as_str(), Type::TEXT),
            (&integer(lease.token), Type::INT8),
            (&milliseconds(lasts), Type::INT8),
            (&latest(), Type::INT8),
        ],
    );
    match renewed.map_err(|error| failure::of(address, &error))? {
        0 => Err(StoreError::LeaseLost { lock: lease.lock.clone() }),
        _ => Ok(()),
    }
}

/// Gives a lease back; nothing happens where the token is not the last.
pub(super) fn give_back(address: &str, client: &mut impl GenericClient, lease: &Lease) -> Result<(), StoreError> {
    let sql = "UPDATE liftlock.leases SET until = NULL WHERE lock = $1 AND owner = $2 AND token = $3";
    let (owner, token) = (lease.owner.as_str(), integer(lease.token));
    client
        .execute_typed(sql, &[(&lease.lock, Type::TEXT), (&owner, Type::TEXT), (&token, Type::INT8)])
        .map_err(|error| failure::of(address, &error))?;
    Ok(())
}

/// Who holds a lock now.
pub(super) fn holder(address: &str, client: &mut impl GenericClient, lock: &str) -> Result<Option<Lease>, StoreError> {
    let sql = format!("SELECT owner, token, until FROM liftlock.leases WHERE lock = $1 AND until > {NOW}");
    let row = client.query_typed_opt(&sql, &[(&lock, Type::TEXT)]).map_err(|error| failure::of(address, &error))?;
    row.map(|row| lease(address, lock, &row)).transpose()
}

/// Whether the leases are held still. One that has expired is, as long as nobody else has taken the lock since; one
/// that was given back is not.
///
/// # Errors
/// [`StoreError::LeaseLost`] for the first that is not.
pub(super) fn all_held(address: &str, client: &mut impl GenericClient, leases: &[Lease]) -> Result<(), StoreError> {
    let sql = "SELECT FROM liftlock.leases WHERE lock = $1 AND owner = $2 AND token = $3 AND until IS NOT NULL";
    for lease in leases {
        let (owner, token) = (lease.owner.as_str(), integer(lease.token));
        let held = client
            .query_typed_opt(sql, &[(&lease.lock, Type::TEXT), (&owner, Type::TEXT), (&token, Type::INT8)])
            .map_err(|error| failure::of(address, &error))?;
        if held.is_none() {
            return Err(StoreError::LeaseLost { lock: lease.lock.clone() });
        }
    }
    Ok(())
}

/// The lease in a row of `owner, token, until`.
fn lease(address: &str, lock: &str, row: &Row) -> Result<Lease, StoreError> {
    let fault = |error| failure::of(address, &error);
    let damaged = |why| StoreError::Damaged { path: address.into(), why };
    let owner: &str = row.try_get(0).map_err(fault)?;
    let until = Timestamp::from_millisecond(row.try_get(2).map_err(fault)?);
    Ok(Lease {
        lock: lock.to_owned(),
        owner: owner.parse().map_err(|error| damaged(format!("the lock `{lock}`: {error}")))?,
        token: number(address, row.try_get(1).map_err(fault)?)?,
        until: until.map_err(|error| damaged(format!("the lock `{lock}`: {error}")))?,
    })
}

/// The last whole second that can be told, in milliseconds.
fn latest() -> i64 {
    Timestamp::MAX.as_second().saturating_mul(1000)
}

/// A duration that can be added to any time without leaving the range of the server's numbers.
fn milliseconds(lasts: Duration) -> i64 {
    i64::try_from(lasts.as_millis()).unwrap_or(i64::MAX).min(latest())
}
