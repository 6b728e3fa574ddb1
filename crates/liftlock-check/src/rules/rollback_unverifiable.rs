//! An undo of which nobody can tell whether it worked.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{EffectKind, Model};

use crate::Rule;
use crate::reached::reached;
use crate::surely::may_be;

pub const RULE: Rule = Rule {
    code: Code("rollback/unverifiable"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/unverifiable.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            // The checks are made again when everything is back, and tell for all of it.
            if pipeline.verify_in(id).any(|check| may_be(model, id, &check.frames)) {
                continue;
            }
            for effect in reached(model, pipeline, id).into_iter().map(|reached| reached.effect) {
                let Some((undo, believed)) = unobserved(&effect.kind) else { continue };
                if reported.contains(&effect.span) {
                    continue;
                }
                reported.push(effect.span);
                findings.push(
                    Finding::warning(
                        RULE.code,
                        format!("nobody can tell whether the undo of `{}` has worked", effect.name),
                        effect.span,
                        "has no `observe`, and its pipeline no check",
                    )
                    .with_label(undo, believed)
                    .with_help("add ``observe = `…` ``, which prints the state, or a check to `verify { … }`"),
                );
            }
        }
    }
}

/// Where an undo stands that nothing observes, and when it is taken for done.
fn unobserved(kind: &EffectKind) -> Option<(Span, &'static str)> {
    match kind {
        EffectKind::Step(step) if step.observe.is_none() && !step.readonly => {
            let undo = step.rollback.as_ref()?;
            Some((undo.span, "believed to work whenever it ends with status 0"))
        }
        EffectKind::Http(http) if http.observe.is_none() && !http.readonly => {
            let undo = http.rollback.as_ref()?;
            Some((undo.url.span, "believed to work whenever the answer is welcome"))
        }
        // What a person takes back, a person has looked at.
        _ => None,
    }
}
