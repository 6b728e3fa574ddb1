//! An effect that can fail when there is no way back any more.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{Effect, EffectKind, Model};

use crate::reached::reached;
use crate::{Class, Rule, class};

pub const RULE: Rule = Rule {
    code: Code("rollback/after-point-of-no-return"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/after-point-of-no-return.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            let effects: Vec<&Effect> =
                reached(model, pipeline, id).into_iter().map(|reached| reached.effect).collect();
            let Some(at) = effects.iter().position(|effect| is_irreversible(effect)) else { continue };
            let Some(follower) = effects[at + 1..].iter().find(|effect| could_come_before(effect)) else { continue };
            let point = effects[at];
            if reported.contains(&follower.span) {
                continue;
            }
            reported.push(follower.span);
            findings.push(
                Finding::warning(
                    RULE.code,
                    format!("`{}` can fail when there is no way back any more", follower.name),
                    follower.span,
                    "comes after a point of no return",
                )
                .with_label(point.span, "from here on nothing is restored")
                .with_help(format!("move `{}` to the end of `deploy`, or into a pipeline of its own", point.name)),
            );
        }
    }
}

fn is_irreversible(effect: &Effect) -> bool {
    class(effect, false) == Class::Irreversible
}

/// A refresh has to follow what it makes others notice, a look what it looks at, and one of two points of no return the
/// other.
fn could_come_before(effect: &Effect) -> bool {
    match &effect.kind {
        EffectKind::Refresh { .. } => false,
        EffectKind::Notify { .. } => false,
        EffectKind::Step(_) | EffectKind::Http(_) | EffectKind::Manual(_) => {
            !matches!(class(effect, true), Class::ReadOnly | Class::Irreversible)
        }
        EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. } => true,
    }
}
