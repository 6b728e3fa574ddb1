//! Files written whole or not at all.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;

/// Puts a file with this text at `path`; one that is there is replaced and keeps its permissions. Where the path is a
/// link, the file it leads to is replaced.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let there = match fs::canonicalize(path) {
        Ok(there) => Some(there),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let target = there.as_deref().unwrap_or(path);
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    let beside = target.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let written = write_new(&beside, there.as_deref(), text).and_then(|()| fs::rename(&beside, target));
    if written.is_err() {
        // What is left of the attempt says nothing to anybody.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Writes a new file, with the permissions of another, through to the disk.
fn write_new(path: &Path, like: Option<&Path>, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(text.as_bytes())?;
    if let Some(like) = like {
        file.set_permissions(fs::metadata(like)?.permissions())?;
    }
    file.sync_all()
}
