//! Opens a connection for each request: simple, and right for any number of workers.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::database;
use crate::error::Error;

pub struct Connections {
    database: PathBuf,
}

impl Connections {
    pub fn open(database: &Path, _workers: NonZeroUsize) -> Result<Connections, Error> {
        Ok(Connections { database: database.into() })
    }

    /// Lends a connection to `work`.
    pub fn with<T>(&self, work: impl FnOnce(&mut Connection) -> Result<T, Error>) -> Result<T, Error> {
        work(&mut database::open(&self.database)?)
    }

    /// Nothing is kept, so nothing is missing.
    pub fn complete(&self) -> Result<(), String> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use crate::testing::Folder;

    #[test]
    fn any_number_of_workers_has_its_connections() {
        let folder = Folder::new("per-request");
        let file = folder.path("shop.db");
        schema::up(&file, 1).unwrap();
        for workers in [2, 4, 8].map(|workers| NonZeroUsize::new(workers).unwrap()) {
            let connections = Connections::open(&file, workers).unwrap();
            assert_eq!(connections.complete(), Ok(()));
            assert_eq!(connections.with(|connection| Ok(schema::version(connection)?)).unwrap(), 1);
        }
    }
}
