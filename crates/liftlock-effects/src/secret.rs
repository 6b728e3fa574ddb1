//! Secrets: handles, and how they are opened at the moment of use.

use std::fmt;
use std::io;
use std::path::Path;
use std::time::Duration;

use zeroize::Zeroizing;

use crate::{Command, Ending, HttpRequest, MAX_CAPTURED, Mask, World, words};

/// How long a program may take that prints a secret.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A secret that is not open.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// The handle as its author wrote it.
    pub name: String,
    pub source: SecretSource,
}

/// Where a secret is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of the runner's own environment.
    Variable(String),
    /// A file, relative to the project.
    File(String),
    /// The standard output of a program, which runs in the project's folder.
    Program(Vec<String>),
}

/// What a program or a server is given: a text, or a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given {
    Text(String),
    Secret(Secret),
    Opened(Opened),
}

/// The value of a secret. It is wiped from memory when it is dropped, and has no picture.
#[derive(Clone, PartialEq, Eq)]
pub struct Opened(Zeroizing<String>);

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl From<String> for Given {
    fn from(text: String) -> Self {
        Given::Text(text)
    }
}

impl From<&str> for Given {
    fn from(text: &str) -> Self {
        Given::Text(text.to_owned())
    }
}

impl Given {
    /// What the program or the server gets.
    ///
    /// # Errors
    /// Where it is a secret that nobody has opened, which is a bug of whoever runs the program or sends the request.
    pub fn value(&self) -> io::Result<&str> {
        match self {
            Given::Text(text) => Ok(text),
            Given::Opened(opened) => Ok(&opened.0),
            Given::Secret(secret) => {
                Err(io::Error::other(format!("{} was not opened, which is a bug in liftlock", secret.name)))
            }
        }
    }

    /// A text that holds opened secrets, to be wiped as they are.
    pub(crate) fn opened(text: String) -> Given {
        Given::Opened(Opened(Zeroizing::new(text)))
    }

    fn is_closed(&self) -> bool {
        matches!(self, Given::Secret(_))
    }

    /// Opens it where it is a secret. What was opened is hidden by `mask` from here on.
    async fn open(&mut self, world: &dyn World, mask: &Mask, root: &Path) -> io::Result<()> {
        if let Given::Secret(secret) = self {
            let opened = secret.open(world, mask, root).await.map_err(|why| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("{} cannot be opened: {why}", secret.name))
            })?;
            *self = Given::Opened(opened);
        }
        Ok(())
    }
}

impl Command {
    pub(crate) fn has_closed_secret(&self) -> bool {
        self.env.iter().map(|(_, value)| value).chain(&self.stdin).any(Given::is_closed)
    }

    /// The command with its secrets opened. What was opened is hidden by `mask` from here on.
    ///
    /// # Errors
    /// Which secret cannot be opened, and why; never its value.
    pub(crate) async fn opened(mut self, world: &dyn World, mask: &Mask, root: &Path) -> io::Result<Command> {
        for given in self.env.iter_mut().map(|(_, value)| value).chain(&mut self.stdin) {
            given.open(world, mask, root).await?;
        }
        Ok(self)
    }
}

impl HttpRequest {
    pub(crate) fn has_closed_secret(&self) -> bool {
        self.headers.iter().map(|(_, value)| value).chain(&self.body).any(Given::is_closed)
    }

    /// The request with its secrets opened. What was opened is hidden by `mask` from here on.
    ///
    /// # Errors
    /// Which secret cannot be opened, and why; never its value.
    pub(crate) async fn opened(mut self, world: &dyn World, mask: &Mask, root: &Path) -> io::Result<HttpRequest> {
        for given in self.headers.iter_mut().map(|(_, value)| value).chain(&mut self.body) {
            given.open(world, mask, root).await?;
        }
        Ok(self)
    }
}

impl Secret {
    async fn open(&self, world: &dyn World, mask: &Mask, root: &Path) -> Result<Opened, String> {
        let bytes = match &self.source {
            SecretSource::Variable(name) => {
                let value = world.variable(name).map_err(|error| words::reason(&error))?;
                value.ok_or_else(|| "the variable is not set".to_owned())?.into_bytes()
            }
            SecretSource::File(path) => without_last_newline(world.read(&root.join(path)).map_err(|error| {
                if error.kind() == io::ErrorKind::NotFound {
                    "the file is not there".to_owned()
                } else {
                    words::reason(&error)
                }
            })?),
            SecretSource::Program(argv) => without_last_newline(printed(argv, world, root).await?),
        };
        // A conversion that fails must not hand the bytes on, as its error would.
        let text = String::from_utf8(bytes).map_err(|error| {
            drop(Zeroizing::new(error.into_bytes()));
            "it is not UTF-8"
        })?;
        let opened = Opened(Zeroizing::new(text));
        mask.add(&opened.0).map_err(|error| error.to_string())?;
        Ok(opened)
    }
}

