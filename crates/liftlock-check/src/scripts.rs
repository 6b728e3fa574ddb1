//! The shell scripts of a model.

use liftlock_diagnostics::Span;
use liftlock_model::expr::{Expr, ExprKind};
use liftlock_model::{Check, CheckKind, Effect, EffectKind, GateKind, Model, Type};

use crate::effects::{checks, effects};
use crate::references::covers;
use crate::same::resolved;
use crate::shell::{Shell, is_shell};

/// A script, and where it stands.
pub struct Script<'m> {
    /// The name of what it is a part of, and the place of that.
    pub owner: &'m str,
    pub span: Span,
    pub attribute: &'static str,
    /// Whether it only reads: what it prints counts, and its status may say "there is none".
    pub reads: bool,
    /// Whether it is told what `observe` has printed.
    pub is_told: bool,
    /// Whether it has a file to write outputs to.
    pub gives_out: bool,
    pub text: &'m str,
    pub shell: Shell,
    env: &'m Expr,
}

impl<'m> Script<'m> {
    /// Whether the environment variables of the script have one of this name.
    pub fn is_given(&self, name: &str) -> bool {
        match &*resolved(self.env).kind {
            ExprKind::Map(entries) => entries.contains_key(name),
            _ => true,
        }
    }

    /// The environment variables of the script that hold secrets.
    pub fn secrets(&self) -> Vec<&'m str> {
        let ExprKind::Map(entries) = &*resolved(self.env).kind else { return Vec::new() };
        let secret = entries.iter().filter(|(_, value)| is_secret(&value.ty));
        secret.map(|(name, _)| name.as_str()).collect()
    }
}

fn is_secret(ty: &Type) -> bool {
    match ty {
        Type::Secret => true,
        Type::Optional(inner) => is_secret(inner),
        _ => false,
    }
}

pub fn scripts(model: &Model) -> Vec<Script<'_>> {
    let mut scripts = Vec::new();
    for artifact in model.artifacts.values() {
        let build = artifact.kind.build().map(|build| &build.command);
        scripts.extend(script(&artifact.name, artifact.span, "build", build, &artifact.env));
        scripts.extend(script(&artifact.name, artifact.span, "resolve", artifact.kind.resolve(), &artifact.env));
    }
    for pipeline in model.pipelines.values() {
        for gate in pipeline.before.values().flatten() {
            if let GateKind::Check(check) = &gate.kind {
                scripts.extend(of_check(&gate.name, gate.span, check));
            }
        }
        let hooks = [&pipeline.hooks.success, &pipeline.hooks.failure, &pipeline.hooks.interrupt];
        for body in pipeline.bodies().chain(hooks.into_iter().map(Vec::as_slice)) {
            for effect in effects(body).into_iter().chain(covers(body)) {
                scripts.extend(of_effect(effect));
            }
            for Check { name, span, kind, .. } in checks(body) {
                scripts.extend(of_check(name, *span, kind));
            }
        }
        for Check { name, span, kind, .. } in pipeline.checks() {
            scripts.extend(of_check(name, *span, kind));
        }
    }
    scripts
}

fn of_effect(effect: &Effect) -> Vec<Script<'_>> {
    let script = |attribute, expr, env| script(&effect.name, effect.span, attribute, expr, env);
    match &effect.kind {
        EffectKind::Step(step) => [
            script("observe", step.observe.as_ref(), &step.env),
            script("preview", step.preview.as_ref(), &step.env),
            script("run", Some(&step.run), &step.env).map(|script| Script {
                gives_out: !step.outputs.is_empty(),
                is_told: step.observe.is_some(),
                ..script
            }),
            script("rollback", step.rollback.as_ref(), &step.env)
                .map(|script| Script { is_told: step.observe.is_some(), ..script }),
        ]
        .into_iter()
        .flatten()
        .collect(),
        EffectKind::Refresh { run, env, .. } | EffectKind::Notify { run, env, .. } => {
            script("run", Some(run), env).into_iter().collect()
        }
        EffectKind::Http(http) => script("observe", http.observe.as_ref(), &http.env).into_iter().collect(),
        EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } | EffectKind::Manual(_) => {
            Vec::new()
        }
    }
}

fn of_check<'m>(name: &'m str, span: Span, check: &'m CheckKind) -> Option<Script<'m>> {
    match check {
        CheckKind::Command { run, env, .. } => script(name, span, "run", Some(run), env),
        CheckKind::Http { .. } | CheckKind::Tcp { .. } | CheckKind::Metric(_) => None,
    }
}

fn script<'m>(
    owner: &'m str,
    span: Span,
    attribute: &'static str,
    expr: Option<&'m Expr>,
    env: &'m Expr,
) -> Option<Script<'m>> {
    match &*resolved(expr?).kind {
        ExprKind::Script { interpreter, text } if is_shell(interpreter) => {
            let reads = matches!(attribute, "observe" | "preview" | "resolve");
            Some(Script {
                owner,
                span,
                attribute,
                reads,
                is_told: false,
                gives_out: false,
                text,
                shell: Shell::read(text),
                env,
            })
        }
        _ => None,
    }
}
