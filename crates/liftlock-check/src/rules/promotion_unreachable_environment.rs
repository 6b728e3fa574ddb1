//! An environment that no pipeline enters.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EnvironmentId, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("promotion/unreachable-environment"),
    severity: Severity::Warning,
    page: include_str!("../../rules/promotion/unreachable-environment.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    if model.pipelines.is_empty() {
        return;
    }
    let mut known: Vec<EnvironmentId> =
        model.pipelines.values().flat_map(|pipeline| pipeline.stages().map(|(id, _)| id)).collect();
    // What an environment on a path requires is missing from that path, which is the better thing to say.
    let mut at = 0;
    while let Some(id) = known.get(at).copied() {
        for (required, _) in &model.environment(id).requires {
            if !known.contains(required) {
                known.push(*required);
            }
        }
        at += 1;
    }
    for (at, environment) in model.environments.values().enumerate() {
        if known.contains(&EnvironmentId(at)) {
            continue;
        }
        findings.push(
            Finding::warning(
                RULE.code,
                format!("no release ever enters `{}`", environment.name),
                environment.span,
                "on the path of no pipeline",
            )
            .with_help(format!("put it on a path: `promote artifact.NAME through … -> {}`", environment.name)),
        );
    }
}
