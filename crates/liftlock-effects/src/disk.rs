//! Changing files so that a reader, or a loss of power, sees the old state or the new one.

use std::fs::{self, File, OpenOptions, Permissions};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use rustix::fs::{Gid, Uid, fchown};
use walkdir::WalkDir;

use crate::Entry;

pub(crate) fn entry(path: &Path) -> io::Result<Option<Entry>> {
    let metadata = match path.symlink_metadata() {
        Ok(metadata) => metadata,
        // A file in the place of a folder above it: nothing can be there.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let kind = metadata.file_type();
    Ok(Some(if kind.is_file() {
        Entry::File { bytes: metadata.len(), mode: metadata.mode() & 0o7777 }
    } else if kind.is_symlink() {
        Entry::Link { target: path.read_link()? }
    } else if kind.is_dir() {
        Entry::Directory
    } else {
        Entry::Other
    }))
}

pub(crate) fn files(root: &Path, enters: &dyn Fn(&Path) -> bool) -> Vec<PathBuf> {
    let walk = WalkDir::new(root).follow_links(true).into_iter().filter_entry(|entry| {
        let is_entered = |folder: &Path| folder.as_os_str().is_empty() || enters(folder);
        !entry.file_type().is_dir() || entry.path().strip_prefix(root).map_or(true, is_entered)
    });
    // What cannot be looked into matters only to who wants a file of it, and reading that file says so.
    walk.flatten()
        .filter(|entry| entry.file_type().is_file())
        .filter_map(|entry| entry.path().strip_prefix(root).ok().map(Path::to_owned))
        .collect()
}

/// Nothing of it is synced: what is added like this may be lost with the power.
pub(crate) fn extend(path: &Path) -> io::Result<File> {
    fs::create_dir_all(path.parent().unwrap_or(path))?;
    OpenOptions::new().create(true).append(true).open(path)
}

pub(crate) fn write(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let folder = parent_of(path)?;
    let old = path.symlink_metadata().ok().filter(fs::Metadata::is_file);
    replace(path, &folder, |temporary| {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(temporary)?;
        file.write_all(content)?;
        if let Some(old) = old {
            keep_owner(&file, &old)?;
        }
        // After the owner, because a change of owner takes the set-user-id bit away.
        file.set_permissions(Permissions::from_mode(mode & 0o7777))?;
        file.sync_all()
    })
}

pub(crate) fn link(path: &Path, target: &Path) -> io::Result<()> {
    let folder = parent_of(path)?;
    replace(path, &folder, |temporary| symlink(target, temporary))
}

pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    // From the one that is there downwards, so that each new name is on disk with the folder that holds it.
    let missing: Vec<_> = path.ancestors().take_while(|folder| !folder.is_dir()).collect();
    for folder in missing.into_iter().rev() {
        match fs::create_dir(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => {}
            result => result?,
        }
        if let Some(parent) = folder.parent() {
            sync(&File::open(parent)?)?;
        }
    }
    Ok(())
}

pub(crate) fn remove(path: &Path) -> io::Result<()> {
    let removed = match entry(path)? {
        None => return Ok(()),
        Some(Entry::Directory) => fs::remove_dir(path).map_err(|error| match error.kind() {
            io::ErrorKind::DirectoryNotEmpty => io::Error::new(error.kind(), not_empty(path)),
            _ => error,
        }),
        Some(_) => fs::remove_file(path),
    };
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        result => result?,
    }
    match path.parent() {
        Some(folder) => sync(&File::open(folder)?),
        None => Ok(()),
    }
}

/// What is still in a folder, up to three names.
fn not_empty(path: &Path) -> String {
    let Ok(folder) = fs::read_dir(path) else {
        return "the folder is not empty".to_owned();
    };
    let mut names: Vec<_> = folder.flatten().map(|file| format!("`{}`", file.file_name().to_string_lossy())).collect();
    names.sort();
    let more = names.len().saturating_sub(3);
    names.truncate(3);
    let names = names.join(", ");
    match more {
        0 => format!("the folder is not empty: {names}"),
        _ => format!("the folder is not empty: {names} and {more} more"),
    }
}

/// The folder of `path`, made if it is missing and opened so that it can be synced after nothing may fail any more.
fn parent_of(path: &Path) -> io::Result<(PathBuf, File)> {
    let folder = path.parent().ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "it names no file"))?;
    make_directory(folder)?;
    Ok((folder.to_owned(), File::open(folder)?))
}

/// Lets `make` make something new beside `path`, and puts it in its place.
fn replace(
    path: &Path,
    (folder, handle): &(PathBuf, File),
    make: impl FnOnce(&Path) -> io::Result<()>,
) -> io::Result<()> {
    let temporary = folder.join(format!(".liftlock-{:016x}", chance()));
    let replaced = make(&temporary).and_then(|()| fs::rename(&temporary, path));
    if replaced.is_err() {
        // The first error is the one to tell; a file that was never made cannot be removed either.
        let _ = fs::remove_file(&temporary);
    }
    replaced?;
    sync(handle)
}

/// Some file systems cannot sync a folder and say that the argument is invalid; they need it as little.
fn sync(folder: &File) -> io::Result<()> {
    match folder.sync_all() {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => Ok(()),
        result => result,
    }
}

/// Only a superuser can give a file away; anybody may hand it to another group of theirs.
fn keep_owner(file: &File, old: &fs::Metadata) -> io::Result<()> {
    let new = file.metadata()?;
    let user = (new.uid() != old.uid()).then(|| Uid::from_raw(old.uid()));
    let group = (new.gid() != old.gid()).then(|| Gid::from_raw(old.gid()));
    if user.is_none() && group.is_none() {
        return Ok(());
    }
    let tried = match fchown(file, user, group) {
        Err(rustix::io::Errno::PERM) if group.is_some() => fchown(file, None, group),
        result => result,
    };
    match tried {
        Err(rustix::io::Errno::PERM) | Ok(()) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// A random number: the standard library seeds its hash tables from the system, and differently each time.
pub(crate) fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}
