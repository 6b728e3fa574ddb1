//! Standard output and standard error: what they can show, and how to ask.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;

use liftlock_report::Style;

use crate::cli::{Options, When};
use crate::exit::Problem;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Stdout,
    Stderr,
}

impl Stream {
    pub fn is_terminal(self) -> bool {
        match self {
            Stream::Stdout => io::stdout().is_terminal(),
            Stream::Stderr => io::stderr().is_terminal(),
        }
    }
}

/// From so many columns on, old and new stand side by side.
const WIDE: usize = 140;

/// What a stream can show.
pub fn style(options: &Options, stream: Stream) -> Style {
    let is_terminal = stream.is_terminal();
    let color = match options.color {
        When::Always => true,
        When::Never => false,
        When::Auto => is_terminal && is_unset("NO_COLOR") && std::env::var("TERM").is_ok_and(|term| term != "dumb"),
    };
    let width = if is_terminal { columns() } else { usize::MAX };
    let side_by_side = match options.side_by_side {
        When::Always => true,
        When::Never => false,
        When::Auto => is_terminal && width >= WIDE,
    };
    Style { color, unicode: is_utf8(), width, side_by_side, full: options.full, zone: None }
}

fn is_unset(name: &str) -> bool {
    std::env::var_os(name).is_none_or(|value| value.is_empty())
}

/// Whether the locale says UTF-8; a CI log without a locale is taken to be.
fn is_utf8() -> bool {
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| std::env::var(name).ok().filter(|l| !l.is_empty()));
    locale.is_none_or(|locale| {
        let locale = locale.to_ascii_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    })
}

/// The width of the terminal on standard error or output, in columns.
fn columns() -> usize {
    let size = rustix::termios::tcgetwinsize(io::stderr()).or_else(|_| rustix::termios::tcgetwinsize(io::stdout()));
    size.ok().map(|size| usize::from(size.ws_col)).filter(|columns| *columns >= 40).unwrap_or(100)
}

/// Writes a line of talk. A reader that has gone away is no reason to fail a release.
pub fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// Writes a line of talk that nobody has to read, unless less is asked for.
pub fn tell(options: &Options, text: &str) {
    if !options.quiet {
        say(text);
    }
}

/// Writes data. Where nobody reads any more there is nothing left to do.
pub fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(text.as_bytes());
    if !text.ends_with('\n') && !text.is_empty() {
        let _ = stdout.write_all(b"\n");
    }
    let _ = stdout.flush();
}

/// What would change in a file, as a unified diff.
pub fn unified(path: &Path, before: &str, after: &str) -> String {
    let path = path.display().to_string();
    let name = liftlock_report::plain(&path);
    format!("--- {name}\n+++ {name}\n{}", liftlock_plan::unified(before, after))
}

/// Empties the terminal that standard output is, with what can be scrolled back to (ECMA-48, section 8.3.39, and its
/// extension by xterm).
pub fn clear() {
    let mut stdout = io::stdout().lock();
    let _ = stdout.write_all(b"\x1b[H\x1b[2J\x1b[3J");
    let _ = stdout.flush();
}

/// Whether there is somebody to ask.
pub fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks, and returns the answer without its line end.
pub fn ask(question: &str) -> Result<String, Problem> {
    let _ = write!(io::stderr(), "{question}");
    let _ = io::stderr().flush();
    let mut answer = String::new();
    match io::stdin().read_line(&mut answer) {
        Ok(0) => Err(Problem::usage("nothing was answered")),
        Ok(_) => Ok(answer.trim().to_owned()),
        Err(error) => Err(Problem::usage(format!("the answer cannot be read: {error}"))),
    }
}

/// Asks for a yes.
pub fn confirm(question: &str) -> Result<bool, Problem> {
    let answer = ask(&format!("{question} [y/N] "))?;
    Ok(matches!(answer.to_ascii_lowercase().as_str(), "y" | "yes"))
}

/// Why a file could not be read or written, in words.
pub fn reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "it is not there".to_owned(),
        io::ErrorKind::PermissionDenied => "you may not".to_owned(),
        io::ErrorKind::StorageFull => "the disk is full".to_owned(),
        io::ErrorKind::ReadOnlyFilesystem => "the file system is read-only".to_owned(),
        io::ErrorKind::InvalidData => "it is not UTF-8".to_owned(),
        _ => error.to_string(),
    }
}
