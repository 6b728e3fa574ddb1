//! The names of things while a release is under way.
//!
//! Digests, addresses, runs and releases are named alike in plans, records and reports, and each has one text form
//! that parses back to it. What the names stand for lives elsewhere.

mod address;
mod digest;
mod image;
mod release;
mod run_id;

pub use address::{Address, AddressError, Part};
pub use digest::{Digest, DigestError};
pub use image::{ImageError, ImageName};
pub use release::ReleaseRef;
pub use run_id::{RunId, RunIdError};
