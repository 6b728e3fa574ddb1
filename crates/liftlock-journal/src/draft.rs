//! Names for files that are not finished yet.

use std::hash::{BuildHasher as _, RandomState};

/// A number that no other process gets, whatever container or machine it runs in; not for secrets.
pub(crate) fn chance() -> u64 {
    RandomState::new().hash_one(std::process::id())
}
