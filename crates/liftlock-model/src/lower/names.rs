//! What a name stands for.

use std::cell::RefCell;

use liftlock_diagnostics::{Edit, Finding, Safety, Span};
use liftlock_syntax as syntax;
use liftlock_syntax::Segment;

use super::modules::{ModuleId, ROOTS};
use super::{GivingStep, Lowerer, MAX_DEPTH, codes};
use crate::expr::{Expr, ExprKind, Reference};
use crate::kinds::Kind;
use crate::model::{ArtifactId, CalendarId, EnvironmentId, GroupId};
use crate::types::{Phase, Type};
use crate::{Map, near};

/// The names that exist at a place.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    /// The file one stands in.
    pub module: ModuleId,
    /// Whether an environment is being entered here: `env`, `release` and `previous` have a meaning.
    pub stage: bool,
    /// Whether a run has come to its end here: `release` has a meaning, and `env` none.
    pub ended: bool,
    /// Whether it has failed here: `failure` has a meaning.
    pub failure: bool,
    /// Whether `observed` has a meaning: in the undo of an effect that observes.
    pub observed: bool,
    /// Whether one stands directly in a procedure, whose parameters stand among its items.
    pub procedure: bool,
    /// The step whose undo one stands in, where it gives something out.
    pub undone: Option<&'s GivingStep>,
    /// `let`s of the enclosing bodies, parameters and loop variables, innermost last.
    pub locals: &'s [Local],
    /// The neighbouring attributes.
    pub own: Option<&'s Own<'s>>,
}

/// A name of a body, its value, and where it is declared.
pub(super) type Local = (String, Expr, Span);

impl Scope<'_> {
    /// The scope of declarations, in which nothing of a release is known.
    pub fn file(module: ModuleId) -> Scope<'static> {
        Scope {
            module,
            stage: false,
            ended: false,
            failure: false,
            observed: false,
            procedure: false,
            undone: None,
            locals: &[],
            own: None,
        }
    }
}

/// The attributes of the block one stands in, lowered when they are first asked for.
pub(super) struct Own<'s> {
    pub kind: &'s Kind,
    pub written: Map<&'s str, &'s syntax::Attribute>,
    /// In the order of the kind.
    pub lowered: RefCell<Vec<Lowered>>,
}

/// How far an attribute is.
#[derive(Clone)]
pub(super) enum Lowered {
    NotYet,
    /// One that is asked for meanwhile is made of itself.
    Now,
    Done(Expr),
}

impl Own<'_> {
    /// Whether an attribute that does not exist is nearest to `name`.
    pub fn is_misspelt(&self, name: &str) -> bool {
        let known = || self.kind.attributes.keys().map(String::as_str);
        self.written.keys().any(|written| {
            !self.kind.attributes.contains_key(*written) && near::nearest(written, known()) == Some(name)
        })
    }
}

impl<'a> Lowerer<'a> {
    /// What a path of names stands for; a finding and an error expression where nothing does.
    pub(super) fn reference(&mut self, segments: &[Segment], wanted: &Type, scope: Scope<'_>, span: Span) -> Expr {
        let Some(first) = segments.first() else { return Expr::error(span) };
        // That a name is missing has been said.
        if segments.iter().any(|segment| segment.name.text.is_empty()) {
            return Expr::error(span);
        }
        let count = |most: usize| segments.len().min(most);
        let taken = match first.name.text.as_str() {
            "env" | "input" | "group" | "calendar" | "release" | "previous" | "failure" => count(2),
            "environment" | "artifact" | "step" => count(3),
            _ if segments.len() > 1 && !self.is_bare(&first.name.text, scope) => 2,
            _ => 1,
        };
        let (head, members) = segments.split_at(taken);
        let head_span = if members.is_empty() { span } else { first.name.span.to(head[taken - 1].name.span) };
        // What the value is wanted for says what a bare name means, and nothing about what has members.
        let wanted = if members.is_empty() { wanted } else { &Type::Error };
        let mut expr = self.head(head, wanted, scope, head_span);
        for segment in members {
            expr = self.member(&expr, segment, first.name.span.to(segment.name.span));
        }
        expr
    }

