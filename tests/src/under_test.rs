//! The program `liftlock` with a journal that can kill it.
//!
//! `LIFTLOCK_TEST_KILL=before:effect-finished:storefront/dev/deploy/unpack` ends the process with SIGKILL just before
//! that record would be on disk, `after:` just after it is, and `during:` a moment after it is, so that what follows the
//! record has begun. Without the variable it is the program as it is shipped.

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::{Event, Guard, Lease, LeaseRequest, Leased, Query, Record, Store, StoreError, Verification};
use liftlock_names::RunId;

/// How long what follows a record runs before `during:` kills the process.
const MOMENT: Duration = Duration::from_millis(25);

fn main() -> ExitCode {
    match std::env::var("LIFTLOCK_TEST_KILL").ok().and_then(|text| KillPoint::parse(&text)) {
        None => liftlock::main(&liftlock::open_store),
        Some(point) => liftlock::main(&move |path: &Path, create| {
            let store = liftlock::open_store(path, create)?;
            Ok(store.map(|store| Box::new(DeadlyStore { store, point: point.clone() }) as Box<dyn Store>))
        }),
    }
}

#[derive(Debug, Clone)]
struct KillPoint {
    moment: Moment,
    /// `effect-finished`
    event: String,
    /// The address, or the name of the environment.
    of: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Moment {
    Before,
    After,
    During,
}

impl KillPoint {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.splitn(3, ':');
        let moment = match parts.next()? {
            "before" => Moment::Before,
            "after" => Moment::After,
            "during" => Moment::During,
            _ => return None,
        };
        Some(KillPoint { moment, event: parts.next()?.to_owned(), of: parts.next()?.to_owned() })
    }

    fn is_met_by(&self, event: &Event) -> bool {
        let Ok(value) = serde_json::to_value(event) else { return false };
        let field = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
        field("event") == Some(&self.event)
            && ["effect", "check", "gate", "environment"].iter().any(|name| field(name) == Some(&self.of))
    }
}

struct DeadlyStore {
    store: Box<dyn Store>,
    point: KillPoint,
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
        let met = events.iter().any(|event| self.point.is_met_by(event));
        if met && self.point.moment == Moment::Before {
            die();
        }
        let records = self.store.append(run, at, events, guard)?;
        if met && self.point.moment == Moment::After {
            die();
        }
        if met {
            thread::spawn(|| {
                thread::sleep(MOMENT);
                die()
            });
        }
        Ok(records)
    }

    fn read(&self, query: &Query) -> Result<Vec<Record>, StoreError> {
        self.store.read(query)
    }

    fn lease(&self, request: &LeaseRequest) -> Result<Leased, StoreError> {
        self.store.lease(request)
    }

    fn renew(&self, lease: &Lease, until: Timestamp) -> Result<(), StoreError> {
        self.store.renew(lease, until)
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
