//! The release files of a git revision, read straight from git: nothing is checked out and nothing is written.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use liftlock_model::ReadFiles;

use crate::exit::Problem;
use crate::project::is_left_out;

/// A commit of the repository around a project.
pub struct Revision {
    root: PathBuf,
    /// The full name of the commit.
    commit: String,
}

impl Revision {
    /// The commit that `name`, a branch or a tag say, stands for.
    pub fn find(root: &Path, name: &str) -> Result<Self, Problem> {
        let wanted = format!("{name}^{{commit}}");
        let commit =
            git(root, &["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).map_err(|error| {
                let why = error.to_string();
                let why = if why.is_empty() { "git knows no such commit".to_owned() } else { why };
                Problem::failed(format!("the revision `{name}`: {why}"))
                    .with_help("name a branch, a tag or a commit; in a shallow clone, fetch it first")
            })?;
        let commit = String::from_utf8_lossy(&commit).trim().to_owned();
        Ok(Revision { root: root.to_owned(), commit })
    }

    /// The release files of the project then, relative to its folder.
    pub fn release_files(&self) -> Result<Vec<PathBuf>, Problem> {
        let listed = git(&self.root, &["ls-tree", "-r", "-z", "--name-only", &self.commit]);
        let listed = listed.map_err(|error| Problem::failed(format!("the files of {}: {error}", self.commit)))?;
        let paths = listed.split(|byte| *byte == 0).map(|path| PathBuf::from(String::from_utf8_lossy(path).as_ref()));
        let is_meant = |path: &PathBuf| {
            let folders = path.parent().into_iter().flat_map(Path::components);
            path.extension().is_some_and(|extension| extension == "release")
                && !folders.into_iter().any(|folder| is_left_out(&folder.as_os_str().to_string_lossy()))
        };
        Ok(paths.filter(is_meant).collect())
    }
}

impl ReadFiles for Revision {
    fn read(&self, path: &Path) -> io::Result<String> {
        // `./` makes git read the path as relative to the folder, as the files themselves do.
        let object = format!("{}:./{}", self.commit, path.display());
        let bytes = git(&self.root, &["cat-file", "blob", &object])?;
        String::from_utf8(bytes).map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8"))
    }
}

fn git(root: &Path, arguments: &[&str]) -> io::Result<Vec<u8>> {
    let output = Command::new("git").arg("-C").arg(root).args(arguments).output()?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(said.lines().next().unwrap_or_default().trim_start_matches("fatal: ").to_owned()))
}
