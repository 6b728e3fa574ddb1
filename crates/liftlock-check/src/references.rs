//! Everything that the expressions of a model name.

use liftlock_model::expr::{Expr, ExprKind, Part, Reference, Word};
use liftlock_model::{Check, CheckKind, Effect, EffectKind, GateKind, Model, Node};

use crate::effects::effects;

/// Calls `visit` with everything that any expression of the model names.
pub fn references(model: &Model, visit: &mut dyn FnMut(&Reference)) {
    expressions(model, &mut |_, expr| names_in(expr, visit));
}

/// Calls `visit` with every expression of the model, and the name that the author has given to its value, where it has one:
/// that of a setting or an input.
pub fn expressions<'m>(model: &'m Model, visit: &mut dyn FnMut(Option<&'m str>, &'m Expr)) {
    for setting in model.settings.values() {
        setting.default.iter().for_each(|expr| visit(Some(&setting.name), expr));
    }
    for environment in model.environments.values() {
        environment.settings.iter().for_each(|(name, expr)| visit(Some(name), expr));
    }
    for input in model.inputs.values() {
        input.default.iter().for_each(|expr| visit(Some(&input.name), expr));
    }
    let mut each = |expr: &'m Expr| visit(None, expr);
    for artifact in model.artifacts.values() {
        [&artifact.version, &artifact.sources, &artifact.build, &artifact.file, &artifact.env, &artifact.cwd]
            .into_iter()
            .for_each(&mut each);
    }
    for pipeline in model.pipelines.values() {
        for gate in pipeline.before.values().flatten() {
            if let GateKind::Check(check) = &gate.kind {
                of_check(check).into_iter().for_each(&mut each);
            }
        }
        for Check { kind, .. } in &pipeline.verify {
            of_check(kind).into_iter().for_each(&mut each);
        }
        let mut of_effects = |effect: &'m Effect| of_effect(effect).into_iter().for_each(&mut each);
        effects(&pipeline.deploy).into_iter().for_each(&mut of_effects);
        covers(&pipeline.deploy).into_iter().for_each(&mut of_effects);
    }
}

/// The effects of the `rollback { … }` blocks of a body.
pub fn covers(nodes: &[Node]) -> Vec<&Effect> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(_) => {}
            Node::Phase { body, rollback, .. } => {
                found.extend(covers(body));
                found.extend(rollback.iter().flatten());
            }
            Node::Parallel { body, .. } => found.extend(covers(body)),
        }
    }
    found
}

fn of_effect(effect: &Effect) -> Vec<&Expr> {
    match &effect.kind {
        EffectKind::Step(step) => {
            let optional = [&step.observe, &step.desired, &step.preview, &step.rollback, &step.stdin];
            [&step.run, &step.env, &step.cwd].into_iter().chain(optional.into_iter().flatten()).collect()
        }
        EffectKind::File { path, content, .. } => vec![path, content],
        EffectKind::Link { path, target } => vec![path, target],
        EffectKind::Directory { path } => vec![path],
        EffectKind::Refresh { run, env, cwd, .. } => vec![run, env, cwd],
    }
}

fn of_check(check: &CheckKind) -> Vec<&Expr> {
    match check {
        CheckKind::Http { url, status, contains, .. } => [url, status].into_iter().chain(contains).collect(),
        CheckKind::Tcp { host, port, .. } => vec![host, port],
        CheckKind::Command { run, env, cwd, .. } => vec![run, env, cwd],
    }
}

/// Calls `visit` with everything that an expression names, also by way of a `let`.
fn names_in(expr: &Expr, visit: &mut dyn FnMut(&Reference)) {
    let mut in_parts = |parts: &[Part]| {
        for part in parts {
            if let Part::Value(expr) = part {
                names_in(expr, visit);
            }
        }
    };
    match &*expr.kind {
        ExprKind::Reference(reference) => visit(reference),
        ExprKind::Text(parts) => in_parts(parts),
        ExprKind::List(items) => items.iter().for_each(|item| names_in(item, visit)),
        ExprKind::Map(entries) => entries.values().for_each(|value| names_in(value, visit)),
        ExprKind::Command(words) => {
            for word in words {
                match word {
                    Word::One(parts) => in_parts(parts),
                    Word::Several(expr) => in_parts(&[Part::Value(expr.clone())]),
                }
            }
        }
        ExprKind::Fallback(value, fallback) => {
            names_in(value, visit);
            names_in(fallback, visit);
        }
        ExprKind::Named(inner) => names_in(inner, visit),
        _ => {}
    }
}
