//! Pipelines: the path, and what is done at each of its stages.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Block, ItemKind, Promote};

use super::attributes::resolved;
use super::names::Scope;
use super::{Declaration, Lowerer, codes, kind_text};
use crate::expr::{Expr, ExprKind, Reference};
use crate::model::{ArtifactId, EffectKind, EnvironmentId, Node, OnFailure, Pipeline, Wave};
use crate::near;
use crate::types::{Phase, Type};

/// What may stand in a pipeline.
const PARTS: &[&str] = &["promote", "before", "deploy", "verify", "on", "let"];

impl<'a> Lowerer<'a> {
    pub(super) fn pipelines(&mut self) {
        for (name, declaration) in self.declared.pipelines.clone() {
            let pipeline = self.pipeline(name, declaration);
            self.model.pipelines.insert(name.to_owned(), pipeline);
        }
    }

    fn pipeline(&mut self, name: &str, declaration: Declaration<'a>) -> Pipeline {
        let mut pipeline = Pipeline {
            name: name.to_owned(),
            span: declaration.name.span,
            docs: declaration.item.docs.clone(),
            artifact: None,
            path: Vec::new(),
            promote_span: None,
            before: IndexMap::new(),
            deploy: Vec::new(),
            verify: Vec::new(),
            on_failure: OnFailure::default(),
        };
        let locals = self.body_locals(&declaration.block.body, &[]);
        let scope = Scope { stage: true, observed: false, locals: &locals, own: None };
        let mut seen: IndexMap<String, Span> = IndexMap::new();
        let mut gated: Vec<(EnvironmentId, Span)> = Vec::new();
        for item in &declaration.block.body {
            match &item.kind {
                ItemKind::Let(_) => {}
                ItemKind::Promote(promote) => {
                    if self.once(&mut seen, "promote", item.span) {
                        self.promote(promote, item.span, &mut pipeline);
                    }
                }
                ItemKind::Block(block) => {
                    let labels: Vec<&str> = block.labels.iter().map(|label| label.text.as_str()).collect();
                    let part = format!("{} {}", kind_text(block), labels.join(" "));
                    if self.once(&mut seen, part.trim(), block.head) {
                        self.part(block, &labels, scope, &mut pipeline, &mut gated);
                    }
                }
                _ => self.report_misplaced(item, "pipeline"),
            }
        }
        for (id, span) in gated {
            if pipeline.promote_span.is_some() && pipeline.stages().all(|(entered, _)| entered != id) {
                let environment = &self.model.environment(id).name;
                let finding = Finding::error(
                    codes::MISPLACED,
                    format!("these gates stand before `{environment}`, which the path does not enter"),
                    span,
                    "nobody passes here",
                );
                self.report(finding.with_help("add it to `promote`, or take the gates out"));
            }
        }
        if pipeline.promote_span.is_none() {
            self.report(
                Finding::error(
                    codes::MISSING_ATTRIBUTE,
                    format!("pipeline `{name}` goes nowhere"),
                    declaration.name.span,
                    "has no `promote`",
                )
                .with_help("say what is promoted through which environments: `promote artifact.NAME through dev -> production`"),
            );
        }
        pipeline
    }

    fn once(&mut self, seen: &mut IndexMap<String, Span>, part: &str, span: Span) -> bool {
        let Some(earlier) = seen.insert(part.to_owned(), span) else { return true };
        self.report(
            Finding::error(codes::DUPLICATE, format!("this pipeline has `{part}` twice"), span, "again here")
                .with_label(earlier, "first here"),
        );
        false
    }

    fn part(
        &mut self,
        block: &'a Block,
        labels: &[&str],
        scope: Scope<'_>,
        pipeline: &mut Pipeline,
        gated: &mut Vec<(EnvironmentId, Span)>,
    ) {
        match (kind_text(block).as_str(), labels) {
            ("before", [_]) => {
                let label = &block.labels[0];
                let environment = self.environment_named(&label.text, label.span);
                let id = match &*environment.kind {
                    ExprKind::Reference(Reference::Environment(id)) => Some(*id),
                    _ => None,
                };
                let gates = self.gates(id, block, scope);
                if let Some(id) = id {
                    pipeline.before.insert(id, gates);
                    gated.push((id, label.span));
                }
            }
            ("before", _) => self.report(
                Finding::error(codes::MISPLACED, "`before` names no environment", block.head, "")
                    .with_help("say before which environment the gates stand: `before production { … }`"),
            ),
            ("deploy", []) => pipeline.deploy = self.body(&block.body, "deploy", scope),
            ("deploy", [_, ..]) => self.report(
                Finding::error(codes::MISPLACED, "a body for one environment alone cannot be used yet", block.head, "")
                    .with_help("write one `deploy { … }` and take what differs from the settings"),
            ),
            ("verify", []) => pipeline.verify = self.checks(block, scope),
            ("verify", [_, ..]) => self.report(
                Finding::error(codes::MISPLACED, "checks for one environment alone cannot be used yet", block.head, "")
                    .with_help("write one `verify { … }`"),
            ),
            ("on", ["failure"]) => self.on_failure(block, pipeline),
            ("on", _) => self.report(
                Finding::error(codes::UNKNOWN_KIND, "this part cannot be used yet", block.head, "")
                    .with_help("known: `on failure { rollback = stage }`"),
            ),
            (kind, _) => {
                let finding =
                    Finding::error(codes::UNKNOWN_KIND, format!("`{kind}` is no part of a pipeline"), block.head, "");
                let help = if super::body::EFFECTS.contains(&kind) {
                    format!("put `{kind}` into `deploy {{ … }}`")
                } else {
                    near::help(kind, PARTS.iter().copied(), "part")
                };
                self.report(finding.with_help(help));
            }
        }
    }

