//! The artifact: built or resolved once, and from then on only what has that digest.

use std::path::Path;

use liftlock_effects::Ending;
use liftlock_journal::{BlobError, Event, Failure, FailureKind, Stored};
use liftlock_names::Digest;
use liftlock_plan::{ArtifactPlan, FileArtifact, ImageArtifact, ImageSource, Invocation, Plan};

use crate::dispatcher::Dispatcher;
use crate::image;
use crate::resolve::{self, Fill};
use crate::{EngineError, read_sources};

/// Sees to it that the digest of the plan's artifact is known, and that a file is in the store. The inner error is why the
/// release cannot go on.
pub async fn prepare(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Result<(), Failure>, EngineError> {
    let Some(artifact) = &plan.artifact else { return Ok(Ok(())) };
    let (name, version) = (artifact.name().to_owned(), artifact.version().to_owned());
    if dispatcher.state().artifacts.contains_key(&name) {
        return Ok(Ok(()));
    }
    let ready = match artifact {
        ArtifactPlan::File(file) => self::file(dispatcher, file).await,
        ArtifactPlan::Image(image) => self::image(dispatcher, image).await,
    };
    let Ready { digest, stored, built } = match ready {
        Ok(ready) => ready,
        Err(failure) => return refuse(dispatcher, name, failure),
    };
    if let Some(other) = dispatcher.ledger()?.released_as(&plan.pipeline, &version)
        && other != digest
    {
        let what = match stored {
            Stored::File { .. } => "these sources give",
            Stored::Image { .. } => "this image is",
        };
        let failure = artifact_failure(format!(
            "version {version} was released as {}, and {what} {}; give this one a version of its own",
            other.short(),
            digest.short(),
        ));
        return refuse(dispatcher, name, failure);
    }
    let sources = artifact.source_digest().copied();
    dispatcher.record(match stored {
        Stored::Image { image } => Event::ImageReady { artifact: name, version, digest, image, sources, built },
        Stored::File { name: file, bytes } => Event::ArtifactReady {
            artifact: name,
            version,
            digest,
            name: file,
            bytes,
            sources: sources.expect("a file has sources"),
            built,
        },
    })?;
    Ok(Ok(()))
}

fn refuse(dispatcher: &Dispatcher<'_>, artifact: String, failure: Failure) -> Result<Result<(), Failure>, EngineError> {
    dispatcher.record(Event::ArtifactFailed { artifact, failure: failure.clone() })?;
    Ok(Err(failure))
}

struct Ready {
    digest: Digest,
    stored: Stored,
    /// Whether this run has built it.
    built: bool,
}

async fn file(dispatcher: &Dispatcher<'_>, artifact: &FileArtifact) -> Result<Ready, Failure> {
    let engine = dispatcher.engine;
    if let Some(built) = &artifact.built
        && engine.blobs.path(&built.digest, &built.name).is_ok()
    {
        let stored = Stored::File { name: built.name.clone(), bytes: built.bytes };
        return Ok(Ready { digest: built.digest, stored, built: false });
    }
    check_sources(dispatcher, &artifact.sources, |sources| artifact.digest_of(sources) == artifact.source_digest)?;
    build(dispatcher, &artifact.name, &artifact.build).await?;

    let path = engine.root.join(&artifact.file);
    let opened = engine.world.open(&path).map_err(|source| BlobError::Io { path: path.clone(), source });
    let (digest, bytes) = opened
        .and_then(|mut file| engine.blobs.put_from(&mut file, &path))
        .map_err(|error| artifact_failure(format!("the build ended well, and its file cannot be stored: {error}")))?;
    let name = Path::new(&artifact.file).file_name();
    let name = name.map_or_else(|| artifact.name.clone(), |name| name.to_string_lossy().into_owned());
    Ok(Ready { digest, stored: Stored::File { name, bytes }, built: true })
}

async fn image(dispatcher: &Dispatcher<'_>, artifact: &ImageArtifact) -> Result<Ready, Failure> {
    let ready =
        |digest: Digest, built| Ready { digest, stored: Stored::Image { image: artifact.pinned(&digest) }, built };
    if let Some(digest) = artifact.digest {
        return Ok(ready(digest, false));
    }
    let ImageSource::Built(source) = &artifact.source else {
        let message = format!(
            "nobody has looked up the digest of `{}` for this plan; plan again without `--offline`",
            artifact.image
        );
        return Err(Failure { kind: FailureKind::Stale, message, tail: Vec::new() });
    };
    check_sources(dispatcher, &source.sources, |sources| artifact.digest_of(source, sources) == source.source_digest)?;
    build(dispatcher, &artifact.name, &source.build).await?;
    let fill = Fill::default().with_key(key(dispatcher, &artifact.name), &dispatcher.run);
    let digest = image::resolve_filled(&dispatcher.engine, &artifact.image, &source.resolve, &fill).await;
    digest.map(|digest| ready(digest, true)).map_err(|error| {
        let failure = Failure::from(error);
        Failure { message: format!("the build ended well, and {}", failure.message), ..failure }
    })
}

/// What is built must be what was planned.
fn check_sources(
    dispatcher: &Dispatcher<'_>,
    globs: &[String],
    is_as_planned: impl Fn(&Digest) -> bool,
) -> Result<(), Failure> {
    let engine = dispatcher.engine;
    let state = read_sources(engine.world, engine.root, globs).map_err(|error| artifact_failure(error.to_string()))?;
    if !is_as_planned(&state.digest) {
        let message = "the sources have changed since the release was planned; plan again".to_owned();
        return Err(Failure { kind: FailureKind::Stale, message, tail: Vec::new() });
    }
    Ok(())
}

fn key(dispatcher: &Dispatcher<'_>, artifact: &str) -> String {
    format!("{}/build/{artifact}", dispatcher.run)
}

async fn build(dispatcher: &Dispatcher<'_>, artifact: &str, build: &Invocation) -> Result<(), Failure> {
    let engine = dispatcher.engine;
    let key = key(dispatcher, artifact);
    // A build that a killed runner left behind would write the same file.
    engine.world.end_processes_of(&key);
    let fill = Fill::default().with_key(key, &dispatcher.run);
    let command = resolve::command(&engine, build, &fill)?;
    let mut output = dispatcher.output(None).map_err(|error| artifact_failure(error.to_string()))?;
    let captured =
        engine.context(&mut output).run(&command).await.map_err(|error| {
            artifact_failure(format!("the build `{}` cannot be started: {error}", command.display()))
        })?;
    let how = match captured.ending {
        Ending::Exited(0) => return Ok(()),
        Ending::Exited(status) => format!("ended with status {status}"),
        Ending::Signalled(signal) => format!("was ended by signal {signal}"),
        Ending::TimedOut => format!("was stopped after its time-out of {}s", command.timeout.as_secs()),
    };
    Err(Failure { tail: captured.tail, ..artifact_failure(format!("the build `{}` {how}", command.display())) })
}

fn artifact_failure(message: String) -> Failure {
    Failure { kind: FailureKind::Artifact, message, tail: Vec::new() }
}
