//! Where an import leads.

use std::path::{Component, Path, PathBuf};

use liftlock_diagnostics::{Finding, SourceId, Sources};
use liftlock_syntax::{File, Import, ItemKind, Name};

use super::MISSING_FILE;
use crate::{near, stdlib};

/// What an import leads to.
pub(super) enum Target {
    Source(SourceId),
    /// A file that has not been read.
    File(PathBuf),
    /// A module of the standard library that is no source yet.
    Module(PathBuf, &'static str),
}

pub(super) fn imports(file: &File) -> impl Iterator<Item = &Import> {
    file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Import(import) => Some(import),
        _ => None,
    })
}

pub(super) fn is_of_library(import: &Import) -> bool {
    import.path.starts_with("std/")
}

/// What the file at `path` means by an import.
pub(super) fn target(sources: &Sources, path: &Path, import: &Import) -> Result<Target, Finding> {
    let (path, module) = if is_of_library(import) {
        let name = &import.path["std/".len()..];
        let text = stdlib::module(name).ok_or_else(|| no_module(name, import))?;
        // A colon keeps it apart from a folder `std` of the project.
        (PathBuf::from(format!("std:{name}")), Some(text))
    } else if import.path.starts_with("./") || import.path.starts_with("../") {
        (neighbour_path(path, &import.path), None)
    } else {
        let message = format!("`{}` is neither a file nor a module", import.path);
        let finding =
            Finding::error(MISSING_FILE, message, import.path_span, "begins neither with `./` nor with `std/`");
        return Err(finding
            .with_help("a file of your own is imported by its relative path: `import \"./environments.release\"`"));
    };
    Ok(match (sources.find(&path), module) {
        (Some(source), _) => Target::Source(source),
        (None, Some(text)) => Target::Module(path, text),
        (None, None) => Target::File(path),
    })
}

fn no_module(name: &str, import: &Import) -> Finding {
    let known = stdlib::MODULES.iter().map(|(name, _)| *name);
    let message = format!("there is no module `{}`", import.path);
    Finding::error(MISSING_FILE, message, import.path_span, "not part of this liftlock")
        .with_help(near::help(name, known, "module"))
}

/// The file at `path` cannot be read, for a reason.
pub(super) fn unreadable(sources: &Sources, import: &Import, path: &Path, why: String) -> Finding {
    let help = match neighbour_meant(sources, import, path) {
        Some(meant) => {
            let folder = import.path.rsplit_once('/').map_or(".", |(folder, _)| folder);
            format!("did you mean `{folder}/{meant}.release`?")
        }
        None => format!("looked for `{}`; the path is relative to this file", path.display()),
    };
    Finding::error(MISSING_FILE, format!("`{}` cannot be imported", import.path), import.path_span, why).with_help(help)
}

/// Another file of the same folder that has nearly the name, without its ending.
fn neighbour_meant<'s>(sources: &'s Sources, import: &Import, path: &Path) -> Option<&'s str> {
    let importing = import.path_span.source;
    let neighbours = sources.iter().filter(|(id, source)| *id != importing && source.path.parent() == path.parent());
    let names = neighbours.filter_map(|(_, source)| source.path.file_stem()?.to_str());
    near::nearest(path.file_stem()?.to_str()?, names)
}

/// What a file is called by whoever imports it: its name without the ending.
pub(super) fn stem(import: &Import) -> Option<Name> {
    let text = Path::new(&import.path).file_stem()?.to_str()?;
    let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    is_name.then(|| Name { text: text.to_owned(), span: import.path_span })
}

/// The path that the file at `path` means by `written`.
pub(super) fn neighbour_path(path: &Path, written: &str) -> PathBuf {
    normal(&path.parent().unwrap_or(Path::new("")).join(written))
}

/// The path without `.` and, where that is safe without asking the file system, without `..`.
pub(super) fn normal(path: &Path) -> PathBuf {
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
