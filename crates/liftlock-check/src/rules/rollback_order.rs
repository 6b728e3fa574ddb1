//! A `rollback { … }` that takes back first what was done first.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{Effect, EffectKind, Model, Node};

use crate::Rule;
use crate::effects::covered;
use crate::same::same;

pub const RULE: Rule = Rule {
    code: Code("rollback/order"),
    severity: Severity::Warning,
    page: include_str!("../../rules/rollback/order.md"),
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
                findings.extend(rollback.as_ref().and_then(|steps| forward(name, body, steps)));
                visit(body, findings);
            }
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => visit(body, findings),
        }
    }
}

/// Two steps that stand in the order of what they take back, where they ought to stand the other way round.
fn forward(phase: &str, body: &[Node], steps: &[Effect]) -> Option<Finding> {
    let covered = covered(body);
    let undone = |step: &Effect| covered.iter().position(|effect| takes_back(step, effect));
    let pairs = steps.windows(2).filter_map(|pair| match pair {
        [first, second] => Some((first, second, undone(first)?, undone(second)?)),
        _ => None,
    });
    let (first, second, before, after) = pairs.into_iter().find(|(_, _, before, after)| before < after)?;
    let (before, after) = (covered[before], covered[after]);
    let finding = Finding::warning(
        RULE.code,
        format!("the `rollback` of `{phase}` takes `{}` back before `{}`, which stands on it", before.name, after.name),
        first.span,
        "runs first",
    );
    Some(
        finding
            .with_label(second.span, "runs behind it")
            .with_label(after.span, format!("was done when `{}` was there", before.name))
            .with_help("turn the two round: what was done last is taken back first"),
    )
}

/// Whether a step says by its name that it takes an effect back: `migrate`, or `undo-migrate`. One that does the same again is
/// no undo of it: it may well have to stop first what the effect has stopped first.
fn takes_back(step: &Effect, effect: &Effect) -> bool {
    let is_named =
        step.name.strip_suffix(effect.name.as_str()).is_some_and(|verb| verb.is_empty() || ends_a_word(verb));
    let does_the_same = match (&step.kind, &effect.kind) {
        (EffectKind::Step(step), EffectKind::Step(effect)) => same(&step.run, &effect.run),
        _ => false,
    };
    is_named && !does_the_same
}

fn ends_a_word(text: &str) -> bool {
    text.ends_with(['-', '_'])
}
