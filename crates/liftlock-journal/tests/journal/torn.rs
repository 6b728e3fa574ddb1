//! Records that are appended together are kept together, or not at all, wherever their process dies.

use std::process::Command;
use std::thread::sleep;
use std::time::{Duration, Instant};

use liftlock_journal::{Guard, Query, SqliteStore, Store as _, Verification};

use crate::support::{Place, at, resumed, run};

/// Names the journal to the process that is to die.
const JOURNAL: &str = "LIFTLOCK_TEST_TORN";

#[test]
fn a_process_that_dies_between_two_records_of_a_transaction_leaves_none_of_them() {
    if let Ok(path) = std::env::var(JOURNAL) {
        // This is the process that dies: it never gets to the end of this.
        let store = SqliteStore::open(path.as_ref()).unwrap();
        store.append(&run(1), at(1), &[resumed("finished"), resumed("started")], Guard::Always).unwrap();
        return;
    }
    // Behind the first of the two, and behind the second.
    for within in [2, 3] {
        let place = Place::new();
        place.open().append(&run(1), at(0), &[resumed("before")], Guard::Always).unwrap();
        let raw = rusqlite::Connection::open(place.path()).unwrap();
        raw.execute_batch(&format!(
            "CREATE VIEW forever AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT x FROM n;
             CREATE TRIGGER lingers AFTER INSERT ON records WHEN new.sequence = {within}
             BEGIN SELECT count(*) FROM forever; END;"
        ))
        .unwrap();
        let mut dying = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "torn::a_process_that_dies_between_two_records_of_a_transaction_leaves_none_of_them"])
            .env(JOURNAL, place.path())
            .spawn()
            .unwrap();
        // Whoever lingers in a transaction holds the lock of those who write.
        let begun = Instant::now();
        while raw.execute_batch("BEGIN IMMEDIATE; ROLLBACK;").is_ok() {
            assert!(begun.elapsed() < Duration::from_secs(60), "nothing is appended");
            sleep(Duration::from_millis(5));
        }
        sleep(Duration::from_millis(100));
        assert!(dying.try_wait().unwrap().is_none(), "it has come through");
        dying.kill().unwrap();
        dying.wait().unwrap();

        raw.execute_batch("DROP TRIGGER lingers; DROP VIEW forever;").unwrap();
        let store = place.open();
        assert_eq!(store.read(&Query::default()).unwrap().len(), 1, "died within record {within}");
        store.append(&run(1), at(2), &[resumed("after")], Guard::Head(1)).unwrap();
        assert_eq!(store.verify().unwrap(), Verification::Whole { records: 2 });
    }
}
