//! `liftlock doc`: the runbook of a pipeline.

use std::fs;
use std::io;
use std::path::Path;

use liftlock_draw::Runbook;

use crate::atomic;
use crate::cli::{DocArgs, Format};
use crate::exit::{Exit, Problem};
use crate::project;
use crate::session::Session;
use crate::terminal;

pub fn run(arguments: &DocArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    if session.options.format != Format::Human {
        return Err(Problem::usage("a runbook is for people: it is Markdown or HTML")
            .with_help("`--html` gives HTML; `liftlock plan --output json` is for programs"));
    }
    let files = project::named_files(&[])?;
    let models = project::understood(&files)?;
    let (model, pipeline) = project::only(&project::pipelines(&models, arguments.pipeline.as_deref())?)?;
    let runbook = Runbook::of(model, pipeline);
    let is_html = arguments.html || arguments.out.as_deref().is_some_and(|path| has_ending(path, &["html", "htm"]));
    let text = if is_html { runbook.html() } else { runbook.markdown() };
    let Some(path) = &arguments.out else {
        terminal::print(&text);
        return Ok(Exit::Done);
    };
    if has_ending(path, &["release"]) {
        return Err(Problem::usage(format!("`{}` would be a release file", path.display()))
            .with_help("a runbook ends in `.md` or `.html`"));
    }
    let again = format!(
        "`liftlock doc {} --out {}{}` writes it",
        pipeline.name,
        path.display(),
        if arguments.html { " --html" } else { "" }
    );
    if arguments.check {
        return check(path, &text, again, session);
    }
    atomic::write(path, &text)
        .map_err(|error| Problem::failed(format!("`{}` cannot be written: {error}", path.display())))?;
    terminal::tell(session.options, &format!("`{}` is the runbook of {}", path.display(), pipeline.name));
    Ok(Exit::Done)
}

/// Whether a runbook that was kept is still what would be written.
fn check(path: &Path, text: &str, again: String, session: &Session<'_>) -> Result<Exit, Problem> {
    let kept = match fs::read(path) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let problem = Problem::failed(format!("there is no runbook `{}`", path.display()));
            return Err(problem.with_help(again));
        }
        Err(error) => {
            return Err(Problem::failed(format!("`{}` cannot be read: {error}", path.display())));
        }
    };
    if kept == text {
        terminal::tell(session.options, &format!("`{}` says what the files say", path.display()));
        return Ok(Exit::Done);
    }
    terminal::print(&terminal::unified(path, &kept, text));
    Err(Problem::failed(format!("`{}` no longer says what the files say", path.display())).with_help(again))
}

fn has_ending(path: &Path, endings: &[&str]) -> bool {
    path.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}
