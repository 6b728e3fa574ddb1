//! Contents kept under their digests: artifacts, and the files that releases replaced.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use liftlock_names::Digest;
use thiserror::Error;

use crate::Contents;
use crate::draft::chance;

/// A folder of contents, `sha256/ab/cdef…/content`, each written once and never changed.
///
/// Any number of processes may write at once, the same content too. A content appears under its digest whole or not at
/// all: it is written beside it, synced, and renamed.
#[derive(Debug, Clone)]
pub struct Blobs {
    root: PathBuf,
}

#[derive(Debug, Error)]
pub enum BlobError {
    #[error("`{path}`: {source}")]
    Io { path: PathBuf, source: io::Error },
    #[error("{digest} is not in the store `{root}`")]
    Missing { digest: Digest, root: PathBuf },
    #[error("what the store `{root}` keeps as {digest} has been changed: it is {found}")]
    Changed { digest: Digest, found: Digest, root: PathBuf },
}

/// The name of every content in the folder of its digest.
const CONTENT: &str = "content";

impl Blobs {
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Blobs { root: root.into() }
    }

    /// Reads the content of a digest through, and changes nothing.
    ///
    /// # Errors
    /// [`BlobError::Missing`], [`BlobError::Changed`], [`BlobError::Io`].
    pub fn verify(&self, digest: &Digest) -> Result<(), BlobError> {
        let content = self.folder(digest).join(CONTENT);
        let found = digest_of(&content).map_err(|error| self.absent(digest, &content, error))?;
        self.expect(digest, found)
    }

    pub fn contains(&self, digest: &Digest) -> bool {
        self.folder(digest).join(CONTENT).is_file()
    }

    fn folder(&self, digest: &Digest) -> PathBuf {
        let hex = digest.hex();
        let (head, rest) = hex.split_at(2);
        self.root.join("sha256").join(head).join(rest)
    }

    /// Copies what `source` yields beside the contents, and gives it its place once its digest is known.
    fn store(&self, source: &mut dyn Read, from: &Path) -> Result<(Digest, u64), BlobError> {
        let folder = self.root.join("sha256");
        fs::create_dir_all(&folder).map_err(at(&folder))?;
        let draft = Draft::new(&folder)?;
        let (digest, length) = draft.fill(source, from)?;
        let folder = self.folder(&digest);
        let content = folder.join(CONTENT);
        // One that was changed on disk is replaced by what it should be.
        if digest_of(&content).ok() != Some(digest) {
            fs::create_dir_all(&folder).map_err(at(&folder))?;
            draft.become_file(&content)?;
        }
        // Also where it was there already: whoever made it may not have come to this point yet.
        for folder in folder.ancestors().take(4) {
            File::open(folder).and_then(|folder| folder.sync_all()).map_err(at(folder))?;
        }
        Ok((digest, length))
    }

    fn copy(&self, digest: &Digest, content: &Path, named: &Path) -> Result<(), BlobError> {
        let mut source = File::open(content).map_err(|error| self.absent(digest, content, error))?;
        let draft = Draft::new(&self.folder(digest))?;
        let (found, _) = draft.fill(&mut source, content)?;
        self.expect(digest, found)?;
        draft.become_file(named)
    }

    fn expect(&self, digest: &Digest, found: Digest) -> Result<(), BlobError> {
        if found == *digest {
            return Ok(());
        }
        Err(BlobError::Changed { digest: *digest, found, root: self.root.clone() })
    }

    fn absent(&self, digest: &Digest, path: &Path, error: io::Error) -> BlobError {
        match error.kind() {
            io::ErrorKind::NotFound => BlobError::Missing { digest: *digest, root: self.root.clone() },
            _ => at(path)(error),
        }
    }
}

impl Contents for Blobs {
    fn put_from(&self, source: &mut dyn Read, from: &Path) -> Result<(Digest, u64), BlobError> {
        self.store(source, from)
    }

    fn put(&self, bytes: &[u8]) -> Result<Digest, BlobError> {
        let mut source = bytes;
        self.store(&mut source, &self.root).map(|(digest, _)| digest)
    }

    fn get(&self, digest: &Digest) -> Result<Vec<u8>, BlobError> {
        let path = self.folder(digest).join(CONTENT);
        let content = fs::read(&path).map_err(|error| self.absent(digest, &path, error))?;
        self.expect(digest, Digest::of(&content))?;
        Ok(content)
    }

