//! Pipelines: the path, and what is done at each of its stages.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{self as syntax, Attribute, Block, Item, ItemKind, Promote};

use super::attributes::resolved;
use super::body::{Names, Place};
use super::modules::ModuleId;
use super::names::{Local, Scope};
use super::{Declaration, Lowerer, codes, kind_text};
use crate::expr::{Expr, ExprKind, Reference};
use crate::model::{ArtifactId, EffectKind, EnvironmentId, Hooks, InDoubt, Node, OnFailure, OwnBody, Pipeline, Wave};
use crate::near;
use crate::types::{Phase, Type};

/// What may stand in a pipeline.
const PARTS: &[&str] = &["promote", "before", "deploy", "verify", "on", "let"];

/// What a pipeline can act on.
const EVENTS: &[&str] = &["success", "failure", "interrupt"];

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
            path_is_whole: true,
            before: IndexMap::new(),
            deploy: Vec::new(),
            verify: Vec::new(),
            own_deploy: IndexMap::new(),
            own_verify: IndexMap::new(),
            on_failure: OnFailure::default(),
            hooks: Hooks::default(),
        };
        let outer = Scope { stage: true, ..Scope::file(declaration.module) };
        self.promoted = self.promoted_by(name, declaration);
        let locals = self.body_locals(&declaration.block.body, outer);
        let scope = Scope { locals: &locals, ..outer };
        let mut seen: IndexMap<String, Span> = IndexMap::new();
        let mut gated: Vec<(EnvironmentId, Span)> = Vec::new();
        for item in &declaration.block.body {
            match &item.kind {
                ItemKind::Let(_) => {}
                ItemKind::Promote(promote) => {
                    if self.once(&mut seen, "promote", item.span) {
                        self.promote(promote, item.span, &mut pipeline, declaration.module);
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
            let path_is_known = pipeline.promote_span.is_some() && pipeline.path_is_whole;
            if path_is_known && pipeline.stages().all(|(entered, _)| entered != id) {
                let environment = &self.model.environment(id).name;
                let finding = Finding::error(
                    codes::MISPLACED,
                    format!("this is for `{environment}`, which the path does not enter"),
                    span,
                    "no release comes here",
                );
                self.report(finding.with_help("add it to `promote`, or take this part out"));
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
        self.promoted = None;
        pipeline
    }

    /// What a pipeline promotes, as it is written: the bodies may stand in front of its `promote`.
    fn promoted_by(&self, name: &str, declaration: Declaration<'a>) -> Option<(String, ArtifactId)> {
        let promote = declaration.block.body.iter().find_map(|item| match &item.kind {
            ItemKind::Promote(promote) => Some(promote),
            _ => None,
        })?;
        let syntax::ExprKind::Reference(segments) = &promote.artifact.kind else { return None };
        let [root, artifact] = segments.as_slice() else { return None };
        let at = self.declared.artifacts.get_index_of(artifact.name.text.as_str())?;
        (root.name.text == "artifact").then(|| (name.to_owned(), ArtifactId(at)))
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
                let id = self.labelled_environment(block);
                let gates = self.gates(id, &block.body, scope);
                if let Some(id) = id {
                    pipeline.before.insert(id, gates);
                    gated.push((id, label.span));
                }
            }
            ("before", _) => self.report(
                Finding::error(codes::MISPLACED, "`before` names no environment", block.head, "")
                    .with_help("say before which environment the gates stand: `before production { … }`"),
            ),
            ("deploy", []) => {
                pipeline.deploy = self.deploy_body(&block.body, scope);
            }
            ("deploy", [_]) => self.own_body(block, scope, pipeline, gated),
            ("verify", []) => pipeline.verify = self.checks(&block.body, scope),
            ("verify", [_]) => {
                if let Some(id) = self.labelled_environment(block) {
                    gated.push((id, block.labels[0].span));
                    let checks = self.checks(&block.body, scope);
                    pipeline.own_verify.insert(id, checks);
                }
            }
            ("deploy" | "verify", _) => self.report(
                Finding::error(
                    codes::MISPLACED,
                    "a part of a pipeline is for all environments, or for one",
                    block.head,
                    "",
                )
                .with_help("write one for each environment that is meant"),
            ),
            ("on", [event]) if EVENTS.contains(event) => self.on(event, block, scope, pipeline),
            ("on", _) => self.report(
                Finding::error(codes::UNKNOWN_KIND, "this is no event of a run", block.head, "")
                    .with_help("known: `on success { … }`, `on failure { … }`, `on interrupt { … }`"),
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

    /// The environment that a part of a pipeline is for.
    fn labelled_environment(&mut self, block: &Block) -> Option<EnvironmentId> {
        let label = &block.labels[0];
        match *self.environment_named(&label.text, label.span).kind {
            ExprKind::Reference(Reference::Environment(id)) => Some(id),
            _ => None,
        }
    }

    fn deploy_body(&mut self, items: &'a [Item], scope: Scope<'_>) -> Vec<Node> {
        self.steps.clear();
        self.body(items, Place::Deploy, scope, &mut Names::new())
    }

    /// `deploy ENV { differs = "…" … }`
    fn own_body(
        &mut self,
        block: &'a Block,
        scope: Scope<'_>,
        pipeline: &mut Pipeline,
        gated: &mut Vec<(EnvironmentId, Span)>,
    ) {
        let Some(id) = self.labelled_environment(block) else { return };
        gated.push((id, block.labels[0].span));
        let mut reasons = block.body.iter().filter_map(|item| match &item.kind {
            ItemKind::Attribute(attribute) if attribute.name.text == "differs" => Some(attribute),
            _ => None,
        });
        let differs = reasons.next();
        if let (Some(first), Some(second)) = (differs, reasons.next()) {
            super::report_duplicate("attribute", &second.name, Some(first.name.span), &mut self.findings);
        }
        let differs = differs.map(|differs| self.value(&differs.value, &Type::String, Phase::Const, scope));
        let differs = differs.and_then(|differs| differs.literal().map(str::to_owned));
        self.steps.clear();
        let body = self.body(&block.body, Place::OwnDeploy, scope, &mut Names::new());
        pipeline.own_deploy.insert(id, OwnBody { differs, span: block.head, body });
    }

    /// `on success { … }`, `on failure { … }`, `on interrupt { … }`
    fn on(&mut self, event: &str, block: &'a Block, scope: Scope<'_>, pipeline: &mut Pipeline) {
        let known: &[&str] = match event {
            "failure" => &["rollback"],
            "interrupt" => &["in_doubt"],
            _ => &[],
        };
        let mut seen: IndexMap<&str, Span> = IndexMap::new();
        for item in &block.body {
            let ItemKind::Attribute(attribute) = &item.kind else { continue };
            let (name, span) = (attribute.name.text.as_str(), attribute.name.span);
            let earlier = seen.insert(name, span);
            if !super::report_duplicate("attribute", &attribute.name, earlier, &mut self.findings) {
                continue;
            }
            match name {
                "rollback" if event == "failure" => self.on_failure(attribute, pipeline),
                "in_doubt" if event == "interrupt" => {
                    let said = self.one_word(attribute, &["ask", "undo"], "what becomes of an effect in doubt");
                    if said == Some("undo") {
                        pipeline.hooks.in_doubt = InDoubt::Undo;
                    }
                }
                _ => {
                    let message = format!("`on {event}` has no attribute `{name}`");
                    let finding = Finding::error(codes::UNKNOWN_ATTRIBUTE, message, span, "");
                    self.report(match (name, known) {
                        ("rollback", _) => finding.with_help("it belongs to `on failure { … }`"),
                        ("in_doubt", _) => finding.with_help("it belongs to `on interrupt { … }`"),
                        (_, []) => finding.with_help("it holds what people are told: `notify NAME { … }`"),
                        _ => near::suggest(finding, (name, span), known.iter().copied(), "attribute"),
                    });
                }
            }
        }
        // No environment is being entered any more: what people are told is about the whole run.
        let scope = Scope { stage: false, ended: true, failure: event == "failure", ..scope };
        self.steps.clear();
        let notices = self.body(&block.body, Place::Hook, scope, &mut Names::new());
        match event {
            "success" => pipeline.hooks.success = notices,
            "failure" => pipeline.hooks.failure = notices,
            _ => pipeline.hooks.interrupt = notices,
        }
    }

    /// One of a few words, which are written without quotes.
    fn one_word(&mut self, attribute: &Attribute, known: &[&'static str], what: &str) -> Option<&'static str> {
        let written = match &attribute.value.kind {
            liftlock_syntax::ExprKind::Reference(segments) => match segments.as_slice() {
                [segment] => segment.name.text.as_str(),
                _ => "",
            },
            liftlock_syntax::ExprKind::Missing => return None,
            _ => "",
        };
        let found = known.iter().find(|word| **word == written).copied();
        if found.is_none() {
            let words: Vec<String> = known.iter().map(|word| format!("`{word}`")).collect();
            let help = match words.split_last() {
                Some((last, others)) => format!("{} or {last}", others.join(", ")),
                None => String::new(),
            };
            let message = format!("this does not say {what}");
            self.report(Finding::error(codes::TYPE_MISMATCH, message, attribute.value.span, "").with_help(help));
        }
        found
    }

    fn on_failure(&mut self, attribute: &Attribute, pipeline: &mut Pipeline) {
        match self.one_word(attribute, &["stage", "pipeline", "none"], "what is rolled back") {
            Some("stage") => pipeline.on_failure = OnFailure::Stage,
            Some("pipeline") => pipeline.on_failure = OnFailure::Pipeline,
            Some(_) => pipeline.on_failure = OnFailure::None,
            None => {}
        }
    }

    fn promote(&mut self, promote: &Promote, span: Span, pipeline: &mut Pipeline, module: ModuleId) {
        pipeline.promote_span = Some(span);
        let artifact = self.value(&promote.artifact, &Type::Artifact, Phase::Const, Scope::file(module));
        pipeline.artifact = artifact_of(&artifact);
        let mut entered: IndexMap<EnvironmentId, Span> = IndexMap::new();
        for wave in &promote.waves {
            let mut environments = Vec::new();
            pipeline.path_is_whole &= !wave.environments.is_empty();
            for name in &wave.environments {
                let environment = self.environment_named(&name.text, name.span);
                let ExprKind::Reference(Reference::Environment(id)) = &*environment.kind else {
                    pipeline.path_is_whole = false;
                    continue;
                };
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

    /// The `let`s of a body, behind the names of the bodies around it.
    pub(super) fn body_locals(&mut self, body: &'a [Item], scope: Scope<'_>) -> Vec<Local> {
        let mut locals = scope.locals.to_vec();
        for item in body {
            if let ItemKind::Let(attribute) = &item.kind {
                let value = self.expression(&attribute.value, &Type::Error, Scope { locals: &locals, ..scope });
                self.declare_local(&mut locals, attribute, value, scope.module);
            }
        }
        locals
    }

    /// Adds a `let` to the names of a body; nothing shadows anything.
    pub(super) fn declare_local(
        &mut self,
        locals: &mut Vec<Local>,
        attribute: &'a Attribute,
        value: Expr,
        module: ModuleId,
    ) {
        let name = &attribute.name;
        if !self.declared.modules[module.0].library {
            self.local_lets.insert(name.span, &name.text);
        }
        let earlier = locals.iter().find(|(local, ..)| *local == name.text).map(|(_, _, span)| *span);
        if super::report_duplicate("let", name, earlier, &mut self.findings) && self.is_unshadowed(module, name) {
            locals.push((name.text.clone(), value, name.span));
        }
    }

    /// The effects of a `rollback { … }` block that covers a phase.
    pub(super) fn cover(&mut self, block: &'a Block, scope: Scope<'_>) -> Vec<crate::model::Effect> {
        let nodes = self.body(&block.body, Place::Cover, scope, &mut Names::new());
        let mut effects = Vec::new();
        for node in nodes {
            match node {
                Node::Effect(effect) if matches!(effect.kind, EffectKind::Step(_) | EffectKind::Refresh { .. }) => {
                    effects.push(*effect);
                }
                Node::Check(check) => self.report(
                    Finding::error(codes::MISPLACED, "a `rollback` block takes steps, and no checks", check.span, "")
                        .with_help("whether the way back worked is seen by every `observe`, and by `verify`"),
                ),
                Node::Effect(effect) => self.report(
                    Finding::error(
                        codes::MISPLACED,
                        "a `rollback` block takes steps, which restore what was there",
                        effect.span,
                        "would write what the release writes",
                    )
                    .with_help("a file, a link or a folder in the body of the phase is put back by itself"),
                ),
                Node::Phase { span, .. }
                | Node::Parallel { span, .. }
                | Node::Each { span, .. }
                | Node::When { span, .. } => self.report(
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
