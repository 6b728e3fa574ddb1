//! The one owner of a run's state.
//!
//! Nothing about a run changes but by a record, and every record goes through here: it is appended to the journal, then
//! folded into the state, then shown. Effects run side by side in futures of one thread, so records come one at a time.
//!
//! What costs time is waiting for the disk, and so records that belong together are appended together, in one transaction:
//! the end of one effect and the beginning of the next, or the beginnings of all that begin side by side. An event is said
//! first ([`Dispatcher::say`]), and is on disk when anybody has to rely on it: when the beginning of an effect was waited
//! for ([`Dispatcher::say_and_wait`]), when something that nobody may see too early was recorded
//! ([`Dispatcher::record`]), and at the latest when the run waits for anything ([`Dispatcher::keeping`]). What is said keeps
//! its order, so that what is on record as begun always stands behind the end of what had to come before it.

use std::cell::{Cell, Ref, RefCell};
use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, Waker};
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

/// How many events are said before they are appended in any case: of a body in which everything is in place, nobody waits
/// for anything.
const MOST_SAID: usize = 256;

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
    /// What has happened and is not on disk yet, in order.
    said: RefCell<Vec<Event>>,
    /// How many events were ever said, and how many of them are on disk.
    count: Cell<(u64, u64)>,
    /// Who waits for what was said to be on disk.
    waiting: RefCell<Vec<Waker>>,
    /// Leases of which it was said that they are given back, which others are to see in the records first.
    giving_back: RefCell<Vec<Lease>>,
    /// The state of everything, kept and extended.
    ledger: RefCell<Ledger>,
    /// Whether the folder for what programs print is there.
    has_logs: Cell<bool>,
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
            said: RefCell::default(),
            count: Cell::default(),
            waiting: RefCell::default(),
            giving_back: RefCell::default(),
            ledger: RefCell::default(),
            has_logs: Cell::default(),
        }
    }

    /// What is on disk; what was said is not in it yet. Whoever asks what others have said commits first.
    pub fn state(&self) -> Ref<'_, RunState> {
        self.state.borrow()
    }

    pub fn effect(&self, address: &Address) -> Option<EffectState> {
        self.state.borrow().effects.get(address).cloned()
    }

    pub fn stage(&self, environment: &str) -> StageState {
        self.state.borrow().stages.get(environment).cloned().unwrap_or_default()
    }

    /// Appends an event with all that was said before it, and only then lets it be true.
    pub fn record(&self, event: Event) -> Result<(), EngineError> {
        self.push(event);
        self.commit()
    }

    /// Says that something has happened. It is true once it is on disk: before anything that is said later, and before the
    /// run waits for anything.
    pub fn say(&self, event: Event) -> Result<(), EngineError> {
        self.push(event);
        if self.said.borrow().len() < MOST_SAID { Ok(()) } else { self.commit() }
    }

    /// Says that something has happened, and waits until it is on disk, with whatever is said beside it.
    pub async fn say_and_wait(&self, event: Event) {
        let number = self.push(event);
        poll_fn(|context| {
            if self.count.get().1 >= number {
                return Poll::Ready(());
            }
            self.waiting.borrow_mut().push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    /// The number of the event among all that were said.
    fn push(&self, event: Event) -> u64 {
        self.said.borrow_mut().push(hidden::hide(event, self.engine.mask));
        let (said, kept) = self.count.get();
        self.count.set((said + 1, kept));
        said + 1
    }

    /// Appends what was said, in one transaction.
    pub fn commit(&self) -> Result<(), EngineError> {
        let said = self.said.take();
        if !said.is_empty() {
            let leases = self.leases.borrow().clone();
            let guard = if leases.is_empty() { Guard::Always } else { Guard::Held(&leases) };
            let appended = self.engine.store.append(&self.run, self.engine.world.now(), &said, guard);
            // What could not be appended has happened all the same, and nothing may be appended before it.
            let records = appended.inspect_err(|_| *self.said.borrow_mut() = said)?;
            for record in records {
                self.state.borrow_mut().apply(&record);
                if record.sequence == self.read.get() + 1 {
                    // Nobody has appended anything in between.
                    self.read.set(record.sequence);
                } else {
                    self.own.borrow_mut().insert(record.sequence);
                }
                self.engine.view.record(&record);
            }
            let (all, _) = self.count.get();
            self.count.set((all, all));
            self.waiting.take().into_iter().for_each(Waker::wake);
        }
        for lease in self.giving_back.take() {
            self.leases.borrow_mut().retain(|held| held.lock != lease.lock);
            self.engine.store.release(&lease)?;
        }
        Ok(())
    }

    /// Sees `work` through, and puts on disk what it has said whenever it waits for anything.
    ///
    /// # Errors
    /// What keeps the store from writing; `work` is broken off then.
    pub async fn keeping<T>(&self, work: impl Future<Output = Result<T, EngineError>>) -> Result<T, EngineError> {
        let mut work = pin!(work);
        poll_fn(|context| {
            loop {
                if let Poll::Ready(end) = work.as_mut().poll(context) {
                    return Poll::Ready(end);
                }
                if self.said.borrow().is_empty() && self.giving_back.borrow().is_empty() {
                    return Poll::Pending;
                }
                if let Err(error) = self.commit() {
                    return Poll::Ready(Err(error));
                }
            }
        })
        .await
    }

    /// Takes in what other processes have appended to this run: approvals, a request to cancel.
    pub fn catch_up(&self) -> Result<(), EngineError> {
        self.commit()?;
        self.take_in()
    }

    /// The same, while what was said may still wait for more.
    fn take_in(&self) -> Result<(), EngineError> {
        let head = self.engine.store.head()?;
        if head <= self.read.get() {
            return Ok(());
        }
        let query = Query { run: Some(self.run.clone()), after: self.read.get(), limit: None };
        for record in self.engine.store.read(&query)? {
            self.read.set(record.sequence);
            if self.own.borrow_mut().remove(&record.sequence) {
                continue;
            }
            self.state.borrow_mut().apply(&record);
            self.engine.view.record(&record);
        }
        // What stands up to there and was not read is of other runs.
        self.read.set(self.read.get().max(head));
        Ok(())
    }

    /// What is where, as of now.
    pub fn ledger(&self) -> Result<Ref<'_, Ledger>, EngineError> {
        self.commit()?;
        self.ledger_on_disk()
    }

    /// The same, but for what was said and is not on disk.
    pub fn ledger_on_disk(&self) -> Result<Ref<'_, Ledger>, EngineError> {
        self.engine.store.follow(&mut self.ledger.borrow_mut())?;
        Ok(self.ledger.borrow())
    }

    /// Who asked for the end of the run, if anybody did.
    pub fn cancelled(&self) -> Result<Option<String>, EngineError> {
        self.take_in()?;
        if self.engine.interrupt.count() > 0 {
            return Ok(Some("by an interrupt".to_owned()));
        }
        if self.has_met_its_fault()? {
            return Ok(Some("by the drill".to_owned()));
        }
        Ok(self.state.borrow().cancelled.clone())
    }

    /// Whether the effect of a drill is over that the run is to go no further than. One that is declared failed stops the run
    /// by itself, unless it turns out to be in place.
    fn has_met_its_fault(&self) -> Result<bool, EngineError> {
        use EffectStatus::{Finished, InPlace, NotNeeded};
        let Action::Drill { fault, .. } = self.state.borrow().action.clone() else { return Ok(false) };
        // What was said and is not on record yet is not known yet, and nothing may begin behind it.
        self.commit()?;
        let status = self.effect(&fault.effect).map(|effect| effect.status);
        Ok(status.is_some_and(|status| matches!(status, Finished | InPlace | NotNeeded)))
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
        if !self.giving_back.borrow().is_empty() {
            self.commit()?;
        }
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
                self.say(event)?;
                Ok(None)
            }
        }
    }

    fn is_under_way(&self, run: &RunId) -> Result<bool, EngineError> {
        let records = self.engine.store.read(&Query { run: Some(run.clone()), ..Query::default() })?;
        let Some(state) = RunState::fold(&records) else { return Ok(true) };
        crate::is_under_way(self.engine.store, self.engine.world, &state, self.engine.who)
    }

    /// Gives a lock back, once what was done under it is on disk.
    pub fn give_back(&self, lock: &str) -> Result<(), EngineError> {
        let held = self.leases.borrow().iter().find(|lease| lease.lock == lock).cloned();
        let Some(lease) = held else { return Ok(()) };
        self.giving_back.borrow_mut().push(lease.clone());
        self.say(Event::LeaseReleased { lock: lease.lock, token: lease.token })
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

    /// Takes the output of a program: keeps it whole and shows it. Most programs print nothing, and leave no file.
    pub fn output(&self, of: Option<&Address>) -> Result<impl FnMut(&[u8]) + use<'a>, EngineError> {
        let name = match of {
            None => "build".to_owned(),
            Some(address) if address.is_of_run() => address.within_stage().replace('/', "."),
            Some(address) => format!("{}/{}", address.environment, address.within_stage()).replace('/', "."),
        };
        let folder = self.engine.logs.join(self.run.as_str());
        if !self.has_logs.get() {
            let error = |source| EngineError::Log { path: folder.clone(), source };
            self.engine.world.make_directory(&folder).map_err(error)?;
            self.has_logs.set(true);
        }
        let (world, view, of) = (self.engine.world, self.engine.view, of.cloned());
        let path = folder.join(format!("{name}.log"));
        let mut file = None;
        Ok(move |block: &[u8]| {
            // A full disk must not fail the effect that prints: the journal will refuse the next record, and say why.
            let file = file.get_or_insert_with(|| world.extend(&path).ok());
            if let Some(file) = file {
                let _ = file.write_all(block);
            }
            view.output(of.as_ref(), block);
        })
    }
}