    /// The part of a path that stands for a value.
    fn head(&mut self, segments: &[Segment], wanted: &Type, scope: Scope<'_>, span: Span) -> Expr {
        let texts: Vec<&str> = segments.iter().map(|segment| segment.name.text.as_str()).collect();
        match texts.as_slice() {
            ["env", name] => self.of_stage("env", span, scope, |lowerer| lowerer.current(name, segments[1].name.span)),
            ["environment", name] => self.environment_named(name, segments[1].name.span),
            ["environment", name, setting] => {
                let found = self.declared.environments.get_index_of(*name);
                match found {
                    None => self.environment_named(name, segments[1].name.span),
                    Some(at) => self.setting(EnvironmentId(at), setting, segments[2].name.span, span),
                }
            }
            ["input", name] => self.input(name, segments[1].name.span, span),
            ["artifact", name] => self.artifact_named(name, segments[1].name.span).map_or_else(
                || Expr::error(span),
                |id| reference(Reference::Artifact(id), Type::Artifact, Phase::Const, span),
            ),
            ["artifact", name, field] => match self.artifact_named(name, segments[1].name.span) {
                None => Expr::error(span),
                Some(id) => self.artifact_field(id, field, segments[2].name.span, span),
            },
            ["group", name] => self.group_named(name, segments[1].name.span),
            ["calendar", name] => self.calendar_named(name, segments[1].name.span),
            ["release", field] => {
                self.of_stage("release", span, scope, |lowerer| lowerer.release_field(field, segments[1].name.span))
            }
            ["previous", field] => self.of_stage("previous", span, scope, |lowerer| {
                let field_span = segments[1].name.span;
                let (reference_, ty) = match *field {
                    "version" => (Reference::PreviousVersion, Type::Semver),
                    "digest" => (Reference::PreviousDigest, Type::Digest),
                    _ => return lowerer.unknown(field, field_span, "previous", &["version", "digest"]),
                };
                reference(reference_, Type::Optional(Box::new(ty)), Phase::Plan, span)
            }),
            ["step", name, output] => self.output((name, segments[1].name.span), output, scope, span),
            ["failure", field] => self.failure_field(field, segments[1].name.span, scope, span),
            // A parameter that cannot be called so; that has been said.
            [root, ..] if ROOTS.contains(root) && scope.locals.iter().any(|(local, ..)| local == root) => {
                Expr::error(span)
            }
            [root, ..] if ROOTS.contains(root) => {
                self.report(
                    Finding::error(codes::UNKNOWN_NAME, format!("`{}` names nothing", texts.join(".")), span, "")
                        .with_help(path_of(root)),
                );
                Expr::error(span)
            }
            [name] => self.bare(name, wanted, scope, span),
            [module, _] => match self.imported(scope.module, &segments[0].name) {
                Some(target) => self.let_of(target, module, &segments[1].name, span),
                None => self.unknown_bare(module, segments[0].name.span, scope),
            },
            _ => Expr::error(span),
        }
    }

    /// Whether a name without a path stands for something here.
    fn is_bare(&self, name: &str, scope: Scope<'_>) -> bool {
        name == "observed"
            || scope.locals.iter().any(|(local, ..)| local == name)
            || scope.own.is_some_and(|own| own.written.contains_key(name))
            || self.declared.modules[scope.module.0].lets.contains_key(name)
    }

    /// A `let` of another file.
    fn let_of(&mut self, target: ModuleId, module: &str, name: &syntax::Name, span: Span) -> Expr {
        let there = &mut self.declared.modules[target.0];
        if let Some(let_) = there.lets.get_mut(name.text.as_str()) {
            let_.used = true;
            let expr = self.file_let(target, &name.text, span);
            self.report_not_promoted(&expr, span);
            return self.named(&expr, span);
        }
        let known: Vec<&str> = there.lets.keys().copied().collect();
        let message = format!("`{module}` has no `let {}`", name.text);
        let finding = Finding::error(codes::UNKNOWN_NAME, message, name.span, "not in that file");
        self.report(near::suggest(finding, (&name.text, name.span), known, "let"));
        Expr::error(span)
    }

