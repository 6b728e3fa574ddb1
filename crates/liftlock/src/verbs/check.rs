//! `liftlock check`: what is wrong with release files.

use liftlock_diagnostics::{human, json};
use liftlock_report::Style;

use crate::cli::{CheckArgs, Output};
use crate::exit::{Exit, Problem};
use crate::project::{self, Examined};
use crate::session::Session;
use crate::terminal::{self, Stream};

pub fn run(arguments: &CheckArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let files = project::named_files(&arguments.paths)?;
    let examined = project::examine(&files)?;
    match session.options.output {
        Output::Json => {
            for finding in &examined.findings {
                terminal::print(&json::render_line(finding, &examined.sources));
            }
        }
        Output::Human => {
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
    human::render(&examined.findings, &examined.sources, &drawing(style))
}

/// How findings are drawn in a style.
pub fn drawing(style: &Style) -> human::Options {
    human::Options { color: style.color, unicode: style.unicode, width: style.width.min(120) }
}
