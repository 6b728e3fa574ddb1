//! A secret of another environment, in a release that enters this one.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::{Expr, ExprKind, Reference};
use liftlock_model::{EnvironmentId, Model, Pipeline, Type};

use crate::Rule;
use crate::effects::checks;
use crate::reached::reached;
use crate::references::{covers, expressions, of_check, of_effect};
use crate::same::resolved;
use crate::surely::may_be;

pub const RULE: Rule = Rule {
    code: Code("secrets/wrong-environment"),
    severity: Severity::Error,
    page: include_str!("../../rules/secrets/wrong-environment.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    // Hardly any project does it, and what all environments may run is much the same.
    let mut names_any = false;
    expressions(model, &mut |_, expr| secrets(model, expr, &mut |_, _, _| names_any = true));
    if !names_any {
        return;
    }
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            for expr in of_stage(model, pipeline, id) {
                secrets(model, expr, &mut |owner, name, span| {
                    if owner != id && !reported.contains(&span) {
                        reported.push(span);
                        findings.push(finding(model, (id, owner), name, span));
                    }
                });
            }
        }
    }
}

/// What is handed over while an environment is being entered. A gate may well look at another environment, and what tells
/// people when all is over stands in none.
fn of_stage<'m>(model: &'m Model, pipeline: &'m Pipeline, id: EnvironmentId) -> Vec<&'m Expr> {
    let effects = reached(model, pipeline, id).into_iter().map(|reached| reached.effect);
    let body = pipeline.deploy_in(id);
    let behind = pipeline.verify_in(id).filter(|check| may_be(model, id, &check.frames));
    let of_checks = checks(body).into_iter().chain(behind).flat_map(|check| of_check(&check.kind));
    effects.chain(covers(body)).flat_map(of_effect).chain(of_checks).collect()
}

/// Calls `visit` with each secret of a named environment.
fn secrets(model: &Model, expr: &Expr, visit: &mut dyn FnMut(EnvironmentId, &str, Span)) {
    match &*expr.kind {
        ExprKind::Reference(Reference::Setting(id, name)) => {
            if model.settings.get(name).is_some_and(|setting| is_secret(&setting.ty)) {
                visit(*id, name, expr.span);
            }
        }
        ExprKind::Member(of, field) => match &*resolved(of).kind {
            ExprKind::Reference(Reference::Setting(id, name)) if is_field_secret(&of.ty, field) => {
                visit(*id, &format!("{name}.{field}"), expr.span);
            }
            _ => secrets(model, of, visit),
        },
        _ => expr.parts().for_each(|part| secrets(model, part, visit)),
    }
}

fn is_secret(ty: &Type) -> bool {
    match ty {
        Type::Secret => true,
        Type::Optional(inner) => is_secret(inner),
        _ => false,
    }
}

fn is_field_secret(of: &Type, name: &str) -> bool {
    match of {
        Type::Optional(inner) => is_field_secret(inner, name),
        Type::Record(fields) => fields.iter().any(|field| field.name == name && is_secret(&field.ty)),
        Type::Map(item) => is_secret(item),
        _ => false,
    }
}

fn finding(model: &Model, (entered, owner): (EnvironmentId, EnvironmentId), name: &str, span: Span) -> Finding {
    let (entered, owner) = (model.environment(entered), model.environment(owner));
    Finding::error(
        RULE.code,
        format!("a release that enters `{}` is handed the `{name}` of `{}`", entered.name, owner.name),
        span,
        format!("belongs to `{}`", owner.name),
    )
    .with_help(format!("name that of the environment being entered: `env.{name}`"))
}
