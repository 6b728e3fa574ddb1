//! The ledger, followed through the table of records, and the copy of it that is kept beside them.
//!
//! The copy is there so that ten thousand releases need not be folded anew for every screen, and is never more than that.
//! It names the record that it ends at by its hash, and is only begun with where that record stands in its place, and the
//! copy has the digest that it was kept with; any other is left aside, and all records are folded. `verify` folds them in
//! any case, and says so where the copy is another ledger.

use std::path::Path;
use std::time::Duration;

use liftlock_names::Digest;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::failure::{self, integer, number};
use super::row;
use crate::{Ledger, StoreError, kept_ledger, sketch};

/// The fewest records for which a copy is kept anew.
const WORTH_IT: u64 = 500;

/// How many bytes are as much work to keep as one record is to fold.
const BYTES_A_RECORD: u64 = 512;

/// A copy as it is kept.
struct Kept {
    format: u32,
    sequence: u64,
    hash: String,
    digest: String,
    content: Vec<u8>,
}

/// Brings a ledger up to date.
pub(super) fn follow(path: &Path, connection: &Connection, ledger: &mut Ledger) -> Result<(), StoreError> {
    if ledger.sequence > 0 {
        return fold(path, connection, ledger, None);
    }
    let kept = find(path, connection)?;
    let size = kept.as_ref().map_or(0, |kept| kept.content.len() as u64);
    if let Some(known) = kept.and_then(Kept::ledger) {
        *ledger = known;
    }
    let before = ledger.sequence;
    fold(path, connection, ledger, None)?;
    if ledger.sequence - before >= WORTH_IT.max(size / BYTES_A_RECORD) {
        // Whoever may not write, or finds somebody else writing, has lost nothing but the time until the next.
        let _ = keep(connection, ledger);
    }
    Ok(())
}

/// Whether the copy, if there is one, is what the records fold to; the answer is why it is not.
pub(super) fn untrue(path: &Path, connection: &Connection) -> Result<Option<String>, StoreError> {
    let Some(kept) = find(path, connection)? else { return Ok(None) };
    if kept.format != kept_ledger::FORMAT {
        return Ok(None);
    }
    let sequence = kept.sequence;
    let Some(known) = kept.ledger() else { return Ok(None) };
    let mut ledger = Ledger::default();
    fold(path, connection, &mut ledger, Some(sequence))?;
    let why = format!("the copy of the ledger that is kept beside the first {sequence} records is not what they say");
    Ok((ledger != known).then_some(why))
}

/// Folds the records behind the ledger's last, up to `last` where there is one.
fn fold(path: &Path, connection: &Connection, ledger: &mut Ledger, last: Option<u64>) -> Result<(), StoreError> {
    let fault = |error| failure::of(path, error);
    let sql =
        "SELECT sequence, run, at, hash, body FROM records WHERE sequence > ?1 AND sequence <= ?2 ORDER BY sequence";
    let mut select = connection.prepare_cached(sql).map_err(fault)?;
    let mut rows = select.query(params![integer(ledger.sequence), last.map_or(i64::MAX, integer)]).map_err(fault)?;
    while let Some(found) = rows.next().map_err(fault)? {
        let sequence = number(path, found.get(0).map_err(fault)?)?;
        let kept = row::kept(found).map_err(|why| StoreError::Unreadable { sequence, why })?;
        sketch::follow(ledger, sequence, kept)?;
    }
    Ok(())
}

/// The copy, if one is kept that ends at a record of this journal.
fn find(path: &Path, connection: &Connection) -> Result<Option<Kept>, StoreError> {
    let fault = |error| failure::of(path, error);
    let tables = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'ledgers'";
    if connection.query_row(tables, [], |row| row.get::<_, i64>(0)).map_err(fault)? == 0 {
        return Ok(None);
    }
    let sql = "SELECT ledgers.format, ledgers.sequence, ledgers.hash, ledgers.digest, ledgers.content
               FROM ledgers JOIN records ON records.sequence = ledgers.sequence AND records.hash = ledgers.hash";
    let read = |row: &rusqlite::Row<'_>| {
        let sequence: i64 = row.get(1)?;
        Ok(Kept {
            format: row.get(0)?,
            sequence: u64::try_from(sequence).unwrap_or(0),
            hash: row.get(2)?,
            digest: row.get(3)?,
            content: row.get(4)?,
        })
    };
    // One that cannot even be read is as good as none: the records are what counts.
    Ok(connection.query_row(sql, [], read).optional().unwrap_or(None))
}

