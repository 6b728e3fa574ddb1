//! The sources of an artifact: which files they are, and the digest of what they say.

use std::path::{Path, PathBuf};

use globset::{Glob, GlobSetBuilder};
use liftlock_effects::World;
use liftlock_names::Digest;
use liftlock_plan::SourceState;
use thiserror::Error;

/// Folders that hold no sources: the tool's own, and those of version control.
const LEFT_OUT: &[&str] = &[".liftlock", ".git", ".hg", ".jj"];

#[derive(Debug, Error)]
pub enum SourceError {
    #[error("`{glob}` is no glob: {why}")]
    Glob { glob: String, why: String },
    #[error("no file matches the sources {globs}")]
    Nothing { globs: String },
    #[error("the source `{path}` cannot be read: {why}")]
    Unreadable { path: PathBuf, why: String },
}

/// Reads every file below `root` that matches one of `globs`, in the order of their paths.
///
/// # Errors
/// Where a glob is none, nothing matches, or a file cannot be read.
pub fn read_sources(world: &dyn World, root: &Path, globs: &[String]) -> Result<SourceState, SourceError> {
    let mut set = GlobSetBuilder::new();
    for glob in globs {
        let bad = |error: globset::Error| SourceError::Glob { glob: glob.clone(), why: error.kind().to_string() };
        set.add(Glob::new(glob).map_err(bad)?);
    }
    let set = set.build().map_err(|error| SourceError::Glob { glob: globs.join(", "), why: error.to_string() })?;

    let beginnings: Vec<&str> = globs.iter().map(|glob| beginning(glob)).collect();
    let mut paths = world.files(root, &|folder| {
        let is_left_out = folder.file_name().is_some_and(|name| LEFT_OUT.iter().any(|other| name == *other));
        let Some(folder) = folder.to_str().map(|folder| format!("{folder}/")) else { return !is_left_out };
        let leads_there = |beginning: &&str| folder.starts_with(beginning) || beginning.starts_with(&folder);
        !is_left_out && beginnings.iter().any(leads_there)
    });
    paths.retain(|path| set.is_match(path));
    if paths.is_empty() {
        return Err(SourceError::Nothing { globs: globs.join(", ") });
    }
    paths.sort();

    let mut texts: Vec<Vec<u8>> = Vec::with_capacity(paths.len() * 2);
    for path in &paths {
        let unreadable = |error: std::io::Error| SourceError::Unreadable { path: path.clone(), why: error.to_string() };
        let mut file = world.open(&root.join(path)).map_err(unreadable)?;
        let (digest, _) = Digest::of_reader(&mut file).map_err(unreadable)?;
        texts.push(path.as_os_str().as_encoded_bytes().to_vec());
        texts.push(digest.to_string().into_bytes());
    }
    Ok(SourceState { digest: Digest::of_all(texts.iter().map(Vec::as_slice)), files: paths.len() })
}

/// What every path begins with that a glob matches. Folders that do not lie on the way there need not be looked into: what
/// is released lies in the project as well, and may be much more than its sources.
fn beginning(glob: &str) -> &str {
    let end = glob.find(['*', '?', '[', '{', '\\']).unwrap_or(glob.len());
    &glob[..end]
}

#[cfg(test)]
mod tests {
    use liftlock_effects::RealWorld;

    use super::*;

    #[test]
    fn the_digest_follows_names_and_contents_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("src")).unwrap();
        std::fs::write(root.join("src/a"), "1").unwrap();
        std::fs::write(root.join("other"), "1").unwrap();
        let read = || read_sources(&RealWorld, root, &["src/**".to_owned()]).unwrap();
        let first = read();
        assert_eq!(first.files, 1);

        std::fs::write(root.join("other"), "2").unwrap();
        assert_eq!(read(), first);
        std::fs::write(root.join("src/a"), "2").unwrap();
        assert_ne!(read(), first);
        std::fs::write(root.join("src/a"), "1").unwrap();
        assert_eq!(read(), first);
        std::fs::rename(root.join("src/a"), root.join("src/b")).unwrap();
        assert_ne!(read(), first);
    }

    #[test]
    fn every_folder_on_the_way_to_a_source_is_looked_into() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for path in ["app/a/b.rs", "apple/c.rs", "other/d.rs", "e.rs"] {
            std::fs::create_dir_all(root.join(path).parent().unwrap()).unwrap();
            std::fs::write(root.join(path), path).unwrap();
        }
        let many = [("app*", 2), ("app/**", 1), ("app/a/b.rs", 1), ("**/*.rs", 4), ("{app,other}/**", 2), ("[eo]*", 2)];
        for (glob, files) in many {
            assert_eq!(read_sources(&RealWorld::new(), root, &[glob.to_owned()]).unwrap().files, files, "{glob}");
        }
        assert_eq!(read_sources(&RealWorld::new(), root, &["e.rs".to_owned(), "app/**".to_owned()]).unwrap().files, 2);
    }

    #[test]
    fn sources_that_match_nothing_are_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let read = read_sources(&RealWorld, folder.path(), &["src/**".to_owned()]);
        assert!(matches!(read, Err(SourceError::Nothing { .. })));
    }
}
