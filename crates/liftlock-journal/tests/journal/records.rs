//! Appending and reading: what was acknowledged is there, and nothing else.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use liftlock_journal::{Action, Event, Failure, FailureKind, Guard, Query, State, StoreError, Verification};
use liftlock_names::Digest;

use crate::stores::{Kept, in_every_store, open};
use crate::support::{at, resumed, run, started};

/// Names the journal that the process below is to append to.
const VICTIM: &str = "LIFTLOCK_JOURNAL_TEST_VICTIM";

in_every_store! {
fn records_are_read_as_they_were_appended(place) {
    let effect: liftlock_names::Address = "storefront/production/deploy/migrate".parse().unwrap();
    let tail = vec!["\u{0}\"\\ umlaut ä".to_owned()];
    let failure = Failure { kind: FailureKind::TimedOut, message: "slow".to_owned(), tail };
    let before = State::File { digest: Digest::of(b"old"), bytes: u64::MAX, mode: 0o644 };
    let events = [
        started(1, Action::Rollback { environment: "production".to_owned(), of: run(7) }),
        Event::GateWaiting { gate: effect.clone(), why: String::new(), until: Some(at(9)), approval: false },
        Event::EffectStarted { effect: effect.clone(), attempt: 1, before },
        Event::EffectFailed { effect, failure, took_ms: 12, retry_ms: None, outputs: Default::default() },
    ];
    let nanosecond = at(1) + jiff::SignedDuration::from_nanos(1);
    let appended = place.open().append(&run(1), nanosecond, &events, Guard::Always).unwrap();
    assert_eq!(appended.iter().map(|record| record.sequence).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(place.open().read(&Query::default()).unwrap(), appended);
}

fn a_query_selects_by_run_and_position_and_number(place) {
    let store = place.open();
    for index in 0..10 {
        let event = resumed(&index.to_string());
        store.append(&run(index % 2), at(0), &[event], Guard::Always).unwrap();
    }
    let sequences = |run, after, limit| {
        let records = store.read(&Query { run, after, limit }).unwrap();
        records.iter().map(|record| record.sequence).collect::<Vec<_>>()
    };
    assert_eq!(sequences(None, 7, None), [8, 9, 10]);
    assert_eq!(sequences(Some(run(1)), 3, Some(2)), [4, 6]);
    assert!(sequences(Some(run(5)), 0, None).is_empty());
    assert!(sequences(None, u64::MAX, Some(usize::MAX)).is_empty());
    assert_eq!(store.head().unwrap(), 10);
}

fn a_head_that_moved_is_a_conflict_and_appends_nothing(place) {
    let (store, other) = (place.open(), place.open());
    store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(0)).unwrap();
    other.append(&run(2), at(0), &[resumed("grace")], Guard::Head(1)).unwrap();
    let late = store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(1));
    assert!(matches!(late, Err(StoreError::Conflict)), "{late:?}");
    assert_eq!(store.head().unwrap(), 2);
    store.append(&run(1), at(0), &[resumed("ada")], Guard::Head(2)).unwrap();
}

fn fifty_writers_at_once_keep_one_unbroken_chain(place) {
    let name = place.name();
    std::thread::scope(|scope| {
        for writer in 0..50 {
            let name = &name;
            scope.spawn(move || {
                for index in 0..4 {
                    // The first of all makes the journal while the others look for it; later on, some open it while the
                    // last of the others closes it.
                    let store = open(name);
                    let events = [resumed(&format!("{index}a")), resumed(&format!("{index}b"))];
                    store.append(&run(writer), at(0), &events, Guard::Always).unwrap();
                }
            });
        }
    });
    let store = place.open();
    assert_eq!(store.verify().unwrap(), Verification::Whole { records: 400 });
    for writer in 0..50 {
        let query = Query { run: Some(run(writer)), ..Query::default() };
        let records = store.read(&query).unwrap();
        let told: Vec<_> = records.iter().map(|record| record.event.clone()).collect();
        let texts = ["0a", "0b", "1a", "1b", "2a", "2b", "3a", "3b"];
        assert_eq!(told, texts.map(resumed));
        // What one call appends is not torn apart by others.
        assert!(records.chunks(2).all(|pair| pair[0].sequence + 1 == pair[1].sequence));
    }
    if let Kept::Sqlite(place, _) = place {
        let mut left: Vec<_> = std::fs::read_dir(place.path().parent().unwrap()).unwrap().collect();
        left.retain(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().ends_with(".new"));
        assert!(left.is_empty(), "{left:?}");
    }
}

fn a_process_that_is_killed_loses_nothing_that_was_acknowledged(place) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "records::appends_until_it_is_killed", "--nocapture"])
        .env(VICTIM, place.name())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut told = lines.filter_map(|line| Some(line.strip_prefix("acknowledged ")?.to_owned()));
    let mut acknowledged: u64 = told.nth(100).unwrap().parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    if let Some(last) = told.last() {
        acknowledged = last.parse().unwrap();
    }
    let store = place.open();
    // A server takes part in the kill only a moment later: whoever writes next waits for what was under way.
    store.append(&run(2), at(0), &[], Guard::Always).unwrap();
    let head = store.head().unwrap();
    assert!(head == acknowledged || head == acknowledged + 1, "{head} after {acknowledged}");
    assert_eq!(store.verify().unwrap(), Verification::Whole { records: head });
    store.append(&run(2), at(0), &[resumed("ada")], Guard::Head(head)).unwrap();
}
}

#[test]
fn appends_until_it_is_killed() {
    let Ok(name) = std::env::var(VICTIM) else {
        return;
    };
    let store = open(&name);
    let mut stdout = std::io::stdout();
    loop {
        let records = store.append(&run(1), at(0), &[resumed("ada")], Guard::Always).unwrap();
        writeln!(stdout, "\nacknowledged {}", records[0].sequence).unwrap();
    }
}
