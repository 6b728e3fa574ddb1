//! Artifacts: a file that is built, or an image whose digest is written, resolved, or resolved behind a build.

use liftlock_diagnostics::{Finding, Span};
use liftlock_names::{Digest, ImageName};
use liftlock_syntax::{Attribute, Block, ItemKind};

use super::attributes::{Attributes, resolved};
use super::declarations::built_in;
use super::names::{Scope, reference, strip};
use super::{Declaration, Lowerer, codes};
use crate::expr::{Expr, ExprKind, Part, Reference};
use crate::model::{Artifact, ArtifactId, ArtifactKind, Build, ImageDigest};
use crate::types::{Phase, Type};

/// What may be asked of an artifact by its path.
const FIELDS: [&str; 4] = ["version", "file", "image", "digest"];

impl<'a> Lowerer<'a> {
    pub(super) fn artifact(&mut self, name: &str, declaration: Declaration<'a>) -> Artifact {
        let span = declaration.name.span;
        // One that was not understood keeps its place, so that what refers to it is not reported as well.
        let build = Build { sources: Expr::error(span), command: Expr::error(span) };
        let mut artifact = Artifact {
            name: name.to_owned(),
            span,
            docs: declaration.item.docs.clone(),
            version: Expr::error(span),
            kind: ArtifactKind::File { build, file: Expr::error(span) },
            env: Expr::error(span),
            cwd: Expr::error(span),
            timeout: 0,
        };
        let scope = Scope::file(declaration.module);
        let Some(mut attributes) = self.attributes(built_in("artifact"), declaration.block, scope) else {
            return artifact;
        };
        artifact.version = attributes.take("version");
        artifact.env = attributes.take("env");
        artifact.cwd = attributes.take("cwd");
        artifact.timeout = attributes.duration("timeout");
        let kind = match attributes.optional("image") {
            None => self.file(declaration.block, &mut attributes),
            Some(image) => self.image(declaration.block, image, &mut attributes, &artifact.env),
        };
        artifact.kind = kind.unwrap_or(artifact.kind);
        artifact
    }

    /// `None` where it is not complete, which has been reported.
    fn file(&mut self, block: &Block, attributes: &mut Attributes) -> Option<ArtifactKind> {
        if let Some(resolve) = attributes.optional("resolve") {
            self.report_beside(
                block,
                "resolve",
                "file",
                "it finds the digest of an image: `image = \"…\"`",
                resolve.span,
            );
        }
        let sources = self.needed(block, attributes, "sources", "a `list<string>`");
        let command = self.needed(block, attributes, "build", "a `command`");
        let file = self.needed(block, attributes, "file", "a `path`, or `image = …`, the name of a container image");
        Some(ArtifactKind::File { build: Build { sources: sources?, command: command? }, file: file? })
    }

    fn image(&mut self, block: &Block, image: Expr, attributes: &mut Attributes, env: &Expr) -> Option<ArtifactKind> {
        if let Some(file) = attributes.optional("file") {
            self.report_beside(block, "file", "image", "an artifact is a file or an image; declare two", file.span);
        }
        if is_made_of_digest(&image) {
            let message = "an image is not named by the digest of an artifact";
            let finding = Finding::error(codes::MISPLACED, message, image.span, "is not known by then");
            self.report(
                finding.with_help("let an input hand it over: `input digest: digest`, and `…@${input.digest}`"),
            );
            return None;
        }
        let name = self.image_name(&image)?;
        let resolve = attributes.optional("resolve");
        if name.digest.is_some() {
            for (other, expr) in [
                ("resolve", resolve),
                ("build", attributes.optional("build")),
                ("sources", attributes.optional("sources")),
            ] {
                if let Some(expr) = expr {
                    let help = format!("this image says its digest already; take `{other}` out");
                    self.report_beside(block, other, "image", &help, expr.span);
                }
            }
            return Some(ArtifactKind::Image { image, digest: ImageDigest::Written });
        }
        let Some(resolve) = resolve else {
            self.report_mutable(&image, &name);
            return None;
        };
        let Some(command) = attributes.optional("build") else {
            if let Some(sources) = attributes.optional("sources") {
                let help = "they are what `build` makes the image of; write one, or take `sources` out";
                self.report_beside(block, "sources", "resolve", help, sources.span);
            }
            self.report_closed(env);
            return Some(ArtifactKind::Image { image, digest: ImageDigest::Resolved { resolve } });
        };
        let sources = self.needed(block, attributes, "sources", "a `list<string>`: what `build` makes the image of")?;
        let build = Build { sources, command };
        Some(ArtifactKind::Image { image, digest: ImageDigest::Built { build, resolve } })
    }

    /// An attribute that this kind of artifact cannot do without.
    fn needed(&mut self, block: &Block, attributes: &mut Attributes, name: &str, what: &str) -> Option<Expr> {
        let value = attributes.optional(name);
        if value.is_none() {
            let kind = super::kind_text(block);
            let label = format!("`{name}` is missing");
            self.report(
                Finding::error(codes::MISSING_ATTRIBUTE, format!("`{kind}` lacks `{name}`"), block.head, label)
                    .with_help(format!("add `{name} = …`, {what}")),
            );
        }
        value
    }

    fn report_beside(&mut self, block: &Block, name: &str, other: &str, help: &str, span: Span) {
        let span = attribute_of(block, name).map_or(span, |attribute| attribute.name.span);
        let message = format!("`{name}` has no meaning beside this `{other}`");
        let mut finding = Finding::error(codes::MISPLACED, message, span, "");
        if let Some(attribute) = attribute_of(block, other) {
            finding = finding.with_label(attribute.name.span, "stands here");
        }
        self.report(finding.with_help(help));
    }

