//! Files, links and folders in memory.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use liftlock_effects::Entry;

/// A tree of files. A clone costs nothing until one of the two is changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files {
    entries: Arc<BTreeMap<PathBuf, Kept>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kept {
    File { content: Arc<[u8]>, mode: u32 },
    Link { target: PathBuf },
    Directory,
}

impl Files {
    pub fn entry(&self, path: &Path) -> Option<Entry> {
        self.entries.get(path).map(|kept| match kept {
            Kept::File { content, mode } => Entry::File { bytes: content.len() as u64, mode: *mode },
            Kept::Link { target } => Entry::Link { target: target.clone() },
            Kept::Directory => Entry::Directory,
        })
    }

    /// The content of a file; links are not followed.
    pub fn content(&self, path: &Path) -> io::Result<Arc<[u8]>> {
        match self.entries.get(path) {
            Some(Kept::File { content, .. }) => Ok(content.clone()),
            Some(_) => Err(io::Error::from(io::ErrorKind::InvalidInput)),
            None => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }

    /// What stands at a path as one text, so that two can be compared.
    pub fn shown(&self, path: &Path) -> String {
        match self.entries.get(path) {
            None => "nothing".to_owned(),
            Some(Kept::Directory) => "a folder".to_owned(),
            Some(Kept::Link { target }) => format!("-> {}", target.display()),
            Some(Kept::File { content, mode }) => format!("{mode:o} {}", String::from_utf8_lossy(content)),
        }
    }

    pub fn write(&mut self, path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
        self.replace(path, Kept::File { content: content.into(), mode })
    }

    pub fn link(&mut self, path: &Path, target: &Path) -> io::Result<()> {
        self.replace(path, Kept::Link { target: target.to_owned() })
    }

    fn replace(&mut self, path: &Path, kept: Kept) -> io::Result<()> {
        if let Some(Kept::Directory) = self.entries.get(path) {
            return Err(io::Error::from(io::ErrorKind::IsADirectory));
        }
        if let Some(folder) = path.parent() {
            self.make_directory(folder)?;
        }
        Arc::make_mut(&mut self.entries).insert(path.to_owned(), kept);
        Ok(())
    }

    pub fn make_directory(&mut self, path: &Path) -> io::Result<()> {
        for folder in path.ancestors() {
            match self.entries.get(folder) {
                Some(Kept::Directory) => break,
                Some(_) => return Err(io::Error::from(io::ErrorKind::NotADirectory)),
                None => {
                    Arc::make_mut(&mut self.entries).insert(folder.to_owned(), Kept::Directory);
                }
            }
        }
        Ok(())
    }

    pub fn remove(&mut self, path: &Path) -> io::Result<()> {
        match self.entries.get(path) {
            None => return Ok(()),
            Some(Kept::Directory) => {
                let mut below = self.entries.range(path.to_owned()..).skip(1);
                if below.next().is_some_and(|(next, _)| next.starts_with(path)) {
                    return Err(io::Error::from(io::ErrorKind::DirectoryNotEmpty));
                }
            }
            Some(_) => {}
        }
        Arc::make_mut(&mut self.entries).remove(path);
        Ok(())
    }

    /// Every file below a folder, by its path from there.
    pub fn below(&self, root: &Path) -> Vec<PathBuf> {
        let files = self.entries.iter().filter(|(_, kept)| matches!(kept, Kept::File { .. }));
        files.filter_map(|(path, _)| path.strip_prefix(root).ok().map(Path::to_owned)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_removed_only_when_it_is_empty() {
        let mut files = Files::default();
        files.write(Path::new("/a/b/c"), b"1", 0o644).unwrap();
        assert_eq!(files.remove(Path::new("/a/b")).unwrap_err().kind(), io::ErrorKind::DirectoryNotEmpty);
        files.remove(Path::new("/a/b/c")).unwrap();
        files.remove(Path::new("/a/b")).unwrap();
        assert_eq!(files.entry(Path::new("/a/b")), None);
        assert_eq!(files.entry(Path::new("/a")), Some(Entry::Directory));
    }

    #[test]
    fn a_file_is_no_folder_for_others() {
        let mut files = Files::default();
        files.write(Path::new("/a"), b"1", 0o644).unwrap();
        assert_eq!(files.write(Path::new("/a/b"), b"2", 0o644).unwrap_err().kind(), io::ErrorKind::NotADirectory);
    }
}
