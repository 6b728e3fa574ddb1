//! A rollout in waves that nothing stops between them.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::Model;

use crate::Rule;
use crate::rollout::rollouts;

pub const RULE: Rule = Rule {
    code: Code("strategy/unjudged"),
    severity: Severity::Warning,
    page: include_str!("../../rules/strategy/unjudged.md"),
    absence: true,
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
                // Of one wave alone there is more to be said than this.
                let has_waves = rollout.at_most.is_some()
                    && rollout.hosts.is_none_or(|hosts| hosts > 1)
                    && !rollout.is_all_at_once(model, id);
                if !has_waves || rollout.looks() || reported.contains(&rollout.span) {
                    continue;
                }
                reported.push(rollout.span);
                let name = rollout.name;
                findings.push(
                    Finding::warning(
                        RULE.code,
                        format!(
                            "nothing looks at a `{name}` of `{}` before the next ones are changed",
                            environment.name
                        ),
                        rollout.span,
                        "one wave follows the other",
                    )
                    .with_help(format!("end the body with a check: `tcp open {{ host = {name}, port = 443 }}`")),
                );
            }
        }
    }
}
