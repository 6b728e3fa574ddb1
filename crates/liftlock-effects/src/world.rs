//! The world, as the kinds see it: time, chance, processes, files, network.

use std::future::Future;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use thiserror::Error;

use crate::{Captured, Command, HttpRequest, Mask};

/// A future of the world. The engine runs on one thread, so it need not be `Send`.
pub type Later<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// Everything outside the engine. Paths are absolute when they get here.
pub trait World {
    fn now(&self) -> Timestamp;

    /// This moment, by a clock that no one can set: what passed is measured by it.
    fn moment(&self) -> Instant;

    /// Wakes after `duration`, by a clock that no one can set.
    fn sleep(&self, duration: Duration) -> Later<'_, ()>;

    /// A random number.
    fn chance(&self) -> u32;

    /// The value of a variable of the runner's own environment, to open a secret. `None` where it is not set.
    ///
    /// # Errors
    /// Where the value is not UTF-8.
    fn variable(&self, name: &str) -> io::Result<Option<String>>;

    /// Runs a program to its end, handing each block of its output to `output` as it comes. What `mask` knows is hidden
    /// in all of it, also in what is captured. When the future is dropped the program and all it started in its process
    /// group are killed. The command's secrets are opened.
    ///
    /// # Errors
    /// Where the program cannot be started: it is not there, may not be executed, or its folder is missing.
    fn run<'a>(
        &'a self,
        command: &'a Command,
        mask: &'a Mask,
        output: &'a mut dyn FnMut(&[u8]),
    ) -> Later<'a, io::Result<Captured>>;

    /// Whether a process of this host lives.
    fn is_process_alive(&self, process: u32) -> bool;

    /// Kills every process that was started with `LIFTLOCK_KEY=<key>`, also by a runner that died since, and returns how
    /// many they were. No key ends nothing.
    fn end_processes_of(&self, key: &str) -> usize;

    /// What stands at `path`, links not followed. `None` where nothing does.
    ///
    /// # Errors
    /// Where that cannot be told.
    fn entry(&self, path: &Path) -> io::Result<Option<Entry>>;

    /// # Errors
    /// Those of the file system.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// Opens a file to be read piece by piece.
    ///
    /// # Errors
    /// Those of the file system.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Read>>;

    /// Every file below `root`, links followed, in folders that `enters` lets in; it is asked for each by its path relative
    /// to `root`, from above. The paths are relative to `root`, in no order; what cannot be looked into is not among them.
    fn files(&self, root: &Path, enters: &dyn Fn(&Path) -> bool) -> Vec<PathBuf>;

    /// Replaces or makes a file in one step: a reader sees the old content or the new one, and after power was lost it
    /// is one of the two. Owner is kept where there was a file; `mode` are the permission bits.
    ///
    /// # Errors
    /// Those of the file system; the old content is still there then.
    fn write(&self, path: &Path, content: &[u8], mode: u32) -> io::Result<()>;

    /// Opens a file to be added to at its end; where there is none, makes it and the folders above it.
    ///
    /// # Errors
    /// Those of the file system.
    fn extend(&self, path: &Path) -> io::Result<Box<dyn Write>>;

    /// Makes or replaces a symbolic link in one step.
    ///
    /// # Errors
    /// Those of the file system; the old link is still there then.
    fn link(&self, path: &Path, target: &Path) -> io::Result<()>;

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// Those of the file system.
    fn make_directory(&self, path: &Path) -> io::Result<()>;

    /// Removes a file, a link or an empty folder.
    ///
    /// # Errors
    /// Those of the file system; that nothing is there is none.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// Opens and closes a connection.
    ///
    /// # Errors
    /// Why there is none.
    fn connect<'a>(&'a self, host: &'a str, port: u16, timeout: Duration) -> Later<'a, io::Result<()>>;

    /// One GET request; redirections are followed, a body is read up to 1 MiB.
    ///
    /// # Errors
    /// Why there was no answer. An answer with an unwelcome status is no error.
    fn get<'a>(&'a self, url: &'a str, timeout: Duration) -> Later<'a, Result<HttpAnswer, HttpError>>;

    /// One request that may change something; redirections are not followed, and of a body the last 64 KiB are kept. What
    /// `mask` knows is hidden in them. The request's secrets are opened.
    ///
    /// # Errors
    /// Why there was no answer, and whether the request may have reached the server all the same.
    fn request<'a>(&'a self, request: &'a HttpRequest, mask: &'a Mask) -> Later<'a, Result<HttpAnswer, RequestError>>;
}

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    File {
        bytes: u64,
        mode: u32,
    },
    Link {
        target: PathBuf,
    },
    Directory,
    /// A device, a socket, a pipe.
    Other,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    pub status: u16,
    pub body: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct HttpError(pub String);

#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{why}")]
pub struct RequestError {
    pub why: String,
    /// False only where it is certain that the server knows nothing of it: no connection came about.
    pub may_have_arrived: bool,
}
