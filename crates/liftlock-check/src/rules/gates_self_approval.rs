//! An approval that the one who starts a run can give alone.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{GateKind, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("gates/self-approval"),
    severity: Severity::Warning,
    page: include_str!("../../rules/gates/self-approval.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for (id, gates) in model.pipelines.values().flat_map(|pipeline| &pipeline.before) {
        let environment = model.environment(*id);
        for gate in gates.iter().filter(|_| environment.protected) {
            let GateKind::Approval { need: 1, own: true, .. } = gate.kind else { continue };
            findings.push(
                Finding::warning(
                    RULE.code,
                    format!("whoever starts a release may let it into `{}` alone", environment.name),
                    gate.span,
                    "needs nobody else",
                )
                .with_help("ask for a second person: `need = 2`; or take `self = true` out"),
            );
        }
    }
}
