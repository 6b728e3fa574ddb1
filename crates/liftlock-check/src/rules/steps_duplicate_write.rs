//! Two effects that own the same path.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{Effect, EffectKind, EnvironmentId, Model};

use crate::Rule;
use crate::effects::effects;
use crate::pieces::{Piece, path_pieces};

pub const RULE: Rule = Rule {
    code: Code("steps/duplicate-write"),
    severity: Severity::Error,
    page: include_str!("../../rules/steps/duplicate-write.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            let effects = effects(pipeline.deploy_in(id));
            let mut written: Vec<(&Effect, Vec<Piece>)> = Vec::new();
            for effect in effects {
                let Some(path) = path(model, id, effect) else { continue };
                match written.iter().find(|(_, earlier)| *earlier == path) {
                    None => written.push((effect, path)),
                    Some((earlier, _)) if !reported.contains(&effect.span) => {
                        reported.push(effect.span);
                        findings.push(finding(model, id, earlier, effect));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

fn path(model: &Model, id: EnvironmentId, effect: &Effect) -> Option<Vec<Piece>> {
    match &effect.kind {
        EffectKind::File { path, .. } | EffectKind::Link { path, .. } | EffectKind::Directory { path } => {
            path_pieces(model, id, path)
        }
        EffectKind::Step(_)
        | EffectKind::Refresh { .. }
        | EffectKind::Notify { .. }
        | EffectKind::Http(_)
        | EffectKind::Manual(_) => None,
    }
}

fn finding(model: &Model, id: EnvironmentId, earlier: &Effect, effect: &Effect) -> Finding {
    Finding::error(
        RULE.code,
        format!("`{}` and `{}` own the same path in `{}`", earlier.name, effect.name, model.environment(id).name),
        effect.span,
        "writes it again",
    )
    .with_label(earlier.span, "writes it first")
    .with_help("keep one of them, or give them different paths")
}
