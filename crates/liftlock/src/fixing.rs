//! Fixes of findings, applied round by round until nothing changes, then written or shown.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use liftlock_check::Levels;
use liftlock_diagnostics::mend;
use similar::TextDiff;

use crate::atomic;
use crate::exit::Problem;
use crate::project::{self, Disk, Examined};

/// A fix can make place for the next; fixes that undo each other must not go on for ever.
const ROUNDS: usize = 10;

/// What the fixes make of the files, still unwritten.
pub struct Fixed {
    /// What is wrong once they are applied.
    pub examined: Examined,
    /// How many findings they mend.
    pub count: usize,
    /// The old and the new text of each file that changes.
    changes: BTreeMap<PathBuf, (String, String)>,
}

/// Applies the fixes to what is on disk, in memory.
pub fn fix(files: &[PathBuf], root: Option<&Path>, levels: &Levels, with_unsafe: bool) -> Result<Fixed, Problem> {
    let mut disk = Disk::default();
    let mut changes: BTreeMap<PathBuf, (String, String)> = BTreeMap::new();
    let mut count = 0;
    let mut examined = project::review_on(&disk, files, root, levels)?;
    for _ in 0..ROUNDS {
        let mended = mend(&examined.findings, &examined.sources, with_unsafe);
        if mended.count == 0 {
            break;
        }
        count += mended.count;
        for (id, text) in mended.texts {
            let source = examined.sources.get(id);
            let change = changes.entry(source.path.clone()).or_insert_with(|| (source.text.to_string(), String::new()));
            change.1.clone_from(&text);
            disk.instead.insert(source.path.clone(), text);
        }
        examined = project::review_on(&disk, files, root, levels)?;
    }
    changes.retain(|_, (old, new)| old != new);
    Ok(Fixed { examined, count, changes })
}

impl Fixed {
    /// No fix was asked for.
    pub fn nothing(examined: Examined) -> Self {
        Fixed { examined, count: 0, changes: BTreeMap::new() }
    }

    pub fn files(&self) -> usize {
        self.changes.len()
    }

    /// The changes as a unified diff.
    pub fn diff(&self) -> String {
        let of_one = |(path, (old, new)): (&PathBuf, &(String, String))| {
            let (before, after) = (format!("a/{}", path.display()), format!("b/{}", path.display()));
            TextDiff::from_lines(old.as_str(), new.as_str()).unified_diff().header(&before, &after).to_string()
        };
        self.changes.iter().map(of_one).collect()
    }

    /// Writes the files, each whole or not at all.
    pub fn write(&self) -> Result<(), Problem> {
        for (path, (old, new)) in &self.changes {
            replace(path, old, new)
                .map_err(|error| Problem::failed(format!("`{}` cannot be written: {error}", path.display())))?;
        }
        Ok(())
    }
}

/// Puts `new` in the place of a file that says `old`.
fn replace(path: &Path, old: &str, new: &str) -> io::Result<()> {
    if fs::read(path)? != old.as_bytes() {
        return Err(io::Error::other("it was changed in the meantime; check again"));
    }
    atomic::write(path, new)
}
