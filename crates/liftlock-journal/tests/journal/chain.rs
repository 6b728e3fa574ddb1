//! History cannot be edited unseen.

use liftlock_journal::{Guard, Query, Store as _, StoreError, Verification};

use crate::support::{Place, at, resumed, run};

/// A journal of five records.
fn five() -> Place {
    let place = Place::new();
    for name in ["ada", "grace", "edsger", "barbara", "donald"] {
        place.open().append(&run(1), at(0), &[resumed(name)], Guard::Always).unwrap();
    }
    assert_eq!(place.open().verify().unwrap(), Verification::Whole { records: 5 });
    place
}

fn broken_at(place: &Place) -> u64 {
    match place.open().verify().unwrap() {
        Verification::Broken { sequence, .. } => sequence,
        Verification::Whole { records } => panic!("{records} records are said to be whole"),
    }
}

#[test]
fn the_database_itself_refuses_to_change_records() {
    let place = five();
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    for sql in [
        "UPDATE records SET at = '' WHERE sequence = 2",
        "DELETE FROM records WHERE sequence = 5",
        "INSERT OR REPLACE INTO records SELECT sequence, run, at, hash, '' FROM records WHERE sequence = 2",
        "INSERT INTO records SELECT 9, run, at, hash, body FROM records WHERE sequence = 2",
    ] {
        assert!(raw.execute(sql, []).is_err(), "{sql}");
    }
    assert_eq!(place.open().verify().unwrap(), Verification::Whole { records: 5 });
}

#[test]
fn an_edited_record_is_found_whatever_part_of_it_was_edited() {
    for edit in [
        "body = replace(body, 'edsger', 'edgar')",
        "at = '2020-01-01T00:00:00Z'",
        "run = '0000000000'",
        "hash = 'sha256:' || hex(zeroblob(32))",
        "hash = upper(hash)",
    ] {
        let place = five();
        place.raw().execute(&format!("UPDATE records SET {edit} WHERE sequence = 3"), []).unwrap();
        assert_eq!(broken_at(&place), 3, "{edit}");
    }
}

#[test]
fn a_deleted_record_is_found() {
    let place = five();
    place.raw().execute("DELETE FROM records WHERE sequence = 2", []).unwrap();
    assert_eq!(broken_at(&place), 2);
}

#[test]
fn a_deleted_record_is_found_also_where_the_others_were_numbered_anew() {
    let place = five();
    let raw = place.raw();
    raw.execute_batch(
        "DELETE FROM records WHERE sequence = 2;
         UPDATE records SET sequence = sequence - 1 WHERE sequence = 3;
         UPDATE records SET sequence = sequence - 1 WHERE sequence = 4;
         UPDATE records SET sequence = sequence - 1 WHERE sequence = 5;",
    )
    .unwrap();
    assert_eq!(broken_at(&place), 2);
}

#[test]
fn a_record_of_a_newer_version_or_of_no_sense_is_named_by_its_sequence() {
    for (edit, says) in [
        ("body = replace(body, '\"v\":1', '\"v\":2')", "newer"),
        ("body = replace(body, 'run-resumed', 'run-sublimated')", "run-sublimated"),
        ("body = 'nonsense'", "expected"),
        ("run = 'nonsense'", "its run"),
        ("at = 'nonsense'", "its time"),
        ("hash = 'nonsense'", "its hash"),
    ] {
        let place = five();
        place.raw().execute(&format!("UPDATE records SET {edit} WHERE sequence = 3"), []).unwrap();
        let store = place.open();
        match store.read(&Query::default()) {
            Err(StoreError::Unreadable { sequence: 3, why }) => {
                assert!(why.contains(says), "{edit}: {why}");
            }
            other => panic!("{edit}: {other:?}"),
        }
        // The others can be read.
        assert_eq!(store.read(&Query { after: 3, ..Query::default() }).unwrap().len(), 2);
    }
}
