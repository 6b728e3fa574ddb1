//! A simulated world, in which time passes only when everything waits.

use std::collections::BTreeSet;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use crate::faults::Fault;
use crate::incidents::Incident;
use crate::state::State;

/// A world that is made up. It is the [`World`](liftlock_effects::World), the [`Store`](liftlock_journal::Store) and the
/// [`Contents`](liftlock_journal::Contents) of the runs in it, all in one, so that one clone of its state is all of it.
#[derive(Debug)]
pub struct Simulation {
    inner: Mutex<Inner>,
    /// What stands for the beginning of the clock that no one can set.
    pub(crate) origin: Instant,
}

#[derive(Debug)]
pub(crate) struct Inner {
    pub state: State,
    pub faults: Vec<Fault>,
    /// What befalls the run, by the number of the append at which it does.
    pub incidents: Vec<(usize, Incident)>,
    pub appends: usize,
    /// The moments at which a crash would leave the world in a state of its own, if they are to be kept.
    pub moments: Option<Vec<State>>,
    timers: BTreeSet<(Duration, u64)>,
    next_timer: u64,
    wakers: Vec<Waker>,
}

impl Inner {
    /// Keeps this moment, unless nothing has changed since the last.
    pub fn keep_moment(&mut self) {
        if let Some(moments) = &mut self.moments
            && moments.last().is_none_or(|last| last.changes != self.state.changes)
        {
            moments.push(self.state.clone());
        }
    }

    pub fn wake_later(&mut self, context: &Context<'_>) {
        self.wakers.push(context.waker().clone());
    }
}

impl Simulation {
    /// The world as it was at a moment, in which `faults` happen.
    pub fn from(state: State, faults: Vec<Fault>) -> Self {
        let inner = Inner {
            state,
            faults,
            incidents: Vec::new(),
            appends: 0,
            moments: None,
            timers: BTreeSet::new(),
            next_timer: 0,
            wakers: Vec::new(),
        };
        Simulation { inner: Mutex::new(inner), origin: Instant::now() }
    }

    /// Keeps the world at every moment from now on at which a crash would leave a state of its own.
    pub fn keep_moments(&self) {
        self.lock().moments = Some(Vec::new());
    }

    pub fn take_moments(&self) -> Vec<State> {
        self.lock().moments.take().unwrap_or_default()
    }

    /// Lets something befall the run at its append of this number, from 0.
    pub fn befall(&self, append: usize, incident: Incident) {
        self.lock().incidents.push((append, incident));
    }

    pub fn state(&self) -> State {
        self.lock().state.clone()
    }

    /// Changes the world from outside.
    pub fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let mut inner = self.lock();
        inner.state.changes += 1;
        change(&mut inner.state)
    }

    /// Runs a future to its end. Time passes only when everything waits, and jumps to where something happens next.
    /// `None` where nothing will happen any more, or not before `until`.
    pub fn run<T>(&self, future: impl Future<Output = T>, until: Duration) -> Option<T> {
        let mut future = pin!(future);
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
                return Some(value);
            }
            if !self.pass(until) {
                return None;
            }
        }
    }

    /// Lets time pass to where something happens next.
    fn pass(&self, until: Duration) -> bool {
        let wakers = {
            let mut inner = self.lock();
            let timer = inner.timers.first().map(|(at, _)| *at);
            let Some(next) = timer.into_iter().chain(inner.state.next_end()).min().filter(|next| *next <= until) else {
                return false;
            };
            inner.state.pass_to(next);
            std::mem::take(&mut inner.wakers)
        };
        wakers.into_iter().for_each(Waker::wake);
        true
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Inner> {
        // What a thread that died has left is data, and as good as before.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `duration` has passed.
    pub(crate) async fn wait(&self, duration: Duration) {
        let timer = {
            let mut inner = self.lock();
            let timer = (inner.state.elapsed.saturating_add(duration), inner.next_timer);
            inner.next_timer += 1;
            inner.timers.insert(timer);
            Timer { simulation: self, timer }
        };
        poll_fn(|context| {
            let mut inner = self.lock();
            if inner.state.elapsed >= timer.timer.0 {
                return Poll::Ready(());
            }
            inner.wake_later(context);
            Poll::Pending
        })
        .await;
    }
}

/// Something that waits for a time; dropped, it does not any more.
struct Timer<'a> {
    simulation: &'a Simulation,
    timer: (Duration, u64),
}

impl Drop for Timer<'_> {
    fn drop(&mut self) {
        self.simulation.lock().timers.remove(&self.timer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_pass_in_no_time_and_what_never_happens_is_noticed() {
        let simulation = Simulation::from(State::new(1), Vec::new());
        let day = Duration::from_secs(86_400);
        assert_eq!(simulation.run(simulation.wait(day), Duration::MAX), Some(()));
        assert_eq!(simulation.state().elapsed, day);
        assert_eq!(simulation.run(std::future::pending::<()>(), Duration::MAX), None);
        assert_eq!(simulation.run(simulation.wait(day), day), None);
    }
}
