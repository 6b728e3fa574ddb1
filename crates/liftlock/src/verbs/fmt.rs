//! `liftlock fmt`: release files in the one style.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use liftlock_diagnostics::{Finding, Sources, human, json};
use liftlock_syntax::Unformattable;

use crate::cli::{FmtArgs, Output};
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::terminal::{self, Stream};
use crate::{atomic, findings, project};

pub fn run(arguments: &FmtArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let is_stdin = |path: &PathBuf| path.as_os_str() == "-";
    if arguments.paths.iter().any(is_stdin) {
        if arguments.paths.len() > 1 {
            return Err(Problem::usage("`-` is standard input and stands alone"));
        }
        return from_stdin(arguments, session);
    }
    let mut files = project::named_files(&arguments.paths)?;
    files.sort();
    files.dedup();
    let mut tally = Tally::default();
    for file in &files {
        if let Err(problem) = one(file, arguments, session, &mut tally) {
            tally.broken += 1;
            problem.print(session.options);
        }
    }
    if !session.options.quiet {
        terminal::say(&tally.summary(files.len(), arguments));
    }
    Ok(tally.exit(arguments))
}

/// How many files are not in the style, and how many could not be read, formatted or written.
#[derive(Default)]
struct Tally {
    changed: usize,
    broken: usize,
}

impl Tally {
    fn exit(&self, arguments: &FmtArgs) -> Exit {
        let is_failed = self.broken > 0 || arguments.check && self.changed > 0;
        if is_failed { Exit::Failed } else { Exit::Done }
    }

    fn summary(&self, files: usize, arguments: &FmtArgs) -> String {
        let count = |count: usize| if count == 1 { "1 file".to_owned() } else { format!("{count} files") };
        let verb = if arguments.check || arguments.diff { "would be formatted" } else { "formatted" };
        let mut text = format!("{} {verb}", count(self.changed));
        if self.broken > 0 {
            text.push_str(&format!(", {} could not be", self.broken));
        }
        format!("{text}; {} in all", count(files))
    }
}

fn one(path: &Path, arguments: &FmtArgs, session: &Session<'_>, tally: &mut Tally) -> Result<(), Problem> {
    let failed = |what: &str, error: io::Error| Problem::failed(format!("`{}` {what}: {error}", path.display()));
    let text = project::read(path).map_err(|error| failed("cannot be read", error))?;
    let Some(formatted) = formatted(path, &text, session)? else {
        tally.broken += 1;
        return Ok(());
    };
    if formatted == text {
        return Ok(());
    }
    tally.changed += 1;
    if arguments.diff {
        terminal::print(&terminal::unified(path, &text, &formatted));
    }
    let writes = !arguments.check && !arguments.diff;
    if writes {
        atomic::write(path, &formatted).map_err(|error| {
            tally.changed -= 1;
            failed("cannot be written", error)
        })?;
    }
    if !session.options.quiet {
        let word = if writes { "formatted" } else { "would format" };
        terminal::say(&format!("{word} {}", liftlock_report::plain(&path.display().to_string())));
    }
    Ok(())
}

fn from_stdin(arguments: &FmtArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let path = Path::new("<stdin>");
    let mut text = String::new();
    io::stdin()
        .read_to_string(&mut text)
        .map_err(|error| Problem::failed(format!("standard input cannot be read: {error}")))?;
    let Some(formatted) = formatted(path, &text, session)? else { return Ok(Exit::Failed) };
    let tally = Tally { changed: usize::from(formatted != text), broken: 0 };
    if arguments.diff && tally.changed > 0 {
        terminal::print(&terminal::unified(path, &text, &formatted));
    }
    if !arguments.check && !arguments.diff {
        terminal::print(&formatted);
    }
    Ok(tally.exit(arguments))
}

/// The text in the style; `None` where it has errors, which are shown.
fn formatted(path: &Path, text: &str, session: &Session<'_>) -> Result<Option<String>, Problem> {
    match liftlock_syntax::format(text) {
        Ok(formatted) => Ok(Some(formatted)),
        Err(Unformattable::Syntax(findings)) => {
            show(path, text, &findings, session);
            Ok(None)
        }
        Err(error @ Unformattable::Bug(_)) => {
            let problem = Problem::failed(format!("`{}`: {error}", path.display()));
            Err(problem.with_help("please report it, with the file"))
        }
    }
}

fn show(path: &Path, text: &str, findings: &[Finding], session: &Session<'_>) {
    let mut sources = Sources::default();
    sources.add(path, text);
    // For people, findings are talk here: standard output carries texts and diffs.
    match session.options.output() {
        Output::Json => findings.iter().for_each(|finding| terminal::print(&json::render_line(finding, &sources))),
        Output::Human | Output::Markdown => {
            let drawing = findings::drawing(&terminal::style(session.options, Stream::Stderr));
            terminal::say(human::render(findings, &sources, &drawing).trim_end());
        }
    }
}
