//! Files that are no journal, no whole journal, or not to be written to.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use liftlock_journal::{Guard, Query, SqliteStore, Store as _, StoreError, Verification};

use crate::support::{Place, at, resumed, run};

/// A closed journal of a hundred records.
fn hundred() -> Place {
    let place = Place::new();
    let events: Vec<_> = (0..100).map(|index| resumed(&format!("{index:0200}"))).collect();
    place.open().append(&run(1), at(0), &events, Guard::Always).unwrap();
    place
}

/// All that a program does with a journal; the first error ends it.
fn use_it(path: &Path) -> Result<(), StoreError> {
    if let Some(store) = SqliteStore::open_existing(path)? {
        store.read(&Query::default())?;
        store.verify()?;
    }
    let store = SqliteStore::open(path)?;
    store.append(&run(1), at(0), &[resumed("ada")], Guard::Always)?;
    Ok(())
}

#[test]
fn reading_makes_no_journal() {
    let place = Place::new();
    assert!(SqliteStore::open_existing(&place.path()).unwrap().is_none());
    assert!(!place.path().parent().unwrap().exists());
}

#[test]
fn a_truncated_file_is_damaged() {
    let length = fs::metadata(hundred().path()).unwrap().len();
    let truncated = |keep| {
        let place = hundred();
        let file = OpenOptions::new().write(true).open(place.path()).unwrap();
        file.set_len(keep).unwrap();
        use_it(&place.path())
    };
    for keep in [0, 1, 15, 50, 99, 100, 511, 4095, 4096, 4097, length / 2, length - 4096] {
        let result = truncated(keep);
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "{keep} bytes: {result:?}");
    }
    // Part of a last page can be missing without harm while a checkpoint is under way, so that this shows only where
    // it is read.
    let result = truncated(length - 1);
    let noticed = matches!(result, Err(StoreError::Damaged { .. } | StoreError::Unreadable { .. }));
    assert!(noticed, "{result:?}");
}

#[test]
fn a_file_of_garbage_is_damaged_and_left_alone() {
    let place = Place::new();
    fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    for content in [&b"?"[..], &[7; 100], &[0; 4096], &[255; 100_000], b"SQLite format 3\0, it says"] {
        fs::write(place.path(), content).unwrap();
        let result = use_it(&place.path());
        assert!(matches!(result, Err(StoreError::Damaged { .. })), "{result:?}");
        assert_eq!(fs::read(place.path()).unwrap(), content);
    }
}

#[test]
fn a_page_that_was_overwritten_is_noticed_by_verify() {
    let length = fs::metadata(hundred().path()).unwrap().len();
    for page in 1..length / 4096 {
        let place = hundred();
        let mut content = fs::read(place.path()).unwrap();
        let start = usize::try_from(page * 4096).unwrap();
        content[start..start + 4096].fill(0xa5);
        fs::write(place.path(), content).unwrap();
        let result = SqliteStore::open(&place.path()).and_then(|store| store.verify());
        let noticed = matches!(result, Err(StoreError::Damaged { .. }) | Ok(Verification::Broken { .. }));
        assert!(noticed, "page {page}: {result:?}");
    }
}

#[test]
fn a_database_of_another_program_is_refused() {
    let place = Place::new();
    fs::create_dir_all(place.path().parent().unwrap()).unwrap();
    let other = rusqlite::Connection::open(place.path()).unwrap();
    other.execute_batch("CREATE TABLE records (a)").unwrap();
    let result = SqliteStore::open(&place.path());
    assert!(matches!(&result, Err(StoreError::Open { why, .. }) if why.contains("another program")), "{result:?}");
}

#[test]
fn a_journal_of_a_newer_format_is_refused() {
    let place = hundred();
    place.raw().execute_batch("PRAGMA user_version = 7").unwrap();
    let result = use_it(&place.path());
    assert!(matches!(result, Err(StoreError::Newer { found: 7, known: 1, .. })), "{result:?}");
}

#[test]
fn a_path_below_a_file_and_a_path_to_a_folder_say_why_they_cannot_be_opened() {
    let place = Place::new();
    let file = place.folder.path().join("file");
    fs::write(&file, "").unwrap();
    let below = file.join("journal.db");
    for result in [SqliteStore::open(&below).map(Some), SqliteStore::open_existing(&below)] {
        assert!(matches!(&result, Err(StoreError::Open { why, .. }) if why.contains("Not a directory")), "{result:?}");
    }
    let folder = place.folder.path();
    for result in [SqliteStore::open(folder).map(Some), SqliteStore::open_existing(folder)] {
        assert!(matches!(&result, Err(StoreError::Open { why, .. }) if why.contains("folder")), "{result:?}");
    }
}

/// What can be seen of a read-only folder only by who is bound by permissions; root is not.
#[test]
fn a_journal_in_a_read_only_folder_can_be_read_and_says_that_it_cannot_be_written() {
    let place = hundred();
    let folder = place.path().parent().unwrap().to_owned();
    let permit = |folder_mode, file_mode| {
        fs::set_permissions(place.path(), Permissions::from_mode(file_mode)).unwrap();
        fs::set_permissions(&folder, Permissions::from_mode(folder_mode)).unwrap();
    };
    permit(0o555, 0o444);
    if fs::write(folder.join("probe"), "").is_ok() {
        fs::remove_file(folder.join("probe")).unwrap();
        return;
    }
    let store = SqliteStore::open_existing(&place.path()).unwrap().unwrap();
    assert_eq!(store.read(&Query::default()).unwrap().len(), 100);
    assert_eq!(store.verify().unwrap(), Verification::Whole { records: 100 });
    let append = store.append(&run(1), at(0), &[resumed("ada")], Guard::Always);
    assert!(matches!(append, Err(StoreError::ReadOnly { .. })), "{append:?}");
    let open = SqliteStore::open(&place.path());
    assert!(matches!(open, Err(StoreError::ReadOnly { .. } | StoreError::Open { .. })), "{open:?}");
    let elsewhere = SqliteStore::open(&folder.join("other.db"));
    assert!(matches!(elsewhere, Err(StoreError::ReadOnly { .. })), "{elsewhere:?}");
    permit(0o755, 0o644);
}
