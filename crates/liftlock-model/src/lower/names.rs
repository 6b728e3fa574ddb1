//! What a name stands for.

use std::cell::RefCell;

use indexmap::IndexMap;
use liftlock_diagnostics::{Edit, Finding, Safety, Span};
use liftlock_syntax as syntax;
use liftlock_syntax::Segment;

use super::{Lowerer, MAX_DEPTH, codes};
use crate::expr::{Expr, ExprKind, Reference};
use crate::kinds::Kind;
use crate::model::{ArtifactId, CalendarId, EnvironmentId, GroupId};
use crate::near;
use crate::types::{Phase, Type};

/// The names that exist at a place.
#[derive(Clone, Copy)]
pub(super) struct Scope<'s> {
    /// Whether an environment is being entered here: `env`, `release` and `previous` have a meaning.
    pub stage: bool,
    /// Whether `observed` has a meaning: in the undo of an effect that observes.
    pub observed: bool,
    /// `let`s of the enclosing bodies, innermost last.
    pub locals: &'s [(String, Expr, Span)],
    /// The neighbouring attributes.
    pub own: Option<&'s Own<'s>>,
}

impl Scope<'_> {
    /// The scope of declarations, in which nothing of a release is known.
    pub const FILE: Scope<'static> = Scope { stage: false, observed: false, locals: &[], own: None };
}

/// The attributes of the block one stands in, lowered when they are first asked for.
pub(super) struct Own<'s> {
    pub kind: &'static Kind,
    pub written: IndexMap<&'s str, &'s syntax::Attribute>,
    /// `None` while one is being lowered, so that a circle is noticed.
    pub lowered: RefCell<IndexMap<String, Option<Expr>>>,
}

/// The first words of a path.
const ROOTS: &[&str] = &["env", "environment", "input", "artifact", "release", "previous", "group", "calendar"];

impl<'a> Lowerer<'a> {
    /// What a path of names stands for; a finding and an error expression where nothing does.
    pub(super) fn reference(&mut self, segments: &[Segment], wanted: &Type, scope: Scope<'_>, span: Span) -> Expr {
        let texts: Vec<&str> = segments.iter().map(|segment| segment.name.text.as_str()).collect();
        match texts.as_slice() {
            [name] => self.bare(name, wanted, scope, span),
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
            [root, ..] => {
                let root = (*root).to_owned();
                if ROOTS.contains(&root.as_str()) {
                    self.report(Finding::error(
                        codes::UNKNOWN_NAME,
                        format!("`{}` names nothing", texts.join(".")),
                        span,
                        format!("not a path that begins with `{root}`"),
                    ));
                    Expr::error(span)
                } else {
                    self.unknown_bare(&root, segments[0].name.span, scope)
                }
            }
            [] => Expr::error(span),
        }
    }

    /// A name without a path: a neighbour, a `let`, `observed`, or what the wanted type says.
    fn bare(&mut self, name: &str, wanted: &Type, scope: Scope<'_>, span: Span) -> Expr {
        match strip(wanted) {
            Type::Environment => return self.environment_named(name, span),
            Type::Group => return self.group_named(name, span),
            Type::Calendar => return self.calendar_named(name, span),
            _ => {}
        }
        if name == "observed" && scope.observed {
            return reference(Reference::Observed, Type::String, Phase::Run, span);
        }
        if let Some((_, expr, _)) = scope.locals.iter().rev().find(|(local, ..)| local == name) {
            return self.named(expr, span);
        }
        if let Some(own) = scope.own
            && own.written.contains_key(name)
        {
            let expr = self.own_attribute(own, name, scope, span);
            return self.named(&expr, span);
        }
        if let Some((declared, _)) = self.declared.lets.get_key_value(name) {
            self.used_lets.insert(declared);
            let expr = self.file_let(name, span);
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

    /// The value of a `let` of the files.
    pub(super) fn file_let(&mut self, name: &str, span: Span) -> Expr {
        let Some((name, attribute)) = self.declared.lets.get_key_value(name).map(|(name, let_)| (*name, *let_)) else {
            return Expr::error(span);
        };
        match self.lets.get(name) {
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
        self.lets.insert(name, None);
        self.depth += 1;
        let expr = self.expression(&attribute.value, &Type::Error, Scope::FILE);
        self.depth -= 1;
        self.lets.insert(name, Some(expr.clone()));
        expr
    }

    pub(super) fn report_circle(&mut self, name: &str, declared: Span, used: Span) {
        self.report(
            Finding::error(codes::CIRCULAR, format!("`{name}` is defined by itself"), used, "needs its own value here")
                .with_label(declared, "while this is worked out"),
        );
    }

    fn of_stage(&mut self, root: &str, span: Span, scope: Scope<'_>, found: impl FnOnce(&mut Self) -> Expr) -> Expr {
        if scope.stage {
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
                self.report(near::suggest(finding, (name, name_span), known.iter().copied(), "input"));
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

    fn artifact_field(&mut self, id: ArtifactId, field: &str, field_span: Span, span: Span) -> Expr {
        let (target, ty, phase) = match field {
            "version" => (Reference::ArtifactVersion(id), Type::Semver, Phase::Plan),
            "file" => (Reference::ArtifactFile(id), Type::Path, Phase::Run),
            "digest" => (Reference::ArtifactDigest(id), Type::Digest, Phase::Run),
            _ => return self.unknown(field, field_span, "an artifact", &["version", "file", "digest"]),
        };
        reference(target, ty, phase, span)
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

    fn unknown(&mut self, name: &str, span: Span, of: &str, known: &[&str]) -> Expr {
        let finding = Finding::error(codes::UNKNOWN_NAME, format!("`{of}` has no `{name}`"), span, "");
        self.report(near::suggest(finding, (name, span), known.iter().copied(), "such name"));
        Expr::error(span)
    }

    fn unknown_bare(&mut self, name: &str, span: Span, scope: Scope<'_>) -> Expr {
        let mut known: Vec<&str> = scope.locals.iter().map(|(name, ..)| name.as_str()).collect();
        known.extend(scope.own.iter().flat_map(|own| own.written.keys().copied()));
        known.extend(self.declared.lets.keys().copied());
        known.extend(ROOTS);
        let help = if self.declared.inputs.contains_key(name) {
            format!("an input is named by its path: `input.{name}`")
        } else if self.declared.artifacts.contains_key(name) {
            format!("an artifact is named by its path: `artifact.{name}`")
        } else if name == "settings" {
            "a setting of the environment being entered is named by its path: `env.NAME`".to_owned()
        } else if self.declared.environments.contains_key(name) {
            format!("an environment is named by its path: `environment.{name}`")
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