    fn path(&self, digest: &Digest, name: &str) -> Result<PathBuf, BlobError> {
        let content = self.folder(digest).join(CONTENT);
        let found = digest_of(&content).map_err(|error| self.absent(digest, &content, error))?;
        self.expect(digest, found)?;
        let named = self.folder(digest).join(component(name));
        if named == content {
            return Ok(named);
        }
        match fs::hard_link(&content, &named) {
            Ok(()) => return Ok(named),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if is_same(&content, &named, digest).map_err(at(&named))? {
                    return Ok(named);
                }
            }
            // There are file systems without links, and some allow a file only so many.
            Err(_) => {}
        }
        self.copy(digest, &content, &named)?;
        Ok(named)
    }
}

/// A file that is being written; it is removed unless it becomes something.
struct Draft {
    path: PathBuf,
}

impl Draft {
    fn new(folder: &Path) -> Result<Draft, BlobError> {
        let path = folder.join(format!(".{:016x}.new", chance()));
        File::create_new(&path).map_err(at(&path))?;
        Ok(Draft { path })
    }

    /// Writes what `source` yields, synced and read-only.
    fn fill(&self, source: &mut dyn Read, from: &Path) -> Result<(Digest, u64), BlobError> {
        let here = at(&self.path);
        let mut file = OpenOptions::new().write(true).open(&self.path).map_err(&here)?;
        // What fails on this side must not be reported as a failure of the source.
        let mut failed = None;
        let mut tee = Tee { source, file: &mut file, failed: &mut failed };
        let result = Digest::of_reader(&mut tee);
        if let Some(error) = failed {
            return Err(here(error));
        }
        let (digest, length) = result.map_err(at(from))?;
        file.set_permissions(Permissions::from_mode(0o444)).map_err(&here)?;
        file.sync_all().map_err(&here)?;
        Ok((digest, length))
    }

    fn become_file(self, path: &Path) -> Result<(), BlobError> {
        fs::rename(&self.path, path).map_err(at(path))
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        // After a rename there is nothing of that name any more.
        let _ = fs::remove_file(&self.path);
    }
}

/// Hands on what it reads, and writes it to a file as well.
struct Tee<'a> {
    source: &'a mut dyn Read,
    file: &'a mut File,
    failed: &'a mut Option<io::Error>,
}

impl Read for Tee<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.source.read(buffer)?;
        let written = buffer.get(..count).map_or(Ok(()), |bytes| self.file.write_all(bytes));
        written.map_err(|error| {
            let kind = error.kind();
            *self.failed = Some(error);
            // An interruption would be taken for a reason to go on.
            io::Error::from(if kind == io::ErrorKind::Interrupted { io::ErrorKind::Other } else { kind })
        })?;
        Ok(count)
    }
}

fn digest_of(path: &Path) -> io::Result<Digest> {
    Digest::of_reader(&mut File::open(path)?).map(|(digest, _)| digest)
}

/// Whether `named` is the content itself, or a file of the same content. A link to elsewhere is not.
fn is_same(content: &Path, named: &Path, digest: &Digest) -> io::Result<bool> {
    let (one, other) = (fs::symlink_metadata(content)?, fs::symlink_metadata(named)?);
    if (one.dev(), one.ino()) == (other.dev(), other.ino()) {
        return Ok(true);
    }
    Ok(other.is_file() && digest_of(named)? == *digest)
}

/// One component of a path, as much like `name` as may be. None begins with a dot, and so none is a draft's.
fn component(name: &str) -> String {
    let plain = |c: char| {
        if c == '/' || c == '\\' || c.is_control() { '_' } else { c }
    };
    let mut text: String = name.chars().map(plain).collect();
    if text.starts_with('.') {
        text.replace_range(..1, "_");
    }
    // File systems take 255 bytes; the end, where the kind of the file stands, is worth more than the beginning.
    let mut start = text.len().saturating_sub(200);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    if start > 0 {
        text.replace_range(..start, "");
    }
    if text.is_empty() { CONTENT.to_owned() } else { text }
}

fn at(path: &Path) -> impl Fn(io::Error) -> BlobError {
    move |source| BlobError::Io { path: path.to_owned(), source }
}
