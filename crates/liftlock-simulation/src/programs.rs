//! The programs that there are in a simulated world: a few, each with a declared behaviour.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::state::Things;

/// What a program does when it takes hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Program {
    /// `put VALUE KEY…` sets keys one after the other; the value `none` takes them away.
    Put { value: Arc<str>, keys: Vec<Arc<str>> },
    /// `back VALUE KEY…` is `put`, but for keys that are not there.
    Back { value: Arc<str>, keys: Vec<Arc<str>> },
    /// `get KEY` prints a key, or `none`.
    Get { key: Arc<str> },
    /// `probe NAME` does nothing, and does it well.
    Probe,
    /// `reload KEY PATH…` notes under a key what stands at some paths, as a service does that reads them when it starts.
    Reload { key: Arc<str>, paths: Vec<PathBuf> },
    /// `pack PATH` writes a file, as a build does.
    Pack { path: PathBuf },
}

impl Program {
    /// The program that a command names; none where there is no such program.
    pub fn named(argv: &[String], cwd: &Path) -> Option<Program> {
        let (name, rest) = argv.split_first()?;
        let text = |word: &String| Arc::from(word.as_str());
        Some(match (name.as_str(), rest) {
            ("put", [value, keys @ ..]) => Program::Put { value: text(value), keys: keys.iter().map(text).collect() },
            ("back", [value, keys @ ..]) => Program::Back { value: text(value), keys: keys.iter().map(text).collect() },
            ("get", [key]) => Program::Get { key: text(key) },
            ("probe", _) => Program::Probe,
            ("reload", [key, paths @ ..]) => {
                Program::Reload { key: text(key), paths: paths.iter().map(|path| cwd.join(path)).collect() }
            }
            ("pack", [path]) => Program::Pack { path: cwd.join(path) },
            _ => return None,
        })
    }

    /// Whether it changes anything.
    pub fn changes(&self) -> bool {
        !matches!(self, Program::Get { .. } | Program::Probe)
    }

    /// Whether all that it would do is done already.
    pub fn is_done(&self, things: &Things) -> bool {
        match self {
            Program::Put { value, keys } => keys.iter().all(|key| things.key(key) == &**value),
            _ => false,
        }
    }

    /// Does all of it, and says what it prints.
    pub fn take_hold(&self, things: &mut Things) -> String {
        match self {
            Program::Put { value, keys } => {
                keys.iter().for_each(|key| things.set(key, value));
                String::new()
            }
            Program::Back { value, keys } => {
                for key in keys.iter().filter(|key| things.key(key) != "none").collect::<Vec<_>>() {
                    things.set(key, value);
                }
                String::new()
            }
            Program::Get { key } => format!("{}\n", things.key(key)),
            Program::Probe => String::new(),
            Program::Reload { key, paths } => {
                let seen = loaded(things, paths);
                things.set(key, &seen.into());
                String::new()
            }
            Program::Pack { path } => {
                // A build whose file cannot be written is found out by who looks for the file.
                let _ = things.files.write(path, b"packed", 0o644);
                String::new()
            }
        }
    }

    /// Does the first part of it, where it has parts.
    pub fn take_half_hold(&self, things: &mut Things) {
        match self {
            Program::Put { value, keys } if keys.len() > 1 => things.set(&keys[0], value),
            Program::Back { value, keys } if keys.len() > 1 && things.key(&keys[0]) != "none" => {
                things.set(&keys[0], value);
            }
            _ => {}
        }
    }
}

/// What a service that reads these paths knows then.
pub fn loaded(things: &Things, paths: &[PathBuf]) -> String {
    let shown: Vec<String> = paths.iter().map(|path| things.files.shown(path)).collect();
    format!("read {}", shown.join("|"))
}
