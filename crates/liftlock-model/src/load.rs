//! Files and what they import.

use std::collections::HashSet;
use std::io;
use std::path::{Component, Path, PathBuf};

use liftlock_diagnostics::{Code, Finding, SourceId, Sources};
use liftlock_syntax::{File, Import, ItemKind, Name, parse};

use crate::{near, stdlib};

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
    imports: Vec<Imported>,
    imported: bool,
    library: bool,
}

/// A file as part of a model.
#[derive(Debug, Clone, Copy)]
pub struct Unit<'a> {
    pub file: &'a File,
    pub(crate) imports: &'a [Imported],
    /// Whether it is a module of the standard library.
    pub library: bool,
}

impl<'a> Unit<'a> {
    /// A file that imports nothing.
    pub fn alone(file: &'a File) -> Self {
        Unit { file, imports: &[], library: false }
    }
}

/// What one file takes in from another.
#[derive(Debug, Clone)]
pub(crate) struct Imported {
    /// What its functions, procedures and `let`s are named by; `None` where the name of the file is no name.
    pub name: Option<Name>,
    /// Whether the author has given that name, by `as`.
    pub named: bool,
    pub source: SourceId,
    pub library: bool,
}

impl Loaded {
    /// The roots of the models: the files that no other file imports and, of files that import one another in a circle,
    /// the first.
    pub fn roots(&self) -> Vec<SourceId> {
        let all: Vec<SourceId> = self.sources.iter().map(|(id, _)| id).collect();
        let mut roots: Vec<SourceId> = all.iter().copied().filter(|id| !self.loaded(*id).imported).collect();
        let mut seen: HashSet<SourceId> = HashSet::new();
        let see = |root: SourceId, seen: &mut HashSet<SourceId>| {
            seen.extend(self.unit(root).iter().map(|unit| unit.file.source));
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
    pub fn unit(&self, root: SourceId) -> Vec<Unit<'_>> {
        let mut seen = HashSet::new();
        // An explicit stack: a chain of imports can be as long as it likes.
        let mut open = vec![(root, false)];
        let mut order = Vec::new();
        while let Some((id, expanded)) = open.pop() {
            if expanded {
                let LoadedFile { file, imports, library, .. } = self.loaded(id);
                order.push(Unit { file, imports, library: *library });
                continue;
            }
            if !seen.insert(id) {
                continue;
            }
            open.push((id, true));
            open.extend(self.loaded(id).imports.iter().rev().map(|import| (import.source, false)));
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
    Ok(add_text(loaded, path, text, false))
}

fn add_text(loaded: &mut Loaded, path: &Path, text: String, library: bool) -> SourceId {
    let id = loaded.sources.add(path, text);
    let (file, findings) = parse(id, &loaded.sources.get(id).text);
    loaded.findings.extend(findings);
    loaded.files.push(LoadedFile { file, imports: Vec::new(), imported: library, library });
    id
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
        let is_module = import.path.starts_with("std/");
        let found = if is_module { module(loaded, &import) } else { neighbour(loaded, &folder, &import, reader) };
        let Some(target) = found else { continue };
        let name = import.alias.clone().or_else(|| stem(&import));
        let named = import.alias.is_some();
        loaded.files[at].imports.push(Imported { name, named, source: target, library: is_module });
        if target != id {
            loaded.files[target.0 as usize].imported = true;
        }
    }
}

/// What a file is called by whoever imports it: its name without the ending.
fn stem(import: &Import) -> Option<Name> {
    let text = Path::new(&import.path).file_stem()?.to_str()?;
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    is_name.then(|| Name { text: text.to_owned(), span: import.path_span })
}

/// A module of the standard library, which is part of the program.
fn module(loaded: &mut Loaded, import: &Import) -> Option<SourceId> {
    let name = &import.path["std/".len()..];
    let Some(text) = stdlib::module(name) else {
        let known = stdlib::MODULES.iter().map(|(name, _)| *name);
        let finding = Finding::error(
            MISSING_FILE,
            format!("there is no module `{}`", import.path),
            import.path_span,
            "not part of this liftlock",
        )
        .with_help(near::help(name, known, "module"));
        loaded.findings.push(finding);
        return None;
    };
    // A colon keeps it apart from a folder `std` of the project.
    let path = PathBuf::from(format!("std:{name}"));
    Some(match loaded.sources.find(&path) {
        Some(id) => id,
        None => add_text(loaded, &path, text.to_owned(), true),
    })
}

fn neighbour(loaded: &mut Loaded, folder: &Path, import: &Import, reader: &dyn ReadFiles) -> Option<SourceId> {
    if !import.path.starts_with("./") && !import.path.starts_with("../") {
        let finding = Finding::error(
            MISSING_FILE,
            format!("`{}` is neither a file nor a module", import.path),
            import.path_span,
            "begins neither with `./` nor with `std/`",
        )
        .with_help("a file of your own is imported by its relative path: `import \"./environments.release\"`");
        loaded.findings.push(finding);
        return None;
    }
    let path = normal(&folder.join(&import.path));
    if let Some(target) = loaded.sources.find(&path) {
        return Some(target);
    }
    match add(loaded, &path, reader) {
        Ok(target) => Some(target),
        Err(error) => {
            let why = if error.kind() == io::ErrorKind::NotFound {
                "there is no such file".to_owned()
            } else {
                error.to_string()
            };
            loaded.findings.push(
                Finding::error(MISSING_FILE, format!("`{}` cannot be imported", import.path), import.path_span, why)
                    .with_help(format!("looked for `{}`; the path is relative to this file", path.display())),
            );
            None
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
