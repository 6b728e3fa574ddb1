//! Where contents are kept: a trait of a few methods.

use std::io::Read;
use std::path::{Path, PathBuf};

use liftlock_names::Digest;

use crate::BlobError;

/// A place where contents are kept for good under their digests, each written once and never changed.
pub trait Contents {
    /// Keeps what `source` yields; `from` is what a failure to read it is told of. It is kept for good, under its digest,
    /// when this returns, with its length in bytes.
    ///
    /// # Errors
    /// [`BlobError::Io`] where the source cannot be read or the place cannot be written.
    fn put_from(&self, source: &mut dyn Read, from: &Path) -> Result<(Digest, u64), BlobError>;

    /// Keeps `bytes`. They are kept for good, under their digest, when this returns.
    ///
    /// # Errors
    /// [`BlobError::Io`] where the place cannot be written.
    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError>;

    /// The content of a digest, verified against it.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Changed`], [`BlobError::Io`].
    fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError>;

    /// The path of a digest's content under the name `name`, verified against the digest: what is handed to programs,
    /// some of which look at a file's name. It is read-only.
    ///
    /// Of `name`, what would lead out of the folder is replaced: it is one component of a path, whatever it says.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Changed`], [`BlobError::Io`].
    fn path(&self, digest: &Digest, name: &str) -> Result<PathBuf, BlobError>;
}
