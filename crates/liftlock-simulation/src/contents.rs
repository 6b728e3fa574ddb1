//! The contents of a simulated world, kept in memory.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use liftlock_journal::{BlobError, Contents};
use liftlock_names::Digest;

use crate::simulation::Simulation;

/// Where the contents would be, if they were anywhere.
const ROOT: &str = "/contents";

impl Contents for Simulation {
    fn put_from(&self, source: &mut dyn Read, from: &Path) -> Result<(Digest, u64), BlobError> {
        let mut bytes = Vec::new();
        source.read_to_end(&mut bytes).map_err(|source| BlobError::Io { path: from.to_owned(), source })?;
        Ok((self.put(&bytes)?, bytes.len() as u64))
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let digest = Digest::of(bytes);
        let mut inner = self.lock();
        if !inner.state.contents.contains_key(&digest) {
            Arc::make_mut(&mut inner.state.contents).insert(digest, bytes.into());
            inner.state.changes += 1;
        }
        Ok(digest)
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let inner = self.lock();
        let content = inner.state.contents.get(digest).ok_or_else(|| missing(digest))?;
        Ok(content.to_vec())
    }

    fn path(&self, digest: &Digest, name: &str) -> Result<PathBuf, BlobError> {
        if !self.lock().state.contents.contains_key(digest) {
            return Err(missing(digest));
        }
        Ok(Path::new(ROOT).join(digest.hex()).join(name.replace('/', "_")))
    }
}

fn missing(digest: &Digest) -> BlobError {
    BlobError::Missing { digest: *digest, root: PathBuf::from(ROOT) }
}
