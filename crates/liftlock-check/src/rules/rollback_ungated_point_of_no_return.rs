//! A point of no return that a release reaches without anybody having agreed.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{GateKind, Model};

use crate::effects::effects;
use crate::{Class, Rule, class};

pub const RULE: Rule = Rule {
    code: Code("rollback/ungated-point-of-no-return"),
    severity: Severity::Error,
    page: include_str!("../../rules/rollback/ungated-point-of-no-return.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        for (id, entered) in pipeline.stages() {
            let effects = effects(pipeline.deploy_in(id));
            let Some(effect) = effects.into_iter().find(|effect| class(effect, false) == Class::Irreversible) else {
                continue;
            };
            let environment = model.environment(id);
            let gates = pipeline.before.get(&id).map(Vec::as_slice).unwrap_or_default();
            let approved =
                gates.iter().any(|gate| gate.is_certain() && matches!(gate.kind, GateKind::Approval { need: 1.., .. }));
            // Without any gate, that is what is missing. What is not protected may be broken and made anew.
            if !environment.protected || approved || gates.is_empty() {
                continue;
            }
            let name = &environment.name;
            findings.push(
                Finding::error(
                    RULE.code,
                    format!("`{}` cannot be taken back, and nobody approves it for `{name}`", effect.name),
                    effect.span,
                    "a point of no return",
                )
                .with_label(entered, "entered without an approval")
                .with_help(format!("let people decide: `before {name} {{ approval {{ from = group.NAME }} }}`")),
            );
        }
    }
}