    /// A field of a record, or the value of a key.
    pub(super) fn member(&mut self, of: &Expr, segment: &Segment, span: Span) -> Expr {
        if of.is_error() {
            return Expr::error(span);
        }
        let name = &segment.name;
        if matches!(of.ty, Type::Optional(_)) && !segment.optional {
            self.report(
                Finding::error(
                    codes::TYPE_OPTIONAL,
                    "this may be missing, and a part of it is wanted",
                    of.span,
                    format!("is `{}`", of.ty),
                )
                .with_help(format!("write `?.{}`, and what is meant where it is missing: `… ?? \"none\"`", name.text)),
            );
            return Expr::error(span);
        }
        let ty = match strip(&of.ty) {
            Type::Record(fields) => match fields.iter().find(|field| field.name == name.text) {
                Some(field) => field.ty.clone(),
                None => {
                    let known: Vec<String> = fields.iter().map(|field| field.name.clone()).collect();
                    let known: Vec<&str> = known.iter().map(String::as_str).collect();
                    self.unknown(&name.text, name.span, &of.ty.to_string(), &known);
                    return Expr::error(span);
                }
            },
            Type::Map(item) => Type::Optional(item.clone()),
            Type::Range(item) if matches!(name.text.as_str(), "from" | "to") => (**item).clone(),
            Type::Hours if matches!(name.text.as_str(), "from" | "to") => Type::Time,
            ty => {
                self.report(
                    Finding::error(
                        codes::TYPE_MISMATCH,
                        format!("`{ty}` has no parts, and `{}` is asked of it", name.text),
                        name.span,
                        "names nothing",
                    )
                    .with_label(of.span, format!("is `{ty}`")),
                );
                return Expr::error(span);
            }
        };
        let ty = match (&of.ty, ty) {
            (Type::Optional(_), Type::Optional(inner)) => Type::Optional(inner),
            (Type::Optional(_), ty) => Type::Optional(Box::new(ty)),
            (_, ty) => ty,
        };
        self.folded(Expr::new(ExprKind::Member(of.clone(), name.text.clone()), ty, of.phase, span).holding([of]))
    }

    /// What a step has given out.
    fn output(&mut self, (name, name_span): (&str, Span), output: &str, scope: Scope<'_>, span: Span) -> Expr {
        let undone = scope.undone.filter(|step| step.name == name);
        let Some(step) = undone.or_else(|| self.steps.iter().rev().find(|step| step.name == name)).cloned() else {
            let known: Vec<String> = self.steps.iter().map(|step| step.name.clone()).collect();
            let message = format!("no step `{name}` has given anything out by then");
            let finding = Finding::error(codes::UNKNOWN_NAME, message, name_span, "");
            let help = if known.is_empty() {
                "a step in front of this one gives out what its `outputs` name: `outputs = [\"url\"]`".to_owned()
            } else {
                near::help(name, known.iter().map(String::as_str), "step")
            };
            self.report(finding.with_help(help));
            return Expr::error(span);
        };
        if !step.outputs.iter().any(|known| known == output) {
            let known: Vec<&str> = step.outputs.iter().map(String::as_str).collect();
            let finding = Finding::error(codes::UNKNOWN_NAME, format!("`{name}` gives out no `{output}`"), span, "")
                .with_help(near::help(output, known.iter().copied(), "output"));
            self.report(finding);
            return Expr::error(span);
        }
        reference(Reference::Output(step.id, output.to_owned()), Type::String, Phase::Run, span)
    }

    fn failure_field(&mut self, field: &str, field_span: Span, scope: Scope<'_>, span: Span) -> Expr {
        let target = match field {
            "summary" => Reference::FailureSummary,
            "environment" => Reference::FailureEnvironment,
            "effect" => Reference::FailureEffect,
            _ => return self.unknown(field, field_span, "failure", &["summary", "environment", "effect"]),
        };
        if !scope.failure {
            self.report(
                Finding::error(codes::UNKNOWN_NAME, "`failure` has no value here", span, "nothing has failed")
                    .with_help("it can be used in `on failure { … }`"),
            );
            return Expr::error(span);
        }
        reference(target, Type::String, Phase::Run, span)
    }

