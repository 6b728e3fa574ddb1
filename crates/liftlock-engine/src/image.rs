//! The digest of an image: what the program prints that was written to find it.

use liftlock_effects::{Captured, Command, Ending};
use liftlock_journal::{Failure, FailureKind};
use liftlock_names::Digest;
use liftlock_plan::Invocation;
use thiserror::Error;

use crate::Engine;
use crate::resolve::{self, Fill};

/// How much is shown of what a program printed instead of a digest.
const MOST_SHOWN: usize = 80;

/// Why there is no digest.
#[derive(Debug, Error)]
pub enum ImageError {
    #[error("`{program}`, which finds the digest of `{image}`, cannot be started: {why}")]
    NotStarted { program: String, image: String, why: String },
    #[error("`{program}`, which finds the digest of `{image}`, {how}")]
    Failed { program: String, image: String, how: String, tail: Vec<String> },
    #[error("`{program}` printed {printed} where the digest of `{image}` is wanted: one line, `sha256:` and 64 digits")]
    NoDigest { program: String, image: String, printed: String },
}

impl ImageError {
    /// The last lines that the program printed.
    pub fn tail(&self) -> &[String] {
        match self {
            ImageError::Failed { tail, .. } => tail,
            ImageError::NotStarted { .. } | ImageError::NoDigest { .. } => &[],
        }
    }

    /// What to do about it.
    pub fn help(&self) -> String {
        match self {
            ImageError::NotStarted { .. } => {
                "`resolve` is looked up on the PATH, or from the project's folder where it has a `/`".to_owned()
            }
            ImageError::Failed { program, .. } => {
                format!("run `{program}` by hand: is the image in the registry, and are you logged in to it?")
            }
            ImageError::NoDigest { printed, .. } if printed.contains("@sha256:") => {
                "print only what stands behind the `@`".to_owned()
            }
            ImageError::NoDigest { .. } => {
                "`crane digest IMAGE` prints it so, and `skopeo inspect --format '{{.Digest}}' docker://IMAGE`"
                    .to_owned()
            }
        }
    }
}

/// Runs `resolve`, and takes what it prints for the digest of `image`.
///
/// # Errors
/// Where it cannot be run, fails, takes too long, or prints anything else.
pub async fn resolve_image(engine: &Engine<'_>, image: &str, resolve: &Invocation) -> Result<Digest, ImageError> {
    resolve_filled(engine, image, resolve, &Fill::default()).await
}

/// The same in a run, which has a key.
pub(crate) async fn resolve_filled(
    engine: &Engine<'_>,
    image: &str,
    resolve: &Invocation,
    fill: &Fill,
) -> Result<Digest, ImageError> {
    let not_started = |program: String, why: String| ImageError::NotStarted { program, image: image.to_owned(), why };
    let command = resolve::command(engine, resolve, fill)
        .map_err(|failure| not_started("resolve".to_owned(), failure.message))?;
    let mut output = |_: &[u8]| {};
    let captured = engine.context(&mut output).ask(&command).await;
    let captured = captured.map_err(|error| not_started(command.display(), error.to_string()))?;
    let how = match captured.ending {
        Ending::Exited(0) => return digest_in(&captured, image, &command),
        Ending::Exited(status) => format!("ended with status {status}"),
        Ending::Signalled(signal) => format!("was ended by signal {signal}"),
        Ending::TimedOut => format!("was stopped after its time-out of {}s", command.timeout.as_secs()),
    };
    Err(ImageError::Failed { program: command.display(), image: image.to_owned(), how, tail: captured.tail })
}

fn digest_in(captured: &Captured, image: &str, command: &Command) -> Result<Digest, ImageError> {
    let text = String::from_utf8_lossy(&captured.stdout);
    let line = text.trim_end_matches(['\n', '\r']);
    line.parse().map_err(|_| {
        let printed = match line.chars().count() {
            0 => "nothing".to_owned(),
            _ if line.contains('\n') => format!("{} lines", line.lines().count()),
            count if count > MOST_SHOWN => format!("`{}…`", line.chars().take(MOST_SHOWN).collect::<String>()),
            _ => format!("`{line}`"),
        };
        ImageError::NoDigest { program: command.display(), image: image.to_owned(), printed }
    })
}

impl From<ImageError> for Failure {
    fn from(error: ImageError) -> Self {
        let message = format!("{error}; {}", error.help());
        Failure { kind: FailureKind::Artifact, message, tail: error.tail().to_vec() }
    }
}
