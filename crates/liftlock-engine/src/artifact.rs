//! The artifact: built once, kept by its digest, and from then on only that copy.

use std::path::Path;

use liftlock_effects::Ending;
use liftlock_journal::{BlobError, Event, Failure, FailureKind};
use liftlock_names::Digest;
use liftlock_plan::{ArtifactPlan, Plan};

use crate::dispatcher::Dispatcher;
use crate::resolve::{self, Fill};
use crate::{EngineError, read_sources};

/// Sees to it that the plan's artifact is in the store. The inner error is why the release cannot go on.
pub async fn prepare(dispatcher: &Dispatcher<'_>, plan: &Plan) -> Result<Result<(), Failure>, EngineError> {
    let Some(artifact) = &plan.artifact else { return Ok(Ok(())) };
    if dispatcher.state().artifacts.contains_key(&artifact.name) {
        return Ok(Ok(()));
    }
    let ready = match ready(dispatcher, artifact).await {
        Ok(ready) => ready,
        Err(failure) => return refuse(dispatcher, artifact, failure),
    };
    let released_as = dispatcher.ledger()?.released_as(&plan.pipeline, &artifact.version);
    if let Some(other) = released_as
        && other != ready.digest
    {
        let failure = artifact_failure(format!(
            "version {} was released as {}, and these sources give {}; give this one a version of its own",
            artifact.version,
            other.short(),
            ready.digest.short(),
        ));
        return refuse(dispatcher, artifact, failure);
    }
    dispatcher.record(Event::ArtifactReady {
        artifact: artifact.name.clone(),
        version: artifact.version.clone(),
        digest: ready.digest,
        name: ready.name,
        bytes: ready.bytes,
        sources: artifact.source_digest,
        built: ready.built,
    })?;
    Ok(Ok(()))
}

fn refuse(
    dispatcher: &Dispatcher<'_>,
    artifact: &ArtifactPlan,
    failure: Failure,
) -> Result<Result<(), Failure>, EngineError> {
    dispatcher.record(Event::ArtifactFailed { artifact: artifact.name.clone(), failure: failure.clone() })?;
    Ok(Err(failure))
}

struct Ready {
    digest: Digest,
    name: String,
    bytes: u64,
    built: bool,
}

async fn ready(dispatcher: &Dispatcher<'_>, artifact: &ArtifactPlan) -> Result<Ready, Failure> {
    let engine = dispatcher.engine;
    if let Some(built) = &artifact.built
        && engine.blobs.path(&built.digest, &built.name).is_ok()
    {
        return Ok(Ready { digest: built.digest, name: built.name.clone(), bytes: built.bytes, built: false });
    }
    check_sources(dispatcher, artifact)?;
    build(dispatcher, artifact).await?;

    let path = engine.root.join(&artifact.file);
    let opened = engine.world.open(&path).map_err(|source| BlobError::Io { path: path.clone(), source });
    let (digest, bytes) = opened
        .and_then(|mut file| engine.blobs.put_from(&mut file, &path))
        .map_err(|error| artifact_failure(format!("the build ended well, and its file cannot be stored: {error}")))?;
    let name = Path::new(&artifact.file).file_name();
    let name = name.map_or_else(|| artifact.name.clone(), |name| name.to_string_lossy().into_owned());
    Ok(Ready { digest, name, bytes, built: true })
}

/// What is built must be what was planned.
fn check_sources(dispatcher: &Dispatcher<'_>, artifact: &ArtifactPlan) -> Result<(), Failure> {
    let engine = dispatcher.engine;
    let state = read_sources(engine.world, engine.root, &artifact.sources)
        .map_err(|error| artifact_failure(error.to_string()))?;
    if artifact.digest_of(&state.digest) != artifact.source_digest {
        let message = "the sources have changed since the release was planned; plan again".to_owned();
        return Err(Failure { kind: FailureKind::Stale, message, tail: Vec::new() });
    }
    Ok(())
}

async fn build(dispatcher: &Dispatcher<'_>, artifact: &ArtifactPlan) -> Result<(), Failure> {
    let engine = dispatcher.engine;
    let key = format!("{}/build/{}", dispatcher.run, artifact.name);
    // A build that a killed runner left behind would write the same file.
    engine.world.end_processes_of(&key);
    let fill = Fill::default().with_key(key, &dispatcher.run);
    let command = resolve::command(&engine, &artifact.build, &fill)?;
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
