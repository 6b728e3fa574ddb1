//! An approval that counts for so long that it never expires.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{GateKind, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("gates/no-expiry"),
    severity: Severity::Warning,
    page: include_str!("../../rules/gates/no-expiry.md"),
    absence: false,
    check,
};

const DAY: u64 = 86_400_000;

/// How long somebody who has approved may be taken to know what for; in days.
const MOST: u64 = 30;

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for gate in model.pipelines.values().flat_map(|pipeline| pipeline.before.values().flatten()) {
        let GateKind::Approval { expires, .. } = gate.kind else { continue };
        if expires <= MOST * DAY {
            continue;
        }
        findings.push(
            Finding::warning(
                RULE.code,
                format!("an approval of `{}` is good for {} days", gate.name, expires / DAY),
                gate.span,
                "is as good as one that never expires",
            )
            .with_help("let people look at what is there now: `expires = 24h`"),
        );
    }
}
