//! A rate or a quantile that may rest on next to nothing.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::{Expr, ExprKind, Part};
use liftlock_model::{CheckKind, GateKind, Metric, Model};

use crate::Rule;
use crate::effects::checks;
use crate::same::resolved;

pub const RULE: Rule = Rule {
    code: Code("gates/metric-few-samples"),
    severity: Severity::Warning,
    page: include_str!("../../rules/gates/metric-few-samples.md"),
    absence: false,
    check,
};

/// What a query calls to count events. A gauge needs none.
const COUNTS: &[&str] = &["rate(", "increase("];

/// What makes one number of many events; of hardly any, it says nothing.
const SUMS_UP: &[&str] = &["histogram_quantile(", "quantile_over_time(", "avg_over_time("];

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
            findings.extend(few_samples(name, span, metric));
        }
    }
}

fn few_samples(name: &str, span: Span, metric: &Metric) -> Option<Finding> {
    // A mere count that must be high is itself the answer to how few are too few.
    let is_share = || calls(&metric.query, &["/"]);
    let rests_on_events = calls(&metric.query, SUMS_UP)
        || (calls(&metric.query, COUNTS) && (metric.below.as_ref().is_some_and(is_given) || is_share()));
    if metric.at_least > 0 || !rests_on_events {
        return None;
    }
    let finding = Finding::warning(
        RULE.code,
        format!("`{name}` may pass on next to no data"),
        span,
        if metric.samples.is_some() { "counts its samples, and any number will do" } else { "counts no samples" },
    );
    Some(match &metric.samples {
        Some(samples) => finding
            .with_label(samples.span, "is compared with nothing")
            .with_help("say how few are too few: `at_least = 100`"),
        None => finding.with_help(
            "count what it rests on, and say how few are too few: \
             `samples = \"sum(increase(requests_total[5m]))\"`, `at_least = 100`",
        ),
    })
}

fn calls(query: &Expr, words: &[&str]) -> bool {
    let ExprKind::Text(parts) = &*resolved(query).kind else { return false };
    parts.iter().any(|part| match part {
        Part::Literal(text) => words.iter().any(|word| text.contains(word)),
        Part::Value(value) => calls(value, words),
    })
}

/// Whether a value that may be missing is there.
fn is_given(bound: &Expr) -> bool {
    !matches!(*resolved(bound).kind, ExprKind::None)
}
