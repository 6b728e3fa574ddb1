//! A program on another host, reached by ssh.
//!
//! What ssh is told to run there is always the same small program of a shell, for it stands in process lists, and the
//! shell of a user may be any. That program reads one line from its standard input, the *prologue*, and does what it says:
//! it goes to the folder, sets the environment, and becomes the program that is meant. What comes behind the line is the
//! input of that program. So neither the environment nor a script is in any list of processes, there or here.
//!
//! The prologue also leaves a watch behind that looks once a second. When the connection is gone (the time is over, the
//! run was ended, the runner was killed) or the time-out has passed, it ends the program's process group, politely at
//! first. Out of its reach is a program that has made itself a group or a session of its own; and where the network is cut
//! without a word, the connection is gone only when sshd there notices, which may be the time-out.

use std::io;
use std::path::Path;

use crate::{Command, Given};

/// Where a program runs, if not here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// As ssh takes it: `web-1`, `deploy@web-1`, `ssh://deploy@web-1:2222`.
    pub name: String,
    /// A script that is not on that host: it is made a file there, whose path is the last argument.
    pub script: Option<String>,
}

/// Reads the prologue and does it. No single quote is in it, so that every shell takes it as one word in such quotes.
const REMOTE: &str = r#"exec sh -c 'IFS= read -r liftlock_line && eval "$liftlock_line"'"#;

/// What a shell uses in its words, and what the watch needs: the program's process, and the one that holds the
/// connection. `kill 0` is the process group of the session, in which the watch is itself; it ignores SIGTERM.
const WATCH: &str = concat!(
    r#"( trap "" TERM HUP; exec </dev/null >/dev/null 2>&1; "#,
    r#"if kill -0 "$PPID"; then liftlock_line=$PPID; else liftlock_line=$$; fi; "#,
    r#"while kill -0 "$$"; do "#,
    r#"if [ "$liftlock_left" -le 0 ] || ! kill -0 "$liftlock_line"; then "#,
    r#"kill -TERM 0; sleep 2; [ -z "$liftlock_script" ] || rm -f -- "$liftlock_script"; kill -KILL 0; fi; "#,
    r#"liftlock_left=$((liftlock_left - 1)); sleep 1; done; "#,
    r#"[ -z "$liftlock_script" ] || rm -f -- "$liftlock_script" ) & "#,
);

impl Host {
    /// The command that runs `command`, whose secrets are open, on this host.
    ///
    /// # Errors
    /// Where something of it cannot be handed to a shell.
    pub(crate) fn reach(&self, command: &Command) -> io::Result<Command> {
        let mut stdin = self.prologue(command)?;
        if let Some(given) = &command.stdin {
            stdin.push_str(given.value()?);
        }
        let options = ["-T", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "--"];
        let argv = ["ssh"].into_iter().chain(options).chain([self.name.as_str(), REMOTE]);
        // By these a runner that takes the run up again finds the ssh that another one left behind.
        let own = |name: &str| name == "LIFTLOCK_KEY" || name == "LIFTLOCK_RUN";
        Ok(Command {
            argv: argv.map(str::to_owned).collect(),
            env: command.env.iter().filter(|(name, _)| own(name)).cloned().collect(),
            cwd: "/".into(),
            stdin: Some(Given::opened(stdin)),
            timeout: command.timeout,
            on: None,
        })
    }

    /// One line of shell, with its end.
    fn prologue(&self, command: &Command) -> io::Result<String> {
        let mut line = String::from(r#"liftlock_newline=$(printf "\nx"); liftlock_newline=${liftlock_newline%x}; "#);
        if command.cwd != Path::new("") && command.cwd != Path::new(".") {
            let folder = command.cwd.to_str().ok_or_else(|| refused("the folder is not UTF-8"))?;
            // A name that begins with a dash is no option, and `CDPATH` has no say.
            let folder = if folder.starts_with('/') { folder.to_owned() } else { format!("./{folder}") };
            line.push_str(&format!("cd {} || exit 126; ", word(&folder)?));
        }
        line.push_str("liftlock_script=; ");
        if let Some(script) = &self.script {
            line.push_str("liftlock_script=$(umask 077; mktemp) || exit 126; ");
            line.push_str(&format!(r#"printf "%s" {} > "$liftlock_script" || exit 126; "#, word(script)?));
        }
        // Rounded up, and a little later than the runner here, which can say what happened.
        line.push_str(&format!("liftlock_left={}; ", command.timeout.as_secs().saturating_add(5)));
        line.push_str(WATCH);
        for (name, value) in &command.env {
            if !is_variable(name) {
                return Err(refused(&format!("`{name}` is no name of a variable that a shell can set")));
            }
            line.push_str(&format!("{name}={}; export {name}; ", word(value.value()?)?));
        }
        line.push_str("exec");
        for argument in &command.argv {
            line.push(' ');
            line.push_str(&word(argument)?);
        }
        if self.script.is_some() {
            line.push_str(r#" "$liftlock_script""#);
        }
        if command.stdin.is_none() {
            line.push_str(" </dev/null");
        }
        line.push('\n');
        Ok(line)
    }
}

/// A text as one word of a POSIX shell, and on one line.
fn word(text: &str) -> io::Result<String> {
    if text.contains('\0') {
        return Err(refused("a NUL character cannot be handed to a program"));
    }
    Ok(format!("'{}'", text.replace('\'', r"'\''").replace('\n', r#"'"$liftlock_newline"'"#)))
}

fn is_variable(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|first| first.is_ascii_alphabetic() || first == b'_')
        && bytes.all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn refused(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why.to_owned())
}

#[cfg(test)]
mod tests;
