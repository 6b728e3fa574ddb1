//! Many pieces of work on all processors, with the results in the order of the pieces.

use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// Below so many pieces, starting threads takes longer than they save.
const FEWEST: usize = 20;

/// As much as the main thread has: what recurses was measured there.
const STACK: usize = 8 << 20;

/// Does `work` with each of `pieces`.
pub fn side_by_side<P: Sync, R: Send>(pieces: &[P], work: impl Fn(&P) -> R + Sync) -> Vec<R> {
    let processors = thread::available_parallelism().map_or(1, usize::from);
    if pieces.len() < FEWEST || processors == 1 {
        return pieces.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let take_turns = || {
        let mut done = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(piece) = pieces.get(at) else { return done };
            done.push((at, work(piece)));
        }
    };
    let mut done = thread::scope(|scope| {
        let start = |_| thread::Builder::new().stack_size(STACK).spawn_scoped(scope, take_turns).ok();
        // A thread that cannot be started leaves its work to the others; this one works, too.
        let others: Vec<_> = (1..processors).filter_map(start).collect();
        let mut done = take_turns();
        for other in others {
            done.extend(other.join().unwrap_or_else(|panic| resume_unwind(panic)));
        }
        done
    });
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_in_the_order_of_the_pieces() {
        for count in [0, 1, FEWEST - 1, FEWEST, 10_000] {
            let pieces: Vec<usize> = (0..count).collect();
            let doubled = side_by_side(&pieces, |piece| piece * 2);
            assert!(doubled.iter().enumerate().all(|(at, result)| *result == at * 2));
            assert_eq!(doubled.len(), count);
        }
    }

    #[test]
    fn a_panic_is_passed_on() {
        let pieces = [0; 100];
        let broken = |_: &i32| -> i32 { panic!("broken") };
        assert!(std::panic::catch_unwind(|| side_by_side(&pieces, broken)).is_err());
    }
}
