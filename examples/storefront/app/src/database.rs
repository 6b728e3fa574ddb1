//! Opens the SQLite file, always in the same way.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use crate::error::Error;

/// How long a connection waits for another one's write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Opens a file that is there. A wrong path must not become an empty shop.
pub fn open(path: &Path) -> Result<Connection, Error> {
    open_with(path, OpenFlags::empty())
}

/// Opens a file, and makes it if it is not there.
pub fn open_or_create(path: &Path) -> Result<Connection, Error> {
    open_with(path, OpenFlags::SQLITE_OPEN_CREATE)
}

fn open_with(path: &Path, flags: OpenFlags) -> Result<Connection, Error> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let open = || {
        let connection = Connection::open_with_flags(path, flags)?;
        connection.busy_timeout(PATIENCE)?;
        // With a write-ahead log, the header of the file would lag behind; `ops/schema` reads it there.
        connection.pragma_update(None, "journal_mode", "DELETE")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        Ok(connection)
    };
    open().map_err(|cause| Error::OpenDatabase(path.into(), cause))
}
