//! A path in the world that an effect owns: what stands there, and how trouble with it is told.

use std::io;
use std::path::PathBuf;

use liftlock_journal::{Failure, FailureKind, State};

use crate::{Context, Entry, World, words};

/// A path as its author wrote it, and where that is.
pub(crate) struct Place<'a> {
    pub world: &'a dyn World,
    pub name: &'a str,
    pub path: PathBuf,
}

impl<'a> Place<'a> {
    pub(crate) fn new(context: &'a Context<'_>, name: &'a str) -> Self {
        Place { world: context.world, name, path: context.root.join(name) }
    }

    pub(crate) fn entry(&self) -> io::Result<Option<Entry>> {
        self.world.entry(&self.path)
    }

    /// The same, where not being able to tell is a failure.
    pub(crate) fn checked_entry(&self) -> Result<Option<Entry>, Failure> {
        self.entry().map_err(|error| self.failed("could not be looked at", &error))
    }

    pub(crate) fn unknown(&self, error: &io::Error) -> State {
        State::Unknown { why: format!("`{}` could not be read: {}", self.name, words::reason(error)) }
    }

    /// `what` did not work because of `error`.
    pub(crate) fn failed(&self, what: &str, error: &io::Error) -> Failure {
        failure(format!("`{}` {what}: {}", self.name, words::reason(error)))
    }

    /// Something else stands there, and it is not for this effect to remove it.
    pub(crate) fn refused(&self, what: &str, meant: &str) -> Failure {
        failure(format!("`{}` is {what}, not {meant}; it is left as it is", self.name))
    }

    /// The state before does not tell what an undo would have to restore.
    pub(crate) fn not_known(&self, before: &State) -> Failure {
        failure(match before {
            State::Unknown { why } => format!("what stood at `{}` is not known: {why}", self.name),
            _ => format!("what stood at `{}` is not known", self.name),
        })
    }

    /// Removes what is there, which is known to be the effect's own.
    pub(crate) fn remove(&self) -> Result<(), Failure> {
        self.world.remove(&self.path).map_err(|error| self.failed("could not be removed", &error))
    }
}

pub(crate) fn failure(message: String) -> Failure {
    Failure { kind: FailureKind::Failed, message, tail: Vec::new() }
}

/// What stands in a place, for people.
pub(crate) fn describe(entry: &Entry) -> String {
    match entry {
        Entry::File { .. } => "a file".to_owned(),
        Entry::Link { target } => format!("a link to `{}`", target.display()),
        Entry::Directory => "a folder".to_owned(),
        Entry::Other => "a device, a socket or a pipe".to_owned(),
    }
}
