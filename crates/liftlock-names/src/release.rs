//! What an environment runs: a numbered release of a version with a digest.

use serde::{Deserialize, Serialize};

use crate::{Digest, RunId};

/// One release of a pipeline, as the ledger knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReleaseRef {
    /// Rises with every release of the pipeline, from 1.
    pub number: u64,
    /// The artifact's version.
    pub version: String,
    /// The artifact's digest; a pipeline without an artifact has none.
    pub digest: Option<Digest>,
    /// The run that made it.
    pub run: RunId,
}
