//! `liftlock man`: the help as manual pages.

use std::io;

use clap::CommandFactory as _;
use clap_mangen::Man;

use crate::cli::{Cli, ManArgs};
use crate::exit::{Exit, Problem};
use crate::terminal;

pub fn run(arguments: &ManArgs) -> Result<Exit, Problem> {
    let command = Cli::command();
    let written = match &arguments.out {
        Some(folder) => clap_mangen::generate_to(command, folder)
            .map_err(|error| format!("`{}` cannot be written: {}", folder.display(), terminal::reason(&error))),
        None => page(command).map(|page| terminal::print(&page)).map_err(|error| error.to_string()),
    };
    written.map_err(Problem::failed)?;
    Ok(Exit::Done)
}

fn page(command: clap::Command) -> io::Result<String> {
    let mut page = Vec::new();
    Man::new(command).render(&mut page)?;
    Ok(String::from_utf8_lossy(&page).into_owned())
}
