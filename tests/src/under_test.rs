//! The program `liftlock` with a journal that can kill it.
//!
//! `LIFTLOCK_TEST_KILL=before:effect-finished:storefront/dev/deploy/unpack` ends the process with SIGKILL just before
//! that record would be on disk, `after:` just after it is, and `during:` a moment after it is, so that what follows the
//! record has begun. `record:7` ends it just after the seventh append of this process. Without the variable it is the
//! program as it is shipped.

use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::{
    Event, Guard, Lease, LeaseRequest, Leased, Ledger, Query, Record, Store, StoreError, Verification,
};
use liftlock_names::RunId;

/// How long what follows a record runs before `during:` kills the process.
const MOMENT: Duration = Duration::from_millis(25);

fn main() -> ExitCode {
    match std::env::var("LIFTLOCK_TEST_KILL").ok().and_then(|text| KillPoint::parse(&text)) {
        None => liftlock::main(&liftlock::open_store),
        Some(point) => liftlock::main(&move |path: &Path, create| {
            let store = liftlock::open_store(path, create)?;
            let deadly = |store| DeadlyStore { store, point: point.clone(), appended: AtomicUsize::new(0) };
            Ok(store.map(|store| Box::new(deadly(store)) as Box<dyn Store>))
        }),
    }
}

#[derive(Debug, Clone)]
enum KillPoint {
    /// At a certain record.
    At {
        moment: Moment,
        /// `effect-finished`
        event: String,
        /// The address, or the name of the environment.
        of: String,
    },
    /// After so many appends.
    After(usize),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    After,
    During,
}

impl KillPoint {
    fn parse(text: &str) -> Option<Self> {
        if let Some(number) = text.strip_prefix("record:") {
            return number.parse().ok().map(KillPoint::After);
        }
        let mut parts = text.splitn(3, ':');
        let moment = match parts.next()? {
            "before" => Moment::Before,
            "after" => Moment::After,
            "during" => Moment::During,
            _ => return None,
        };
        Some(KillPoint::At { moment, event: parts.next()?.to_owned(), of: parts.next()?.to_owned() })
    }

    /// When the process is to end, if at one of these events; `appended` counts the appends, this one included.
    fn moment(&self, events: &[Event], appended: usize) -> Option<Moment> {
        match self {
            KillPoint::After(number) => (appended == *number).then_some(Moment::After),
            KillPoint::At { moment, event, of } => {
                events.iter().any(|candidate| is_met(candidate, event, of)).then_some(*moment)
            }
        }
    }
}

fn is_met(candidate: &Event, event: &str, of: &str) -> bool {
    let Ok(value) = serde_json::to_value(candidate) else { return false };
    let field = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
    field("event") == Some(event)
        && ["effect", "check", "gate", "environment"].iter().any(|name| field(name) == Some(of))
}

struct DeadlyStore {
    store: Box<dyn Store>,
    point: KillPoint,
    appended: AtomicUsize,
}

fn die() -> ! {
    let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
    // Only reached where the system refuses to kill its own: the test that waits for the death then fails.
    std::process::exit(99)
}

impl Store for DeadlyStore {
    fn append(
        &self,
        run: &RunId,
        at: Timestamp,
        events: &[Event],
        guard: Guard<'_>,
    ) -> Result<Vec<Record>, StoreError> {
        let appended = self.appended.fetch_add(1, Ordering::SeqCst) + 1;
        let moment = self.point.moment(events, appended);
        if moment == Some(Moment::Before) {
            die();
        }
        let records = self.store.append(run, at, events, guard)?;
        match moment {
            Some(Moment::After) => die(),
            Some(Moment::During) => {
                thread::spawn(|| {
                    thread::sleep(MOMENT);
                    die()
                });
            }
            Some(Moment::Before) | None => {}
        }
        Ok(records)
    }

    fn read(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        self.store.read(query)
    }

    fn head(&self) -> Result<u64, StoreError> {
        self.store.head()
    }

    fn follow(&self, ledger: &mut Ledger) -> Result<(), StoreError> {
        self.store.follow(ledger)
    }

    fn lease(&self, request: &LeaseRequest) -> Result<Leased, StoreError> {
        self.store.lease(request)
    }

    fn renew(&self, lease: &Lease, now: Timestamp, lasts: Duration) -> Result<(), StoreError> {
        self.store.renew(lease, now, lasts)
    }

    fn release(&self, lease: &Lease) -> Result<(), StoreError> {
        self.store.release(lease)
    }

    fn holder(&self, lock: &str, at: Timestamp) -> Result<Option<Lease>, StoreError> {
        self.store.holder(lock, at)
    }

    fn verify(&self) -> Result<Verification, StoreError> {
        self.store.verify()
    }
}
