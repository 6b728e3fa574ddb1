//! An effect that runs for the first time in a protected environment.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{Effect, EnvironmentId, Model, Pipeline};

use crate::reached::reached;
use crate::{Class, Rule, class};

pub const RULE: Rule = Rule {
    code: Code("parity/untested-step"),
    severity: Severity::Warning,
    page: include_str!("../../rules/parity/untested-step.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        // What a protected environment runs counts as tested for those behind it, whatever was said about it.
        let mut tested: Vec<&Effect> = Vec::new();
        for (index, wave) in pipeline.path.iter().enumerate() {
            let here: Vec<(EnvironmentId, Vec<&Effect>)> =
                wave.environments.iter().map(|(id, _)| (*id, changes(model, pipeline, *id))).collect();
            for (id, effects) in here.iter().filter(|(id, _)| index > 0 && model.environment(*id).protected) {
                let untested: Vec<&Effect> = effects
                    .iter()
                    .copied()
                    .filter(|effect| !tested.iter().any(|known| is_like(known, effect)))
                    .collect();
                findings.extend(finding(model, *id, &untested));
            }
            tested.extend(here.into_iter().flat_map(|(_, effects)| effects));
        }
    }
}

/// The effects that change something in an environment.
fn changes<'m>(model: &'m Model, pipeline: &'m Pipeline, id: EnvironmentId) -> Vec<&'m Effect> {
    let reached = reached(model, pipeline, id).into_iter().map(|reached| reached.effect);
    reached.filter(|effect| class(effect, true) != Class::ReadOnly).collect()
}

/// Whether one effect stands for the other: it is the same, or one of that kind with that name, whose values may differ.
fn is_like(one: &Effect, other: &Effect) -> bool {
    one.span == other.span
        || (one.name == other.name && std::mem::discriminant(&one.kind) == std::mem::discriminant(&other.kind))
}

fn finding(model: &Model, id: EnvironmentId, untested: &[&Effect]) -> Option<Finding> {
    let (first, others) = untested.split_first()?;
    let name = &model.environment(id).name;
    let message = match others.len() {
        0 => format!("`{}` is run for the first time in `{name}`", first.name),
        1 => format!("`{}` and another effect are run for the first time in `{name}`", first.name),
        others => format!("`{}` and {others} other effects are run for the first time in `{name}`", first.name),
    };
    let mut finding = Finding::warning(RULE.code, message, first.span, "no environment before it runs this");
    for other in others.iter().filter(|other| other.span != first.span).take(3) {
        finding = finding.with_label(other.span, "nor this");
    }
    Some(finding.with_help("let an environment in front of it run the same, against a counterpart of its own"))
}
