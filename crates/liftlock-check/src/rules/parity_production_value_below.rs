//! An environment that names a protected one's address as its own.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::expr::{Expr, ExprKind};
use liftlock_model::{Environment, EnvironmentId, Model, Setting, Type};

use crate::Rule;
use crate::pieces::known;

pub const RULE: Rule = Rule {
    code: Code("parity/production-value-below"),
    severity: Severity::Error,
    page: include_str!("../../rules/parity/production-value-below.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for setting in model.settings.values().filter(|setting| is_address(&setting.ty)) {
        for (at, environment) in model.environments.values().enumerate() {
            if environment.protected {
                continue;
            }
            let Some((value, written)) = address(model, setting, EnvironmentId(at)) else { continue };
            let same = (0..model.environments.len()).map(EnvironmentId).find_map(|id| {
                let protected = Some(model.environment(id)).filter(|environment| environment.protected)?;
                let (theirs, place) = address(model, setting, id)?;
                is_same(&value, &theirs).then_some((protected, place))
            });
            if let Some((protected, place)) = same {
                findings.push(finding(setting, environment, written, protected, place));
            }
        }
    }
}

fn is_address(ty: &Type) -> bool {
    match ty {
        Type::Url | Type::Host => true,
        Type::Optional(inner) => is_address(inner),
        _ => false,
    }
}

/// The value that an environment itself writes out. What comes from the default, or from a `let`, is shared on purpose.
fn address<'a>(model: &'a Model, setting: &Setting, id: EnvironmentId) -> Option<(String, &'a Expr)> {
    let written = model.environment(id).settings.get(&setting.name)?;
    let is_default = setting.default.as_ref().is_some_and(|default| default.span == written.span);
    if is_default || matches!(*written.kind, ExprKind::Named(_)) {
        return None;
    }
    Some((known(model, id, written)?, written))
}

/// Names of hosts have no case, and a slash at the end leads nowhere else.
fn is_same(one: &str, other: &str) -> bool {
    one.trim_end_matches('/').eq_ignore_ascii_case(other.trim_end_matches('/'))
}

fn finding(setting: &Setting, below: &Environment, written: &Expr, protected: &Environment, place: &Expr) -> Finding {
    let (setting, below, protected) = (&setting.name, &below.name, &protected.name);
    Finding::error(
        RULE.code,
        format!("the `{setting}` of `{below}` is that of `{protected}`"),
        written.span,
        format!("set for `{below}`"),
    )
    .with_label(place.span, format!("the same for `{protected}`, which is protected"))
    .with_help(format!(
        "give `{below}` a `{setting}` of its own; if they share it on purpose, say so once, as the default in `settings`"
    ))
}
