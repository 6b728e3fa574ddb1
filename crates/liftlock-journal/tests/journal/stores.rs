//! Every kind of store, so that one test holds for all of them.

use std::cell::Cell;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::{PostgresStore, SqliteStore, Store};

use crate::server::Server;
use crate::support::{Place, at};

/// A journal of its own, of one kind or the other.
pub enum Kept {
    /// With the seconds that have passed.
    Sqlite(Place, Cell<i64>),
    Postgres(&'static Server, String),
}

/// Makes of each function a test of SQLite, and one of PostgreSQL, which says so and ends where there is none.
macro_rules! in_every_store {
    ($($(#[$note:meta])* fn $name:ident($place:ident) $body:block)*) => {
        $($(#[$note])* fn $name($place: &$crate::stores::Kept) $body)*
        mod sqlite {
            $(#[test] fn $name() { super::$name(&$crate::stores::Kept::sqlite()); })*
        }
        mod postgres {
            $(#[test] fn $name() { $crate::stores::Kept::postgres().iter().for_each(super::$name); })*
        }
    };
}
pub(crate) use in_every_store;

impl Kept {
    pub fn sqlite() -> Kept {
        Kept::Sqlite(Place::new(), Cell::new(0))
    }

    pub fn postgres() -> Option<Kept> {
        Server::shared().map(|server| Kept::Postgres(server, server.database()))
    }

    /// What others find the journal by.
    pub fn name(&self) -> String {
        match self {
            Kept::Sqlite(place, _) => place.path().display().to_string(),
            Kept::Postgres(_, address) => address.clone(),
        }
    }

    pub fn open(&self) -> Box<dyn Store> {
        open(&self.name())
    }

    /// What somebody does to the tables who comes by another way.
    ///
    /// # Errors
    /// Why the database refuses.
    pub fn tamper(&self, sql: &str) -> Result<(), String> {
        match self {
            Kept::Sqlite(place, _) => {
                let raw = rusqlite::Connection::open(place.path()).unwrap();
                raw.execute_batch(sql).map_err(|error| error.to_string())
            }
            Kept::Postgres(..) => {
                let sql = sql.replace(" records", " liftlock.records");
                self.client().batch_execute(&sql).map_err(|error| error.to_string())
            }
        }
    }

    /// The same, by one who has removed the triggers.
    pub fn force(&self, sql: &str) {
        match self {
            Kept::Sqlite(place, _) => place.raw().execute_batch(sql).unwrap(),
            Kept::Postgres(..) => {
                self.client().batch_execute("ALTER TABLE liftlock.records DISABLE TRIGGER USER").unwrap();
                self.tamper(sql).unwrap();
            }
        }
    }

    /// What the machine that asks takes for the time.
    pub fn now(&self) -> Timestamp {
        match self {
            Kept::Sqlite(_, passed) => at(passed.get()),
            // Far off: only the server's clock counts.
            Kept::Postgres(..) => at(-1_000_000_000),
        }
    }

    /// Lets time pass. A server's clock cannot be set, and so its leases are moved into the past.
    pub fn wait(&self, time: Duration) {
        match self {
            Kept::Sqlite(_, passed) => passed.set(passed.get() + i64::try_from(time.as_secs()).unwrap()),
            Kept::Postgres(..) => {
                let sql = format!("UPDATE liftlock.leases SET until = until - {}", time.as_millis());
                self.client().batch_execute(&sql).unwrap();
            }
        }
    }

    fn client(&self) -> postgres::Client {
        match self {
            Kept::Postgres(server, address) => server.client(address.rsplit('/').next().unwrap()),
            Kept::Sqlite(..) => unreachable!("a file has no clients"),
        }
    }
}

/// Opens a journal by its name.
pub fn open(name: &str) -> Box<dyn Store> {
    match name.starts_with("postgres://") {
        true => Box::new(PostgresStore::open(name, None).unwrap()),
        false => Box::new(SqliteStore::open(name.as_ref()).unwrap()),
    }
}
