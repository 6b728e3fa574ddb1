//! The command line: one file per verb, exit codes, the project on disk.
//!
//! A verb computes and hands what it has to a view of `liftlock-report`. Data goes to standard output, talk to standard
//! error. [`main`] takes the way to open the journal, so that the project's own tests can put a failing one in its place.

mod atomic;
mod baseline;
mod cli;
mod exit;
mod findings;
mod fixing;
mod identity;
mod inputs;
mod levels;
mod planning;
mod project;
mod project_file;
mod revision;
mod runs;
mod session;
mod signals;
mod terminal;
mod verbs;
mod view;
mod watch;

use std::path::Path;
use std::process::ExitCode;

use clap::Parser as _;
use liftlock_journal::{SqliteStore, Store, StoreError};

use crate::cli::Cli;
use crate::session::Session;

/// Opens the journal at a path; makes it where `create` says so.
pub type OpenStore = dyn Fn(&Path, bool) -> Result<Option<Box<dyn Store>>, StoreError>;

/// The embedded default: one SQLite file.
///
/// # Errors
/// What keeps the file from being opened.
pub fn open_store(path: &Path, create: bool) -> Result<Option<Box<dyn Store>>, StoreError> {
    if create {
        return Ok(Some(Box::new(SqliteStore::open(path)?)));
    }
    Ok(SqliteStore::open_existing(path)?.map(|store| Box::new(store) as Box<dyn Store>))
}

/// Runs the program on the arguments of the process.
pub fn main(open: &OpenStore) -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // What cannot be printed is nothing that can be helped here.
            let _ = error.print();
            return if error.use_stderr() { exit::Exit::Usage.into() } else { exit::Exit::Done.into() };
        }
    };
    let session = Session::new(&cli.options, open);
    match session.and_then(|session| verbs::run(cli.verb, &session)) {
        Ok(exit) => exit.into(),
        Err(error) => {
            error.print(&cli.options);
            error.exit.into()
        }
    }
}
