//! Environments that require one another in a circle.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EnvironmentId, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("promotion/cycle"),
    severity: Severity::Error,
    page: include_str!("../../rules/promotion/cycle.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    let mut reported = vec![false; model.environments.len()];
    for start in (0..model.environments.len()).map(EnvironmentId) {
        if reported[start.0] {
            continue;
        }
        let Some(circle) = circle_through(model, start) else { continue };
        for id in &circle {
            reported[id.0] = true;
        }
        findings.push(finding(model, &circle));
    }
}

/// The shortest way from `start` back to it, without the return.
fn circle_through(model: &Model, start: EnvironmentId) -> Option<Vec<EnvironmentId>> {
    let mut came_from: Vec<Option<EnvironmentId>> = vec![None; model.environments.len()];
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(id) = queue.pop_front() {
        for (required, _) in &model.environment(id).requires {
            if *required == start {
                let mut circle = vec![id];
                let mut at = id;
                while let Some(before) = came_from[at.0].filter(|_| at != start) {
                    circle.push(before);
                    at = before;
                }
                circle.reverse();
                return Some(circle);
            }
            if came_from[required.0].is_none() {
                came_from[required.0] = Some(id);
                queue.push_back(*required);
            }
        }
    }
    None
}

fn finding(model: &Model, circle: &[EnvironmentId]) -> Finding {
    let name = |id: &EnvironmentId| model.environment(*id).name.as_str();
    let first = circle.first().expect("a circle has a member");
    let requirement = |from: &EnvironmentId, to: &EnvironmentId| {
        let environment = model.environment(*from);
        let found = environment.requires.iter().find(|(required, _)| required == to);
        found.map_or(environment.span, |(_, span)| *span)
    };
    let next = |at: usize| &circle[(at + 1) % circle.len()];
    let message = if circle.len() == 1 {
        format!("`{}` requires itself", name(first))
    } else {
        let names: Vec<String> = circle.iter().chain([first]).map(|id| format!("`{}`", name(id))).collect();
        format!("no release can ever enter {}", names.join(", which requires "))
    };
    let mut finding = Finding::error(
        RULE.code,
        message,
        requirement(first, next(0)),
        format!("`{}` waits for `{}`", name(first), name(next(0))),
    );
    for (at, id) in circle.iter().enumerate().skip(1) {
        finding =
            finding.with_label(requirement(id, next(at)), format!("`{}` waits for `{}`", name(id), name(next(at))));
    }
    finding.with_help("take one of these out of `requires`")
}
