//! `liftlock check`: what is wrong with release files.

use liftlock_diagnostics::human;

use crate::cli::CheckArgs;
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::{findings, levels, project, terminal};

pub fn run(arguments: &CheckArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let levels = levels::asked(&arguments.levels)?;
    let paths = if arguments.paths.is_empty() {
        let root = project::find_root()?;
        let here = std::env::current_dir().is_ok_and(|here| here == root);
        vec![if here { ".".into() } else { root }]
    } else {
        arguments.paths.clone()
    };
    let files = project::release_files(&paths)?;
    if files.is_empty() {
        return Err(Problem::usage("there are no release files here")
            .with_help("release files end in `.release`; name a file or a folder"));
    }
    let root = project::find_root().ok();
    let examined = project::examine(&files, root.as_deref(), &levels)?;
    findings::print(&examined, session.options)?;
    if !session.options.quiet {
        terminal::say(&human::summary(&examined.findings, examined.files));
    }
    Ok(if examined.has_errors() { Exit::Failed } else { Exit::Done })
}
