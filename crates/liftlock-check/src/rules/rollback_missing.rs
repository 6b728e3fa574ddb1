//! An effect that is neither undone, nor covered, nor acknowledged.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{Effect, Model, Node};

use crate::{Class, Rule, class};

pub const RULE: Rule = Rule {
    code: Code("rollback/missing"),
    severity: Severity::Error,
    page: include_str!("../../rules/rollback/missing.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        pipeline.bodies().for_each(|body| visit(body, false, findings));
    }
}

fn visit(nodes: &[Node], covered: bool, findings: &mut Vec<Finding>) {
    for node in nodes {
        match node {
            Node::Effect(effect) if class(effect, covered) == Class::Uncovered => findings.push(finding(effect)),
            Node::Effect(_) | Node::Check(_) => {}
            Node::Phase { body, rollback, .. } => visit(body, covered || rollback.is_some(), findings),
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
                visit(body, covered, findings);
            }
        }
    }
}

fn finding(effect: &Effect) -> Finding {
    Finding::error(
        RULE.code,
        format!("nothing takes `{}` back", effect.name),
        effect.span,
        "changes the environment and has no undo",
    )
    .with_help(
        "add `rollback = `…``, or cover it by a `rollback { … }` of its phase, or acknowledge that there is no way back: \
         `irreversible = \"why\"`",
    )
}
