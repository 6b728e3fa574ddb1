//! How a journal's file is made and opened.
//!
//! A new journal is made whole under another name and then linked to its own, so that an empty file is never a journal
//! that somebody is about to fill: it is a damaged one, and is called that.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::failure;
use crate::StoreError;
use crate::draft::chance;

/// `LiLk`: tells a journal from any other SQLite file.
const APPLICATION: i32 = 0x4c69_4c6b;

/// The format of the tables that this program writes, and the newest that it reads.
const FORMAT: i32 = 1;

/// How long a process waits for another that writes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The body stands last, so that the hash of the last record is found without reading through a plan of megabytes.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS records (
    sequence INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    at TEXT NOT NULL,
    hash TEXT NOT NULL,
    body TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS records_by_run ON records (run);
CREATE TRIGGER IF NOT EXISTS records_are_added_at_the_end BEFORE INSERT ON records
WHEN new.sequence IS NOT (SELECT coalesce(max(sequence), 0) + 1 FROM records)
BEGIN SELECT raise(ABORT, 'records are only ever added at the end'); END;
CREATE TRIGGER IF NOT EXISTS records_are_never_changed BEFORE UPDATE ON records
BEGIN SELECT raise(ABORT, 'records are never changed'); END;
CREATE TRIGGER IF NOT EXISTS records_are_never_deleted BEFORE DELETE ON records
BEGIN SELECT raise(ABORT, 'records are never deleted'); END;
CREATE TABLE IF NOT EXISTS leases (
    lock TEXT PRIMARY KEY,
    owner TEXT NOT NULL,
    token INTEGER NOT NULL,
    until INTEGER
) STRICT, WITHOUT ROWID;
";

/// Opens the journal for writing, and makes it where there is none.
pub(super) fn writable(path: &Path) -> Result<Connection, StoreError> {
    if length(path)?.is_none() {
        make(path)?;
    }
    let connection = connect(path, Access::Write)?;
    let fault = |error| failure::of(path, error);
    if connection.is_readonly(rusqlite::MAIN_DB).map_err(fault)? {
        let why = "its file or the folder around it is read-only".to_owned();
        return Err(StoreError::ReadOnly { path: path.to_owned(), why });
    }
    Ok(connection)
}

/// Opens the journal if there is one, as far as it may be.
pub(super) fn existing(path: &Path) -> Result<Option<Connection>, StoreError> {
    if length(path)?.is_none() {
        return Ok(None);
    }
    match connect(path, Access::Write) {
        // Beside a journal two more files are kept while it is open. Where they cannot be made, nobody else can be
        // writing through them either, and the file can be read as something that does not change.
        Err(StoreError::Open { .. } | StoreError::ReadOnly { .. }) => {
            if length(&beside(path, "-wal"))?.is_some_and(|length| length > 0) {
                let why = "its last records are still in the file `-wal` beside it, and can be read only where the \
                           folder may be written to; copy both to such a folder";
                return Err(StoreError::Open { path: path.to_owned(), why: why.to_owned() });
            }
            connect(path, Access::Unchanging).map(Some)
        }
        other => other.map(Some),
    }
}

#[derive(Clone, Copy)]
enum Access {
    /// For writing; SQLite itself is content with reading where the file's permissions allow no more.
    Write,
    /// For reading what nobody writes.
    Unchanging,
}

fn connect(path: &Path, access: Access) -> Result<Connection, StoreError> {
    check_head(path)?;
    let connection = match access {
        Access::Write => {
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        }
        Access::Unchanging => Connection::open_with_flags(
            unchanging(path),
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_URI,
        ),
    };
    let connection = connection.map_err(|error| with_reason(failure::of(path, error)))?;
    prepare(&connection).map_err(|error| with_reason(failure::of(path, error)))?;
    check(path, &connection)?;
    Ok(connection)
}

/// What holds of every connection.
pub(super) fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    // `fullfsync` matters on macOS only, where a plain sync leaves the data in the disk's own memory.
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA fullfsync = ON;")?;
    // The first look into the file, and so where its being no database or not to be opened shows.
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))
}

