//! A program to be run, how it ended, and how both are said.

use std::fmt::Write as _;
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use liftlock_journal::{Failure, FailureKind};

use crate::{Given, Host, words};

/// How much of a program's standard output is captured.
pub const MAX_CAPTURED: usize = 1024 * 1024;

/// A program with its arguments. No shell reads it: each argument reaches the program as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program and its arguments; never empty.
    pub argv: Vec<String>,
    /// Added to the runner's own environment.
    pub env: Vec<(String, Given)>,
    /// An absolute path, except on another host. A program named with a `/` in it is looked up from here.
    pub cwd: PathBuf,
    pub stdin: Option<Given>,
    pub timeout: Duration,
    /// The host that it runs on; `cwd` is a folder there then, relative to that user's home.
    pub on: Option<Host>,
}

/// How a program ended, and what it printed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    pub ending: Ending,
    /// The first MiB of its standard output, secrets hidden.
    pub stdout: Vec<u8>,
    /// The last lines of both outputs as they came, at most 20, secrets hidden.
    pub tail: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The exit status.
    Exited(i32),
    /// The number of the signal that ended it.
    Signalled(i32),
    /// It was killed after its time-out.
    TimedOut,
}

impl Command {
    /// The program and its arguments as one would type them in a shell.
    pub fn display(&self) -> String {
        let words: Vec<_> = self.argv.iter().enumerate().map(|(index, word)| quoted(word, index == 0)).collect();
        words.join(" ")
    }

    /// What it printed, if it ended with status 0.
    pub(crate) fn succeeded(&self, outcome: io::Result<Captured>) -> Result<Captured, Failure> {
        let program = self.argv.first().map_or("", String::as_str);
        let captured = outcome.map_err(|error| self.not_started(program, &error))?;
        let on = self.on.as_ref().map(|host| format!(" on `{}`", host.name)).unwrap_or_default();
        let (kind, message) = match captured.ending {
            Ending::Exited(0) => return Ok(captured),
            // What ssh itself ends with. A program may do so as well, and the tail tells which it was.
            Ending::Exited(255) if self.on.is_some() => (
                FailureKind::Failed,
                format!("`{program}`{on} ended with status 255, as ssh does where it cannot connect"),
            ),
            Ending::Exited(status) => (FailureKind::Failed, format!("`{program}`{on} ended with status {status}")),
            Ending::Signalled(signal) => {
                (FailureKind::Failed, format!("`{program}`{on} was ended by {}", words::signal(signal)))
            }
            Ending::TimedOut => {
                let limit = words::span(self.timeout);
                (FailureKind::TimedOut, format!("`{program}`{on} was stopped after its time-out of {limit}"))
            }
        };
        Err(Failure { kind, message, tail: captured.tail })
    }

    fn not_started(&self, program: &str, error: &io::Error) -> Failure {
        let message = if self.on.is_some() && error.kind() == io::ErrorKind::NotFound {
            "`ssh` is not there: not on the PATH".to_owned()
        } else if error.kind() != io::ErrorKind::NotFound {
            format!("`{program}` could not be started: {}", words::reason(error))
        } else if program.starts_with('/') {
            format!("`{program}` is not there")
        } else if program.contains('/') {
            format!("`{program}` is not there: {}", self.cwd.join(program).display())
        } else {
            format!("`{program}` is not there: not on the PATH")
        };
        Failure { kind: FailureKind::NotStarted, message, tail: Vec::new() }
    }
}

/// A word as a POSIX shell reads it back; one with control characters as bash, zsh and POSIX.1-2024 do.
fn quoted(word: &str, first: bool) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_@%+=:,./-".contains(&byte);
    // `name=value` in the first place would be an assignment.
    if !word.is_empty() && word.bytes().all(plain) && !(first && word.contains('=')) {
        return word.to_owned();
    }
    if !word.contains(char::is_control) {
        return format!("'{}'", word.replace('\'', r"'\''"));
    }
    let mut text = String::from("$'");
    for char in word.chars() {
        match char {
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\'' | '\\' => text.extend(['\\', char]),
            _ if char.is_control() => {
                let mut bytes = [0; 4];
                for byte in char.encode_utf8(&mut bytes).bytes() {
                    // Octal, for hexadecimal digits would swallow the ones that follow. Writing to a text cannot fail.
                    let _ = write!(text, "\\{byte:03o}");
                }
            }
            _ => text.push(char),
        }
    }
    text.push('\'');
    text
}

#[cfg(test)]
mod tests {
    use crate::testing::command;

    #[test]
    fn a_command_is_shown_as_one_would_type_it() {
        let shown = |argv: &[&str]| command("/".as_ref(), argv).display();
        assert_eq!(
            shown(&["ops/up", "--to=2", "a b", "", "it's", "$HOME"]),
            r"ops/up --to=2 'a b' '' 'it'\''s' '$HOME'"
        );
        assert_eq!(shown(&["A=1", "two\nlines\x1b[0m"]), r"'A=1' $'two\nlines\033[0m'");
    }
}
