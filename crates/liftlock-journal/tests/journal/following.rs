//! A ledger that follows a store is the one that all of its records fold to, whatever they are.

use std::collections::BTreeMap;

use liftlock_journal::{Action, End, Event, Guard, Ledger, Outcome, Query, Settlement, State, Way};
use liftlock_names::{Address, Digest};

use crate::stores::in_every_store;
use crate::support::{at, digest, failure, release, resumed, run, started};

/// splitmix64.
fn next(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Any event at all, of one of two environments.
fn any(seed: &mut u64, of: u32) -> Event {
    let environment = ["dev", "production"][(next(seed) % 2) as usize].to_owned();
    let address = |name: &str| -> Address { format!("storefront/{environment}/{name}").parse().unwrap() };
    let effect = address(["deploy/migrate", "deploy/shift[\"a/b\"]"][(next(seed) % 2) as usize]);
    let (gate, check) = (address("before/go"), address("verify/health"));
    let (why, by, reason) = ("because \"so\"".to_owned(), "ada".to_owned(), None);
    let (took_ms, outputs) = (next(seed) % 1000, BTreeMap::new());
    let state = State::Output { text: "1".to_owned() };
    let failed = failure("it broke");
    let way = if next(seed).is_multiple_of(2) { Way::Up } else { Way::Down };
    let retry_ms = None;
    match next(seed) % 44 {
        0 => started(u64::from(of), Action::Release),
        1 => started(900, Action::Rollback { environment, of: run(of.saturating_sub(1)) }),
        2 => resumed("grace"),
        3 => Event::ArtifactReady {
            artifact: "app".to_owned(),
            version: "1.0.0".to_owned(),
            digest: digest(u64::from(of)),
            name: "app.tar".to_owned(),
            bytes: 12,
            sources: Digest::of(b"sources"),
            built: next(seed).is_multiple_of(2),
        },
        4 => Event::ArtifactFailed { artifact: "app".to_owned(), failure: failed },
        5 => Event::LeaseTaken { lock: environment, token: 1, host: "here".to_owned(), process: 3 },
        6 => Event::LeaseReleased { lock: environment, token: 1 },
        7 | 34..=37 => Event::StageEntered { environment, replaces: None },
        8 => Event::GateWaiting { gate, why, until: None, approval: true },
        9 => Event::GateOpened { gate, why },
        10 => Event::GateRefused { gate, why },
        11 => Event::ApprovalGiven { gate, by, plan_hash: Digest::of(b"plan"), reason },
        12 => Event::ApprovalRejected { gate, by, reason },
        13 => Event::EffectStarted { effect, attempt: 1, before: state },
        14 => Event::EffectInPlace { effect, state },
        15 => Event::EffectNotNeeded { effect },
        16..=18 | 38..=41 => Event::EffectFinished { effect, after: state, took_ms, outputs },
        19 => Event::EffectFailed { effect, failure: failed, took_ms, retry_ms, outputs },
        20 => Event::ManualWaiting { effect, way },
        21 => Event::ManualConfirmed { effect, way, by, failed: None },
        22 => Event::NoticeFailed { effect, failure: failed, took_ms },
        23 => Event::CheckStarted { check },
        24 => Event::CheckPassed { check, detail: why, took_ms },
        25 => Event::CheckFailed { check, failure: failed, took_ms },
        26 => Event::StageLowering { environment },
        27 | 42..=43 => Event::StageReleased { environment, release: release(u64::from(of)) },
        28 => Event::StageFailed { environment, at: None, failure: failed },
        29 => Event::UndoStarted { effect },
        30 => Event::UndoFinished { effect, state, took_ms },
        31 => Event::UndoFailed { effect, failure: failed, took_ms },
        32 => {
            let ends = [
                End::Restored,
                End::Untouched,
                End::Held { why: why.clone() },
                End::Stranded { why: why.clone() },
                End::LeftAsIs { why },
            ];
            let end = ends[(next(seed) % ends.len() as u64) as usize].clone();
            Event::StageEnded { environment, end }
        }
        _ => match next(seed) % 3 {
            0 => Event::Settled { effect, settlement: Settlement::Done, by, reason },
            1 => Event::CancelRequested { by, reason },
            _ => Event::RunFinished { outcome: Outcome::Restored { why } },
        },
    }
}

in_every_store! {
fn a_ledger_that_follows_is_the_fold_of_all_records(place) {
    let store = place.open();
    let mut seed = 11;
    let mut along = Ledger::default();
    for turn in 0..40 {
        for _ in 0..(next(&mut seed) % 8) {
            let of = u32::try_from(next(&mut seed) % 5).unwrap() + turn / 8;
            let events: Vec<Event> = (0..next(&mut seed) % 12).map(|_| any(&mut seed, of)).collect();
            store.append(&run(of), at(i64::from(turn)), &events, Guard::Always).unwrap();
        }
        let all = Ledger::fold(&store.read(&Query::default()).unwrap());
        // One that goes along, one that begins here, and one of another process.
        let (mut here, mut there) = (Ledger::default(), Ledger::default());
        store.follow(&mut along).unwrap();
        store.follow(&mut here).unwrap();
        place.open().follow(&mut there).unwrap();
        assert_eq!(along, all, "turn {turn}");
        assert_eq!(here, all, "turn {turn}");
        assert_eq!(there, all, "turn {turn}");
    }
    assert!(along.sequence > 600, "{}", along.sequence);
    assert!(along.environments.values().any(|state| state.history.iter().any(|released| released.finished > 0)));
    store.verify().unwrap();
    // A copy that was kept before says what it was folded to then. Whoever changes what comes of these records raises the
    // `FORMAT` of the copy (`kept_ledger.rs`), and then writes here what comes of them now.
    assert_eq!(Digest::of(format!("{along:?}").as_bytes()).short(), "04a6ec757bcd");
}
}
