//! Findings on their way out: in the form that was asked for.

use std::env;
use std::fs::OpenOptions;
use std::io::Write as _;

use liftlock_check::Page;
use liftlock_diagnostics::{checkstyle, concise, github, gitlab, human, json, sarif};
use liftlock_report::Style;

use crate::cli::{Format, Options};
use crate::exit::Problem;
use crate::project::Examined;
use crate::terminal::{self, Stream};

/// Writes the findings to standard output.
///
/// # Errors
/// The summary of the step, which GitHub asks for by an environment variable, cannot be written.
pub fn print(examined: &Examined, options: &Options) -> Result<(), Problem> {
    let Examined { findings, sources, .. } = examined;
    let lines = |line: fn(&_, &_) -> String| findings.iter().map(|finding| line(finding, sources) + "\n").collect();
    let text: String = match options.format {
        // `check` has refused the form of plans.
        Format::Human | Format::Markdown => rendered(examined, &terminal::style(options, Stream::Stdout)),
        Format::Json => lines(json::render_line),
        Format::Concise => lines(concise::render_line),
        Format::Github => github::render(findings, sources),
        Format::Gitlab => gitlab::render(findings, sources),
        Format::Checkstyle => checkstyle::render(findings, sources),
        Format::Sarif => {
            let page = |page: Page| sarif::Page { code: page.code, summary: page.summary(), markdown: page.text };
            let pages: Vec<sarif::Page<'_>> = liftlock_check::pages().into_iter().map(page).collect();
            sarif::render(findings, sources, env!("CARGO_PKG_VERSION"), &pages)
        }
    };
    terminal::print(&text);
    if options.format == Format::Github {
        append_step_summary(examined)?;
    }
    Ok(())
}

/// The findings as people read them.
pub fn rendered(examined: &Examined, style: &Style) -> String {
    human::render(&examined.findings, &examined.sources, &drawing(style))
}

/// How findings are drawn in a style.
pub fn drawing(style: &Style) -> human::Options {
    human::Options { color: style.color, unicode: style.unicode, width: style.width.min(120) }
}

/// Adds to the page of the step, where the runner of GitHub says which file that is.
fn append_step_summary(examined: &Examined) -> Result<(), Problem> {
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else { return Ok(()) };
    let text = github::summary(&examined.findings, &examined.sources, examined.files);
    let file = OpenOptions::new().create(true).append(true).open(&path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(|error| {
        Problem::failed(format!("the summary of the step, `{}`, cannot be written: {error}", path.to_string_lossy()))
            .with_help("`GITHUB_STEP_SUMMARY` names the file")
    })
}
