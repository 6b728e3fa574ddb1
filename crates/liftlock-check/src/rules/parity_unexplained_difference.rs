//! An environment that is deployed into in a way of its own, and nobody says why.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("parity/unexplained-difference"),
    severity: Severity::Error,
    page: include_str!("../../rules/parity/unexplained-difference.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        for (id, own) in &pipeline.own_deploy {
            let name = &model.environment(*id).name;
            let label = match own.differs.as_deref().map(str::trim) {
                None => "has no `differs`",
                Some("") => "its `differs` is empty",
                Some(_) => continue,
            };
            findings.push(
                Finding::error(
                    RULE.code,
                    format!("nobody says why `{name}` is deployed into in its own way"),
                    own.span,
                    label,
                )
                .with_help("write it down, `differs = \"…\"`, or let it share the common `deploy`"),
            );
        }
    }
}
