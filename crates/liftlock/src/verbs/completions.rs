//! `liftlock completions`: what a shell needs to complete verbs and flags.

use clap::CommandFactory as _;

use crate::cli::{Cli, CompletionsArgs};
use crate::exit::{Exit, Problem};
use crate::terminal;

pub fn run(arguments: &CompletionsArgs) -> Result<Exit, Problem> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "liftlock", &mut script);
    terminal::print(&String::from_utf8_lossy(&script));
    Ok(Exit::Done)
}
