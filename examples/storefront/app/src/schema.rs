//! The schema's versions and the way between them. The version is SQLite's `user_version`; it changes in the same
//! transaction as the schema, so that a killed migration has happened either completely or not at all.
//!
//! Every migration only adds, so that the service of any version works with every schema from `OLDEST_SERVED` on: a
//! release may migrate before it restarts the service, and a rollback may restart before it migrates.

use std::path::Path;

use rusqlite::{Connection, TransactionBehavior};

use crate::database;
use crate::error::Error;

struct Migration {
    up: &'static str,
    down: &'static str,
}

/// The migration at index `n - 1` leads from version `n - 1` to version `n`.
const MIGRATIONS: [Migration; 3] = [
    Migration { up: include_str!("schema/1.up.sql"), down: include_str!("schema/1.down.sql") },
    Migration { up: include_str!("schema/2.up.sql"), down: include_str!("schema/2.down.sql") },
    Migration { up: include_str!("schema/3.up.sql"), down: include_str!("schema/3.down.sql") },
];

pub const LATEST: i64 = MIGRATIONS.len() as i64;

/// The service needs products and orders; everything later is used when it is there.
pub const OLDEST_SERVED: i64 = 1;

/// Orders have a status from this version on.
pub const ORDERS_HAVE_STATUS: i64 = 2;

pub fn version(connection: &Connection) -> Result<i64, rusqlite::Error> {
    connection.pragma_query_value(None, "user_version", |row| row.get(0))
}

/// A file that is not there has version 0.
pub fn version_of_file(path: &Path) -> Result<i64, Error> {
    if !path.exists() {
        return Ok(0);
    }
    Ok(version(&database::open(path)?)?)
}

/// Brings the schema up to version `to`, and makes the file if it is not there.
pub fn up(path: &Path, to: i64) -> Result<(), Error> {
    migration_exists(to)?;
    if to == 0 && !path.exists() {
        return Ok(());
    }
    let mut connection = database::open_or_create(path)?;
    while step(&mut connection, |at| {
        migration_exists(at)?;
        if at > to {
            return Err(Error::SchemaIsAhead { at, to });
        }
        Ok((at < to).then(|| (MIGRATIONS[at as usize].up, at + 1)))
    })? {}
    Ok(())
}

/// Takes the schema down to version `to`. What only the later versions stored is gone afterwards.
pub fn down(path: &Path, to: i64) -> Result<(), Error> {
    migration_exists(to)?;
    if to == 0 && !path.exists() {
        return Ok(());
    }
    let mut connection = database::open(path)?;
    while step(&mut connection, |at| {
        migration_exists(at)?;
        if at < to {
            return Err(Error::SchemaIsBehind { at, to });
        }
        Ok((at > to).then(|| (MIGRATIONS[at as usize - 1].down, at - 1)))
    })? {}
    Ok(())
}

/// After this, a version is a valid number of migrations, and can be used as an index.
fn migration_exists(version: i64) -> Result<(), Error> {
    if (0..=LATEST).contains(&version) { Ok(()) } else { Err(Error::UnknownSchema(version)) }
}

/// Does the one migration that `next` names for the version of now, if it names one.
fn step(
    connection: &mut Connection,
    next: impl FnOnce(i64) -> Result<Option<(&'static str, i64)>, Error>,
) -> Result<bool, Error> {
    // The version is read under the write lock, so that two programs never do the same migration.
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let Some((sql, becomes)) = next(version(&transaction)?)? else {
        return Ok(false);
    };
    // First the version: then the page that holds it is the first one in the rollback journal, where `ops/schema`
    // finds the version that counts when a migration was killed.
    transaction.pragma_update(None, "user_version", becomes)?;
    transaction.execute_batch(sql)?;
    transaction.commit()?;
    Ok(true)
}

#[cfg(test)]
mod tests;
