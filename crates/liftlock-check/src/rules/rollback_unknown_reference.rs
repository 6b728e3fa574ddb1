//! A `rollback { … }` that needs what is not there yet when it runs.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::expr::{Expr, ExprKind, Reference};
use liftlock_model::{Effect, Model, Node};

use crate::Rule;
use crate::effects::{covered, effects};
use crate::references::of_effect;

pub const RULE: Rule = Rule {
    code: Code("rollback/unknown-reference"),
    severity: Severity::Error,
    page: include_str!("../../rules/rollback/unknown-reference.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        pipeline.bodies().for_each(|body| visit(body, findings));
    }
}

fn visit(nodes: &[Node], findings: &mut Vec<Finding>) {
    for node in nodes {
        match node {
            Node::Effect(_) | Node::Check(_) => {}
            Node::Phase { name, body, rollback, .. } => {
                for step in rollback.iter().flatten() {
                    findings.extend(unknown(name, body, step));
                }
                visit(body, findings);
            }
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => visit(body, findings),
        }
    }
}

/// The first output that a step of a `rollback { … }` names, of an effect behind one that the block takes back.
fn unknown(phase: &str, body: &[Node], step: &Effect) -> Option<Finding> {
    let effects = effects(body);
    let covered = *covered(body).first()?;
    let first = effects.iter().position(|effect| effect.id == covered.id)?;
    let late = |expr: &Expr| match &*expr.kind {
        ExprKind::Reference(Reference::Output(id, output)) => {
            let giver = effects[first + 1..].iter().find(|effect| effect.id == *id)?;
            Some((*giver, output.clone(), expr.span))
        }
        _ => None,
    };
    let (giver, output, span) = of_effect(step).into_iter().find_map(|expr| find(expr, &late))?;
    Some(
        Finding::error(
            RULE.code,
            format!("the `rollback` of `{phase}` needs `{output}`, which is not there where `{}` fails", covered.name),
            span,
            format!("`{}` has not run then", giver.name),
        )
        .with_label(covered.span, "where this fails, the `rollback` runs")
        .with_help(format!(
            "give `{}` a `rollback` of its own that uses `step.{}.{output}`, or let this one find out by itself what is there",
            giver.name, giver.name
        )),
    )
}

fn find<T>(expr: &Expr, wanted: &impl Fn(&Expr) -> Option<T>) -> Option<T> {
    wanted(expr).or_else(|| expr.parts().find_map(|part| find(part, wanted)))
}
