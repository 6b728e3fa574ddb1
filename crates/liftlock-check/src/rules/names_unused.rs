//! Something that is declared and not used.

use std::collections::HashSet;

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::Reference;
use liftlock_model::{ArtifactId, CalendarId, GateKind, GroupId, Model};

use crate::Rule;
use crate::references::references;

pub const RULE: Rule = Rule {
    code: Code("names/unused"),
    severity: Severity::Warning,
    page: include_str!("../../rules/names/unused.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    if model.pipelines.is_empty() {
        return;
    }
    let used = Used::of(model);
    let mut report = |what: &str, name: &str, span: Span| {
        findings.push(
            Finding::warning(RULE.code, format!("nothing uses the {what} `{name}`"), span, "declared, and never named")
                .with_help(format!("remove it, or name it where it is meant: `{}`", path(what, name))),
        );
    };
    for input in model.inputs.values().filter(|input| !used.inputs.contains(input.name.as_str())) {
        report("input", &input.name, input.span);
    }
    for let_ in model.lets.iter().filter(|let_| !let_.used) {
        report("let", &let_.name, let_.span);
    }
    for callable in &model.callables {
        if !callable.used {
            report(callable.what, &callable.name, callable.span);
        }
        for parameter in callable.parameters.iter().filter(|parameter| !parameter.used) {
            report("parameter", &parameter.name, parameter.span);
        }
    }
    for import in model.imports.iter().filter(|import| !import.used) {
        report("import", &import.name, import.span);
    }
    for (at, group) in model.groups.values().enumerate() {
        if !used.groups.contains(&GroupId(at)) {
            report("group", &group.name, group.span);
        }
    }
    for (at, calendar) in model.calendars.values().enumerate() {
        if !used.calendars.contains(&CalendarId(at)) {
            report("calendar", &calendar.name, calendar.span);
        }
    }
    for (at, artifact) in model.artifacts.values().enumerate() {
        if !used.artifacts.contains(&ArtifactId(at)) {
            report("artifact", &artifact.name, artifact.span);
        }
    }
}

fn path(what: &str, name: &str) -> String {
    match what {
        "let" | "parameter" => name.to_owned(),
        "function" => format!("{name}(…)"),
        "procedure" => format!("{name} {{ … }}"),
        "import" => format!("{name}.…"),
        _ => format!("{what}.{name}"),
    }
}

/// What something names.
#[derive(Default)]
struct Used<'m> {
    inputs: HashSet<&'m str>,
    groups: HashSet<GroupId>,
    calendars: HashSet<CalendarId>,
    artifacts: HashSet<ArtifactId>,
}

impl<'m> Used<'m> {
    fn of(model: &'m Model) -> Self {
        let mut used = Used::default();
        references(model, &mut |reference| match reference {
            Reference::Input(name) => {
                used.inputs.insert(name);
            }
            Reference::Artifact(id)
            | Reference::ArtifactVersion(id)
            | Reference::ArtifactFile(id)
            | Reference::ArtifactDigest(id)
            | Reference::ArtifactImage(id) => {
                used.artifacts.insert(*id);
            }
            _ => {}
        });
        for pipeline in model.pipelines.values() {
            used.artifacts.extend(pipeline.artifact);
            for gate in pipeline.before.values().flatten() {
                match gate.kind {
                    GateKind::Approval { from, .. } => {
                        used.groups.insert(from);
                    }
                    GateKind::Window { calendar } => {
                        used.calendars.insert(calendar);
                    }
                    GateKind::Soak { .. } | GateKind::Check(_) => {}
                }
            }
        }
        used
    }
}
