//! The one owner of a run's state.
//!
//! Nothing about a run changes but by a record, and every record goes through here: it is appended to the journal, then
//! folded into the state, then shown. Effects run side by side in futures of one thread, so records come one at a time.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Duration;

use liftlock_journal::{
    Action, EffectState, EffectStatus, Event, FaultKind, Guard, Lease, LeaseRequest, Leased, Ledger, Query, RunState,
    StageState, StoreError,
};
use liftlock_names::{Address, RunId};

use crate::{Engine, EngineError, hidden};

/// How often records of other processes are looked for, while there is nothing else to do.
pub const POLL: Duration = Duration::from_millis(250);

/// How long a lease lasts without renewal.
pub const LEASE: Duration = Duration::from_secs(30);

/// A run in the hands of this process.
pub struct Dispatcher<'a> {
    pub engine: Engine<'a>,
    pub run: RunId,
    state: RefCell<RunState>,
    /// Records of this run up to here have been read back.
    read: Cell<u64>,
    /// Records behind that which this process appended itself.
    own: RefCell<BTreeSet<u64>>,
    leases: RefCell<Vec<Lease>>,
    /// The state of everything, kept and extended.
    ledger: RefCell<Ledger>,
}

impl<'a> Dispatcher<'a> {
    /// Takes a run in hand; `lease` is the lock of the run itself.
    pub fn new(engine: Engine<'a>, state: RunState, lease: Lease) -> Self {
        Dispatcher {
            engine,
            run: state.run.clone(),
            read: Cell::new(state.sequence),
            state: RefCell::new(state),
            own: RefCell::default(),
            leases: RefCell::new(vec![lease]),
            ledger: RefCell::default(),
        }
    }

