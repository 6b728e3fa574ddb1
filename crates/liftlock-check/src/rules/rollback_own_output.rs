//! An undo that needs what its own step gives out, which a step that fails may not have given.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::{Expr, ExprKind, Reference};
use liftlock_model::{Effect, EffectKind, Model, Node};

use crate::Rule;
use crate::effects::{covered, effects_of};
use crate::references::of_effect;

pub const RULE: Rule = Rule {
    code: Code("rollback/own-output"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/own-output.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        pipeline.bodies().for_each(|body| covers(body, findings));
    }
    for effect in model.pipelines.values().flat_map(effects_of) {
        let EffectKind::Step(step) = &effect.kind else { continue };
        let Some(rollback) = step.rollback.as_ref().filter(|_| !step.atomic) else { continue };
        let Some(output) = own_output(effect, rollback) else { continue };
        findings.push(finding(effect, rollback.span, &output));
    }
}

/// A `rollback { … }` that needs an output of the first effect that it takes back: of later ones another rule has more to say.
fn covers(nodes: &[Node], findings: &mut Vec<Finding>) {
    for node in nodes {
        let (body, steps) = match node {
            Node::Effect(_) | Node::Check(_) => continue,
            Node::Phase { body, rollback, .. } => (body, rollback.as_deref().unwrap_or_default()),
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => (body, &[][..]),
        };
        covers(body, findings);
        let Some(first) = covered(body).into_iter().next() else { continue };
        let EffectKind::Step(step) = &first.kind else { continue };
        let uses =
            |undo: &Effect| of_effect(undo).into_iter().find_map(|expr| Some((expr.span, own_output(first, expr)?)));
        let Some((span, output)) = steps.iter().find_map(uses).filter(|_| !step.atomic) else { continue };
        findings.push(finding(first, span, &output));
    }
}

fn finding(effect: &Effect, undo: Span, output: &str) -> Finding {
    Finding::warning(
        RULE.code,
        format!("the undo of `{}` needs its output, which a failed step may not have written", effect.name),
        effect.span,
        "where it fails early, it cannot be undone",
    )
    .with_label(undo, format!("uses `step.{}.{output}`", effect.name))
    .with_help(
        "add `atomic = true` if a failed step has done nothing; otherwise write the output before the change, or let the undo \
         find out by itself",
    )
}

/// The output of the step itself that an expression names.
fn own_output(effect: &Effect, expr: &Expr) -> Option<String> {
    match &*expr.kind {
        ExprKind::Reference(Reference::Output(step, name)) if *step == effect.id => Some(name.clone()),
        _ => expr.parts().find_map(|part| own_output(effect, part)),
    }
}
