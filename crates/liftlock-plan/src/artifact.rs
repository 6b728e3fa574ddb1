//! What a plan says of the artifact: what it is, and where its digest comes from.

use liftlock_names::{Digest, ImageName};
use serde::{Deserialize, Serialize};

use crate::document::Invocation;

/// What is released.
//
// There were plans before there were images, and they are read still: the two are told apart by their fields.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum ArtifactPlan {
    File(FileArtifact),
    Image(ImageArtifact),
}

/// A file that is built, and then kept by its digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FileArtifact {
    pub name: String,
    pub version: String,
    /// Globs, relative to the project.
    pub sources: Vec<String>,
    /// The digest of the sources' contents and of how they are built.
    pub source_digest: Digest,
    /// How many files the sources are.
    pub source_files: usize,
    pub build: Invocation,
    /// Where the build leaves it, relative to the project.
    pub file: String,
    /// The artifact built from these very sources before; it is not built again.
    pub built: Option<BuiltArtifactRef>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BuiltArtifactRef {
    pub digest: Digest,
    /// The file's name, without folders.
    pub name: String,
    pub bytes: u64,
}

/// A container image, which stays in its registry and is named by its digest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageArtifact {
    pub name: String,
    pub version: String,
    /// As it is written, mostly with a tag.
    pub image: String,
    /// What is released, whatever the tag means by then. `None` where it is yet to be built, or where nobody has looked;
    /// of these only the first is run.
    pub digest: Option<Digest>,
    pub source: ImageSource,
}

/// Where the digest of an image comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ImageSource {
    /// It stands in the files.
    Written,
    /// A program printed it when the release was planned.
    Resolved { resolve: Invocation },
    /// A program prints it in the run, behind the one that builds the image and pushes it.
    Built(Box<ImageBuild>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ImageBuild {
    /// Globs, relative to the project.
    pub sources: Vec<String>,
    /// The digest of the sources' contents and of how they are built.
    pub source_digest: Digest,
    /// How many files the sources are.
    pub source_files: usize,
    pub build: Invocation,
    pub resolve: Invocation,
}

impl ArtifactPlan {
    pub fn name(&self) -> &str {
        match self {
            ArtifactPlan::File(file) => &file.name,
            ArtifactPlan::Image(image) => &image.name,
        }
    }

    pub fn version(&self) -> &str {
        match self {
            ArtifactPlan::File(file) => &file.version,
            ArtifactPlan::Image(image) => &image.version,
        }
    }

    /// What it is, where that is known by now.
    pub fn digest(&self) -> Option<Digest> {
        match self {
            ArtifactPlan::File(file) => file.built.as_ref().map(|built| built.digest),
            ArtifactPlan::Image(image) => image.digest,
        }
    }

    /// The digest of what it is built from and of how, where it is built.
    pub fn source_digest(&self) -> Option<&Digest> {
        match self {
            ArtifactPlan::File(file) => Some(&file.source_digest),
            ArtifactPlan::Image(image) => image.source.build().map(|build| &build.source_digest),
        }
    }

    /// Whether a run of the plan has something to build first.
    pub fn is_to_be_built(&self) -> bool {
        self.digest().is_none() && self.source_digest().is_some()
    }
}

impl FileArtifact {
    /// The digest of what is built, given that of the sources' contents: it follows how they are built as well.
    pub fn digest_of(&self, sources: &Digest) -> Digest {
        with_how(sources, &(&self.build, &self.file))
    }
}

impl ImageSource {
    pub fn build(&self) -> Option<&ImageBuild> {
        match self {
            ImageSource::Built(build) => Some(build),
            ImageSource::Written | ImageSource::Resolved { .. } => None,
        }
    }
}

impl ImageArtifact {
    /// The image by `digest`: `registry.example.com/shop/web@sha256:…`.
    pub fn pinned(&self, digest: &Digest) -> String {
        // A plan that was edited may name what is none; it is used as it stands then.
        self.image.parse().map_or_else(|_| self.image.clone(), |name: ImageName| name.pinned(digest))
    }

    /// The digest of what is built, given that of the sources' contents: it follows how they are built as well.
    pub fn digest_of(&self, build: &ImageBuild, sources: &Digest) -> Digest {
        with_how(sources, &(&build.build, &self.image))
    }
}

fn with_how(sources: &Digest, how: &impl Serialize) -> Digest {
    let how = serde_json::to_string(how).expect("an invocation holds only texts");
    Digest::of_all([sources.to_string().as_bytes(), how.as_bytes()])
}
