//! Files and what they import.

use std::collections::HashSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use liftlock_diagnostics::{Code, Finding, SourceId, Sources};
use liftlock_syntax::{File, ItemKind, parse};

pub(crate) const MISSING_FILE: Code = Code("names/missing-file");

/// Where texts come from: the only way in which the front end reaches files.
pub trait ReadFiles {
    /// # Errors
    /// Why the file cannot be read, or is no UTF-8 text.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// Files that were read and parsed, each once.
#[derive(Debug, Default)]
pub struct Loaded {
    pub sources: Sources,
    /// Indexed by [`SourceId`].
    files: Vec<LoadedFile>,
    /// What parsing found, and imports that lead nowhere.
    pub findings: Vec<Finding>,
    /// Files that were asked for and could not be read.
    pub unreadable: Vec<(PathBuf, io::Error)>,
}

#[derive(Debug)]
struct LoadedFile {
    file: File,
    imports: Vec<SourceId>,
    imported: bool,
}

impl Loaded {
    /// The roots of the models: the files that no other file imports and, of files that import one another in a circle,
    /// the first.
    pub fn roots(&self) -> Vec<SourceId> {
        let all: Vec<SourceId> = self.sources.iter().map(|(id, _)| id).collect();
        let mut roots: Vec<SourceId> = all.iter().copied().filter(|id| !self.loaded(*id).imported).collect();
        let mut seen: HashSet<SourceId> = HashSet::new();
        let see = |root: SourceId, seen: &mut HashSet<SourceId>| {
            seen.extend(self.unit(root).iter().map(|file| file.source));
        };
        for root in &roots {
            see(*root, &mut seen);
        }
        for id in all {
            if !seen.contains(&id) {
                see(id, &mut seen);
                roots.push(id);
            }
        }
        roots
    }

    /// A file and all it imports, each once, imports first.
    pub fn unit(&self, root: SourceId) -> Vec<&File> {
        let mut seen = HashSet::new();
        // An explicit stack: a chain of imports can be as long as it likes.
        let mut open = vec![(root, false)];
        let mut order = Vec::new();
        while let Some((id, expanded)) = open.pop() {
            if expanded {
                order.push(&self.loaded(id).file);
                continue;
            }
            if !seen.insert(id) {
                continue;
            }
            open.push((id, true));
            open.extend(self.loaded(id).imports.iter().rev().map(|import| (*import, false)));
        }
        order
    }

    fn loaded(&self, id: SourceId) -> &LoadedFile {
        &self.files[id.0 as usize]
    }
}

/// Reads and parses `entries` and all they import.
pub fn load(entries: &[PathBuf], reader: &dyn ReadFiles) -> Loaded {
    let mut loaded = Loaded::default();
    for entry in entries {
        let path = normal(entry);
        if loaded.sources.find(&path).is_none()
            && let Err(error) = add(&mut loaded, &path, reader)
        {
            loaded.unreadable.push((entry.clone(), error));
        }
    }
    let mut at = 0;
    while at < loaded.files.len() {
        follow_imports(&mut loaded, at, reader);
        at += 1;
    }
    loaded
}

fn add(loaded: &mut Loaded, path: &Path, reader: &dyn ReadFiles) -> io::Result<SourceId> {
    let text = reader.read(path)?;
    let id = loaded.sources.add(path, text);
    let (file, findings) = parse(id, &loaded.sources.get(id).text);
    loaded.findings.extend(findings);
    loaded.files.push(LoadedFile { file, imports: Vec::new(), imported: false });
    Ok(id)
}

fn follow_imports(loaded: &mut Loaded, at: usize, reader: &dyn ReadFiles) {
    let id = loaded.files[at].file.source;
    let folder = loaded.sources.get(id).path.parent().map(Path::to_owned).unwrap_or_default();
    let imports: Vec<_> = loaded.files[at]
        .file
        .items
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Import(import) => Some(import.clone()),
            _ => None,
        })
        .collect();
    for import in imports {
        if !import.path.starts_with("./") && !import.path.starts_with("../") {
            let finding = Finding::error(
                MISSING_FILE,
                format!("there is no module `{}`", import.path),
                import.path_span,
                "not part of this liftlock",
            )
            .with_help("a file of your own is imported by its relative path: `import \"./environments.release\"`");
            loaded.findings.push(finding);
            continue;
        }
        let path = normal(&folder.join(&import.path));
        let target = match loaded.sources.find(&path) {
            Some(target) => target,
            None => match add(loaded, &path, reader) {
                Ok(target) => target,
                Err(error) => {
                    let why = if error.kind() == io::ErrorKind::NotFound {
                        "there is no such file".to_owned()
                    } else {
                        error.to_string()
                    };
                    loaded.findings.push(
                        Finding::error(
                            MISSING_FILE,
                            format!("`{}` cannot be imported", import.path),
                            import.path_span,
                            why,
                        )
                        .with_help(format!("looked for `{}`; the path is relative to this file", path.display())),
                    );
                    continue;
                }
            },
        };
        loaded.files[at].imports.push(target);
        if target != id {
            loaded.files[target.0 as usize].imported = true;
        }
    }
}

/// The path without `.` and, where that is safe without asking the file system, without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir if matches!(normal.components().next_back(), Some(Component::Normal(_))) => {
                normal.pop();
            }
            component => normal.push(component),
        }
    }
    normal
}
