//! A step that is tried again, although nothing says that this is safe.

use liftlock_diagnostics::{Code, Edit, Finding, Safety, Severity, Span};
use liftlock_model::expr::{Expr, ExprKind};
use liftlock_model::{EffectKind, Model};

use crate::Rule;
use crate::effects::effects_of;
use crate::references::covers;

pub const RULE: Rule = Rule {
    code: Code("steps/unsafe-retry"),
    severity: Severity::Error,
    page: include_str!("../../rules/steps/unsafe-retry.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        for effect in effects_of(pipeline).into_iter().chain(pipeline.bodies().flat_map(covers)) {
            let EffectKind::Step(step) = &effect.kind else { continue };
            let Some(retry) = step.retry.filter(|_| !step.idempotent && !step.readonly) else { continue };
            let tries = if retry.times == 1 { "once".to_owned() } else { format!("up to {} times", retry.times) };
            let finding = Finding::error(
                RULE.code,
                format!("`{}` is tried again, and may do half of its work twice", effect.name),
                effect.span,
                format!("is tried again {tries}, and is not `idempotent`"),
            )
            .with_help("say that it may run twice, `idempotent = true`, or take `retry` out");
            findings.push(match behind(&step.run) {
                // Whether it is true is for a person to say.
                Some(span) => finding.with_fix(
                    Safety::Unsafe,
                    format!("say that `{}` may run twice", effect.name),
                    vec![Edit { span, text: ", idempotent = true".to_owned() }],
                ),
                None => finding,
            });
        }
    }
}

/// Where an attribute can follow on the line of `run`; behind the fence of a script none can.
fn behind(run: &Expr) -> Option<Span> {
    match &*run.kind {
        ExprKind::Command(_) | ExprKind::Named(_) => Some(Span { start: run.span.end, ..run.span }),
        _ => None,
    }
}
