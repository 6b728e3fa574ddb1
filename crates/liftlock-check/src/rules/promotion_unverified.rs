//! An environment that others rely on is deployed into, and nothing looks whether it works.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EffectKind, EnvironmentId, GateKind, Model, Node, Pipeline};

use crate::Rule;

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
            if body.is_empty() || pipeline.verify_in(id).next().is_some() || ends_with_a_look(body) {
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

/// Whether the deployment itself ends with a step that only looks.
fn ends_with_a_look(body: &[Node]) -> bool {
    match body.last() {
        Some(Node::Check(_)) => true,
        Some(Node::Effect(effect)) => matches!(&effect.kind, EffectKind::Step(step) if step.readonly),
        Some(Node::Phase { body, .. } | Node::Parallel { body, .. }) => ends_with_a_look(body),
        // Whether anything of these is run is not known here.
        Some(Node::Each { .. } | Node::When { .. }) | None => false,
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
