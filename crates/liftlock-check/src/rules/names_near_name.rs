//! Names that differ only in how they are written.

use std::collections::HashMap;

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::Model;

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("names/near-name"),
    severity: Severity::Warning,
    page: include_str!("../../rules/names/near-name.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    let settings = model.settings.values().map(|it| (it.name.as_str(), it.span));
    let inputs = model.inputs.values().map(|it| (it.name.as_str(), it.span));
    let environments = model.environments.values().map(|it| (it.name.as_str(), it.span));
    let groups = model.groups.values().map(|it| (it.name.as_str(), it.span));
    let calendars = model.calendars.values().map(|it| (it.name.as_str(), it.span));
    let artifacts = model.artifacts.values().map(|it| (it.name.as_str(), it.span));
    let pipelines = model.pipelines.values().map(|it| (it.name.as_str(), it.span));
    let lets = model.lets.iter().map(|it| (it.name.as_str(), it.span));
    among("settings", settings, findings);
    among("inputs", inputs, findings);
    among("environments", environments, findings);
    among("groups", groups, findings);
    among("calendars", calendars, findings);
    among("artifacts", artifacts, findings);
    among("pipelines", pipelines, findings);
    among("lets", lets, findings);
    let callables =
        |what| model.callables.iter().filter(move |it| it.what == what).map(|it| (it.name.as_str(), it.span));
    among("functions", callables("function"), findings);
    among("procedures", callables("procedure"), findings);
}

fn among<'m>(what: &str, names: impl Iterator<Item = (&'m str, Span)>, findings: &mut Vec<Finding>) {
    let mut heard: HashMap<String, (&str, Span)> = HashMap::new();
    for (name, span) in names {
        let sound: String = name.chars().filter(|char| !matches!(char, '-' | '_')).collect();
        let Some((other, place)) = heard.insert(sound.to_ascii_lowercase(), (name, span)) else { continue };
        // What belongs to its file may have the same name in another.
        if other == name {
            continue;
        }
        findings.push(
            Finding::warning(
                RULE.code,
                format!("the {what} `{other}` and `{name}` are told apart by their spelling alone"),
                span,
                "reads as the other",
            )
            .with_label(place, "the other")
            .with_help("make one of them of both, or give one a name that says what is different"),
        );
    }
}
