//! An approval that needs more people than there are.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{GateKind, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("gates/quorum-impossible"),
    severity: Severity::Error,
    page: include_str!("../../rules/gates/quorum-impossible.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for gate in model.pipelines.values().flat_map(|pipeline| pipeline.before.values().flatten()) {
        let GateKind::Approval { from, need, .. } = gate.kind else { continue };
        let group = model.group(from);
        let mut members: Vec<&str> = group.members.iter().map(String::as_str).collect();
        members.sort_unstable();
        members.dedup();
        if need as usize <= members.len() {
            continue;
        }
        let has = match members.len() {
            0 => "has no member".to_owned(),
            1 => "has one member".to_owned(),
            several => format!("has {several} members"),
        };
        findings.push(
            Finding::error(
                RULE.code,
                format!("`{}` needs {need} approvals, and `{}` {has}", gate.name, group.name),
                gate.span,
                "can never open",
            )
            .with_label(group.span, has)
            .with_help("add members to the group, or lower `need`"),
        );
    }
}
