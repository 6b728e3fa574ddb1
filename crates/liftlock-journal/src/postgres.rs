//! A journal in PostgreSQL, which any number of machines share.
//!
//! Here is what the store does once it is open. What can be asked for is in `address`, how the connection is made, lost
//! and made again in `line`, the tables in `schema`, locks in `leases`, what the server's errors mean in `failure`, and
//! how nobody listens in `tls`.

mod address;
mod failure;
mod leases;
mod line;
mod schema;
mod tls;

use std::time::Duration;

use jiff::Timestamp;
use liftlock_names::{Digest, RunId};
use postgres::types::Type;
use postgres::{GenericClient, Row};

use crate::chain::{Kept, Recomputation};
use crate::{
    Event, Guard, Lease, LeaseRequest, Leased, Ledger, Query, Record, Store, StoreError, Verification, chain, sketch,
};
use address::Address;
use failure::{integer, number};
use line::Line;

/// How many records are fetched at a time where all of them are gone through: a record can hold a plan of megabytes.
const BATCH: i64 = 200;

/// A journal in one database of a PostgreSQL server, in the schema `liftlock`.
#[derive(Debug)]
pub struct PostgresStore {
    line: Line,
}

impl PostgresStore {
    /// Opens the journal at `postgres://USER@HOST:PORT/DATABASE` for reading and writing; makes its tables where there
    /// are none yet. `password` stands in for one that the address does not hold.
    ///
    /// # Errors
    /// [`StoreError::Unreachable`], [`StoreError::Refused`], [`StoreError::Newer`], [`StoreError::Damaged`].
    pub fn open(address: &str, password: Option<&str>) -> Result<PostgresStore, StoreError> {
        let store = PostgresStore { line: Line::open(Address::parse(address, password)?)? };
        store.line.ask(|client| schema::make(store.address(), client))?;
        Ok(store)
    }

    /// Opens the journal at this address if there is one. `None`, and nothing is made, where there is none.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub fn open_existing(address: &str, password: Option<&str>) -> Result<Option<PostgresStore>, StoreError> {
        let store = PostgresStore { line: Line::open(Address::parse(address, password)?)? };
        let is_there = store.line.ask(|client| schema::is_there(store.address(), client))?;
        Ok(is_there.then_some(store))
    }

    fn address(&self) -> &str {
        self.line.address()
    }

    fn fault(&self, error: postgres::Error) -> StoreError {
        failure::of(self.address(), &error)
    }

    /// The sequence and the hash of the last record.
    fn last(&self, client: &mut impl GenericClient) -> Result<(u64, Digest), StoreError> {
        let fault = |error| self.fault(error);
        let sql = "SELECT sequence, hash FROM liftlock.records ORDER BY sequence DESC LIMIT 1";
        let Some(row) = client.query_typed_opt(sql, &[]).map_err(fault)? else {
            return Ok((0, chain::start()));
        };
        let sequence = number(self.address(), row.try_get(0).map_err(fault)?)?;
        let hash: &str = row.try_get(1).map_err(fault)?;
        let unreadable = |why| StoreError::Unreadable { sequence, why };
        Ok((sequence, hash.parse().map_err(|error| unreadable(format!("its hash: {error}")))?))
    }

    /// Whether the store holds this record.
    fn holds(&self, client: &mut impl GenericClient, record: &Record) -> Result<bool, StoreError> {
        let sql = "SELECT FROM liftlock.records WHERE sequence = $1 AND hash = $2";
        let row = client
            .query_typed_opt(sql, &[(&integer(record.sequence), Type::INT8), (&record.hash.to_string(), Type::TEXT)]);
        Ok(row.map_err(|error| self.fault(error))?.is_some())
    }
}

impl Store for PostgresStore {
    fn append(
        &self,
        run: &RunId,
        at: Timestamp,
        events: &[Event],
        guard: Guard<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let at_text = at.to_string();
        // Made before the transaction begins: other processes wait while it lasts.
        let bodies = events.iter().map(|event| {
            let address = self.address().to_owned();
            chain::body(event).map_err(|error| StoreError::Server { address, why: error.to_string() })
        });
        let bodies = bodies.collect::<Result<Vec<String>, StoreError>>()?;
        // What was sent when the connection broke: the server may have kept it without being able to say so.
        let mut sent: Option<Vec<Record>> = None;
        self.line.write(|transaction| {
            let fault = |error| self.fault(error);
            if let Some(records) = sent.take()
                && let Some(last) = records.last()
                && self.holds(transaction, last)?
            {
                return Ok(records);
            }
            let (mut sequence, mut hash) = self.last(transaction)?;
            match guard {
                Guard::Always => {}
                Guard::Head(head) if head == sequence => {}
                Guard::Head(_) => return Err(StoreError::Conflict),
                Guard::Held(leases) => leases::all_held(self.address(), transaction, leases)?,
            }
            let mut records = Vec::with_capacity(events.len());
            for (event, body) in events.iter().zip(&bodies) {
                sequence += 1;
                hash = chain::hash(&hash, sequence, run.as_str(), &at_text, body);
                transaction
                    .execute_typed(
                        "INSERT INTO liftlock.records (sequence, run, at, hash, body) VALUES ($1, $2, $3, $4, $5)",
                        &[
                            (&integer(sequence), Type::INT8),
                            (&run.as_str(), Type::TEXT),
                            (&at_text, Type::TEXT),
                            (&hash.to_string(), Type::TEXT),
                            (body, Type::TEXT),
                        ],
                    )
                    .map_err(fault)?;
                let (run, event) = (run.clone(), event.clone());
                records.push(Record { sequence, run, at, event, hash });
            }
            sent = Some(records.clone());
            Ok(records)
        })
    }

