//! The journal of a project in which nothing has happened yet.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_names::RunId;

use crate::{Event, Guard, Lease, LeaseRequest, Leased, Query, Record, Store, StoreError, Verification};

/// Reads as a journal without records, and refuses to be written: what only looks makes no files.
#[derive(Debug, Clone)]
pub struct EmptyStore {
    path: PathBuf,
}

impl EmptyStore {
    /// `path` is where the journal would be.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        EmptyStore { path: path.into() }
    }

    fn refuse<T>(&self) -> Result<T, StoreError> {
        Err(StoreError::ReadOnly { path: self.path.clone(), why: "it was opened only to look".to_owned() })
    }
}

impl Store for EmptyStore {
    fn append(&self, _: &RunId, _: Timestamp, _: &[Event], _: Guard<'_>) -> Result<Vec<Record>, StoreError> {
        self.refuse()
    }

    fn read(&self, _: &Query) -> Result<Vec<Record>, StoreError> {
        Ok(Vec::new())
    }

    fn lease(&self, _: &LeaseRequest) -> Result<Leased, StoreError> {
        self.refuse()
    }

    fn renew(&self, _: &Lease, _: Timestamp, _: Duration) -> Result<(), StoreError> {
        self.refuse()
    }

    fn release(&self, _: &Lease) -> Result<(), StoreError> {
        Ok(())
    }

    fn holder(&self, _: &str, _: Timestamp) -> Result<Option<Lease>, StoreError> {
        Ok(None)
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        Ok(Verification::Whole { records: 0 })
    }
}
