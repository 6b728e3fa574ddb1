//! A metric that passes when there is no data.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{CheckKind, GateKind, Model, NoData};

use crate::Rule;
use crate::effects::checks;

pub const RULE: Rule = Rule {
    code: Code("gates/metric-no-data"),
    severity: Severity::Warning,
    page: include_str!("../../rules/gates/metric-no-data.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let gates = pipeline.before.values().flatten().filter_map(|gate| match &gate.kind {
            GateKind::Check(kind) => Some((gate.name.as_str(), gate.span, kind)),
            _ => None,
        });
        let inside = pipeline.bodies().flat_map(checks).chain(pipeline.checks());
        let inside = inside.map(|check| (check.name.as_str(), check.span, &check.kind));
        for (name, span, kind) in gates.chain(inside) {
            let CheckKind::Metric(metric) = kind else { continue };
            if metric.no_data != NoData::Pass {
                continue;
            }
            findings.push(
                Finding::warning(
                    RULE.code,
                    format!("`{name}` passes when its metric is gone"),
                    span,
                    "takes missing data for a success",
                )
                .with_label(metric.query.span, "where this finds nothing, all is taken to be well")
                .with_help(
                    "say `no_data = \"wait\"` or `\"fail\"`; a query that finds nothing when all is well can say so: \
                     `… or vector(0)`",
                ),
            );
        }
    }
}
