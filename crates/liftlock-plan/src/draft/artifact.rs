//! The artifact of a plan, and what has to be looked at before there can be one.

use indexmap::IndexMap;
use liftlock_check::Checked;
use liftlock_journal::Stored;
use liftlock_model as model;
use liftlock_model::ImageDigest;
use liftlock_model::evaluate::{Facts, evaluate, text};
use liftlock_model::expr::Expr;
use liftlock_names::{Digest, ImageName};

use super::kinds::{invocation, known, texts};
use super::{Request, checked_version, find_pipeline, input_values};
use crate::artifact::{ArtifactPlan, BuiltArtifactRef, FileArtifact, ImageArtifact, ImageBuild, ImageSource};
use crate::document::Invocation;
use crate::error::PlanError;

/// How long a program may take to find a digest, in milliseconds: it asks one question.
const RESOLVE_TIMEOUT: u64 = 60_000;

/// Where somebody has to look before a release can be planned.
#[derive(Debug, Clone, PartialEq)]
pub enum ArtifactInput {
    /// At the files that match these globs.
    Sources(Vec<String>),
    /// At what this program prints: the digest of the image of that name. It only reads.
    Digest { image: String, resolve: Box<Invocation> },
}

/// What was found there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    Sources(SourceState),
    Digest(Digest),
}

/// The sources of an artifact, as they are in the working folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The digest of the paths and contents.
    pub digest: Digest,
    pub files: usize,
}

/// What has to be looked at before a plan can be made; `None` where that is nothing.
///
/// # Errors
/// Those of the inputs, and of a name that is none of an image.
pub fn artifact_inputs(
    checked: &Checked,
    pipeline: &str,
    inputs: &IndexMap<String, String>,
) -> Result<Option<ArtifactInput>, PlanError> {
    let model = checked.model();
    let Some(id) = find_pipeline(model, pipeline)?.artifact else { return Ok(None) };
    let artifact = model.artifact(id);
    let inputs = input_values(model, inputs)?;
    let facts = Facts::new(model, &inputs);
    if let Some(build) = artifact.kind.build() {
        return Ok(Some(ArtifactInput::Sources(texts(&evaluate(&build.sources, facts)))));
    }
    match &artifact.kind {
        model::ArtifactKind::Image { image, digest: ImageDigest::Resolved { resolve } } => {
            // A registry is not asked for what cannot be released.
            let version = checked_version(&artifact.name, &text(&artifact.version, facts).to_string())?;
            let facts = Facts { version: Some(&version), ..facts };
            let image = image_name(artifact, image, facts)?.0;
            Ok(Some(ArtifactInput::Digest { image, resolve: Box::new(resolution(artifact, resolve, facts)) }))
        }
        model::ArtifactKind::File { .. } | model::ArtifactKind::Image { .. } => Ok(None),
    }
}

/// The artifact as the plan says it.
pub(super) fn plan(
    artifact: &model::Artifact,
    request: &Request<'_>,
    version: &str,
    facts: Facts<'_>,
) -> Result<ArtifactPlan, PlanError> {
    let (image, digest) = match &artifact.kind {
        model::ArtifactKind::File { build, file } => {
            return Ok(ArtifactPlan::File(self::file(artifact, build, file, request, version, facts)));
        }
        model::ArtifactKind::Image { image, digest } => (image, digest),
    };
    let (image, parsed) = image_name(artifact, image, facts)?;
    let (digest, source) = match digest {
        ImageDigest::Written => (parsed.digest, ImageSource::Written),
        ImageDigest::Resolved { resolve } => {
            let digest = match request.found {
                Some(Found::Digest(digest)) => Some(digest),
                Some(Found::Sources(_)) | None => None,
            };
            (digest, ImageSource::Resolved { resolve: resolution(artifact, resolve, facts) })
        }
        ImageDigest::Built { build, resolve } => {
            let sources = sources(request);
            let build = ImageBuild {
                sources: texts(&evaluate(&build.sources, facts)),
                source_digest: sources.digest,
                source_files: sources.files,
                build: invocation(&build.command, &artifact.env, &artifact.cwd, None, artifact.timeout, facts),
                resolve: resolution(artifact, resolve, facts),
            };
            (None, ImageSource::Built(Box::new(build)))
        }
    };
    let mut plan = ImageArtifact { name: artifact.name.clone(), version: version.to_owned(), image, digest, source };
    if let ImageSource::Built(build) = &plan.source {
        let source_digest = plan.digest_of(build, &build.source_digest);
        let built = request.ledger.built(request.pipeline, &plan.name, &source_digest);
        plan.digest = built.map(|built| built.digest);
        plan.source = ImageSource::Built(Box::new(ImageBuild { source_digest, ..(**build).clone() }));
    }
    Ok(ArtifactPlan::Image(plan))
}

fn file(
    artifact: &model::Artifact,
    build: &model::Build,
    file: &Expr,
    request: &Request<'_>,
    version: &str,
    facts: Facts<'_>,
) -> FileArtifact {
    let sources = sources(request);
    let mut plan = FileArtifact {
        name: artifact.name.clone(),
        version: version.to_owned(),
        sources: texts(&evaluate(&build.sources, facts)),
        source_digest: sources.digest,
        source_files: sources.files,
        build: invocation(&build.command, &artifact.env, &artifact.cwd, None, artifact.timeout, facts),
        file: known(file, facts),
        built: None,
    };
    plan.source_digest = plan.digest_of(&sources.digest);
    let built = request.ledger.built(request.pipeline, &plan.name, &plan.source_digest);
    plan.built = built.and_then(|built| match &built.stored {
        Stored::File { name, bytes } => {
            Some(BuiltArtifactRef { digest: built.digest, name: name.clone(), bytes: *bytes })
        }
        Stored::Image { .. } => None,
    });
    plan
}

fn sources(request: &Request<'_>) -> SourceState {
    match &request.found {
        Some(Found::Sources(state)) => state.clone(),
        Some(Found::Digest(_)) | None => SourceState { digest: Digest::of(b""), files: 0 },
    }
}

/// The program that finds the digest.
fn resolution(artifact: &model::Artifact, resolve: &Expr, facts: Facts<'_>) -> Invocation {
    invocation(resolve, &artifact.env, &artifact.cwd, None, artifact.timeout.min(RESOLVE_TIMEOUT), facts)
}

/// The name of an image as it is written, now that all of it is known.
fn image_name(artifact: &model::Artifact, image: &Expr, facts: Facts<'_>) -> Result<(String, ImageName), PlanError> {
    let image = known(image, facts);
    match image.parse() {
        Ok(name) => Ok((image, name)),
        Err(why) => Err(PlanError::BadValue {
            what: format!("the image of artifact `{}`", artifact.name),
            value: image,
            help: format!("{why}"),
        }),
    }
}