    /// The name of an image as far as it stands in the file; any other value that is put in counts as `0`.
    fn image_name(&mut self, image: &Expr) -> Option<ImageName> {
        let text = sketch(image);
        match text.parse() {
            Ok(name) => Some(name),
            Err(why) => {
                let is_whole = image.literal().is_some();
                let message =
                    if is_whole { format!("`{text}` is no image") } else { "this comes to no image".to_owned() };
                self.report(Finding::error(codes::TYPE_TEXT, message, image.span, "").with_help(why.to_string()));
                None
            }
        }
    }

    fn report_mutable(&mut self, image: &Expr, name: &ImageName) {
        let what = match &name.tag {
            Some(_) => "the tag of this image can be moved to another one",
            None => "this image has neither a tag nor a digest",
        };
        self.report(
            Finding::error(
                codes::MUTABLE_ARTIFACT,
                format!("{what}, and nothing says which one is meant"),
                image.span,
                "may be another image in the next environment",
            )
            .with_help("let a program look its digest up: ``resolve = `crane digest ${image}` ``, or write the digest: `…@sha256:…`"),
        );
    }

    /// Planning opens no secret, and an image that is not built is resolved when the release is planned.
    fn report_closed(&mut self, env: &Expr) {
        let ExprKind::Map(entries) = resolved(env) else { return };
        let Some(secret) = entries.values().find(|value| *strip(&value.ty) == Type::Secret) else { return };
        self.report(
            Finding::error(
                codes::SECRET_MISUSED,
                "`resolve` runs when the release is planned, and planning opens no secret",
                secret.span,
                "is opened by a run only",
            )
            .with_help("let whoever plans be logged in to the registry, as `docker login` does it"),
        );
    }

    /// `artifact.NAME.FIELD`
    pub(super) fn artifact_field(&mut self, id: ArtifactId, field: &str, field_span: Span, span: Span) -> Expr {
        let block = self.declared.artifacts[id.0].block;
        let is_image = attribute_of(block, "image").is_some();
        // What is built has its digest in the run only, and any other image has it when the release is planned.
        let phase = if is_image && attribute_of(block, "build").is_none() { Phase::Plan } else { Phase::Run };
        let (target, ty, phase) = match (field, is_image) {
            ("version", _) => (Reference::ArtifactVersion(id), Type::Semver, Phase::Plan),
            ("file", false) => (Reference::ArtifactFile(id), Type::Path, Phase::Run),
            ("image", true) => (Reference::ArtifactImage(id), Type::String, phase),
            ("digest", _) => (Reference::ArtifactDigest(id), Type::Digest, phase),
            ("file" | "image", _) => {
                let name = self.declared.artifacts[id.0].name.text.clone();
                let (is, other) = if is_image { ("an image", "image") } else { ("a file", "file") };
                let finding = Finding::error(codes::UNKNOWN_NAME, format!("`{name}` is {is}"), field_span, "");
                self.report(finding.with_help(format!("write `artifact.{name}.{other}`")));
                return Expr::error(span);
            }
            _ => return self.unknown(field, field_span, "artifact", &FIELDS),
        };
        let expr = reference(target, ty, phase, span);
        self.report_not_promoted(&expr, span);
        expr
    }

    /// A pipeline knows the digest of what it promotes, and of nothing else.
    pub(super) fn report_not_promoted(&mut self, expr: &Expr, used: Span) {
        let Some((pipeline, promoted)) = self.promoted.clone() else { return };
        let Some(other) = other_artifact(expr, promoted) else { return };
        let name = self.declared.artifacts[other.0].name.text.clone();
        let known = self.declared.artifacts[promoted.0].name.text.clone();
        self.report(
            Finding::error(
                codes::UNKNOWN_NAME,
                format!("the pipeline `{pipeline}` does not promote the artifact `{name}`"),
                used,
                "is known to the pipeline that promotes it",
            )
            .with_help(format!("it promotes `artifact.{known}`; one pipeline promotes one artifact")),
        );
    }
}

/// An attribute as it is written in a block.
fn attribute_of<'b>(block: &'b Block, name: &str) -> Option<&'b Attribute> {
    block.body.iter().find_map(|item| match &item.kind {
        ItemKind::Attribute(attribute) if attribute.name.text == name => Some(attribute),
        _ => None,
    })
}

/// The text of an expression, with a `0` for what is not known yet, and a digest for what is one.
fn sketch(expr: &Expr) -> String {
    match resolved(expr) {
        ExprKind::Text(parts) => parts
            .iter()
            .map(|part| match part {
                Part::Literal(text) => text.clone(),
                Part::Value(expr) => sketch(expr),
            })
            .collect(),
        _ if *strip(&expr.ty) == Type::Digest => Digest::of(b"").to_string(),
        _ => "0".to_owned(),
    }
}

/// Whether a value needs the digest of any artifact.
fn is_made_of_digest(expr: &Expr) -> bool {
    match &*expr.kind {
        ExprKind::Reference(
            Reference::ArtifactFile(_) | Reference::ArtifactDigest(_) | Reference::ArtifactImage(_),
        ) => true,
        _ => expr.parts().any(is_made_of_digest),
    }
}

/// An artifact other than `promoted` whose digest a value needs.
fn other_artifact(expr: &Expr, promoted: ArtifactId) -> Option<ArtifactId> {
    match &*expr.kind {
        ExprKind::Reference(
            Reference::ArtifactFile(id) | Reference::ArtifactDigest(id) | Reference::ArtifactImage(id),
        ) => (*id != promoted).then_some(*id),
        _ => expr.parts().find_map(|part| other_artifact(part, promoted)),
    }
}
