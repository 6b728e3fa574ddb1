//! Two pipelines that change the same path under different locks.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{Effect, EffectKind, EnvironmentId, Model, Pipeline};

use crate::Rule;
use crate::pieces::{Piece, path_pieces};
use crate::reached::reached;

pub const RULE: Rule = Rule {
    code: Code("concurrency/shared-target"),
    severity: Severity::Error,
    page: include_str!("../../rules/concurrency/shared-target.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    if model.pipelines.len() < 2 {
        return;
    }
    let mut known: Vec<Write<'_>> = Vec::new();
    for pipeline in model.pipelines.values() {
        let own = writes(model, pipeline);
        let mut reported: Vec<liftlock_diagnostics::Span> = Vec::new();
        for write in &own {
            let lock = model.environment(write.environment).lock();
            let clash = known
                .iter()
                .find(|other| other.path == write.path && model.environment(other.environment).lock() != lock);
            if let Some(other) = clash.filter(|_| !reported.contains(&write.effect.span)) {
                reported.push(write.effect.span);
                findings.push(finding(model, other, write));
            }
        }
        known.extend(own);
    }
}

/// A file or a link that a pipeline writes in one environment.
struct Write<'m> {
    pipeline: &'m Pipeline,
    environment: EnvironmentId,
    effect: &'m Effect,
    path: String,
}

fn writes<'m>(model: &'m Model, pipeline: &'m Pipeline) -> Vec<Write<'m>> {
    let mut writes = Vec::new();
    for (environment, _) in pipeline.stages() {
        for effect in reached(model, pipeline, environment).into_iter().map(|reached| reached.effect) {
            // Folders may be shared: what counts is what is in them.
            let (EffectKind::File { path, .. } | EffectKind::Link { path, .. }) = &effect.kind else { continue };
            let path = path_pieces(model, environment, path);
            if let Some([Piece::Literal(path)]) = path.as_deref() {
                writes.push(Write { pipeline, environment, effect, path: path.clone() });
            }
        }
    }
    writes
}

fn finding(model: &Model, other: &Write<'_>, write: &Write<'_>) -> Finding {
    let (here, there) = (model.environment(write.environment), model.environment(other.environment));
    Finding::error(
        RULE.code,
        format!(
            "`{}` and `{}` both write `{}`, under different locks",
            other.pipeline.name, write.pipeline.name, write.path
        ),
        write.effect.span,
        format!("written in `{}`, under the lock `{}`", here.name, here.lock()),
    )
    .with_label(other.effect.span, format!("written in `{}`, under the lock `{}`", there.name, there.lock()))
    .with_help(format!(
        "let the environments take turns, `lock = \"{}\"` in both, or write to different paths",
        there.lock()
    ))
}
