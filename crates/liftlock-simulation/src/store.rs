//! The journal of a simulated world. It keeps to the contract of [`Store`], but for the chain of hashes.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::{Event, Guard, Lease, LeaseRequest, Leased, Query, Record, Store, StoreError, Verification};
use liftlock_names::RunId;

use crate::simulation::{Inner, Simulation};
use crate::state::LeaseRow;

impl Store for Simulation {
    fn append(
        &self,
        run: &RunId,
        at: Timestamp,
        events: &[Event],
        guard: Guard<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let mut inner = self.lock();
        inner.keep_moment();
        let number = inner.appends;
        inner.appends += 1;
        let due: Vec<_> = inner.incidents.extract_if(.., |(append, _)| *append == number).collect();
        for (_, incident) in due {
            incident.befall(&mut inner.state);
        }
        match guard {
            Guard::Always => {}
            Guard::Head(head) if head == inner.state.records.len() as u64 => {}
            Guard::Head(_) => return Err(StoreError::Conflict),
            Guard::Held(leases) => leases.iter().try_for_each(|lease| inner.expect_held(lease))?,
        }
        let appended = events.iter().map(|event| inner.state.append(run, at, event.clone())).collect();
        inner.keep_moment();
        Ok(appended)
    }

    fn read(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        let inner = self.lock();
        // Sequences rise by one from 1, so that the record behind a sequence has it for an index.
        let behind = inner.state.records.get(usize::try_from(query.after).unwrap_or(usize::MAX)..).unwrap_or_default();
        let of_run = |record: &&Arc<Record>| query.run.as_ref().is_none_or(|run| record.run == *run);
        let records = behind.iter().filter(of_run).take(query.limit.unwrap_or(usize::MAX));
        Ok(records.map(|record| Record::clone(record)).collect())
    }

    fn head(&self) -> Result<u64, StoreError> {
        Ok(self.lock().state.records.len() as u64)
    }

    fn lease(&self, request: &LeaseRequest) -> Result<Leased, StoreError> {
        let LeaseRequest { lock, owner, now, lasts } = request;
        let mut inner = self.lock();
        let row = inner.state.leases.get(lock);
        let token = row.map_or(0, |row| row.token) + 1;
        if let Some(row) = row
            && let Some(until) = row.until.filter(|until| until > now)
            && row.owner != *owner
        {
            let (owner, token) = (row.owner.clone(), row.token);
            return Ok(Leased::Held(Lease { lock: lock.clone(), owner, token, until }));
        }
        let until = now.checked_add(*lasts).unwrap_or(Timestamp::MAX);
        Arc::make_mut(&mut inner.state.leases)
            .insert(lock.clone(), LeaseRow { owner: owner.clone(), token, until: Some(until) });
        inner.state.changes += 1;
        Ok(Leased::Taken(Lease { lock: lock.clone(), owner: owner.clone(), token, until }))
    }

    fn renew(&self, lease: &Lease, now: Timestamp, lasts: Duration) -> Result<(), StoreError> {
        let mut inner = self.lock();
        inner.expect_held(lease)?;
        if let Some(row) = Arc::make_mut(&mut inner.state.leases).get_mut(&lease.lock) {
            row.until = Some(now.checked_add(lasts).unwrap_or(Timestamp::MAX));
        }
        Ok(())
    }

    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        let mut inner = self.lock();
        if inner.expect_held(lease).is_ok()
            && let Some(row) = Arc::make_mut(&mut inner.state.leases).get_mut(&lease.lock)
        {
            row.until = None;
            inner.state.changes += 1;
        }
        Ok(())
    }

    fn holder(&self, lock: &str, at: Timestamp) -> Result<Option<Lease>, StoreError> {
        let inner = self.lock();
        let Some(row) = inner.state.leases.get(lock) else { return Ok(None) };
        let (owner, token) = (row.owner.clone(), row.token);
        Ok(row.until.filter(|until| *until > at).map(|until| Lease { lock: lock.to_owned(), owner, token, until }))
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        Ok(Verification::Whole { records: self.lock().state.records.len() as u64 })
    }
}

impl Inner {
    fn expect_held(&self, lease: &Lease) -> Result<(), StoreError> {
        let row = self.state.leases.get(&lease.lock);
        let is_held = |row: &LeaseRow| row.owner == lease.owner && row.token == lease.token && row.until.is_some();
        if row.is_some_and(is_held) { Ok(()) } else { Err(StoreError::LeaseLost { lock: lease.lock.clone() }) }
    }
}
