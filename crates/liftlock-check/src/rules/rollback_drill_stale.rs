//! A drill that is wanted, and that can take place nowhere.
//!
//! That there was none for too long depends on what has happened, and is said by the plan.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;
use liftlock_model::evaluate::duration_text;

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("rollback/drill-stale"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/drill-stale.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let environments = || pipeline.stages().map(|(id, _)| model.environment(id));
        if environments().any(|environment| environment.drill && !environment.protected) {
            continue;
        }
        let first =
            environments().find(|environment| !environment.protected).map(|environment| environment.name.as_str());
        for environment in environments() {
            let Some((within, span)) = environment.drill_within else { continue };
            let (name, within) = (&environment.name, duration_text(within));
            findings.push(
                Finding::warning(
                    RULE.code,
                    format!("`{name}` wants a drill within {within}, and `{}` can be drilled nowhere", pipeline.name),
                    span,
                    "",
                )
                .with_help(match first {
                    Some(first) => format!("mark an environment for it: `environment {first} {{ drill = true }}`"),
                    None => "mark an environment for it that is not protected: `drill = true`".to_owned(),
                }),
            );
        }
    }
}
