//! An environment that others rely on is deployed into, and nothing looks whether it works.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EffectKind, EnvironmentId, GateKind, Model, Node, Pipeline};

use crate::Rule;
use crate::reached::reached;
use crate::surely::{holds, may_be, members};

pub const RULE: Rule = Rule {
    code: Code("promotion/unverified"),
    severity: Severity::Error,
    page: include_str!("../../rules/promotion/unverified.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let relied_upon = pipeline.stages().find_map(|(id, entered)| {
            let body = pipeline.deploy_in(id);
            let verified = pipeline.verify_in(id).any(|check| may_be(model, id, &check.frames));
            if verified || reached(model, pipeline, id).is_empty() || ends_with_a_look(model, id, body) {
                return None;
            }
            let (by, declared) = relying(model, pipeline, id)?;
            Some((id, entered, by, declared))
        });
        let Some((id, entered, by, declared)) = relied_upon else { continue };
        let (name, by) = (&model.environment(id).name, &model.environment(by).name);
        findings.push(
            Finding::error(
                RULE.code,
                format!("nothing checks `{name}` before `{by}` relies on it"),
                entered,
                "deployed into without a look at the result",
            )
            .with_label(declared, format!("`{by}` takes what has succeeded in `{name}`"))
            .with_help("add a check: `verify { http health { url = \"${env.url}/health\" } }`"),
        );
    }
}

/// Whether the deployment itself ends with a check, or with a step that only looks.
fn ends_with_a_look(model: &Model, id: EnvironmentId, body: &[Node]) -> bool {
    // What is never there does not stand at the end.
    let is_there = |node: &&Node| match node {
        Node::When { condition, .. } => holds(model, id, condition) != Some(false),
        Node::Each { over, .. } => members(model, id, over) != Some(0),
        _ => true,
    };
    match body.iter().rev().find(is_there) {
        Some(Node::Check(_)) => true,
        Some(Node::Effect(effect)) => matches!(&effect.kind, EffectKind::Step(step) if step.readonly),
        Some(
            Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. },
        ) => ends_with_a_look(model, id, body),
        None => false,
    }
}

/// An environment that requires `id`, and that no check of its own stands before.
fn relying(
    model: &Model,
    pipeline: &Pipeline,
    id: EnvironmentId,
) -> Option<(EnvironmentId, liftlock_diagnostics::Span)> {
    let checked = |by: EnvironmentId| {
        let gates = pipeline.before.get(&by).into_iter().flatten();
        gates.into_iter().any(|gate| matches!(gate.kind, GateKind::Check(_)))
    };
    (0..model.environments.len()).map(EnvironmentId).filter(|by| !checked(*by)).find_map(|by| {
        let required = model.environment(by).requires.iter().find(|(required, _)| *required == id && by != id)?;
        Some((by, required.1))
    })
}