    pub fn state(&self) -> Ref<'_, RunState> {
        self.state.borrow()
    }

    pub fn effect(&self, address: &Address) -> Option<EffectState> {
        self.state.borrow().effects.get(address).cloned()
    }

    pub fn stage(&self, environment: &str) -> StageState {
        self.state.borrow().stages.get(environment).cloned().unwrap_or_default()
    }

    /// Appends an event, and only then lets it be true.
    pub fn record(&self, event: Event) -> Result<(), EngineError> {
        let event = hidden::hide(event, self.engine.mask);
        let leases = self.leases.borrow().clone();
        let guard = if leases.is_empty() { Guard::Always } else { Guard::Held(&leases) };
        let records = self.engine.store.append(&self.run, self.engine.world.now(), &[event], guard)?;
        for record in records {
            self.state.borrow_mut().apply(&record);
            self.own.borrow_mut().insert(record.sequence);
            self.engine.view.record(&record);
        }
        Ok(())
    }

    /// Takes in what other processes have appended to this run: approvals, a request to cancel.
    pub fn catch_up(&self) -> Result<(), EngineError> {
        let query = Query { run: Some(self.run.clone()), after: self.read.get(), limit: None };
        for record in self.engine.store.read(&query)? {
            self.read.set(record.sequence);
            if self.own.borrow_mut().remove(&record.sequence) {
                continue;
            }
            self.state.borrow_mut().apply(&record);
            self.engine.view.record(&record);
        }
        Ok(())
    }

    /// What is where, as of now.
    pub fn ledger(&self) -> Result<Ref<'_, Ledger>, EngineError> {
        let after = self.ledger.borrow().sequence;
        let records = self.engine.store.read(&Query { after, ..Query::default() })?;
        let mut ledger = self.ledger.borrow_mut();
        records.iter().for_each(|record| ledger.apply(record));
        drop(ledger);
        Ok(self.ledger.borrow())
    }

    /// Who asked for the end of the run, if anybody did.
    pub fn cancelled(&self) -> Result<Option<String>, EngineError> {
        self.catch_up()?;
        if self.engine.interrupt.count() > 0 {
            return Ok(Some("by an interrupt".to_owned()));
        }
        if self.has_met_its_fault() {
            return Ok(Some("by the drill".to_owned()));
        }
        Ok(self.state.borrow().cancelled.clone())
    }

    /// Whether the effect of a drill is over that the run is to go no further than. One that is declared failed stops the run
    /// by itself, unless it turns out to be in place.
    fn has_met_its_fault(&self) -> bool {
        use EffectStatus::{Finished, InPlace, NotNeeded};
        let state = self.state.borrow();
        let Action::Drill { fault, .. } = &state.action else { return false };
        let effect = state.effects.get(&fault.effect);
        effect.is_some_and(|effect| matches!(effect.status, Finished | InPlace | NotNeeded))
    }

    /// Whether a drill declares that this effect has failed.
    pub fn is_declared_failed(&self, address: &Address) -> bool {
        let state = self.state.borrow();
        let Action::Drill { fault, .. } = &state.action else { return false };
        fault.fault == FaultKind::Failure && fault.effect == *address
    }

    /// Waits until somebody asks for the end of the run, and says who did.
    pub async fn until_cancelled(&self) -> Result<String, EngineError> {
        loop {
            if let Some(why) = self.cancelled()? {
                return Ok(why);
            }
            tokio::select! {
                biased;
                () = self.engine.world.sleep(POLL) => {}
                () = self.engine.interrupt.reached(1) => {}
            }
        }
    }

    /// Takes a lock; the answer is who holds it where it is not free.
    pub fn take(&self, lock: &str) -> Result<Option<Lease>, EngineError> {
        if self.leases.borrow().iter().any(|lease| lease.lock == lock) {
            return Ok(None);
        }
        let request =
            LeaseRequest { lock: lock.to_owned(), owner: self.run.clone(), now: self.engine.world.now(), lasts: LEASE };
        let mut leased = self.engine.store.lease(&request)?;
        if let Leased::Held(other) = &leased
            && !self.is_under_way(&other.owner)?
        {
            // Its holder died. Whether it stands in the environment is not for the lock to say: the ledger does.
            self.engine.store.release(other)?;
            leased = self.engine.store.lease(&request)?;
        }
        match leased {
            Leased::Held(other) => Ok(Some(other)),
            Leased::Taken(lease) => {
                let event = Event::LeaseTaken {
                    lock: lease.lock.clone(),
                    token: lease.token,
                    host: self.engine.who.host.clone(),
                    process: self.engine.who.process,
                };
                self.leases.borrow_mut().push(lease);
                self.record(event)?;
                Ok(None)
            }
        }
    }

    fn is_under_way(&self, run: &RunId) -> Result<bool, EngineError> {
        let records = self.engine.store.read(&Query { run: Some(run.clone()), ..Query::default() })?;
        let Some(state) = RunState::fold(&records) else { return Ok(true) };
        crate::is_under_way(self.engine.store, self.engine.world, &state, self.engine.who)
    }

    pub fn give_back(&self, lock: &str) -> Result<(), EngineError> {
        let at = self.leases.borrow().iter().position(|lease| lease.lock == lock);
        let Some(at) = at else { return Ok(()) };
        let lease = self.leases.borrow()[at].clone();
        self.record(Event::LeaseReleased { lock: lease.lock.clone(), token: lease.token })?;
        self.leases.borrow_mut().remove(at);
        self.engine.store.release(&lease)?;
        Ok(())
    }

    /// Gives all locks back, when nothing can be recorded any more; they would expire by themselves.
    pub fn abandon(&self) {
        for lease in self.leases.take() {
            // A lease that cannot be given back expires, which is all that is asked of it.
            let _ = self.engine.store.release(&lease);
        }
    }

    /// Renews the leases until one is lost.
    pub async fn keep_leases(&self) -> EngineError {
        loop {
            self.engine.world.sleep(LEASE / 3).await;
            let now = self.engine.world.now();
            for lease in self.leases.borrow().iter() {
                match self.engine.store.renew(lease, now, LEASE) {
                    Ok(()) => {}
                    Err(error @ StoreError::LeaseLost { .. }) => return error.into(),
                    // The next renewal may succeed, and if none does the guard of the next record says so.
                    Err(_) => {}
                }
            }
        }
    }

    /// Measures how long something takes, in milliseconds.
    pub fn clock(&self) -> impl Fn() -> u64 + use<'a> {
        let world = self.engine.world;
        let began = world.moment();
        move || u64::try_from(world.moment().duration_since(began).as_millis()).unwrap_or(u64::MAX)
    }

    /// Takes the output of a program: keeps it whole and shows it.
    pub fn output(&self, of: Option<&Address>) -> Result<impl FnMut(&[u8]) + use<'a>, EngineError> {
        let name = match of {
            None => "build".to_owned(),
            Some(address) if address.is_of_run() => address.within_stage().replace('/', "."),
            Some(address) => format!("{}/{}", address.environment, address.within_stage()).replace('/', "."),
        };
        let path: PathBuf = self.engine.logs.join(self.run.as_str()).join(format!("{name}.log"));
        let error = |source| EngineError::Log { path: path.clone(), source };
        let mut file = self.engine.world.extend(&path).map_err(error)?;
        let view = self.engine.view;
        let of = of.cloned();
        Ok(move |block: &[u8]| {
            // A full disk must not fail the effect that prints: the journal will refuse the next record, and say why.
            let _ = file.write_all(block);
            view.output(of.as_ref(), block);
        })
    }
}