    /// A name without a path: a neighbour, a `let`, `observed`, or what the wanted type says.
    fn bare(&mut self, name: &str, wanted: &Type, scope: Scope<'_>, span: Span) -> Expr {
        if let Some((_, expr, declared)) = scope.locals.iter().rev().find(|(local, ..)| local == name) {
            self.named.insert(*declared);
            if scope.ended && is_of_a_stage(expr) {
                self.report(
                    Finding::error(
                        codes::UNKNOWN_NAME,
                        format!("`{name}` has no value here"),
                        span,
                        "the run has ended",
                    )
                    .with_label(*declared, "is made of what belongs to one environment")
                    .with_help("name the environment that is meant: `environment.NAME.SETTING`"),
                );
                return Expr::error(span);
            }
            return self.named(expr, span);
        }
        match strip(wanted) {
            Type::Environment => return self.environment_named(name, span),
            Type::Group => return self.group_named(name, span),
            Type::Calendar => return self.calendar_named(name, span),
            _ => {}
        }
        if name == "observed" && scope.observed {
            return reference(Reference::Observed, Type::String, Phase::Run, span);
        }
        if let Some(own) = scope.own
            && own.written.contains_key(name)
        {
            let expr = self.own_attribute(own, name, scope, span);
            return self.named(&expr, span);
        }
        if let Some(let_) = self.declared.modules[scope.module.0].lets.get_mut(name) {
            let_.used = true;
            let expr = self.file_let(scope.module, name, span);
            self.report_not_promoted(&expr, span);
            return self.named(&expr, span);
        }
        if let (Type::Bool, Some(meant)) = (strip(wanted), meant_by(name)) {
            self.report(
                Finding::error(codes::UNKNOWN_NAME, format!("nothing is named `{name}` here"), span, "")
                    .with_help(format!("write `{meant}`"))
                    .with_fix(Safety::Safe, format!("write `{meant}`"), vec![Edit { span, text: meant.to_owned() }]),
            );
            return Expr::error(span);
        }
        if name == "observed" {
            self.report(
                Finding::error(codes::UNKNOWN_NAME, "`observed` has no value here", span, "")
                    .with_help("only the `rollback` of a step that has an `observe` may use it"),
            );
            return Expr::error(span);
        }
        self.unknown_bare(name, span, scope)
    }

    fn named(&mut self, expr: &Expr, span: Span) -> Expr {
        if expr.is_error() {
            return Expr::error(span);
        }
        Expr::new(ExprKind::Named(expr.clone()), expr.ty.clone(), expr.phase, span).holding([expr])
    }

    /// The value of a `let` of a file.
    pub(super) fn file_let(&mut self, module: ModuleId, name: &str, span: Span) -> Expr {
        let declared = self.declared.modules[module.0].lets.get_key_value(name);
        let Some((name, attribute)) = declared.map(|(name, let_)| (*name, let_.what)) else {
            return Expr::error(span);
        };
        match self.lets.get(&(module, name)) {
            Some(Some(expr)) => return expr.clone(),
            Some(None) => {
                self.report_circle(name, attribute.name.span, span);
                return Expr::error(span);
            }
            None => {}
        }
        if self.depth > MAX_DEPTH {
            self.report_too_deep(span);
            return Expr::error(span);
        }
        self.lets.insert((module, name), None);
        self.depth += 1;
        // It belongs to no pipeline; whoever names it is asked whether its artifact is the one that is promoted.
        let promoted = self.promoted.take();
        let expr = self.expression(&attribute.value, &Type::Error, Scope::file(module));
        self.promoted = promoted;
        self.depth -= 1;
        self.lets.insert((module, name), Some(expr.clone()));
        expr
    }

    pub(super) fn report_circle(&mut self, name: &str, declared: Span, used: Span) {
        self.report(
            Finding::error(codes::CIRCULAR, format!("`{name}` is defined by itself"), used, "needs its own value here")
                .with_label(declared, "while this is worked out")
                .with_help(format!("write out here what is meant, without `{name}`")),
        );
    }

    fn of_stage(&mut self, root: &str, span: Span, scope: Scope<'_>, found: impl FnOnce(&mut Self) -> Expr) -> Expr {
        if scope.stage || scope.ended && root == "release" {
            let mut expr = found(self);
            expr.span = span;
            return expr;
        }
        self.report(
            Finding::error(
                codes::UNKNOWN_NAME,
                format!("`{root}` has no value here"),
                span,
                "no environment is being entered",
            )
            .with_help(match root {
                "env" if scope.failure => "the environment that failed is `failure.environment`",
                "env" => "name one: `environment.NAME.SETTING`",
                _ => "it can be used in `before`, `deploy` and `verify`",
            }),
        );
        Expr::error(span)
    }

