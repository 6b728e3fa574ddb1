//! Locks: one holder at a time, and nobody who held one before is taken for the holder.

use std::time::Duration;

use liftlock_journal::{Guard, Lease, LeaseRequest, Leased, Store, StoreError};

use crate::stores::{Kept, in_every_store};
use crate::support::{at, resumed, run};

const MINUTE: Duration = Duration::from_secs(60);

/// Asks for `production`, for a minute.
fn ask(place: &Kept, store: &dyn Store, owner: u32) -> Leased {
    ask_at(place.now(), store, owner)
}

fn ask_at(now: jiff::Timestamp, store: &dyn Store, owner: u32) -> Leased {
    store.lease(&LeaseRequest { lock: "production".to_owned(), owner: run(owner), now, lasts: MINUTE }).unwrap()
}

fn take(place: &Kept, store: &dyn Store, owner: u32) -> Lease {
    match ask(place, store, owner) {
        Leased::Taken(lease) => lease,
        Leased::Held(lease) => panic!("held by {}", lease.owner),
    }
}

/// The token of the lease under which the lock is held.
fn holder(place: &Kept, store: &dyn Store) -> Option<u64> {
    store.holder("production", place.now()).unwrap().map(|lease| lease.token)
}

fn append(store: &dyn Store, lease: &Lease) -> Result<(), StoreError> {
    let guard = std::slice::from_ref(lease);
    store.append(&lease.owner, at(0), &[resumed("ada")], Guard::Held(guard)).map(|_| ())
}

fn is_lost(result: Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { lock }) if lock == "production")
}

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

in_every_store! {
fn a_lock_has_one_holder_until_it_expires(place) {
    let (store, other) = (place.open(), place.open());
    let lease = take(place, &*store, 1);
    place.wait(seconds(45));
    assert!(matches!(ask(place, &*other, 2), Leased::Held(held) if (&held.owner, held.token) == (&run(1), lease.token)));
    assert_eq!(holder(place, &*other), Some(lease.token));
    place.wait(seconds(15));
    assert_eq!(holder(place, &*other), None);
    assert_eq!(other.holder("staging", place.now()).unwrap(), None);
    assert!(take(place, &*other, 2).token > lease.token);
}

fn a_renewed_lease_lasts_longer(place) {
    let store = place.open();
    let lease = take(place, &*store, 1);
    place.wait(seconds(45));
    store.renew(&lease, place.now(), MINUTE).unwrap();
    place.wait(seconds(45));
    assert!(matches!(ask(place, &*store, 2), Leased::Held(_)));
    place.wait(seconds(15));
    assert!(matches!(ask(place, &*store, 2), Leased::Taken(_)));
}

fn who_lost_a_lock_can_neither_append_nor_renew_nor_give_it_back(place) {
    let store = place.open();
    let lost = take(place, &*store, 1);
    place.wait(seconds(61));
    let held = take(place, &*store, 2);
    assert!(is_lost(append(&*store, &lost)));
    assert!(is_lost(store.renew(&lost, place.now(), MINUTE)));
    store.release(&lost).unwrap();
    assert_eq!(holder(place, &*store), Some(held.token));
    assert_eq!(store.head().unwrap(), 0);
    append(&*store, &held).unwrap();
}

fn an_expired_lease_is_good_for_appending_while_nobody_else_took_the_lock(place) {
    let store = place.open();
    let lease = take(place, &*store, 1);
    place.wait(seconds(500));
    assert_eq!(holder(place, &*store), None);
    append(&*store, &lease).unwrap();
    store.renew(&lease, place.now(), MINUTE).unwrap();
    assert!(matches!(ask(place, &*store, 2), Leased::Held(_)));
}

fn a_run_that_takes_its_lock_again_fences_off_its_former_process(place) {
    let store = place.open();
    let former = take(place, &*store, 1);
    place.wait(seconds(10));
    let present = take(place, &*store, 1);
    assert!(present.token > former.token);
    assert!(is_lost(append(&*store, &former)));
    append(&*store, &present).unwrap();
}

fn a_lock_that_was_given_back_is_free_at_once_and_its_tokens_never_go_back(place) {
    let store = place.open();
    let given_back = take(place, &*store, 1);
    store.release(&given_back).unwrap();
    assert_eq!(holder(place, &*store), None);
    // A renewal that comes too late does not bring it back.
    assert!(is_lost(store.renew(&given_back, place.now(), MINUTE)));
    assert!(is_lost(append(&*store, &given_back)));
    assert!(take(place, &*store, 2).token > given_back.token);
}

fn a_lease_for_ever_lasts_as_long_as_time_can_be_told(place) {
    let (lock, lasts) = ("production".to_owned(), Duration::MAX);
    let request = LeaseRequest { lock, owner: run(1), now: place.now(), lasts };
    let store = place.open();
    let Leased::Taken(lease) = store.lease(&request).unwrap() else {
        panic!("nobody else holds it");
    };
    assert_eq!(holder(place, &*store), Some(lease.token));
    store.renew(&lease, place.now(), Duration::MAX).unwrap();
    assert_eq!(holder(place, &*store), Some(lease.token));
}

fn twenty_who_ask_at_once_get_one_lock(place) {
    let (store, now) = (place.open(), place.now());
    let asked = std::thread::scope(|scope| {
        let store = &*store;
        let threads: Vec<_> = (0..20).map(|owner| scope.spawn(move || ask_at(now, store, owner))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let taken = asked.iter().filter(|leased| matches!(leased, Leased::Taken(_)));
    assert_eq!(taken.count(), 1);
}
}
