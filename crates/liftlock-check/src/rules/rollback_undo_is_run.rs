//! An undo that does the same again.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EffectKind, Model};

use crate::Rule;
use crate::effects::effects_of;
use crate::same::same;

pub const RULE: Rule = Rule {
    code: Code("rollback/undo-is-run"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/undo-is-run.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for effect in model.pipelines.values().flat_map(|pipeline| effects_of(pipeline)) {
        let EffectKind::Step(step) = &effect.kind else { continue };
        let Some(rollback) = step.rollback.as_ref().filter(|rollback| same(rollback, &step.run)) else { continue };
        findings.push(
            Finding::warning(
                RULE.code,
                format!("the undo of `{}` does the same as its `run`", effect.name),
                rollback.span,
                "runs before what stands above it is back",
            )
            .with_label(step.run.span, "the same")
            .with_help(format!(
                "say `refresh {} {{ run = … }}`, which runs again once everything before it is back",
                effect.name
            )),
        );
    }
}
