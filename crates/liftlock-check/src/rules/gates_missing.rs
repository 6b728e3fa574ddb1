//! A way into a protected environment without a gate.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;
use crate::surely::is_in_the_way;

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
            let gates = pipeline.before.get(&id).map(Vec::as_slice).unwrap_or_default();
            if !environment.protected || gates.iter().any(|gate| is_in_the_way(model, id, gate)) {
                continue;
            }
            let name = &environment.name;
            let finding = match gates.first() {
                None => Finding::error(
                    RULE.code,
                    format!("nothing stands between a release and `{name}`"),
                    span,
                    "entered without a gate",
                )
                .with_help(format!("add a gate: `before {name} {{ approval {{ from = group.NAME }} }}`")),
                Some(gate) => Finding::error(
                    RULE.code,
                    format!("a release may enter `{name}` without a gate"),
                    span,
                    "entered where no condition holds",
                )
                .with_label(gate.span, "stands in the way of some releases alone")
                .with_help(format!(
                    "add a gate without a condition: `before {name} {{ approval {{ from = group.NAME }} }}`"
                )),
            };
            findings.push(finding.with_label(environment.span, "is `protected`"));
        }
    }
}
