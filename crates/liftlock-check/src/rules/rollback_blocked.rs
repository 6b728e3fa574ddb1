//! A way back on which a person has to act before the rest of it can go on.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{EffectKind, Model};

use crate::reached::reached;
use crate::{Class, Rule, class};

pub const RULE: Rule = Rule {
    code: Code("rollback/blocked"),
    severity: Severity::Info,
    page: include_str!("../../rules/rollback/blocked.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            let reached = reached(model, pipeline, id);
            let effects = || reached.iter().map(|reached| reached.effect);
            let changes_by_itself = |kind: &EffectKind| !matches!(kind, EffectKind::Manual(_));
            let waits =
                effects().find(|effect| class(effect, true) != Class::ReadOnly && changes_by_itself(&effect.kind));
            let Some(waits) = waits else { continue };
            for effect in effects().skip_while(|effect| effect.id != waits.id) {
                let EffectKind::Manual(manual) = &effect.kind else { continue };
                let Some(undo) = manual.rollback.as_ref().filter(|_| !reported.contains(&effect.span)) else {
                    continue;
                };
                reported.push(effect.span);
                findings.push(
                    Finding::info(
                        RULE.code,
                        format!("the way back waits at `{}` until a person has acted", effect.name),
                        undo.span,
                        "somebody has to be there, whenever the release fails",
                    )
                    .with_label(waits.span, "is taken back only when that is confirmed")
                    .with_help(format!(
                        "put `{}` in front of it, so that it is the last to be taken back",
                        effect.name
                    )),
                );
            }
        }
    }
}
