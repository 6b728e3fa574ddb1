//! The command line: one file per verb, exit codes, the project on disk.
//!
//! A verb computes and hands what it has to a view of `liftlock-report`. Data goes to standard output, talk to standard
//! error. [`main`] takes the way to open the journal, so that the project's own tests can put a failing one in its place.

mod atomic;
mod baseline;
mod cli;
mod drilling;
mod exit;
mod findings;
mod fixing;
mod identity;
mod init;
mod inputs;
mod journal;
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
use liftlock_journal::{Store, StoreError};

use crate::cli::Cli;
pub use crate::journal::open_store;
use crate::session::Session;

/// Opens the journal at a path, or at the address that stands in its place; makes it where `create` says so.
pub type OpenStore = dyn Fn(&Path, bool) -> Result<Option<Box<dyn Store>>, StoreError>;

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
