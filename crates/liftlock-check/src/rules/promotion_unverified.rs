//! An environment that others rely on is deployed into, and nothing looks whether it works.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EffectKind, EnvironmentId, GateKind, Model, Pipeline};

use crate::Rule;
use crate::effects::effects;

pub const RULE: Rule = Rule {
    code: Code("promotion/unverified"),
    severity: Severity::Error,
    page: include_str!("../../rules/promotion/unverified.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        if pipeline.deploy.is_empty() || !pipeline.verify.is_empty() || ends_with_a_look(pipeline) {
            continue;
        }
        let relied_upon = pipeline.stages().find_map(|(id, entered)| {
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
fn ends_with_a_look(pipeline: &Pipeline) -> bool {
    let last = effects(&pipeline.deploy).pop();
    last.is_some_and(|effect| matches!(&effect.kind, EffectKind::Step(step) if step.readonly))
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
