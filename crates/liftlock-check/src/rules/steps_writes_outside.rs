//! An effect that writes outside the folder of its environment.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::Expr;
use liftlock_model::{Effect, EffectKind, Environment, EnvironmentId, Model, Type};

use crate::Rule;
use crate::pieces::{Piece, path_pieces};
use crate::reached::reached;

pub const RULE: Rule = Rule {
    code: Code("steps/writes-outside"),
    severity: Severity::Warning,
    page: include_str!("../../rules/steps/writes-outside.md"),
    absence: false,
    check,
};

/// The setting that names the folder of an environment.
const ROOT: &str = "root";

fn check(model: &Model, findings: &mut Vec<Finding>) {
    let is_path = |ty: &Type| matches!(ty, Type::Path);
    if !model.settings.get(ROOT).is_some_and(|setting| is_path(&setting.ty)) {
        return;
    }
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            let Some(root) = root(model, id) else { continue };
            for effect in reached(model, pipeline, id).into_iter().map(|reached| reached.effect) {
                let (EffectKind::File { path, .. } | EffectKind::Link { path, .. } | EffectKind::Directory { path }) =
                    &effect.kind
                else {
                    continue;
                };
                let Some(at) = outside(model, id, &root, path).filter(|_| !reported.contains(&effect.span)) else {
                    continue;
                };
                reported.push(effect.span);
                findings.push(finding(model.environment(id), effect, path, (&root, &at)));
            }
        }
    }
}

fn finding(environment: &Environment, effect: &Effect, path: &Expr, (root, at): (&str, &str)) -> Finding {
    let mut finding = Finding::warning(
        RULE.code,
        format!("`{}` writes outside the `{ROOT}` of `{}`", effect.name, environment.name),
        path.span,
        format!("leads to `{at}`"),
    );
    if let Some(setting) = environment.settings.get(ROOT) {
        finding = finding.with_label(setting.span, format!("everything of `{}` is below `{root}`", environment.name));
    }
    finding.with_help(format!("begin it with `${{env.{ROOT}}}/`"))
}

/// The root of an environment, where the files say it.
fn root(model: &Model, id: EnvironmentId) -> Option<String> {
    match path_pieces(model, id, model.environment(id).settings.get(ROOT)?)?.as_slice() {
        [Piece::Literal(root)] => Some(root.clone()),
        _ => None,
    }
}

/// The path as it is shown, where it surely does not lead into the root of the environment.
fn outside(model: &Model, id: EnvironmentId, root: &str, path: &Expr) -> Option<String> {
    let path = path_pieces(model, id, path)?;
    // What begins with something that is known later may lead anywhere, also into the root.
    let Some(Piece::Literal(begin)) = path.first() else { return None };
    let leaves =
        path.iter().any(|piece| matches!(piece, Piece::Literal(text) if text.split('/').any(|part| part == "..")));
    let is_inside = match (root, path.len()) {
        ("." | "", _) => !begin.starts_with('/'),
        ("/", _) => begin.starts_with('/'),
        (root, length) => match begin.strip_prefix(root) {
            Some(rest) => rest.starts_with('/') || (rest.is_empty() && length == 1),
            // Perhaps what is known later completes it.
            None => length > 1 && root.starts_with(begin.as_str()),
        },
    };
    let shown = if path.len() > 1 { format!("{begin}…") } else { begin.clone() };
    (leaves || !is_inside).then_some(shown)
}