    /// `env.NAME`
    fn current(&mut self, name: &str, span: Span) -> Expr {
        if name == "name" {
            return reference(Reference::CurrentName, Type::String, Phase::Plan, span);
        }
        if !self.settings_known {
            return Expr::error(span);
        }
        match self.model.settings.get(name) {
            Some(setting) => {
                let ty = setting.ty.clone();
                reference(Reference::CurrentSetting(name.to_owned()), ty, Phase::Plan, span)
            }
            None => self.unknown_setting(name, span),
        }
    }

    fn unknown_setting(&mut self, name: &str, span: Span) -> Expr {
        let known: Vec<String> = self.model.settings.keys().cloned().collect();
        let message = format!("environments have no setting `{name}`");
        let finding = Finding::error(codes::UNKNOWN_NAME, message, span, "not declared in `settings`");
        self.report(match near::nearest(name, known.iter().map(String::as_str)) {
            Some(_) => near::suggest(finding, (name, span), known.iter().map(String::as_str), "setting"),
            None => finding.with_help(format!("declare it: `settings {{ {name}: TYPE }}`")),
        });
        Expr::error(span)
    }

    fn setting(&mut self, id: EnvironmentId, name: &str, name_span: Span, span: Span) -> Expr {
        if !self.settings_known {
            self.report(Finding::error(
                codes::MISPLACED,
                "a setting cannot be made from another environment's",
                span,
                "",
            ));
            return Expr::error(span);
        }
        match self.model.settings.get(name) {
            Some(setting) => {
                let ty = setting.ty.clone();
                reference(Reference::Setting(id, name.to_owned()), ty, Phase::Plan, span)
            }
            None => self.unknown_setting(name, name_span),
        }
    }

    fn input(&mut self, name: &str, name_span: Span, span: Span) -> Expr {
        match self.model.inputs.get(name) {
            Some(input) => {
                let ty = input.ty.clone();
                reference(Reference::Input(name.to_owned()), ty, Phase::Plan, span)
            }
            None => {
                let known: Vec<&str> = self.declared.inputs.keys().copied().collect();
                let finding = Finding::error(codes::UNKNOWN_NAME, format!("there is no input `{name}`"), name_span, "");
                self.report(if known.is_empty() {
                    finding.with_help(format!("declare it: `input {name}: TYPE`"))
                } else {
                    near::suggest(finding, (name, name_span), known.iter().copied(), "input")
                });
                Expr::error(span)
            }
        }
    }

    pub(super) fn environment_named(&mut self, name: &str, span: Span) -> Expr {
        match self.declared.environments.get_index_of(name) {
            Some(at) => reference(Reference::Environment(EnvironmentId(at)), Type::Environment, Phase::Const, span),
            None => self.unknown_declared("environment", name, span),
        }
    }

    fn group_named(&mut self, name: &str, span: Span) -> Expr {
        match self.declared.groups.get_index_of(name) {
            Some(at) => reference(Reference::Group(GroupId(at)), Type::Group, Phase::Const, span),
            None => self.unknown_declared("group", name, span),
        }
    }

    fn calendar_named(&mut self, name: &str, span: Span) -> Expr {
        match self.declared.calendars.get_index_of(name) {
            Some(at) => reference(Reference::Calendar(CalendarId(at)), Type::Calendar, Phase::Const, span),
            None => self.unknown_declared("calendar", name, span),
        }
    }

    fn artifact_named(&mut self, name: &str, span: Span) -> Option<ArtifactId> {
        let found = self.declared.artifacts.get_index_of(name);
        if found.is_none() {
            self.unknown_declared("artifact", name, span);
        }
        found.map(ArtifactId)
    }

    fn unknown_declared(&mut self, what: &str, name: &str, span: Span) -> Expr {
        let declared = match what {
            "environment" => &self.declared.environments,
            "group" => &self.declared.groups,
            "calendar" => &self.declared.calendars,
            _ => &self.declared.artifacts,
        };
        let message = format!("there is no {what} `{name}`");
        let finding = Finding::error(codes::UNKNOWN_NAME, message, span, "not declared");
        let finding = near::suggest(finding, (name, span), declared.keys().copied(), what);
        self.report(finding);
        Expr::error(span)
    }

