//! `liftlock check`: what is wrong with release files.

use liftlock_diagnostics::{human, json};
use liftlock_report::Style;

use crate::cli::{CheckArgs, Output};
use crate::exit::{Exit, Problem};
use crate::project::{self, Examined};
use crate::session::Session;
use crate::terminal::{self, Stream};

pub fn run(arguments: &CheckArgs, session: &Session<'_>) -> Result<Exit, Problem> {
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
    let examined = project::examine(&files)?;
    match session.options.output {
        Output::Json => {
            for finding in &examined.findings {
                terminal::print(&json::render_line(finding, &examined.sources));
            }
        }
        Output::Human | Output::Markdown => {
            let style = terminal::style(session.options, Stream::Stdout);
            terminal::print(&rendered(&examined, &style));
        }
    }
    if !session.options.quiet {
        terminal::say(&human::summary(&examined.findings, examined.files));
    }
    Ok(if examined.has_errors() { Exit::Failed } else { Exit::Done })
}

/// The findings as people read them.
pub fn rendered(examined: &Examined, style: &Style) -> String {
    let options = human::Options { color: style.color, unicode: style.unicode, width: style.width.min(120) };
    human::render(&examined.findings, &examined.sources, &options)
}
