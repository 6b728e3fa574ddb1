//! A second way into a protected environment, without the approval of the first.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{Environment, EnvironmentId, Gate, GateKind, Model, Pipeline};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("gates/bypassed"),
    severity: Severity::Error,
    page: include_str!("../../rules/gates/bypassed.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for (at, environment) in model.environments.values().enumerate() {
        let id = EnvironmentId(at);
        if !environment.protected {
            continue;
        }
        let ways: Vec<Way<'_>> = model.pipelines.values().filter_map(|pipeline| way(pipeline, id)).collect();
        let Some((guarded, asked)) = ways.iter().find_map(|way| Some((way, approval(way.gates)?))) else { continue };
        for open in ways.iter().filter(|way| approval(way.gates).is_none()) {
            findings.push(finding(environment, open, guarded, asked));
        }
    }
}

/// How a pipeline enters an environment.
struct Way<'a> {
    pipeline: &'a Pipeline,
    entered: Span,
    gates: &'a [Gate],
}

/// Without any gate there is no way that this rule speaks of; that is `gates/missing`.
fn way(pipeline: &Pipeline, id: EnvironmentId) -> Option<Way<'_>> {
    let (_, entered) = pipeline.stages().find(|(stage, _)| *stage == id)?;
    let gates = pipeline.before.get(&id)?;
    (!gates.is_empty()).then_some(Way { pipeline, entered, gates })
}

fn approval(gates: &[Gate]) -> Option<&Gate> {
    gates.iter().find(|gate| matches!(gate.kind, GateKind::Approval { need: 1.., .. }))
}

fn finding(environment: &Environment, open: &Way<'_>, guarded: &Way<'_>, approval: &Gate) -> Finding {
    let name = &environment.name;
    Finding::error(
        RULE.code,
        format!("`{}` enters `{name}` past the approval that `{}` asks for", open.pipeline.name, guarded.pipeline.name),
        open.entered,
        "entered without an approval",
    )
    .with_label(approval.span, format!("asked for here before `{name}`"))
    .with_help(format!(
        "add the same gate to `{}`: `before {name} {{ approval {{ from = group.NAME }} }}`",
        open.pipeline.name
    ))
}
