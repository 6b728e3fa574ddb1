//! Opens the connections before there are requests, and keeps them: the change that version 1.2.0 brings.
//!
//! It has the mistake that the example is about, and it is a real one: `CAPACITY` was chosen on a machine with two
//! workers. Nothing fails there; with four, one worker always waits for another one's connection.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use crate::database;
use crate::error::Error;

/// The most connections that are kept.
const CAPACITY: usize = 3;

/// How long a request waits for a connection.
const PATIENCE: Duration = Duration::from_secs(5);

pub struct Connections {
    idle: Mutex<Vec<Connection>>,
    returned: Condvar,
    opened: usize,
    wanted: usize,
}

impl Connections {
    pub fn open(database: &Path, workers: NonZeroUsize) -> Result<Connections, Error> {
        let wanted = workers.get();
        let idle = (0..wanted).take(CAPACITY).map(|_| database::open(database)).collect::<Result<Vec<_>, _>>()?;
        Ok(Connections { opened: idle.len(), wanted, idle: Mutex::new(idle), returned: Condvar::new() })
    }

    /// Lends a connection to `work`.
    pub fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        let (mut idle, _) = self
            .returned
            .wait_timeout_while(self.idle(), PATIENCE, |idle| idle.is_empty())
            .unwrap_or_else(PoisonError::into_inner);
        let mut connection = idle.pop().ok_or(Error::NoConnection)?;
        drop(idle);
        let result = work(&mut connection);
        self.idle().push(connection);
        self.returned.notify_one();
        result
    }

    /// Whether every worker has a connection of its own.
    pub fn complete(&self) -> Result<(), String> {
        if self.opened < self.wanted {
            return Err(format!("the pool has {} of {} connections", self.opened, self.wanted));
        }
        Ok(())
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Connection>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use crate::testing::Folder;

    fn connections(folder: &Folder, workers: usize) -> Connections {
        let file = folder.path("shop.db");
        schema::up(&file, 3).unwrap();
        Connections::open(&file, NonZeroUsize::new(workers).unwrap()).unwrap()
    }

    #[test]
    fn two_workers_have_their_connections() {
        let folder = Folder::new("eager-two");
        assert_eq!(connections(&folder, 2).complete(), Ok(()));
    }

    /// The mistake. The example shows that an environment finds it which is larger than the one it was written in.
    #[test]
    fn four_workers_do_not() {
        let folder = Folder::new("eager-four");
        let connections = connections(&folder, 4);
        assert_eq!(connections.complete(), Err("the pool has 3 of 4 connections".into()));
    }

    #[test]
    fn a_connection_comes_back() {
        let folder = Folder::new("eager-returned");
        let connections = connections(&folder, 1);
        for _ in 0..3 {
            assert_eq!(connections.with(|connection| Ok(schema::version(connection)?)).unwrap(), 3);
        }
    }
}