    fn promote(&mut self, promote: &Promote, span: Span, pipeline: &mut Pipeline) {
        pipeline.promote_span = Some(span);
        let artifact = self.value(&promote.artifact, &Type::Artifact, Phase::Const, Scope::FILE);
        pipeline.artifact = artifact_of(&artifact);
        let mut entered: IndexMap<EnvironmentId, Span> = IndexMap::new();
        for wave in &promote.waves {
            let mut environments = Vec::new();
            for name in &wave.environments {
                let environment = self.environment_named(&name.text, name.span);
                let ExprKind::Reference(Reference::Environment(id)) = &*environment.kind else { continue };
                if let Some(earlier) = entered.insert(*id, name.span) {
                    self.report(
                        Finding::error(
                            codes::DUPLICATE,
                            format!("the path enters `{}` twice", name.text),
                            name.span,
                            "again here",
                        )
                        .with_label(earlier, "first here"),
                    );
                    continue;
                }
                environments.push((*id, name.span));
            }
            if !environments.is_empty() {
                pipeline.path.push(Wave { environments, span: wave.span });
            }
        }
    }

    fn on_failure(&mut self, block: &'a Block, pipeline: &mut Pipeline) {
        for item in &block.body {
            let ItemKind::Attribute(attribute) = &item.kind else {
                self.report_misplaced(item, "on failure");
                continue;
            };
            if attribute.name.text != "rollback" {
                let (name, span) = (attribute.name.text.as_str(), attribute.name.span);
                let message = format!("`on failure` has no attribute `{name}`");
                let finding = Finding::error(codes::UNKNOWN_ATTRIBUTE, message, span, "");
                self.report(near::suggest(finding, (name, span), ["rollback"], "attribute"));
                continue;
            }
            let word = match &attribute.value.kind {
                liftlock_syntax::ExprKind::Reference(segments) => match segments.as_slice() {
                    [segment] => segment.name.text.as_str(),
                    _ => "",
                },
                liftlock_syntax::ExprKind::Missing => continue,
                _ => "",
            };
            pipeline.on_failure = match word {
                "stage" => OnFailure::Stage,
                "pipeline" => OnFailure::Pipeline,
                "none" => OnFailure::None,
                _ => {
                    self.report(
                        Finding::error(
                            codes::TYPE_MISMATCH,
                            "this does not say what is rolled back",
                            attribute.value.span,
                            "",
                        )
                        .with_help("`stage`, `pipeline` or `none`"),
                    );
                    continue;
                }
            };
        }
    }

    /// The `let`s of a body, behind those of the bodies around it.
    pub(super) fn body_locals(
        &mut self,
        body: &'a [liftlock_syntax::Item],
        around: &[(String, Expr, Span)],
    ) -> Vec<(String, Expr, Span)> {
        let mut locals = around.to_vec();
        for item in body {
            if let ItemKind::Let(attribute) = &item.kind {
                let scope = Scope { stage: true, observed: false, locals: &locals, own: None };
                let value = self.expression(&attribute.value, &Type::Error, scope);
                self.declare_local(&mut locals, attribute, value);
            }
        }
        locals
    }

    /// Adds a `let` to the names of a body; nothing shadows anything.
    pub(super) fn declare_local(
        &mut self,
        locals: &mut Vec<(String, Expr, Span)>,
        attribute: &liftlock_syntax::Attribute,
        value: Expr,
    ) {
        let name = &attribute.name;
        let earlier = locals.iter().find(|(local, ..)| *local == name.text).map(|(_, _, span)| *span);
        let earlier = earlier.or_else(|| self.declared.lets.get(name.text.as_str()).map(|let_| let_.name.span));
        if super::report_duplicate("let", name, earlier, &mut self.findings) {
            locals.push((name.text.clone(), value, name.span));
        }
    }

    /// The effects of a `rollback { … }` block that covers a phase.
    pub(super) fn cover(&mut self, block: &'a Block, scope: Scope<'_>) -> Vec<crate::model::Effect> {
        let nodes = self.body(&block.body, "rollback", scope);
        let mut effects = Vec::new();
        for node in nodes {
            match node {
                Node::Effect(effect) if matches!(effect.kind, EffectKind::Step(_) | EffectKind::Refresh { .. }) => {
                    effects.push(*effect);
                }
                Node::Effect(effect) => self.report(
                    Finding::error(
                        codes::MISPLACED,
                        "a `rollback` block takes steps, which restore what was there",
                        effect.span,
                        "would write what the release writes",
                    )
                    .with_help("a file, a link or a folder in the body of the phase is put back by itself"),
                ),
                Node::Phase { span, .. } | Node::Parallel { span, .. } => self.report(
                    Finding::error(codes::MISPLACED, "a `rollback` block is a plain sequence", span, "")
                        .with_help("write its steps one below the other"),
                ),
            }
        }
        effects
    }
}

fn artifact_of(expr: &Expr) -> Option<ArtifactId> {
    match resolved(expr) {
        ExprKind::Reference(Reference::Artifact(id)) => Some(*id),
        _ => None,
    }
}
