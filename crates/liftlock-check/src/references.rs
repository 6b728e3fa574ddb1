//! Everything that the expressions of a model name.

use liftlock_model::expr::{Expr, ExprKind, Reference};
use liftlock_model::{Check, CheckKind, Effect, EffectKind, Frame, Gate, GateKind, Model, Node};

use crate::effects::{checks, effects};

/// Calls `visit` with everything that any expression of the model names.
pub fn references<'m>(model: &'m Model, visit: &mut dyn FnMut(&'m Reference)) {
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
        [&artifact.version, &artifact.env, &artifact.cwd].into_iter().for_each(&mut each);
        artifact.kind.expressions().for_each(&mut each);
    }
    for pipeline in model.pipelines.values() {
        for Gate { kind, frames, .. } in pipeline.before.values().flatten() {
            if let GateKind::Check(check) = kind {
                of_check(check).into_iter().for_each(&mut each);
            }
            frames.iter().filter_map(of_frame).for_each(&mut each);
        }
        for Check { kind, frames, .. } in pipeline.checks() {
            of_check(kind).into_iter().for_each(&mut each);
            frames.iter().filter_map(of_frame).for_each(&mut each);
        }
        let hooks = [&pipeline.hooks.success, &pipeline.hooks.failure, &pipeline.hooks.interrupt];
        for body in pipeline.bodies().chain(hooks.into_iter().map(Vec::as_slice)) {
            let mut of_effects = |effect: &'m Effect| of_effect(effect).into_iter().for_each(&mut each);
            effects(body).into_iter().for_each(&mut of_effects);
            covers(body).into_iter().for_each(&mut of_effects);
            checks(body).into_iter().for_each(|check| of_check(&check.kind).into_iter().for_each(&mut each));
            of_structure(body).into_iter().for_each(&mut each);
        }
    }
}

fn of_frame(frame: &Frame) -> Option<&Expr> {
    match frame {
        Frame::Each { over, .. } => Some(over),
        Frame::When { condition } => Some(condition),
        Frame::Call { .. } => None,
    }
}

/// What decides which parts of a body there are, and how often.
fn of_structure(nodes: &[Node]) -> Vec<&Expr> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(_) | Node::Check(_) => {}
            Node::Phase { body, .. } | Node::Parallel { body, .. } => found.extend(of_structure(body)),
            Node::Each { over, at_most, body, .. } => {
                found.push(over);
                found.extend(at_most);
                found.extend(of_structure(body));
            }
            Node::When { condition, body, .. } => {
                found.push(condition);
                found.extend(of_structure(body));
            }
        }
    }
    found
}

/// The effects of the `rollback { … }` blocks of a body.
pub fn covers(nodes: &[Node]) -> Vec<&Effect> {
    let mut found = Vec::new();
    for node in nodes {
        match node {
            Node::Effect(_) | Node::Check(_) => {}
            Node::Phase { body, rollback, .. } => {
                found.extend(covers(body));
                found.extend(rollback.iter().flatten());
            }
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
                found.extend(covers(body));
            }
        }
    }
    found
}

/// The expressions of an effect.
pub fn of_effect(effect: &Effect) -> Vec<&Expr> {
    match &effect.kind {
        EffectKind::Step(step) => {
            let optional = [&step.observe, &step.desired, &step.preview, &step.rollback, &step.stdin];
            [&step.run, &step.env, &step.cwd]
                .into_iter()
                .chain(optional.into_iter().flatten())
                .chain(&step.on)
                .collect()
        }
        EffectKind::Notify { run, env, cwd, stdin, .. } => [run, env, cwd].into_iter().chain(stdin).collect(),
        EffectKind::Http(http) => {
            let requests = [Some(&http.request), http.rollback.as_ref()].into_iter().flatten();
            let of_requests = requests.flat_map(|request| {
                [&request.method, &request.url, &request.headers, &request.status].into_iter().chain(&request.body)
            });
            let beside = [&http.env, &http.cwd].into_iter().chain(&http.observe).chain(&http.desired);
            of_requests.chain(beside).collect()
        }
        EffectKind::Manual(manual) => std::iter::once(&manual.instructions).chain(&manual.rollback).collect(),
        EffectKind::File { path, content, .. } => vec![path, content],
        EffectKind::Link { path, target } => vec![path, target],
        EffectKind::Directory { path } => vec![path],
        EffectKind::Refresh { run, env, cwd, .. } => vec![run, env, cwd],
    }
}

/// The expressions of a check.
pub fn of_check(check: &CheckKind) -> Vec<&Expr> {
    match check {
        CheckKind::Http { url, status, contains, .. } => [url, status].into_iter().chain(contains).collect(),
        CheckKind::Tcp { host, port, .. } => vec![host, port],
        CheckKind::Command { run, env, cwd, .. } => vec![run, env, cwd],
        CheckKind::Metric(metric) => [&metric.server, &metric.query]
            .into_iter()
            .chain(&metric.above)
            .chain(&metric.below)
            .chain(&metric.samples)
            .collect(),
    }
}

/// Calls `visit` with everything that an expression names, also by way of a `let`.
pub fn names_in<'e>(expr: &'e Expr, visit: &mut dyn FnMut(&'e Reference)) {
    if let ExprKind::Reference(reference) = &*expr.kind {
        visit(reference);
    }
    for part in expr.parts() {
        names_in(part, visit);
    }
}