    fn release_field(&mut self, field: &str, span: Span) -> Expr {
        let (target, ty, phase) = match field {
            "version" => (Reference::ReleaseVersion, Type::Semver, Phase::Plan),
            "digest" => (Reference::ReleaseDigest, Type::Digest, Phase::Run),
            "number" => (Reference::ReleaseNumber, Type::Int, Phase::Run),
            _ => return self.unknown(field, span, "release", &["version", "digest", "number"]),
        };
        reference(target, ty, phase, span)
    }

    pub(super) fn unknown(&mut self, name: &str, span: Span, of: &str, known: &[&str]) -> Expr {
        let finding = Finding::error(codes::UNKNOWN_NAME, format!("`{of}` has no `{name}`"), span, "");
        self.report(near::suggest(finding, (name, span), known.iter().copied(), "such name"));
        Expr::error(span)
    }

    fn unknown_bare(&mut self, name: &str, span: Span, scope: Scope<'_>) -> Expr {
        let mut known: Vec<&str> = scope.locals.iter().map(|(name, ..)| name.as_str()).collect();
        known.extend(scope.own.iter().flat_map(|own| own.written.keys().copied()));
        let module = &self.declared.modules[scope.module.0];
        known.extend(module.lets.keys().copied());
        known.extend(module.imports.keys().map(String::as_str));
        known.extend(ROOTS);
        let help = if self.declared.inputs.contains_key(name) {
            format!("an input is named by its path: `input.{name}`")
        } else if self.declared.artifacts.contains_key(name) {
            format!("an artifact is named by its path: `artifact.{name}`")
        } else if name == "settings" {
            "a setting of the environment being entered is named by its path: `env.NAME`".to_owned()
        } else if module.functions.contains_key(name) {
            format!("a function is called with its arguments: `{name}(…)`")
        } else if self.declared.environments.contains_key(name) {
            format!("an environment is named by its path, `environment.{name}`, and its name is the text `\"{name}\"`")
        } else if let Some(path) = self.elsewhere(scope.module, name) {
            format!("it is `{path}`, for it stands in another file")
        } else if scope.stage && name == "name" {
            "the name of the environment being entered is `env.name`".to_owned()
        } else if scope.stage && self.model.settings.contains_key(name) {
            format!("a setting is named by its path: `env.{name}`")
        } else {
            near::help(name, known.iter().copied(), "name")
        };
        self.report(
            Finding::error(codes::UNKNOWN_NAME, format!("nothing is named `{name}` here"), span, "").with_help(help),
        );
        Expr::error(span)
    }
}

pub(super) fn reference(to: Reference, ty: Type, phase: Phase, span: Span) -> Expr {
    Expr::new(ExprKind::Reference(to), ty, phase, span)
}

/// How a path goes on that begins with `root`.
fn path_of(root: &str) -> &'static str {
    match root {
        "env" => "a setting of the environment being entered is `env.NAME`",
        "environment" => "a setting of an environment is `environment.NAME.SETTING`",
        "input" => "an input is `input.NAME`",
        "artifact" => "what is known of an artifact is `artifact.NAME.version`, `.digest`, and `.file` or `.image`",
        "release" => "there is `release.version`, `release.digest` and `release.number`",
        "previous" => "there is `previous.version` and `previous.digest`",
        "group" => "a group is `group.NAME`",
        "calendar" => "a calendar is `calendar.NAME`",
        "step" => "what a step gives out is `step.NAME.OUTPUT`",
        "failure" => "there is `failure.summary`, `failure.environment` and `failure.effect`",
        _ => "a secret is `secret.env(\"NAME\")`, `secret.file(\"PATH\")` or ``secret.command(`…`)``",
    }
}

/// Whether a value belongs to the environment being entered.
fn is_of_a_stage(expr: &Expr) -> bool {
    match &*expr.kind {
        ExprKind::Reference(reference) => matches!(
            reference,
            Reference::CurrentName
                | Reference::CurrentSetting(_)
                | Reference::PreviousVersion
                | Reference::PreviousDigest
        ),
        _ => expr.parts().any(is_of_a_stage),
    }
}

/// The truth value that YAML would have read in a word.
fn meant_by(word: &str) -> Option<&'static str> {
    match word {
        "yes" | "on" | "True" | "Yes" => Some("true"),
        "no" | "off" | "False" | "No" => Some("false"),
        _ => None,
    }
}

/// The type without the `?`.
pub(super) fn strip(ty: &Type) -> &Type {
    match ty {
        Type::Optional(inner) => inner,
        ty => ty,
    }
}
