//! A plan in a file.

use std::path::Path;

use liftlock_names::Digest;
use serde::{Deserialize, Serialize};

use crate::document::{FORMAT, Plan};
use crate::error::PlanError;

/// A plan with its hash, as `--out` writes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SavedPlan {
    pub hash: Digest,
    pub plan: Plan,
}

impl SavedPlan {
    pub fn new(plan: Plan) -> Self {
        SavedPlan { hash: plan.hash(), plan }
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
        let found = saved.plan.hash();
        if found != saved.hash {
            return Err(PlanError::Tampered { said: saved.hash.short(), found: found.short() });
        }
        Ok(saved)
    }
}