/// Keeps a ledger. A copy that is lost with the power is folded anew, so that nothing waits for the disk here; and nobody
/// waits for another who writes.
fn keep(connection: &Connection, ledger: &Ledger) -> rusqlite::Result<()> {
    let Some(content) = kept_ledger::encode(ledger) else { return Ok(()) };
    connection.busy_timeout(Duration::ZERO)?;
    let kept = connection.execute_batch("PRAGMA synchronous = NORMAL").and_then(|()| {
        connection.execute_batch(
            "CREATE TABLE IF NOT EXISTS ledgers (
                 id INTEGER PRIMARY KEY CHECK (id = 1),
                 format INTEGER NOT NULL,
                 sequence INTEGER NOT NULL,
                 hash TEXT NOT NULL,
                 digest TEXT NOT NULL,
                 content BLOB NOT NULL
             ) STRICT",
        )?;
        let format = kept_ledger::FORMAT;
        let hash = "SELECT hash FROM records WHERE sequence = ?1";
        let sequence = integer(ledger.sequence);
        let hash: String = connection.query_row(hash, [sequence], |row| row.get(0))?;
        let digest = digest(format, ledger.sequence, &hash, &content).to_string();
        let insert = "INSERT OR REPLACE INTO ledgers (id, format, sequence, hash, digest, content)
                      VALUES (1, ?1, ?2, ?3, ?4, ?5)";
        connection.execute(insert, params![format, sequence, hash, digest, content]).map(|_| ())
    });
    super::open::prepare(connection)?;
    kept
}

impl Kept {
    /// The ledger, unless this is none that this program kept, or not all of it.
    fn ledger(self) -> Option<Ledger> {
        let Kept { format, sequence, hash, digest: kept, content } = self;
        let is_whole = format == kept_ledger::FORMAT && digest(format, sequence, &hash, &content).to_string() == kept;
        let ledger = is_whole.then(|| kept_ledger::decode(&content)).flatten()?;
        (ledger.sequence == sequence).then_some(ledger)
    }
}

