//! A way into a protected environment without a gate.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{Gate, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("gates/missing"),
    severity: Severity::Error,
    page: include_str!("../../rules/gates/missing.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        for (id, span) in pipeline.stages() {
            let environment = model.environment(id);
            if !environment.protected
                || pipeline.before.get(&id).is_some_and(|gates| gates.iter().any(Gate::is_certain))
            {
                continue;
            }
            findings.push(
                Finding::error(
                    RULE.code,
                    format!("nothing stands between a release and `{}`", environment.name),
                    span,
                    "entered without a gate",
                )
                .with_label(environment.span, "is `protected`")
                .with_help(format!("add a gate: `before {} {{ approval {{ from = group.NAME }} }}`", environment.name)),
            );
        }
    }
}
