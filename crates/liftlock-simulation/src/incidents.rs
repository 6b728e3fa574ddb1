//! What befalls a run from outside: its leases expire or are taken, the clock is set.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::Event;
use liftlock_names::RunId;

use crate::state::State;

/// Something that befalls a run.
#[derive(Debug, Clone, PartialEq)]
pub enum Incident {
    /// The run did not renew its leases for too long, and nobody has taken them.
    Expire,
    /// As `Expire`, and somebody has taken them since.
    Steal,
    /// Somebody sets the clock on the wall forward by so many milliseconds, or back.
    SetClock(i64),
    /// Somebody else appends to the records of the run: asks for its end, say.
    Say(Box<Event>),
}

impl Incident {
    pub(crate) fn befall(self, state: &mut State) {
        let now = state.now();
        match self {
            Incident::Say(event) => {
                let run = state.records.last().map(|record| record.run.clone());
                if let Some(run) = run {
                    state.append(&run, now, *event);
                }
            }
            Incident::SetClock(by) => state.set_forward = state.set_forward.saturating_add(by),
            Incident::Expire => {
                for row in Arc::make_mut(&mut state.leases).values_mut().filter(|row| row.until.is_some()) {
                    row.until = Some(now);
                }
            }
            Incident::Steal => {
                let thief = RunId::new(Timestamp::UNIX_EPOCH, 7);
                let until = now.checked_add(Duration::from_secs(30)).unwrap_or(now);
                for row in Arc::make_mut(&mut state.leases).values_mut().filter(|row| row.until.is_some()) {
                    row.owner = thief.clone();
                    row.token += 1;
                    row.until = Some(until);
                }
            }
        }
    }
}
