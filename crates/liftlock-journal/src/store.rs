//! Where records are kept: a trait of a few methods.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_names::RunId;
use thiserror::Error;

use crate::{Event, Ledger, Record};

/// A place where records are kept for good. What `append` has returned survives the loss of power.
pub trait Store: Send + Sync {
    /// Appends `events` in one transaction and returns them as records.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] and [`StoreError::LeaseLost`] where the guard does not hold, in which case nothing is
    /// appended; otherwise what keeps the store from writing.
    fn append(&self, run: &RunId, at: Timestamp, events: &[Event], guard: Guard<'_>)
    -> Result<Vec<Record>, StoreError>;

    /// Records in order of their sequence.
    ///
    /// # Errors
    /// What keeps the store from reading.
    fn read(&self, query: &Query) -> Result<Vec<Record>, StoreError>;

    /// Brings a ledger up to date: what was appended behind its last record is folded into it. A store may keep what it
    /// has folded, to begin there where the ledger is a new one; nothing may ever come of that but less to read.
    ///
    /// # Errors
    /// What keeps the store from reading.
    fn follow(&self, ledger: &mut Ledger) -> Result<(), StoreError> {
        let query = Query { after: ledger.sequence, ..Query::default() };
        self.read(&query)?.iter().for_each(|record| ledger.apply(record));
        Ok(())
    }

    /// The sequence of the last record, 0 where there is none: a cheap way to see whether somebody appended.
    ///
    /// # Errors
    /// What keeps the store from reading.
    fn head(&self) -> Result<u64, StoreError> {
        Ok(self.read(&Query::default())?.last().map_or(0, |record| record.sequence))
    }

    /// Takes a lease where nobody holds it, or its holder let it expire; an owner takes its own again. The token is a
    /// new one each time, so that what is left of an owner's former process is fenced off as well.
    ///
    /// # Errors
    /// What keeps the store from writing.
    fn lease(&self, request: &LeaseRequest) -> Result<Leased, StoreError>;

    /// Makes a lease last for so long from now. A store that several machines share goes by its own clock, here as where
    /// a lease is taken or asked for: theirs may differ.
    ///
    /// # Errors
    /// [`StoreError::LeaseLost`] where another holds it by now, or it was given back.
    fn renew(&self, lease: &Lease, now: Timestamp, lasts: Duration) -> Result<(), StoreError>;

    /// Gives a lease back; one that is lost already is let go silently.
    ///
    /// # Errors
    /// What keeps the store from writing.
    fn release(&self, lease: &Lease) -> Result<(), StoreError>;

    /// Who holds a lease at `at`.
    ///
    /// # Errors
    /// What keeps the store from reading.
    fn holder(&self, lock: &str, at: Timestamp) -> Result<Option<Lease>, StoreError>;

    /// Recomputes the chain of hashes.
    ///
    /// # Errors
    /// What keeps the store from reading; a broken chain is a [`Verification`], not an error.
    fn verify(&self) -> Result<Verification, StoreError>;
}

/// What must hold for records to be appended.
#[derive(Debug, Clone, Copy)]
pub enum Guard<'a> {
    Always,
    /// The last record of the store has this sequence: nobody appended since it was read.
    Head(u64),
    /// The leases are still held, under the very tokens. One that expired counts as held until somebody takes the lock;
    /// one that was given back does not.
    Held(&'a [Lease]),
}

/// Which records to read.
#[derive(Debug, Clone, Default)]
pub struct Query {
    /// Of this run only.
    pub run: Option<RunId>,
    /// Behind this sequence.
    pub after: u64,
    /// At most so many.
    pub limit: Option<usize>,
}

/// Asks for the lock of an environment.
#[derive(Debug, Clone)]
pub struct LeaseRequest {
    pub lock: String,
    pub owner: RunId,
    pub now: Timestamp,
    pub lasts: Duration,
}

/// A lock held for a time. The token rises with every change of owner, so that a late writer is told from the holder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub lock: String,
    pub owner: RunId,
    pub token: u64,
    pub until: Timestamp,
}

/// The answer to a [`LeaseRequest`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Leased {
    Taken(Lease),
    /// Another holds it.
    Held(Lease),
}

/// The result of recomputing the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verification {
    /// Every record carries the hash of the one before it.
    Whole { records: u64 },
    /// The first record that does not.
    Broken { sequence: u64, why: String },
}

/// Why the store could not do what was asked.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("the journal `{path}` cannot be opened: {why}")]
    Open { path: PathBuf, why: String },
    #[error("the disk is full: nothing could be added to the journal `{path}`")]
    Full { path: PathBuf },
    #[error("the journal `{path}` may not be written to: {why}")]
    ReadOnly { path: PathBuf, why: String },
    #[error("the journal `{path}` is damaged: {why}")]
    Damaged { path: PathBuf, why: String },
    #[error("the journal `{path}` was written by a newer liftlock (format {found}, this one knows {known})")]
    Newer { path: PathBuf, found: u32, known: u32 },
    #[error("record {sequence} of the journal cannot be understood: {why}")]
    Unreadable { sequence: u64, why: String },
    #[error("another process appended to the journal in the meantime")]
    Conflict,
    #[error("the lock `{lock}` is held by another run by now")]
    LeaseLost { lock: String },
    /// The server that keeps the journal does not answer, or no longer.
    #[error("the journal `{address}` cannot be reached: {why}")]
    Unreachable { address: String, why: String },
    /// The server that keeps the journal answers, and does not let this program use it.
    #[error("the journal `{address}` may not be used: {why}")]
    Refused { address: String, why: String },
    /// The server that keeps the journal did not do what was asked.
    #[error("the journal `{address}`: {why}")]
    Server { address: String, why: String },
    #[error("the journal `{path}`: {source}")]
    Sqlite { path: PathBuf, source: rusqlite::Error },
}