/// What the program prints. Nothing of it is shown, also where it fails: what it printed by then may be the secret.
async fn printed(argv: &[String], world: &dyn World, root: &Path) -> Result<Vec<u8>, String> {
    let command =
        Command { argv: argv.to_vec(), env: Vec::new(), cwd: root.to_owned(), stdin: None, timeout: TIMEOUT, on: None };
    // With a mask of its own: one that knows the secret already would hide it from those who asked for it.
    let outcome = world.run(&command, &Mask::default(), &mut |_| {}).await;
    let captured = command.succeeded(outcome).map_err(|failure| failure.message)?;
    if captured.ending == Ending::Exited(0) && captured.stdout.len() >= MAX_CAPTURED {
        return Err("the program printed more than a MiB".to_owned());
    }
    Ok(captured.stdout)
}

fn without_last_newline(mut bytes: Vec<u8>) -> Vec<u8> {
    if bytes.last() == Some(&b'\n') {
        bytes.pop();
        if bytes.last() == Some(&b'\r') {
            bytes.pop();
        }
    }
    bytes
}

#[cfg(test)]
mod tests {
    use liftlock_journal::FailureKind;

    use super::*;
    use crate::testing::Site;

    fn secret(source: SecretSource) -> Secret {
        Secret { name: "secret.x".to_owned(), source }
    }

    fn program(script: &str) -> SecretSource {
        SecretSource::Program(["sh", "-c", script].map(str::to_owned).to_vec())
    }

    /// What a program says that gets a secret in `TOKEN`, or why it did not start.
    fn with_token(site: &Site, source: SecretSource, script: &str) -> Result<String, String> {
        let mut command = site.sh(script);
        command.env = vec![("TOKEN".to_owned(), Given::Secret(secret(source)))];
        let (outcome, _) = site.with(async |context| {
            let outcome = context.run(&command).await;
            command.succeeded(outcome)
        });
        match outcome {
            Ok(captured) => Ok(String::from_utf8(captured.stdout).unwrap()),
            Err(failure) => {
                assert_eq!(failure.kind, FailureKind::NotStarted);
                Err(failure.message)
            }
        }
    }

    const LENGTH: &str = "printf %s \"$TOKEN\" | wc -c; echo \"$TOKEN\"";

    #[test]
    fn a_secret_of_each_source_reaches_the_program_and_is_hidden_in_what_it_prints() {
        let site = Site::new();
        std::fs::write(site.path().join("token"), "from a file\n").unwrap();
        let file = SecretSource::File("token".to_owned());
        assert_eq!(with_token(&site, file, LENGTH), Ok("11\n***\n".to_owned()));
        assert_eq!(with_token(&site, program("printf 'printed\\n'"), LENGTH), Ok("7\n***\n".to_owned()));
        // Cargo sets it for every test.
        let variable = SecretSource::Variable("CARGO_PKG_NAME".to_owned());
        assert_eq!(with_token(&site, variable, LENGTH), Ok("16\n***\n".to_owned()));
    }

    #[test]
    fn a_secret_can_be_opened_again_although_it_is_hidden() {
        let site = Site::new();
        let mut command = site.sh("test \"$TOKEN\" = opened && cat");
        let given = || Given::Secret(secret(program("echo opened")));
        command.env = vec![("TOKEN".to_owned(), given())];
        command.stdin = Some(given());
        let (stdout, shown) = site.with(async |context| {
            for _ in 0..2 {
                assert_eq!(context.run(&command).await.unwrap().ending, Ending::Exited(0));
            }
            context.run(&command).await.unwrap().stdout
        });
        assert_eq!((String::from_utf8(stdout).unwrap().as_str(), shown.as_str()), ("***", "*********"));
    }

    #[test]
    fn a_secret_that_cannot_be_opened_is_named_and_keeps_the_program_from_starting() {
        let site = Site::new();
        let why = |source: SecretSource| with_token(&site, source, "echo started").unwrap_err();
        let begin = "`sh` could not be started: secret.x cannot be opened: ";
        let cases = [
            (SecretSource::Variable("LIFTLOCK_NO_SUCH".to_owned()), "the variable is not set"),
            (SecretSource::File("missing".to_owned()), "the file is not there"),
            (program("echo hidden >&2; exit 3"), "`sh` ended with status 3"),
            (program("printf '\\377\\377\\377\\377'"), "it is not UTF-8"),
            (program("echo abc"), "it has fewer than 4 characters, too few to be hidden in what programs print"),
        ];
        for (source, expected) in cases {
            assert_eq!(why(source), format!("{begin}{expected}"));
        }
    }

    #[test]
    fn an_open_secret_has_no_picture() {
        let opened = Given::Opened(Opened(Zeroizing::new("hunter22".to_owned())));
        assert_eq!(format!("{opened:?}"), "Opened(***)");
    }
}
