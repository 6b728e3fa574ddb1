//! An environment that names a protected one's address or secret as its own.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::expr::{Expr, ExprKind, SecretSource};
use liftlock_model::{Environment, EnvironmentId, Model, Type};

use crate::Rule;
use crate::pieces::known;
use crate::same::same;

pub const RULE: Rule = Rule {
    code: Code("parity/production-value-below"),
    severity: Severity::Error,
    page: include_str!("../../rules/parity/production-value-below.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    let owned: Vec<Vec<Owned<'_>>> = (0..model.environments.len()).map(|at| owned(model, EnvironmentId(at))).collect();
    for (environment, own) in model.environments.values().zip(&owned).filter(|(environment, _)| !environment.protected)
    {
        for value in own {
            let of_protected = model.environments.values().zip(&owned).filter(|(other, _)| other.protected);
            let mut same = of_protected.filter_map(|(protected, theirs)| {
                let theirs = theirs.iter().find(|theirs| theirs.setting == value.setting && is_same(value, theirs))?;
                Some((protected, theirs))
            });
            if let Some((protected, theirs)) = same.next() {
                findings.push(finding(environment, value, protected, theirs));
            }
        }
    }
}

/// A value that belongs to one environment.
struct Owned<'m> {
    /// `database.host`
    setting: String,
    written: &'m Expr,
    /// Of an address, what it says; of a secret it is nobody's business.
    address: Option<String>,
}

/// The addresses and secrets that an environment itself writes out. What comes from a default, or from a `let`, is shared on
/// purpose.
fn owned(model: &Model, id: EnvironmentId) -> Vec<Owned<'_>> {
    let mut found = Vec::new();
    for setting in model.settings.values() {
        let Some(written) = model.environment(id).settings.get(&setting.name) else { continue };
        collect(model, id, (&setting.name, &setting.ty, setting.default.as_ref()), written, &mut found);
    }
    found
}

fn collect<'m>(
    model: &'m Model,
    id: EnvironmentId,
    (setting, ty, default): (&str, &Type, Option<&Expr>),
    written: &'m Expr,
    found: &mut Vec<Owned<'m>>,
) {
    if default.is_some_and(|default| default.span == written.span) {
        return;
    }
    match (ty, &*written.kind) {
        (_, ExprKind::Named(_)) => {}
        (Type::Optional(inner), _) => collect(model, id, (setting, inner, None), written, found),
        (Type::Record(fields), ExprKind::Map(entries)) => {
            for field in fields.iter() {
                let Some(value) = entries.get(&field.name) else { continue };
                let name = format!("{setting}.{}", field.name);
                collect(model, id, (&name, &field.ty, field.default.as_ref()), value, found);
            }
        }
        (Type::Url | Type::Host, _) => {
            let address = known(model, id, written).filter(|text| *ty == Type::Url || !is_here(text));
            if let Some(address) = address {
                found.push(Owned { setting: setting.to_owned(), written, address: Some(address) });
            }
        }
        (Type::Secret, ExprKind::Secret(_)) => {
            found.push(Owned { setting: setting.to_owned(), written, address: None });
        }
        _ => {}
    }
}

/// Whether a host is whichever machine asks for it.
fn is_here(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host == "::1" || host.starts_with("127.")
}

fn is_same(value: &Owned<'_>, theirs: &Owned<'_>) -> bool {
    match (&value.address, &theirs.address) {
        // Names of hosts have no case, and a slash at the end leads nowhere else.
        (Some(value), Some(theirs)) => value.trim_end_matches('/').eq_ignore_ascii_case(theirs.trim_end_matches('/')),
        (None, None) => is_same_secret(value.written, theirs.written),
        _ => false,
    }
}

/// Whether two secrets are kept in one place, whose name no environment has a part in.
fn is_same_secret(value: &Expr, theirs: &Expr) -> bool {
    let is_plain = |expr: &Expr| match &*expr.kind {
        ExprKind::Secret(SecretSource::Env(of) | SecretSource::File(of)) => of.literal().is_some(),
        ExprKind::Secret(SecretSource::Command(of)) => of.parts().next().is_none(),
        _ => false,
    };
    is_plain(value) && same(value, theirs)
}

fn finding(below: &Environment, value: &Owned<'_>, protected: &Environment, theirs: &Owned<'_>) -> Finding {
    let (setting, below, protected) = (&value.setting, &below.name, &protected.name);
    Finding::error(
        RULE.code,
        format!("the `{setting}` of `{below}` is that of `{protected}`"),
        value.written.span,
        format!("set for `{below}`"),
    )
    .with_label(theirs.written.span, format!("the same for `{protected}`, which is protected"))
    .with_help(format!(
        "give `{below}` a `{setting}` of its own; if they share it on purpose, say so once, as the default in `settings`"
    ))
}
