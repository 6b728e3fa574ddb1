//! Files and what they import.

mod imports;
mod survey;

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use liftlock_diagnostics::{Code, Finding, SourceId, Sources};
use liftlock_syntax::{File, Import, Name, parse};

use self::imports::Target;
use crate::side_by_side::side_by_side;

pub(crate) const MISSING_FILE: Code = Code("names/missing-file");

/// Where texts come from: the only way in which the front end reaches files. Many may be asked for at once.
pub trait ReadFiles: Sync {
    /// # Errors
    /// Why the file cannot be read, or is no UTF-8 text.
    fn read(&self, path: &Path) -> io::Result<String>;
}

/// Files that were read, each once.
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
    /// `None` for a root that is parsed only when it is looked into.
    tree: Option<Tree>,
    imported: bool,
    library: bool,
}

/// A file that was parsed.
#[derive(Debug)]
struct Tree {
    file: File,
    imports: Vec<Imported>,
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

    /// Whether each of its imports has led to a file.
    pub(crate) fn is_whole(&self) -> bool {
        imports::imports(self.file).count() == self.imports.len()
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

impl Imported {
    fn of(import: &Import, source: SourceId) -> Self {
        let name = import.alias.clone().or_else(|| imports::stem(import));
        Imported { name, named: import.alias.is_some(), source, library: imports::is_of_library(import) }
    }
}

impl Loaded {
    /// The roots of the models: the files that no other file imports and, of files that import one another in a circle,
    /// the first.
    pub fn roots(&self) -> Vec<SourceId> {
        self.roots_beside(HashSet::new())
    }

    /// The roots among the files that are held and that no unit of `seen` files holds.
    pub fn roots_beside(&self, mut seen: HashSet<SourceId>) -> Vec<SourceId> {
        let held = self.sources.iter().map(|(id, _)| id).filter(|id| self.loaded(*id).tree.is_some());
        let held: Vec<SourceId> = held.collect();
        let is_root = |id: &SourceId| !self.loaded(*id).imported && !seen.contains(id);
        let mut roots: Vec<SourceId> = held.iter().copied().filter(is_root).collect();
        let see = |root: SourceId, seen: &mut HashSet<SourceId>| {
            seen.extend(self.unit(root).iter().map(|unit| unit.file.source));
        };
        for root in &roots {
            see(*root, &mut seen);
        }
        for id in held {
            if !seen.contains(&id) {
                see(id, &mut seen);
                roots.push(id);
            }
        }
        roots
    }

    /// The files that are not held, each of which is the root of a model.
    pub fn tops(&self) -> Vec<SourceId> {
        self.sources.iter().map(|(id, _)| id).filter(|id| self.loaded(*id).tree.is_none()).collect()
    }

    /// A file that is held and all it imports, each once, imports first.
    pub fn unit(&self, root: SourceId) -> Vec<Unit<'_>> {
        self.loaded(root).tree.as_ref().map_or_else(Vec::new, |tree| self.unit_of(tree))
    }

    /// Parses one of the [tops](Loaded::tops) and hands it to `work` with all it imports, imports first, and with what
    /// parsing has found in it. It is forgotten afterwards.
    pub fn look_into<R>(
        &self,
        root: SourceId,
        reader: &dyn ReadFiles,
        work: impl FnOnce(&[Unit<'_>], Vec<Finding>) -> R,
    ) -> R {
        let source = self.sources.get(root);
        let (file, mut findings) = parse(root, &source.text);
        let mut found = Vec::new();
        for import in imports::imports(&file) {
            match imports::target(&self.sources, &source.path, import) {
                Ok(Target::Source(target)) => found.push(Imported::of(import, target)),
                Ok(Target::File(path) | Target::Module(path, _)) => {
                    let why = reader.read(&path).map_or_else(reason, |_| "it was not there a moment ago".to_owned());
                    findings.push(imports::unreadable(&self.sources, import, &path, why));
                }
                Err(finding) => findings.push(finding),
            }
        }
        let tree = Tree { file, imports: found };
        work(&self.unit_of(&tree), findings)
    }

    /// Takes a new text for one file, and parses that alone, with what it imports for the first time.
    pub fn change(&mut self, id: SourceId, text: String, reader: &dyn ReadFiles) {
        self.sources.replace(id, text);
        self.findings.retain(|finding| finding.span().source != id);
        let (file, findings) = parse(id, &self.sources.get(id).text);
        self.findings.extend(findings);
        let mut at = id.0 as usize;
        self.files[at].tree = Some(Tree { file, imports: Vec::new() });
        let known = self.files.len();
        follow_imports(self, at, reader);
        at = known;
        while at < self.files.len() {
            follow_imports(self, at, reader);
            at += 1;
        }
        let trees = self.files.iter().filter_map(|file| file.tree.as_ref());
        let others = |tree: &Tree| -> Vec<SourceId> {
            let own = tree.file.source;
            tree.imports.iter().map(|import| import.source).filter(|source| *source != own).collect()
        };
        let imported: HashSet<SourceId> = trees.flat_map(others).collect();
        for (id, file) in (0..).map(SourceId).zip(&mut self.files) {
            file.imported = file.library || imported.contains(&id);
        }
    }

    fn unit_of<'a>(&'a self, root: &'a Tree) -> Vec<Unit<'a>> {
        let mut seen = HashSet::from([root.file.source]);
        // An explicit stack: a chain of imports can be as long as it likes.
        let mut open = Vec::new();
        let expect = |imports: &[Imported], open: &mut Vec<(SourceId, bool)>| {
            open.extend(imports.iter().rev().map(|import| (import.source, false)));
        };
        expect(&root.imports, &mut open);
        let mut order = Vec::new();
        while let Some((id, expanded)) = open.pop() {
            let LoadedFile { tree: Some(Tree { file, imports }), library, .. } = self.loaded(id) else { continue };
            if expanded {
                order.push(Unit { file, imports, library: *library });
            } else if seen.insert(id) {
                open.push((id, true));
                expect(imports, &mut open);
            }
        }
        let library = self.loaded(root.file.source).library;
        order.push(Unit { file: &root.file, imports: &root.imports, library });
        order
    }

    fn loaded(&self, id: SourceId) -> &LoadedFile {
        &self.files[id.0 as usize]
    }
}

/// Reads and parses `entries` and all they import.
pub fn load(entries: &[PathBuf], reader: &dyn ReadFiles) -> Loaded {
    load_holding(entries, reader, |sources| vec![true; sources.iter().count()])
}

/// Reads `entries` and all they import, and parses only what others of them may import: the rest are
/// [tops](Loaded::tops), which are parsed while they are [looked into](Loaded::look_into), so that a thousand of them need
/// no more room than a few.
pub fn load_shared(entries: &[PathBuf], reader: &dyn ReadFiles) -> Loaded {
    load_holding(entries, reader, survey::held)
}

fn load_holding(entries: &[PathBuf], reader: &dyn ReadFiles, held: impl Fn(&Sources) -> Vec<bool>) -> Loaded {
    let mut loaded = Loaded::default();
    let mut seen = HashSet::new();
    let paths = entries.iter().map(|entry| (entry, imports::normal(entry)));
    let paths: Vec<_> = paths.filter(|(_, path)| seen.insert(path.clone())).collect();
    // Each text finds its last place where it was read, so that its first is free for the next one.
    let texts = side_by_side(&paths, |(_, path)| reader.read(path).map(Arc::<str>::from));
    for ((entry, path), text) in paths.into_iter().zip(texts) {
        match text {
            Ok(text) => {
                loaded.sources.add(path, text);
            }
            Err(error) => loaded.unreadable.push((entry.clone(), error)),
        }
    }
    let held = held(&loaded.sources);
    let ids: Vec<(SourceId, bool)> = loaded.sources.iter().map(|(id, _)| (id, held[id.0 as usize])).collect();
    let sources = &loaded.sources;
    let parsed = side_by_side(&ids, |(id, held)| held.then(|| parse(*id, &sources.get(*id).text)));
    for parsed in parsed {
        let tree = parsed.map(|(file, findings)| {
            loaded.findings.extend(findings);
            Tree { file, imports: Vec::new() }
        });
        loaded.files.push(LoadedFile { tree, imported: false, library: false });
    }
    let mut at = 0;
    while at < loaded.files.len() {
        follow_imports(&mut loaded, at, reader);
        at += 1;
    }
    loaded
}

fn add(loaded: &mut Loaded, path: PathBuf, text: String, library: bool) -> SourceId {
    let id = loaded.sources.add(path, text);
    let (file, findings) = parse(id, &loaded.sources.get(id).text);
    loaded.findings.extend(findings);
    let tree = Some(Tree { file, imports: Vec::new() });
    loaded.files.push(LoadedFile { tree, imported: library, library });
    id
}

fn follow_imports(loaded: &mut Loaded, at: usize, reader: &dyn ReadFiles) {
    let Some(Tree { file, .. }) = &loaded.files[at].tree else { return };
    let id = file.source;
    let imports: Vec<Import> = imports::imports(file).cloned().collect();
    let mut found = Vec::with_capacity(imports.len());
    for import in imports {
        let target = match imports::target(&loaded.sources, &loaded.sources.get(id).path, &import) {
            Ok(Target::Source(target)) => target,
            Ok(Target::Module(path, text)) => add(loaded, path, text.to_owned(), true),
            Ok(Target::File(path)) => match reader.read(&path) {
                Ok(text) => add(loaded, path, text, false),
                Err(error) => {
                    let finding = imports::unreadable(&loaded.sources, &import, &path, reason(error));
                    loaded.findings.push(finding);
                    continue;
                }
            },
            Err(finding) => {
                loaded.findings.push(finding);
                continue;
            }
        };
        found.push(Imported::of(&import, target));
        if target != id {
            loaded.files[target.0 as usize].imported = true;
        }
    }
    if let Some(tree) = &mut loaded.files[at].tree {
        tree.imports = found;
    }
}

fn reason(error: io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    struct Files(BTreeMap<&'static str, &'static str>);

    impl ReadFiles for Files {
        fn read(&self, path: &Path) -> io::Result<String> {
            let text = path.to_str().and_then(|path| self.0.get(path));
            text.map(|text| (*text).to_owned()).ok_or_else(|| io::ErrorKind::NotFound.into())
        }
    }

    const FILES: &[(&str, &str)] = &[
        ("a.release", "import \"./shared.release\"\n"),
        ("b.release", "import \"./shared.release\"\nlet b = \n"),
        ("c.release", "# import \"./d.release\"\nlet c = 1\n"),
        ("d.release", "let d = 1\n"),
        ("shared.release", "import \"./gone.release\"\n"),
    ];

    fn files() -> (Vec<PathBuf>, Files) {
        (FILES.iter().map(|(path, _)| PathBuf::from(path)).collect(), Files(FILES.iter().copied().collect()))
    }

    /// Each model: the files it is made of, and how often the parser and the imports were at fault in its root.
    fn models(loaded: &Loaded, reader: &dyn ReadFiles) -> Vec<(Vec<u32>, usize)> {
        let told = |units: &[Unit<'_>], found: Vec<Finding>| {
            let sources: Vec<u32> = units.iter().map(|unit| unit.file.source.0).collect();
            let root = units.last().map(|unit| unit.file.source);
            let known = loaded.findings.iter().filter(|finding| Some(finding.span().source) == root).count();
            (sources, known + found.len())
        };
        let mut models: Vec<_> = loaded.tops().iter().map(|top| loaded.look_into(*top, reader, told)).collect();
        let seen = models.iter().flat_map(|(sources, _)| sources.iter().copied().map(SourceId)).collect();
        models.extend(loaded.roots_beside(seen).iter().map(|root| told(&loaded.unit(*root), Vec::new())));
        models.sort_by_key(|(sources, _)| sources.last().copied());
        models
    }

    #[test]
    fn what_is_held_makes_no_difference() {
        let (paths, files) = files();
        let all = load(&paths, &files);
        let shared = load_shared(&paths, &files);
        assert_eq!(all.tops(), []);
        assert_eq!(shared.tops(), [0, 1, 2].map(SourceId), "a comment seems to import the fourth");
        assert_eq!(models(&shared, &files), models(&all, &files));
        assert_eq!(models(&all, &files), [(vec![4, 0], 0), (vec![4, 1], 1), (vec![2], 0), (vec![3], 0)]);
    }

    #[test]
    fn a_changed_file_is_as_one_that_was_loaded_so() {
        let (paths, mut files) = files();
        let mut changed = load(&paths, &files);
        for text in ["let a = \n", "import \"./d.release\"\n", FILES[0].1] {
            files.0.insert("a.release", text);
            changed.change(SourceId(0), text.to_owned(), &files);
            let fresh = load(&paths, &files);
            assert_eq!(models(&changed, &files), models(&fresh, &files));
            assert_eq!(changed.findings.len(), fresh.findings.len());
            assert_eq!(changed.roots(), fresh.roots());
        }
    }
}
