//! Two effects that own the same path.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::{Expr, LocalId, Reference};
use liftlock_model::{Effect, EffectKind, EnvironmentId, Model};

use crate::Rule;
use crate::pieces::{Piece, path_pieces};
use crate::reached::{Loop, Reached, reached};
use crate::references::names_in;

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
            let mut written: Vec<(Reached<'_>, Vec<Piece>)> = Vec::new();
            for reached in reached(model, pipeline, id) {
                let effect = reached.effect;
                let Some(path) = path(effect) else { continue };
                if let Some(each) = repeats(&reached, path).filter(|_| !reported.contains(&effect.span)) {
                    reported.push(effect.span);
                    findings.push(repeated(effect, path, each));
                }
                let Some(path) = path_pieces(model, id, path) else { continue };
                // Of two conditions one may exclude the other.
                let earlier = written.iter().find(|(earlier, known)| *known == path && earlier.goes_with(&reached));
                match earlier {
                    None => written.push((reached, path)),
                    Some((earlier, _)) if !reported.contains(&effect.span) => {
                        reported.push(effect.span);
                        findings.push(finding(model, id, earlier.effect, effect));
                    }
                    Some(_) => {}
                }
            }
        }
    }
}

/// The `each` whose members all write the same path.
fn repeats<'m>(reached: &Reached<'m>, path: &Expr) -> Option<Loop<'m>> {
    if reached.loops.is_empty() {
        return None;
    }
    let mut named: Vec<LocalId> = locals_in(path);
    // From the inside out: what an inner list is made of matters as much as the path itself.
    for each in reached.loops.iter().rev() {
        if named.contains(&each.variable) {
            named.extend(locals_in(each.over));
        }
    }
    reached.loops.iter().find(|each| !named.contains(&each.variable)).copied()
}

fn locals_in(expr: &Expr) -> Vec<LocalId> {
    let mut found = Vec::new();
    names_in(expr, &mut |reference| {
        if let Reference::Local(id, _) = reference {
            found.push(*id);
        }
    });
    found
}

fn repeated(effect: &Effect, path: &Expr, each: Loop<'_>) -> Finding {
    let name = each.name;
    Finding::error(
        RULE.code,
        format!("`{}` writes the same path for each `{name}`", effect.name),
        effect.span,
        "is there once for every member",
    )
    .with_label(path.span, format!("does not name `{name}`"))
    .with_help(format!("put `${{{name}}}` into the path, or move it out of `each {name}`"))
}

fn path(effect: &Effect) -> Option<&Expr> {
    match &effect.kind {
        EffectKind::File { path, .. } | EffectKind::Link { path, .. } | EffectKind::Directory { path } => Some(path),
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