/// Whether this is a journal, and one that this program knows.
fn check(path: &Path, connection: &Connection) -> Result<(), StoreError> {
    let ask = |sql| connection.query_row(sql, [], |row| row.get::<_, i32>(0));
    let ask = |sql| ask(sql).map_err(|error| failure::of(path, error));
    if ask("PRAGMA application_id")? != APPLICATION {
        let why = "it is no journal, but a database of another program".to_owned();
        return Err(StoreError::Open { path: path.to_owned(), why });
    }
    let found = ask("PRAGMA user_version")?;
    if found > FORMAT {
        let (found, known) = (found.unsigned_abs(), FORMAT.unsigned_abs());
        return Err(StoreError::Newer { path: path.to_owned(), found, known });
    }
    let tables = ask("SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN ('records', 'leases')")?;
    if tables != 2 {
        let why = "its tables are missing".to_owned();
        return Err(StoreError::Damaged { path: path.to_owned(), why });
    }
    Ok(())
}

/// Makes an empty journal. Where another process is quicker, its journal stays.
fn make(path: &Path) -> Result<(), StoreError> {
    let fault = |error: io::Error| failure::of_io(path, &error);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    fs::create_dir_all(folder).map_err(fault)?;
    let draft = beside(path, &format!(".{:016x}.new", chance()));
    // Made here, because the error of the file system says more than SQLite's.
    drop(File::create_new(&draft).map_err(fault)?);
    let linked = fill(&draft).map(|()| fs::hard_link(&draft, path));
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(beside(&draft, suffix));
    }
    match linked.map_err(|error| failure::of(path, error))? {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        // There are file systems without links.
        Err(_) => fill(path).map_err(|error| failure::of(path, error))?,
    }
    // The names must last like the content: that of the file, and that of the folder which may just have been made.
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(fault)?;
    if let Some(above) = folder.parent() {
        // Above stands what is none of ours, and may not be ours to open.
        let _ = File::open(above).and_then(|above| above.sync_all());
    }
    Ok(())
}

fn fill(path: &Path) -> rusqlite::Result<()> {
    let connection = Connection::open(path)?;
    prepare(&connection)?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {SCHEMA}
         PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {FORMAT}; COMMIT;"
    ))?;
    connection.query_row("PRAGMA journal_mode = WAL", [], |_| Ok(()))?;
    connection.close().map_err(|(_, error)| error)
}

/// Whether the file begins as a database does, and has its first page at least. SQLite takes what is shorter for a new
/// database, whatever it holds, and would write over it.
fn check_head(path: &Path) -> Result<(), StoreError> {
    let fault = |error: io::Error| failure::of_io(path, &error);
    let damaged = |why: &str| StoreError::Damaged { path: path.to_owned(), why: why.to_owned() };
    let mut head = Vec::new();
    let file = File::open(path).map_err(fault)?;
    let length = file.metadata().map_err(fault)?.len();
    file.take(18).read_to_end(&mut head).map_err(fault)?;
    match head.strip_prefix(b"SQLite format 3\0") {
        _ if length == 0 => Err(damaged("it is empty")),
        // The size of a page in bytes; the greatest does not fit, and is written as 1.
        Some(&[high, low]) => match u16::from_be_bytes([high, low]) {
            1 if length < 65536 => Err(damaged("it ends too soon")),
            size if length < u64::from(size) => Err(damaged("it ends too soon")),
            _ => Ok(()),
        },
        Some(_) => Err(damaged("it ends too soon")),
        None => Err(damaged("it is no database")),
    }
}

/// The length of a file, or `None` where there is none.
fn length(path: &Path) -> Result<Option<u64>, StoreError> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => {
            let why = "it is a folder".to_owned();
            Err(StoreError::Open { path: path.to_owned(), why })
        }
        Ok(metadata) => Ok(Some(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failure::of_io(path, &error)),
    }
}

fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The path as an address that tells SQLite to rely on the file's not changing.
fn unchanging(path: &Path) -> String {
    let mut address = String::from("file:");
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => {
                address.push(char::from(*byte));
            }
            _ => address.push_str(&format!("%{byte:02X}")),
        }
    }
    // A path that begins with two slashes would be taken for the name of a host.
    let address = address.replacen("file://", "file:////", 1);
    address + "?immutable=1"
}

/// SQLite says no more than that it could not open a file; the file system often knows why.
fn with_reason(error: StoreError) -> StoreError {
    let StoreError::Open { path, why } = error else {
        return error;
    };
    let why = match File::open(&path) {
        Err(error) => error.to_string(),
        Ok(_) => why,
    };
    StoreError::Open { path, why }
}
