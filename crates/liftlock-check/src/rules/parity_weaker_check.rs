//! A protected environment that is looked at less than one before it.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{Check, EnvironmentId, Model, Pipeline};

use crate::Rule;
use crate::effects::checks;
use crate::surely::may_be;

pub const RULE: Rule = Rule {
    code: Code("parity/weaker-check"),
    severity: Severity::Warning,
    page: include_str!("../../rules/parity/weaker-check.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let stages: Vec<(EnvironmentId, Span)> = pipeline.stages().collect();
        for (at, (id, entered)) in stages.iter().enumerate() {
            if !model.environment(*id).protected {
                continue;
            }
            let here = looks(model, pipeline, *id);
            let below = stages[..at].iter().filter(|(below, _)| !model.environment(*below).protected);
            let stronger = below
                .map(|(below, _)| (*below, looks(model, pipeline, *below)))
                .find(|(_, looks)| looks.len() > here.len());
            let Some((below, looks)) = stronger else { continue };
            let missing = looks.iter().find(|check| !here.iter().any(|known| known.name == check.name));
            let Some(missing) = missing else { continue };
            findings.push(finding(model, (*id, *entered, here.len()), (below, looks.len()), missing));
        }
    }
}

/// The checks that may be made in an environment: those in its body, and those behind it.
fn looks<'m>(model: &Model, pipeline: &'m Pipeline, id: EnvironmentId) -> Vec<&'m Check> {
    let behind = pipeline.verify_in(id).filter(|check| may_be(model, id, &check.frames));
    checks(pipeline.deploy_in(id)).into_iter().chain(behind).collect()
}

fn finding(
    model: &Model,
    (id, entered, fewer): (EnvironmentId, Span, usize),
    (below, more): (EnvironmentId, usize),
    missing: &Check,
) -> Finding {
    let (name, below) = (&model.environment(id).name, &model.environment(below).name);
    let number = |count: usize| match count {
        0 => "no check".to_owned(),
        1 => "one check".to_owned(),
        several => format!("{several} checks"),
    };
    Finding::warning(
        RULE.code,
        format!("`{name}` is looked at less than `{below}`"),
        missing.span,
        format!("is made in `{below}`, and not in `{name}`"),
    )
    .with_label(entered, format!("{} here, and {} in `{below}`", number(fewer), number(more)))
    .with_help(format!("move it to the common `verify {{ … }}`, or add its like to `verify {name} {{ … }}`"))
}
