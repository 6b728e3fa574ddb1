//! An undo of which nobody can tell whether it worked.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EffectKind, Model};

use crate::Rule;
use crate::effects::effects_of;

pub const RULE: Rule = Rule {
    code: Code("rollback/unverifiable"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/unverifiable.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        // The checks are made again when everything is back, and tell for all of it.
        if pipeline.checks().next().is_some() {
            continue;
        }
        for effect in effects_of(pipeline) {
            let EffectKind::Step(step) = &effect.kind else { continue };
            let Some(rollback) = step.rollback.as_ref().filter(|_| step.observe.is_none() && !step.readonly) else {
                continue;
            };
            findings.push(
                Finding::warning(
                    RULE.code,
                    format!("nobody can tell whether the undo of `{}` has worked", effect.name),
                    effect.span,
                    "has no `observe`, and its pipeline no check",
                )
                .with_label(rollback.span, "believed to work whenever it ends with status 0")
                .with_help("add ``observe = `…` ``, which prints the state, or a check to `verify { … }`"),
            );
        }
    }
}
