//! Waves of several hosts that no environment before the protected one goes through.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{EnvironmentId, Model, Pipeline};

use crate::Rule;
use crate::rollout::rollouts;

pub const RULE: Rule = Rule {
    code: Code("strategy/strategy-untested"),
    severity: Severity::Warning,
    page: include_str!("../../rules/strategy/strategy-untested.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        let mut before: Vec<EnvironmentId> = Vec::new();
        for wave in &pipeline.path {
            for (id, _) in wave.environments.iter().filter(|(id, _)| model.environment(*id).protected) {
                for rollout in rollouts(model, *id, pipeline.deploy_in(*id)) {
                    let Some(together) = rollout.together(model, *id).filter(|together| *together > 1) else {
                        continue;
                    };
                    let is_rehearsed = |id: &EnvironmentId| rehearses(model, pipeline, *id, rollout.name);
                    // Where all are changed at once, there is more to be said than this.
                    if before.is_empty()
                        || rollout.is_all_at_once(model, *id)
                        || before.iter().any(is_rehearsed)
                        || reported.contains(&rollout.span)
                    {
                        continue;
                    }
                    reported.push(rollout.span);
                    let environment = model.environment(*id);
                    let name = rollout.name;
                    let mut finding = Finding::warning(
                        RULE.code,
                        format!("`{}` is the first to change several of `{name}` at the same time", environment.name),
                        rollout.span,
                        format!("{together} at a time here, and one at a time before"),
                    );
                    if let Some(at_most) = rollout.at_most {
                        finding = finding.with_label(at_most.span, "is never put to the test");
                    }
                    findings.push(finding.with_help(format!(
                        "give an environment before `{}` as many as make a wave of two, or go one by one: leave `at_most` out",
                        environment.name
                    )));
                }
            }
            before.extend(wave.environments.iter().map(|(id, _)| *id));
        }
    }
}

/// Whether a release may change several at the same time there, too.
fn rehearses(model: &Model, pipeline: &Pipeline, id: EnvironmentId, name: &str) -> bool {
    rollouts(model, id, pipeline.deploy_in(id))
        .into_iter()
        .any(|rollout| rollout.name == name && rollout.together(model, id).is_none_or(|together| together > 1))
}
