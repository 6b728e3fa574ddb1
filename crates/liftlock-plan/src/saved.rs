//! A plan in a file, and how long it holds.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use liftlock_names::Digest;
use serde::{Deserialize, Serialize};

use crate::document::{FORMAT, Plan};
use crate::error::PlanError;

/// A plan with its hash, as `--out` writes it.
///
/// When it was made is no part of the plan: who plans the same twice gets the same hash, and an approval of it means
/// the same. The seal keeps what stands beside the plan from being changed unseen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    pub hash: Digest,
    pub made_at: Timestamp,
    /// From then on it is not run any more.
    pub expires_at: Timestamp,
    /// The digest of all the rest.
    pub seal: Digest,
    pub plan: Plan,
    /// What is run after it: the way back over several releases is a plan for each.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub then: Vec<Plan>,
}

impl SavedPlan {
    /// `plans` in the order in which they are run. `None` where there are none, or where they would hold for ever.
    pub fn new(plans: Vec<Plan>, made_at: Timestamp, holds: SignedDuration) -> Option<Self> {
        let expires_at = made_at.checked_add(holds).ok()?;
        let mut plans = plans.into_iter();
        let plan = plans.next()?;
        let mut saved =
            SavedPlan { hash: plan.hash(), made_at, expires_at, seal: Digest::of(b""), plan, then: plans.collect() };
        saved.seal = saved.sealed();
        Some(saved)
    }

    fn sealed(&self) -> Digest {
        let mut texts = vec![self.hash.to_string(), self.made_at.to_string(), self.expires_at.to_string()];
        texts.extend(self.then.iter().map(|plan| plan.hash().to_string()));
        Digest::of_all(texts.iter().map(String::as_bytes))
    }

    /// Every plan of the file, in the order in which they are run.
    pub fn plans(self) -> Vec<Plan> {
        std::iter::once(self.plan).chain(self.then).collect()
    }

    /// The text of the file.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a plan holds only maps with text keys");
        text.push('\n');
        text
    }

    /// Reads a file's text, and refuses one that was changed.
    ///
    /// # Errors
    /// [`PlanError::NotAPlan`], [`PlanError::OtherFormat`], [`PlanError::Tampered`].
    pub fn from_text(path: &Path, text: &str) -> Result<Self, PlanError> {
        /// Enough to tell the format from, whatever else it is.
        #[derive(Deserialize)]
        struct Head {
            plan: Format,
        }
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let not_a_plan = |error: serde_json::Error| PlanError::NotAPlan(format!("{}: {error}", path.display()));
        let head: Head = serde_json::from_str(text).map_err(not_a_plan)?;
        if head.plan.format != FORMAT {
            return Err(PlanError::OtherFormat { found: head.plan.format, known: FORMAT });
        }
        let saved: SavedPlan = serde_json::from_str(text).map_err(not_a_plan)?;
        for (said, found) in [(saved.hash, saved.plan.hash()), (saved.seal, saved.sealed())] {
            if said != found {
                return Err(PlanError::Tampered { said: said.short(), found: found.short() });
            }
        }
        Ok(saved)
    }

    /// Whether the plan may still be run.
    ///
    /// # Errors
    /// [`PlanError::Expired`].
    pub fn holds_at(&self, now: Timestamp) -> Result<(), PlanError> {
        if now < self.expires_at {
            return Ok(());
        }
        let minute = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M UTC").to_string();
        Err(PlanError::Expired { made: minute(self.made_at), expired: minute(self.expires_at) })
    }
}
