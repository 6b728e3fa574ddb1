//! A release that touches all hosts of a protected environment at once.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::Model;

use crate::Rule;
use crate::rollout::rollouts;

pub const RULE: Rule = Rule {
    code: Code("steps/unlimited-blast"),
    severity: Severity::Error,
    page: include_str!("../../rules/steps/unlimited-blast.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            let environment = model.environment(id);
            if !environment.protected {
                continue;
            }
            for rollout in rollouts(model, id, pipeline.deploy_in(id)) {
                let Some(at_most) = rollout.at_most.filter(|_| rollout.is_all_at_once(model, id)) else { continue };
                if reported.contains(&rollout.span) {
                    continue;
                }
                reported.push(rollout.span);
                let hosts = match rollout.hosts {
                    Some(hosts) => format!("all {hosts} hosts of `{}`", environment.name),
                    None => format!("all hosts of `{}`", environment.name),
                };
                findings.push(
                    Finding::error(
                        RULE.code,
                        format!("{hosts} are changed at the same time"),
                        rollout.span,
                        format!("every `{}` at once", rollout.name),
                    )
                    .with_label(at_most.span, "holds nothing back")
                    .with_label(environment.span, "is `protected`")
                    .with_help("let some go first: `at_most = 25%`; without `at_most`, it is one after another"),
                );
            }
        }
    }
}
