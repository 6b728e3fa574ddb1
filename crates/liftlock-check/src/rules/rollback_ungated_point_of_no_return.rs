//! A point of no return that a release reaches without anybody having agreed.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{Effect, EffectKind, GateKind, Model};

use crate::Rule;
use crate::effects::effects;

pub const RULE: Rule = Rule {
    code: Code("rollback/ungated-point-of-no-return"),
    severity: Severity::Error,
    page: include_str!("../../rules/rollback/ungated-point-of-no-return.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let Some(effect) = effects(&pipeline.deploy).into_iter().find(|effect| is_irreversible(effect)) else {
            continue;
        };
        for (id, entered) in pipeline.stages() {
            let environment = model.environment(id);
            let gates = pipeline.before.get(&id).map(Vec::as_slice).unwrap_or_default();
            let approved = gates.iter().any(|gate| matches!(gate.kind, GateKind::Approval { need: 1.., .. }));
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

fn is_irreversible(effect: &Effect) -> bool {
    matches!(&effect.kind, EffectKind::Step(step) if step.irreversible.is_some() && !step.readonly)
}
