//! A release that enters all protected environments together.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("strategy/all-at-once"),
    severity: Severity::Warning,
    page: include_str!("../../rules/strategy/all-at-once.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let protected: Vec<_> = pipeline
            .stages()
            .map(|(id, _)| model.environment(id))
            .filter(|environment| environment.protected)
            .collect();
        let together = pipeline.path.iter().find(|wave| {
            let in_wave = wave.environments.iter().filter(|(id, _)| model.environment(*id).protected).count();
            in_wave > 1 && in_wave == protected.len()
        });
        let Some(wave) = together else { continue };
        let names: Vec<String> = protected.iter().map(|environment| format!("`{}`", environment.name)).collect();
        let path: Vec<&str> = protected.iter().map(|environment| environment.name.as_str()).collect();
        findings.push(
            Finding::warning(
                RULE.code,
                format!("{} are entered together, and there is no other protected environment", names.join(", ")),
                wave.span,
                "a release that fails here fails everywhere",
            )
            .with_help(format!("let one of them go first: `{}`", path.join(" -> "))),
        );
    }
}
