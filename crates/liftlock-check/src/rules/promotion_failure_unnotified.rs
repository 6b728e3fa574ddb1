//! A pipeline that tells people of its successes alone.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;
use crate::effects::effects;

pub const RULE: Rule = Rule {
    code: Code("promotion/failure-unnotified"),
    severity: Severity::Info,
    page: include_str!("../../rules/promotion/failure-unnotified.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let protected =
            pipeline.stages().map(|(id, _)| model.environment(id)).find(|environment| environment.protected);
        let Some(environment) = protected else { continue };
        // Whoever is told nothing at all watches the release, or is told by what has started it.
        let told = effects(&pipeline.hooks.success);
        let Some(told) = told.first().filter(|_| effects(&pipeline.hooks.failure).is_empty()) else { continue };
        findings.push(
            Finding::info(
                RULE.code,
                format!("people hear when `{}` succeeds, and not when it fails", pipeline.name),
                told.span,
                "tells of a success",
            )
            .with_label(environment.span, "is `protected`")
            .with_help("tell them as well: ``on failure { notify told { run = `ops/say \"${failure.summary}\"` } }``"),
        );
    }
}
