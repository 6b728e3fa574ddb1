//! The embedded default: one SQLite file, which needs nothing to be installed.
//!
//! Here is what the store does once it is open. How a file is made and opened is in `open`, how a record
//! stands in a row in `row`, locks in `leases`, the ledger in `ledger`, and what SQLite's errors mean in `failure`.

mod failure;
mod leases;
mod ledger;
mod open;
mod row;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use liftlock_names::{Digest, RunId};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};

use crate::{Event, Guard, Lease, LeaseRequest, Leased, Ledger, Query, Record, Store, StoreError, Verification, chain};
use failure::{integer, number};

/// A journal in one SQLite file, shared by any number of processes on one machine.
#[derive(Debug)]
pub struct SqliteStore {
    path: PathBuf,
    connection: Mutex<Connection>,
}

impl SqliteStore {
    /// Opens the journal at `path` for reading and writing; where there is none, makes it and the folders above it.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::ReadOnly`], [`StoreError::Full`], [`StoreError::Damaged`] where the file is
    /// no whole journal, and [`StoreError::Newer`].
    pub fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        open::writable(path).map(|connection| SqliteStore::over(path, connection))
    }

    /// Opens the journal at `path` if there is one, for reading only where it may not be written to. `None`, and
    /// nothing is made, where there is none.
    ///
    /// # Errors
    /// [`StoreError::Open`], [`StoreError::Damaged`], [`StoreError::Newer`].
    pub fn open_existing(path: &Path) -> Result<Option<SqliteStore>, StoreError> {
        let connection = open::existing(path)?;
        Ok(connection.map(|connection| SqliteStore::over(path, connection)))
    }

    fn over(path: &Path, connection: Connection) -> SqliteStore {
        SqliteStore { path: path.to_owned(), connection: Mutex::new(connection) }
    }

    /// A thread that died while it held the connection has left at most a transaction behind, and that was rolled back
    /// when its guard was dropped; so the connection is as good as before.
    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn fault(&self, error: rusqlite::Error) -> StoreError {
        failure::of(&self.path, error)
    }

    /// Does `work` in one transaction that holds the write lock from its beginning, so that nothing it reads can be
    /// outdated by the time it writes. Nothing is kept where `work` fails.
    fn writing<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.writing_on(&mut self.connection(), work)
    }

    /// The same for leases, without waiting for the disk. Whatever holds one dies with the machine, when the power is lost,
    /// and a record that was made under one takes it along to the disk.
    fn leasing<T>(&self, work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let mut connection = self.connection();
        connection.execute_batch("PRAGMA synchronous = NORMAL").map_err(|error| self.fault(error))?;
        let result = self.writing_on(&mut connection, work);
        connection.execute_batch("PRAGMA synchronous = FULL").map_err(|error| self.fault(error))?;
        result
    }

    fn writing_on<T>(
        &self,
        connection: &mut Connection,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let transaction =
            connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(|error| self.fault(error))?;
        let result = work(&transaction)?;
        transaction.commit().map_err(|error| self.fault(error))?;
        Ok(result)
    }

    /// The sequence and the hash of the last record.
    fn last(&self, connection: &Connection) -> Result<(u64, Digest), StoreError> {
        let fault = |error| self.fault(error);
        let mut select = connection
            .prepare_cached("SELECT sequence, hash FROM records ORDER BY sequence DESC LIMIT 1")
            .map_err(fault)?;
        let mut rows = select.query([]).map_err(fault)?;
        let Some(found) = rows.next().map_err(fault)? else {
            return Ok((0, chain::start()));
        };
        let sequence = number(&self.path, found.get(0).map_err(fault)?)?;
        let hash: String = found.get(1).map_err(fault)?;
        let unreadable = |why| StoreError::Unreadable { sequence, why };
        Ok((sequence, hash.parse().map_err(|error| unreadable(format!("its hash: {error}")))?))
    }
}

impl Store for SqliteStore {
    fn append(
        &self,
        run: &RunId,
        at: Timestamp,
        events: &[Event],
        guard: Guard<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let at_text = at.to_string();
        // Made before the transaction begins: other processes wait while it lasts.
        let bodies = events.iter().map(|event| row::body(&self.path, event));
        let bodies = bodies.collect::<Result<Vec<String>, StoreError>>()?;
        self.writing(|transaction| {
            let fault = |error| self.fault(error);
            let (mut sequence, mut hash) = self.last(transaction)?;
            match guard {
                Guard::Always => {}
                Guard::Head(head) if head == sequence => {}
                Guard::Head(_) => return Err(StoreError::Conflict),
                Guard::Held(leases) => leases::all_held(&self.path, transaction, leases)?,
            }
            let mut insert = transaction
                .prepare_cached("INSERT INTO records (sequence, run, at, hash, body) VALUES (?1, ?2, ?3, ?4, ?5)")
                .map_err(fault)?;
            let mut records = Vec::with_capacity(events.len());
            for (event, body) in events.iter().zip(&bodies) {
                sequence += 1;
                hash = chain::hash(&hash, sequence, run.as_str(), &at_text, body);
                insert
                    .execute(params![integer(sequence), run.as_str(), at_text, hash.to_string(), body])
                    .map_err(fault)?;
                let (run, event) = (run.clone(), event.clone());
                records.push(Record { sequence, run, at, event, hash });
            }
            Ok(records)
        })
    }