    fn read(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let fault = |error| self.fault(error);
        // No limit is NULL.
        let limit = query.limit.map(|limit| integer(limit as u64));
        let after = integer(query.after);
        self.line.ask(|client| {
            let rows = match &query.run {
                None => client.query_typed(
                    "SELECT sequence, run, at, hash, body FROM liftlock.records
                     WHERE sequence > $1 ORDER BY sequence LIMIT $2",
                    &[(&after, Type::INT8), (&limit, Type::INT8)],
                ),
                Some(run) => client.query_typed(
                    "SELECT sequence, run, at, hash, body FROM liftlock.records
                     WHERE sequence > $1 AND run = $3 ORDER BY sequence LIMIT $2",
                    &[(&after, Type::INT8), (&limit, Type::INT8), (&run.as_str(), Type::TEXT)],
                ),
            };
            let record = |row: &Row| {
                let sequence = number(self.address(), row.try_get(0).map_err(fault)?)?;
                kept(row).map_err(|why| StoreError::Unreadable { sequence, why })?.record(sequence)
            };
            rows.map_err(fault)?.iter().map(record).collect()
        })
    }

    fn follow(&self, ledger: &mut Ledger) -> Result<(), StoreError> {
        let fault = |error| self.fault(error);
        // Where it is asked anew in the middle, the ledger says how far it was followed.
        self.line.ask(|client| {
            loop {
                let sql = "SELECT sequence, run, at, hash, body FROM liftlock.records
                           WHERE sequence > $1 ORDER BY sequence LIMIT $2";
                let after = integer(ledger.sequence);
                let rows = client.query_typed(sql, &[(&after, Type::INT8), (&BATCH, Type::INT8)]).map_err(fault)?;
                for row in &rows {
                    let sequence = number(self.address(), row.try_get(0).map_err(fault)?)?;
                    let kept = kept(row).map_err(|why| StoreError::Unreadable { sequence, why })?;
                    sketch::follow(ledger, sequence, kept)?;
                }
                if rows.is_empty() {
                    return Ok(());
                }
            }
        })
    }

    fn head(&self) -> Result<u64, StoreError> {
        self.line.ask(|client| self.last(client)).map(|(sequence, _)| sequence)
    }

    fn lease(&self, request: &LeaseRequest) -> Result<Leased, StoreError> {
        // One that was taken in a transaction whose end got lost is its owner's, who takes it again.
        self.line.write(|transaction| leases::take(self.address(), transaction, request))
    }

    fn renew(&self, lease: &Lease, _: Timestamp, lasts: Duration) -> Result<(), StoreError> {
        self.line.ask(|client| leases::renew(self.address(), client, lease, lasts))
    }

    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.line.ask(|client| leases::give_back(self.address(), client, lease))
    }

    fn holder(&self, lock: &str, _: Timestamp) -> Result<Option<Lease>, StoreError> {
        self.line.ask(|client| leases::holder(self.address(), client, lock))
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        let fault = |error| self.fault(error);
        self.line.ask(|client| {
            let mut recomputation = Recomputation::new();
            let mut after = i64::MIN;
            loop {
                let sql = "SELECT sequence, run, at, hash, body FROM liftlock.records
                           WHERE sequence > $1 ORDER BY sequence LIMIT $2";
                let rows = client.query_typed(sql, &[(&after, Type::INT8), (&BATCH, Type::INT8)]).map_err(fault)?;
                for row in &rows {
                    after = row.try_get(0).map_err(fault)?;
                    if let Err(broken) = recomputation.follow(after, kept(row)) {
                        return Ok(broken);
                    }
                }
                if rows.is_empty() {
                    return Ok(Verification::Whole { records: recomputation.records() });
                }
            }
        })
    }
}

/// The texts in a row of `sequence, run, at, hash, body`.
fn kept(row: &Row) -> Result<Kept<'_>, String> {
    let text = |column: usize| row.try_get(column).map_err(|error| failure::words(&error));
    Ok(Kept { run: text(1)?, at: text(2)?, hash: text(3)?, body: text(4)? })
}
