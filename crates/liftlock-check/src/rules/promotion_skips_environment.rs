//! A path that enters an environment without one that it requires.

use liftlock_diagnostics::{Code, Edit, Finding, Safety, Severity, Span};
use liftlock_model::{EnvironmentId, Model, Pipeline};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("promotion/skips-environment"),
    severity: Severity::Error,
    page: include_str!("../../rules/promotion/skips-environment.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut passed: Vec<EnvironmentId> = Vec::new();
        for wave in &pipeline.path {
            for (id, entered) in &wave.environments {
                for (required, declared) in &model.environment(*id).requires {
                    // What is not understood may be what is required, and in a circle nothing can come first.
                    let is_known = pipeline.path_is_whole || pipeline.stages().any(|(stage, _)| stage == *required);
                    if is_known && !passed.contains(required) && !requires(model, *required, *id) {
                        findings.push(finding(model, pipeline, (*id, *entered), (*required, *declared)));
                    }
                }
            }
            passed.extend(wave.environments.iter().map(|(id, _)| *id));
        }
    }
}

/// Whether an environment is another one, or requires it, be it by way of others.
fn requires(model: &Model, environment: EnvironmentId, other: EnvironmentId) -> bool {
    let mut open = vec![environment];
    let mut at = 0;
    while let Some(id) = open.get(at).copied() {
        if id == other {
            return true;
        }
        for (required, _) in &model.environment(id).requires {
            if !open.contains(required) {
                open.push(*required);
            }
        }
        at += 1;
    }
    false
}

fn finding(
    model: &Model,
    pipeline: &Pipeline,
    (entered, entered_at): (EnvironmentId, Span),
    (required, required_at): (EnvironmentId, Span),
) -> Finding {
    let name = |id: EnvironmentId| model.environment(id).name.as_str();
    let (entered_name, required_name) = (name(entered), name(required));
    let later = pipeline.stages().find(|(id, _)| *id == required);
    let message = match later {
        None => format!("`{entered_name}` is entered without `{required_name}`"),
        Some(_) => format!("`{entered_name}` is entered before `{required_name}`"),
    };
    let mut finding = Finding::error(RULE.code, message, entered_at, format!("enters `{entered_name}` here"))
        .with_label(required_at, format!("`{entered_name}` takes only what has succeeded in `{required_name}`"));
    if let Some((_, span)) = later {
        finding = finding.with_label(span, format!("`{required_name}` comes only here"));
    }
    let mended = mended(model, pipeline, entered, required);
    let help = format!("promote through `{mended}`");
    let finding = finding.with_help(help.clone());
    match (pipeline.path.first(), pipeline.path.last()) {
        // Whether the release is meant to pass there, or the requirement to go, is for a person to say.
        (Some(first), Some(last)) => {
            finding.with_fix(Safety::Unsafe, help, vec![Edit { span: first.span.to(last.span), text: mended }])
        }
        _ => finding,
    }
}

/// The path with `required` in front of `entered`.
fn mended(model: &Model, pipeline: &Pipeline, entered: EnvironmentId, required: EnvironmentId) -> String {
    let name = |id: &EnvironmentId| model.environment(*id).name.clone();
    let mut waves = Vec::new();
    for wave in &pipeline.path {
        let ids: Vec<EnvironmentId> =
            wave.environments.iter().map(|(id, _)| *id).filter(|id| *id != required).collect();
        if ids.contains(&entered) {
            waves.push(name(&required));
        }
        match ids.as_slice() {
            [] => {}
            [only] => waves.push(name(only)),
            several => waves.push(format!("[{}]", several.iter().map(name).collect::<Vec<_>>().join(", "))),
        }
    }
    waves.join(" -> ")
}
