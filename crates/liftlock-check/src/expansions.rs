//! Findings inside procedures, which are found once for each call.

use std::collections::HashSet;

use liftlock_diagnostics::{Finding, Span};
use liftlock_model::{Expansion, Model};

/// How many calls a finding names.
const MOST_CALLS: usize = 3;

/// Says of each finding inside a procedure where that is called, and keeps one of those that say the same.
pub fn show_the_way_in(model: &Model, findings: &mut Vec<Finding>) {
    if model.expansions.is_empty() {
        return;
    }
    let mut seen: HashSet<(&'static str, Span, String)> = HashSet::new();
    findings.retain(|finding| {
        let is_inside = model.expansions.iter().any(|expansion| holds(expansion.body, finding.span()));
        !is_inside || seen.insert((finding.code.0, finding.span(), finding.message.clone()))
    });
    for finding in findings {
        let span = finding.span();
        let mut calls: Vec<&Expansion> = Vec::new();
        for expansion in model.expansions.iter().filter(|expansion| holds(expansion.body, span)) {
            if calls.iter().all(|known| known.call != expansion.call) {
                calls.push(expansion);
            }
        }
        for expansion in calls.into_iter().take(MOST_CALLS) {
            let labelled =
                finding.clone().with_label(expansion.call, format!("`{}` is called here", expansion.procedure));
            *finding = labelled;
        }
    }
}

fn holds(outer: Span, inner: Span) -> bool {
    outer.source == inner.source && outer.start <= inner.start && inner.end <= outer.end
}
