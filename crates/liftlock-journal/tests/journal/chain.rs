//! History cannot be edited unseen.

use liftlock_journal::{Guard, Query, StoreError, Verification};

use crate::stores::{Kept, in_every_store};
use crate::support::{at, resumed, run};

/// Puts five records into a journal.
fn five(place: &Kept) {
    for name in ["ada", "grace", "edsger", "barbara", "donald"] {
        place.open().append(&run(1), at(0), &[resumed(name)], Guard::Always).unwrap();
    }
    assert_eq!(place.open().verify().unwrap(), Verification::Whole { records: 5 });
}

/// Whoever removes the triggers can change what is there; the chain of hashes then tells. What is done to a record is
/// mended again, so that the next can be tried on the same journal.
fn edited(place: &Kept, edit: &str, look: impl FnOnce()) {
    place.force(&format!(
        "CREATE TABLE aside AS SELECT * FROM records WHERE sequence = 3; UPDATE records SET {edit} WHERE sequence = 3;"
    ));
    look();
    place.force("DELETE FROM records WHERE sequence = 3; INSERT INTO records SELECT * FROM aside; DROP TABLE aside;");
}

fn broken_at(place: &Kept) -> u64 {
    match place.open().verify().unwrap() {
        Verification::Broken { sequence, .. } => sequence,
        Verification::Whole { records } => panic!("{records} records are said to be whole"),
    }
}

in_every_store! {
fn the_database_itself_refuses_to_change_records(place) {
    five(place);
    for sql in [
        "UPDATE records SET at = '' WHERE sequence = 2",
        "DELETE FROM records WHERE sequence = 5",
        "INSERT INTO records SELECT 2, run, at, hash, '' FROM records WHERE sequence = 2",
        "INSERT INTO records SELECT 9, run, at, hash, body FROM records WHERE sequence = 2",
    ] {
        assert!(place.tamper(sql).is_err(), "{sql}");
    }
    let of_one = match place {
        Kept::Sqlite(..) => "INSERT OR REPLACE INTO records SELECT * FROM records WHERE sequence = 2",
        Kept::Postgres(..) => "TRUNCATE records",
    };
    assert!(place.tamper(of_one).is_err(), "{of_one}");
    assert_eq!(place.open().verify().unwrap(), Verification::Whole { records: 5 });
}

fn an_edited_record_is_found_whatever_part_of_it_was_edited(place) {
    five(place);
    for edit in [
        "body = replace(body, 'edsger', 'edgar')",
        "at = '2020-01-01T00:00:00Z'",
        "run = '0000000000'",
        "hash = 'sha256:0000000000000000000000000000000000000000000000000000000000000000'",
        "hash = upper(hash)",
    ] {
        edited(place, edit, || assert_eq!(broken_at(place), 3, "{edit}"));
    }
    assert_eq!(place.open().verify().unwrap(), Verification::Whole { records: 5 });
}

fn a_deleted_record_is_found(place) {
    five(place);
    place.force("DELETE FROM records WHERE sequence = 2");
    assert_eq!(broken_at(place), 2);
}

fn a_deleted_record_is_found_also_where_the_others_were_numbered_anew(place) {
    five(place);
    place.force(
        "DELETE FROM records WHERE sequence = 2;
         UPDATE records SET sequence = sequence - 1 WHERE sequence = 3;
         UPDATE records SET sequence = sequence - 1 WHERE sequence = 4;
         UPDATE records SET sequence = sequence - 1 WHERE sequence = 5;",
    );
    assert_eq!(broken_at(place), 2);
}

fn a_record_of_a_newer_version_or_of_no_sense_is_named_by_its_sequence(place) {
    five(place);
    for (edit, says) in [
        ("body = replace(body, '\"v\":1', '\"v\":2')", "newer"),
        ("body = replace(body, 'run-resumed', 'run-sublimated')", "run-sublimated"),
        ("body = 'nonsense'", "expected"),
        ("run = 'nonsense'", "its run"),
        ("at = 'nonsense'", "its time"),
        ("hash = 'nonsense'", "its hash"),
    ] {
        edited(place, edit, || {
            let store = place.open();
            match store.read(&Query::default()) {
                Err(StoreError::Unreadable { sequence: 3, why }) => {
                    assert!(why.contains(says), "{edit}: {why}");
                }
                other => panic!("{edit}: {other:?}"),
            }
            // The others can be read.
            assert_eq!(store.read(&Query { after: 3, ..Query::default() }).unwrap().len(), 2);
        });
    }
}
}
