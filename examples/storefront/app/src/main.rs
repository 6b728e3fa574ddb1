//! The program `storefront`: a small web shop over one SQLite file, and the way up and down of that file's schema.
//! What it is called with is in `command`; the releases and their environments are not known here.

mod command;
mod config;
mod connections;
mod database;
mod error;
mod page;
mod schema;
mod server;
mod shop;
#[cfg(test)]
mod testing;

use std::process::ExitCode;

use command::{Command, Schema};
use error::Error;

/// The version that a release bakes in, or the package's own in a build by hand.
const VERSION: &str = match option_env!("STOREFRONT_VERSION") {
    Some(version) => version,
    None => env!("CARGO_PKG_VERSION"),
};

fn main() -> ExitCode {
    match Command::parse(std::env::args().skip(1)).and_then(run) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(if error.is_usage() { 2 } else { 1 })
        }
    }
}

fn run(command: Command) -> Result<(), Error> {
    match command {
        Command::Help => println!("{}", command::HELP),
        Command::Version => println!("{VERSION}"),
        Command::Serve { config } => server::serve(&config::read(&config)?)?,
        Command::Schema { schema, database } => match schema {
            Schema::Version => println!("{}", schema::version_of_file(&database)?),
            Schema::Up { to } => schema::up(&database, to)?,
            Schema::Down { to } => schema::down(&database, to)?,
        },
    }
    Ok(())
}
