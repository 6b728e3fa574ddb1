//! Locks: one holder at a time, and nobody who held one before is taken for the holder.

use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::{Guard, Lease, LeaseRequest, Leased, Store, StoreError};

use crate::support::{Place, at, resumed, run};

/// Asks for `production`, for a minute.
fn ask(store: &dyn Store, owner: u32, now: Timestamp) -> Leased {
    let (lock, lasts) = ("production".to_owned(), Duration::from_secs(60));
    store.lease(&LeaseRequest { lock, owner: run(owner), now, lasts }).unwrap()
}

fn take(store: &dyn Store, owner: u32, now: Timestamp) -> Lease {
    match ask(store, owner, now) {
        Leased::Taken(lease) => lease,
        Leased::Held(lease) => panic!("held by {}", lease.owner),
    }
}

fn append(store: &dyn Store, lease: &Lease) -> Result<(), StoreError> {
    let guard = std::slice::from_ref(lease);
    store.append(&lease.owner, at(0), &[resumed("ada")], Guard::Held(guard)).map(|_| ())
}

fn is_lost(result: Result<(), StoreError>) -> bool {
    matches!(result, Err(StoreError::LeaseLost { lock }) if lock == "production")
}

#[test]
fn a_lock_has_one_holder_until_it_expires() {
    let place = Place::new();
    let (store, other) = (place.open(), place.open());
    let lease = take(&store, 1, at(0));
    assert_eq!(lease.until, at(60));
    assert_eq!(ask(&other, 2, at(59)), Leased::Held(lease.clone()));
    assert_eq!(other.holder("production", at(59)).unwrap(), Some(lease.clone()));
    assert_eq!(other.holder("production", at(60)).unwrap(), None);
    assert_eq!(other.holder("staging", at(0)).unwrap(), None);
    assert!(take(&other, 2, at(60)).token > lease.token);
}

#[test]
fn a_renewed_lease_lasts_longer() {
    let place = Place::new();
    let store = place.open();
    let lease = take(&store, 1, at(0));
    store.renew(&lease, at(120)).unwrap();
    assert!(matches!(ask(&store, 2, at(119)), Leased::Held(held) if held.until == at(120)));
}

#[test]
fn who_lost_a_lock_can_neither_append_nor_renew_nor_give_it_back() {
    let place = Place::new();
    let store = place.open();
    let lost = take(&store, 1, at(0));
    let held = take(&store, 2, at(61));
    assert!(is_lost(append(&store, &lost)));
    assert!(is_lost(store.renew(&lost, at(900))));
    store.release(&lost).unwrap();
    assert_eq!(store.holder("production", at(62)).unwrap(), Some(held.clone()));
    assert_eq!(store.head().unwrap(), 0);
    append(&store, &held).unwrap();
}

#[test]
fn an_expired_lease_is_good_for_appending_while_nobody_else_took_the_lock() {
    let place = Place::new();
    let store = place.open();
    let lease = take(&store, 1, at(0));
    assert_eq!(store.holder("production", at(500)).unwrap(), None);
    append(&store, &lease).unwrap();
    store.renew(&lease, at(600)).unwrap();
    assert!(matches!(ask(&store, 2, at(500)), Leased::Held(_)));
}

#[test]
fn a_run_that_takes_its_lock_again_fences_off_its_former_process() {
    let place = Place::new();
    let store = place.open();
    let former = take(&store, 1, at(0));
    let present = take(&store, 1, at(10));
    assert!(present.token > former.token);
    assert!(is_lost(append(&store, &former)));
    append(&store, &present).unwrap();
}

#[test]
fn a_lock_that_was_given_back_is_free_at_once_and_its_tokens_never_go_back() {
    let place = Place::new();
    let store = place.open();
    let given_back = take(&store, 1, at(0));
    store.release(&given_back).unwrap();
    assert_eq!(store.holder("production", at(1)).unwrap(), None);
    // A renewal that comes too late does not bring it back.
    assert!(is_lost(store.renew(&given_back, at(900))));
    assert!(is_lost(append(&store, &given_back)));
    assert!(take(&store, 2, at(1)).token > given_back.token);
}

#[test]
fn a_lease_for_ever_lasts_as_long_as_time_can_be_told() {
    let place = Place::new();
    let (lock, lasts) = ("production".to_owned(), Duration::MAX);
    let request = LeaseRequest { lock, owner: run(1), now: at(0), lasts };
    let Leased::Taken(lease) = place.open().lease(&request).unwrap() else {
        panic!("nobody else holds it");
    };
    assert_eq!(place.open().holder("production", at(1)).unwrap().unwrap().token, lease.token);
}

#[test]
fn twenty_who_ask_at_once_get_one_lock() {
    let place = Place::new();
    let store = place.open();
    let asked = std::thread::scope(|scope| {
        let store = &store;
        let threads: Vec<_> = (0..20).map(|owner| scope.spawn(move || ask(store, owner, at(0)))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect::<Vec<_>>()
    });
    let taken = asked.iter().filter(|leased| matches!(leased, Leased::Taken(_)));
    assert_eq!(taken.count(), 1);
}
