//! An undo that needs what its own step gives out, which a step that fails may not have given.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::expr::{Expr, ExprKind, Reference};
use liftlock_model::{Effect, EffectKind, Model};

use crate::Rule;
use crate::effects::effects_of;

pub const RULE: Rule = Rule {
    code: Code("rollback/own-output"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/own-output.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for effect in model.pipelines.values().flat_map(effects_of) {
        let EffectKind::Step(step) = &effect.kind else { continue };
        let Some(rollback) = step.rollback.as_ref().filter(|_| !step.atomic) else { continue };
        let Some(output) = own_output(effect, rollback) else { continue };
        findings.push(
            Finding::warning(
                RULE.code,
                format!("the undo of `{}` needs its output, which a failed step may not have written", effect.name),
                effect.span,
                "where it fails early, it cannot be undone",
            )
            .with_label(rollback.span, format!("uses `step.{}.{output}`", effect.name))
            .with_help(
                "add `atomic = true` if a failed step has done nothing; otherwise write the output before the change, or let \
                 the undo find out by itself",
            ),
        );
    }
}

/// The output of the step itself that an expression names.
fn own_output(effect: &Effect, expr: &Expr) -> Option<String> {
    match &*expr.kind {
        ExprKind::Reference(Reference::Output(step, name)) if *step == effect.id => Some(name.clone()),
        _ => expr.parts().find_map(|part| own_output(effect, part)),
    }
}