    fn read(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let fault = |error| self.fault(error);
        let connection = self.connection();
        let sql = match query.run {
            None => {
                "SELECT sequence, run, at, hash, body FROM records
                 WHERE sequence > ?1 AND ?2 IS NULL ORDER BY sequence LIMIT ?3"
            }
            Some(_) => {
                "SELECT sequence, run, at, hash, body FROM records
                 WHERE sequence > ?1 AND run = ?2 ORDER BY sequence LIMIT ?3"
            }
        };
        // A negative limit is none.
        let limit = query.limit.map_or(-1, |limit| integer(limit as u64));
        let run = query.run.as_ref().map(RunId::as_str);
        let mut select = connection.prepare_cached(sql).map_err(fault)?;
        let mut rows = select.query(params![integer(query.after), run, limit]).map_err(fault)?;
        let mut records = Vec::new();
        while let Some(found) = rows.next().map_err(fault)? {
            records.push(row::record(&self.path, found)?);
        }
        Ok(records)
    }

    fn follow(&self, ledger: &mut Ledger) -> Result<(), StoreError> {
        ledger::follow(&self.path, &self.connection(), ledger)
    }

    fn head(&self) -> Result<u64, StoreError> {
        let connection = self.connection();
        self.last(&connection).map(|(sequence, _)| sequence)
    }

    fn lease(&self, request: &LeaseRequest) -> Result<Leased, StoreError> {
        self.leasing(|transaction| leases::take(&self.path, transaction, request))
    }

    fn renew(&self, lease: &Lease, now: Timestamp, lasts: Duration) -> Result<(), StoreError> {
        self.leasing(|transaction| {
            leases::all_held(&self.path, transaction, std::slice::from_ref(lease))?;
            leases::set_until(&self.path, transaction, lease, Some(leases::end(now, lasts)))
        })
    }

    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.leasing(|transaction| leases::set_until(&self.path, transaction, lease, None))
    }

    fn holder(&self, lock: &str, at: Timestamp) -> Result<Option<Lease>, StoreError> {
        let row = leases::find(&self.path, &self.connection(), lock)?;
        Ok(row.and_then(|row| row.at(at)))
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        let connection = self.connection();
        let verification = row::verify(&self.path, &connection)?;
        if let Verification::Whole { records } = verification {
            if let Some(why) = ledger::untrue(&self.path, &connection)? {
                return Ok(Verification::Broken { sequence: records, why });
            }
            // The chain is read in the order of the table; this finds an index that has lost rows of it.
            let report: String = connection
                .query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))
                .map_err(|error| self.fault(error))?;
            if report != "ok" {
                return Err(StoreError::Damaged { path: self.path.clone(), why: report });
            }
        }
        Ok(verification)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, SqliteStore, RunId) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("journal.db")).unwrap();
        (folder, store, RunId::new(Timestamp::UNIX_EPOCH, 1))
    }

    fn event(length: usize) -> [Event; 1] {
        [Event::RunResumed { by: "ada".to_owned(), host: "h".repeat(length), process: 0 }]
    }

    #[test]
    fn a_full_disk_keeps_nothing_of_the_transaction_and_is_called_full() {
        let (_folder, store, run) = store();
        store.append(&run, Timestamp::UNIX_EPOCH, &event(1), Guard::Always).unwrap();
        store.connection().execute_batch("PRAGMA max_page_count = 12").unwrap();
        let events = [event(1), event(100_000)].concat();
        let result = store.append(&run, Timestamp::UNIX_EPOCH, &events, Guard::Always);
        assert!(matches!(result, Err(StoreError::Full { .. })), "{result:?}");
        store.connection().execute_batch("PRAGMA max_page_count = 1000").unwrap();
        store.append(&run, Timestamp::UNIX_EPOCH, &event(1), Guard::Head(1)).unwrap();
        assert_eq!(store.verify().unwrap(), Verification::Whole { records: 2 });
    }

    #[test]
    fn a_thread_that_dies_with_the_connection_leaves_the_store_usable() {
        let (_folder, store, run) = store();
        let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            store.writing::<()>(|_| panic!("the thread dies"))
        }));
        assert!(result.is_err() && store.connection.is_poisoned());
        store.append(&run, Timestamp::UNIX_EPOCH, &event(1), Guard::Head(0)).unwrap();
    }
}