fn digest(format: u32, sequence: u64, hash: &str, content: &[u8]) -> Digest {
    let (format, sequence) = (format.to_string(), sequence.to_string());
    Digest::of_all([format.as_bytes(), sequence.as_bytes(), hash.as_bytes(), content])
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use liftlock_names::{ReleaseRef, RunId};

    use super::*;
    use crate::{Action, Event, Guard, SqliteStore, Store as _, Verification};

    fn run() -> RunId {
        RunId::new(Timestamp::UNIX_EPOCH, 1)
    }

    /// A journal with one run of `passed` records between the first and the last.
    fn journal(passed: usize) -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join("journal.db")).unwrap();
        let begun = Event::RunStarted {
            pipeline: "shop".to_owned(),
            action: Action::Release,
            version: "1.0.0".to_owned(),
            number: 1,
            plan_hash: Digest::of(b"plan"),
            plan: "the plan".to_owned(),
            by: "ada".to_owned(),
            host: "here".to_owned(),
            process: 7,
            approve: Vec::new(),
        };
        let effect = |at: usize| format!("shop/dev/deploy/step{at}").parse().unwrap();
        let mut events = vec![begun];
        events.extend((0..passed).map(|at| Event::EffectNotNeeded { effect: effect(at) }));
        store.append(&run(), Timestamp::UNIX_EPOCH, &events, Guard::Always).unwrap();
        (folder, store)
    }

    fn release(store: &SqliteStore) {
        let release = ReleaseRef { number: 1, version: "1.0.0".to_owned(), digest: None, run: run() };
        let event = Event::StageReleased { environment: "dev".to_owned(), release };
        store.append(&run(), Timestamp::UNIX_EPOCH, &[event], Guard::Always).unwrap();
    }

    fn followed(store: &SqliteStore) -> Ledger {
        let mut ledger = Ledger::default();
        store.follow(&mut ledger).unwrap();
        ledger
    }

    fn copies(store: &SqliteStore) -> Option<u64> {
        find(Path::new("journal"), &store.connection()).unwrap().map(|kept| kept.sequence)
    }

    /// Changes the copy, and gives it the digest that it would have had.
    fn forge(store: &SqliteStore, change: impl FnOnce(&mut Ledger)) {
        let mut ledger = followed(store);
        change(&mut ledger);
        keep(&store.connection(), &ledger).unwrap();
    }

    #[test]
    fn a_short_journal_has_no_copy_and_a_long_one_has() {
        let (_folder, store) = journal(10);
        followed(&store);
        assert_eq!(copies(&store), None);
        let (_folder, store) = journal(1000);
        let anew = followed(&store);
        assert_eq!(copies(&store), Some(1001));
        assert_eq!(followed(&store), anew);
    }

    #[test]
    fn what_is_behind_the_copy_is_folded_into_it() {
        let (_folder, store) = journal(1000);
        followed(&store);
        release(&store);
        let ledger = followed(&store);
        assert_eq!(copies(&store), Some(1001));
        assert_eq!(ledger.sequence, 1002);
        assert_eq!(ledger.current("shop", "dev").unwrap().release.number, 1);
        assert_eq!(store.verify().unwrap(), Verification::Whole { records: 1002 });
    }

    #[test]
    fn a_copy_that_fits_is_begun_with() {
        let (_folder, store) = journal(1000);
        forge(&store, |ledger| ledger.runs[0].version = "seen".to_owned());
        assert_eq!(followed(&store).runs[0].version, "seen");
    }

    #[test]
    fn a_copy_that_does_not_fit_is_left_aside() {
        let (_folder, store) = journal(1000);
        let anew = followed(&store);
        for damage in [
            "UPDATE ledgers SET content = zeroblob(length(content))",
            "UPDATE ledgers SET content = substr(content, 1, 20)",
            "UPDATE ledgers SET content = x''",
            "UPDATE ledgers SET digest = ''",
            "UPDATE ledgers SET format = format + 1",
            "UPDATE ledgers SET hash = 'sha256:00'",
            "UPDATE ledgers SET sequence = 3",
            "UPDATE ledgers SET sequence = 5000",
            "DROP TABLE ledgers; CREATE TABLE ledgers (id)",
        ] {
            forge(&store, |ledger| ledger.runs[0].version = "forged".to_owned());
            store.connection().execute_batch(damage).unwrap();
            assert_eq!(followed(&store), anew, "{damage}");
            assert_eq!(store.verify().unwrap(), Verification::Whole { records: 1001 }, "{damage}");
            store.connection().execute_batch("DROP TABLE ledgers").unwrap();
        }
    }

    #[test]
    fn verify_finds_a_copy_that_says_something_else_than_the_records() {
        let (_folder, store) = journal(1000);
        forge(&store, |ledger| ledger.runs[0].version = "forged".to_owned());
        let found = store.verify().unwrap();
        assert!(matches!(&found, Verification::Broken { why, .. } if why.contains("copy of the ledger")), "{found:?}");
    }

    #[test]
    fn nobody_waits_for_a_copy_while_another_writes() {
        let (folder, store) = journal(1000);
        let other = Connection::open(folder.path().join("journal.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        followed(&store);
        assert_eq!(copies(&store), None);
        other.execute_batch("ROLLBACK").unwrap();
        // What is appended waits for the disk again.
        let synchronous = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
        assert_eq!(store.connection().query_row("PRAGMA synchronous", [], synchronous).unwrap(), 2);
        followed(&store);
        assert_eq!(copies(&store), Some(1001));
        assert_eq!(store.connection().query_row("PRAGMA synchronous", [], synchronous).unwrap(), 2);
    }
}
