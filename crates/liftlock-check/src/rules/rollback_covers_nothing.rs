//! A `rollback { … }` block that restores nothing.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{Model, Node};

use crate::effects::effects;
use crate::{Class, Rule, class};

pub const RULE: Rule = Rule {
    code: Code("rollback/covers-nothing"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/covers-nothing.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        pipeline.bodies().for_each(|body| visit(body, false, findings));
    }
}

/// `covered` says whether an enclosing phase restores what this one does not.
fn visit(nodes: &[Node], covered: bool, findings: &mut Vec<Finding>) {
    for node in nodes {
        match node {
            Node::Effect(_) | Node::Check(_) => {}
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
                visit(body, covered, findings);
            }
            Node::Phase { name, span, body, rollback } => {
                let restored = effects(body).into_iter().find(|effect| class(effect, true) == Class::Covered);
                match (rollback.as_deref(), restored) {
                    (Some([]), Some(effect)) if !covered => findings.push(
                        Finding::error(
                            RULE.code,
                            format!("the `rollback` of `{name}` is empty, and `{}` relies on it", effect.name),
                            effect.span,
                            "has no undo of its own",
                        )
                        .with_label(*span, "its `rollback` does nothing")
                        .with_help("write what restores it: ``rollback { step restore { run = `…` } }``"),
                    ),
                    (Some(_), None) => findings.push(
                        Finding::warning(
                            RULE.code,
                            format!("the `rollback` of `{name}` never runs"),
                            *span,
                            "nothing in it needs to be restored from outside",
                        )
                        .with_help(
                            "remove `rollback { … }`; every effect here has an undo of its own, or changes nothing",
                        ),
                    ),
                    _ => {}
                }
                let covers = rollback.as_ref().is_some_and(|cover| !cover.is_empty());
                visit(body, covered || covers, findings);
            }
        }
    }
}
