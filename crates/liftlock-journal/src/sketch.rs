//! What the ledger reads of a record: most records only move it on, and those are not understood any further.
//!
//! Folding sketches comes to the same ledger as folding whole records; a test holds one against the other.

use std::borrow::Cow;

use liftlock_names::Digest;
use serde::Deserialize;

use crate::chain::{self, Kept};
use crate::{Action, Event, Ledger, StoreError};

/// Extends a ledger by a record as it is kept.
///
/// # Errors
/// [`StoreError::Unreadable`] where this version of the program does not understand it.
pub(crate) fn follow(ledger: &mut Ledger, sequence: u64, kept: Kept<'_>) -> Result<(), StoreError> {
    let unreadable = |why| StoreError::Unreadable { sequence, why };
    let head: Head = serde_json::from_str(kept.body).map_err(|error| unreadable(error.to_string()))?;
    chain::known(head.v).map_err(unreadable)?;
    match &*head.event {
        "run-started" => {
            let begun: Begun = serde_json::from_str(kept.body).map_err(|error| unreadable(error.to_string()))?;
            ledger.apply(&kept.record_of(sequence, begun.event())?);
        }
        event if is_passed(event) || (is_an_end(event) && !ledger.waits(kept.run)) => {
            let at = kept.at.parse().map_err(|error| unreadable(format!("its time: {error}")))?;
            ledger.pass(sequence, kept.run, at);
            if event == "effect-finished"
                && let Some(environment) = head.effect.as_deref().and_then(environment_of)
            {
                ledger.finish(kept.run, &environment);
            }
        }
        _ => ledger.apply(&kept.record(sequence)?),
    }
    Ok(())
}

/// What the body of every record begins with.
#[derive(Deserialize)]
struct Head<'a> {
    v: u32,
    #[serde(borrow)]
    event: Cow<'a, str>,
    #[serde(default, borrow)]
    effect: Option<Cow<'a, str>>,
}

/// The first record of a run, but for its plan, which is nearly all of it.
#[derive(Deserialize)]
struct Begun {
    pipeline: String,
    action: Action,
    version: String,
    number: u64,
    plan_hash: Digest,
    by: String,
    host: String,
}

impl Begun {
    fn event(self) -> Event {
        let Begun { pipeline, action, version, number, plan_hash, by, host } = self;
        let (plan, process, approve) = (String::new(), 0, Vec::new());
        Event::RunStarted { pipeline, action, version, number, plan_hash, plan, by, host, process, approve }
    }
}

/// Whether the ledger takes no more of an event than its time.
fn is_passed(event: &str) -> bool {
    matches!(
        event,
        "effect-started"
            | "effect-in-place"
            | "effect-not-needed"
            | "check-started"
            | "check-passed"
            | "check-failed"
            | "lease-taken"
            | "lease-released"
            | "notice-failed"
            | "undo-started"
    )
}

/// Whether it is the end of something that the run may have waited for.
fn is_an_end(event: &str) -> bool {
    matches!(event, "effect-finished" | "effect-failed" | "undo-finished" | "undo-failed")
}

/// The pipeline and the environment that the text of an address begins with: identifiers, without a slash of their own.
fn environment_of(address: &str) -> Option<(String, String)> {
    let mut names = address.splitn(3, '/');
    Some((names.next()?.to_owned(), names.next()?.to_owned()))
}
