//! What has been applied when a stage fails at a point, and what the undo then runs, in which order.
//!
//! The way down is that of the runner: the body backwards, but that a `refresh` runs once more when what stands before it in
//! its own body is back, and the `rollback { … }` of a phase where the last effect stands that it covers. A point of no return
//! ends it. Members of a `parallel` are taken back together; here they are listed last first.

use std::collections::HashSet;

use liftlock_model::{Effect, EffectKind, EnvironmentId, Model, Node, OnFailure, Pipeline};

use crate::coverage::{Ending, FailurePoint, PointKind, is_atomic};
use crate::surely::Here;
use crate::{Class, class};

/// The way to a failure point, and back.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Descent {
    /// The effects that may have been applied, in the order in which they are written; the failing one is the last.
    pub applied: Vec<String>,
    /// In the order in which they run. When one fails, it and those behind it are left undone, the environment is stranded, and
    /// nothing enters it until a person has looked.
    pub undo: Vec<Undo>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The effect that is taken back, or the step of a `rollback { … }` that runs.
    pub at: String,
    pub by: UndoBy,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UndoBy {
    /// The `rollback` of the step.
    Rollback,
    /// Its kind puts back what was there.
    Kind,
    /// It runs once more.
    Refresh,
    /// It is a step of the `rollback { … }` of a phase.
    Cover,
}

/// What is undone when every effect of a stage has been applied, by failure or by `liftlock rollback`.
pub fn whole_descent(model: &Model, pipeline: &Pipeline, environment: EnvironmentId) -> Descent {
    let behind_all = FailurePoint { at: String::new(), kind: PointKind::Check, ending: Ending::Restored };
    // Whatever a failure undoes: a person may always go back.
    way_from(model, pipeline, environment, &behind_all, true)
}

/// What the stage of `pipeline` that enters `environment` has applied when it fails at `point`, and what is undone.
pub fn descent(model: &Model, pipeline: &Pipeline, environment: EnvironmentId, point: &FailurePoint) -> Descent {
    way_from(model, pipeline, environment, point, pipeline.on_failure != OnFailure::None)
}

/// What has been applied at `point`, and, where anything is, what is undone.
fn way_from(
    model: &Model,
    pipeline: &Pipeline,
    environment: EnvironmentId,
    point: &FailurePoint,
    undoes: bool,
) -> Descent {
    let here = Here { model, environment };
    let body = pipeline.deploy_in(environment);
    let mut applied = Vec::new();
    if point.kind != PointKind::Gate {
        // A check of `verify` stands behind all effects, and so is never found among them.
        until(here, body, "deploy", &point.at, &mut applied);
    }
    let is_failed = |effect: &(String, &Effect)| effect.0 == point.at && point.kind == PointKind::Effect;
    // Of one that is repeated, an earlier member has left something behind.
    let repeated = is_repeated(here, body, "deploy", &point.at);
    let leaves_nothing = |effect: &(String, &Effect)| is_failed(effect) && is_atomic(effect.1) && !repeated;
    let touched = applied.iter().filter(|effect| !leaves_nothing(effect)).map(|(at, _)| at.as_str()).collect();
    let mut way = Way { here, touched, undo: Vec::new() };
    if undoes {
        way.whole(body);
    }
    let undo = way.undo;
    Descent { applied: applied.into_iter().map(|(at, _)| at).collect(), undo }
}

/// Collects the effects up to the one at `target`, with it, and with what runs beside it. Says whether it was found.
fn until<'m>(
    here: Here<'_>,
    nodes: &'m [Node],
    path: &str,
    target: &str,
    found: &mut Vec<(String, &'m Effect)>,
) -> bool {
    for node in nodes {
        let (at, body) = match node {
            // It leaves nothing behind.
            node if here.is_never(node) => continue,
            Node::Effect(effect) => {
                let at = format!("{path}/{}", effect.name);
                let is_target = at == target;
                found.push((at, effect));
                if is_target {
                    return true;
                }
                continue;
            }
            Node::Check(check) => {
                if format!("{path}/{}", check.name) == target {
                    return true;
                }
                continue;
            }
            Node::When { body, .. } => {
                if until(here, body, path, target, found) {
                    return true;
                }
                continue;
            }
            Node::Phase { name, body, .. } | Node::Parallel { name, body, .. } | Node::Each { name, body, .. } => {
                (format!("{path}/{name}"), body)
            }
        };
        let is_inside = target.strip_prefix(at.as_str()).is_some_and(|rest| rest.starts_with('/'));
        if is_inside && matches!(node, Node::Parallel { .. }) {
            let (members, others): (Vec<&Node>, Vec<&Node>) =
                body.iter().partition(|member| holds(member, &at, target));
            for member in others.into_iter().chain(members) {
                until(here, std::slice::from_ref(member), &at, target, found);
            }
            return true;
        }
        if is_inside && matches!(node, Node::Each { over, .. } if here.members(over) != Some(1)) {
            // At the worst it is the last member, and the whole body has been run for the others.
            let mut all = Vec::new();
            until(here, body, &at, "", &mut all);
            let (failing, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(at, _)| at == target);
            found.extend(others.into_iter().chain(failing));
            return true;
        }
        if until(here, body, &at, target, found) {
            return true;
        }
    }
    false
}

/// Whether what stands at `target` stands in an `each`.
fn is_repeated(here: Here<'_>, nodes: &[Node], path: &str, target: &str) -> bool {
    nodes.iter().filter(|node| holds(node, path, target)).any(|node| match node {
        Node::Effect(_) | Node::Check(_) => false,
        Node::Each { name, over, body, .. } => {
            here.members(over) != Some(1) || is_repeated(here, body, &format!("{path}/{name}"), target)
        }
        Node::When { body, .. } => is_repeated(here, body, path, target),
        Node::Phase { name, body, .. } | Node::Parallel { name, body, .. } => {
            is_repeated(here, body, &format!("{path}/{name}"), target)
        }
    })
}

/// Whether a node is the target, or the target stands in it.
fn holds(node: &Node, path: &str, target: &str) -> bool {
    let name = match node {
        Node::Effect(effect) => &effect.name,
        Node::Check(check) => &check.name,
        Node::Phase { name, .. } | Node::Parallel { name, .. } | Node::Each { name, .. } => name,
        Node::When { body, .. } => return body.iter().any(|node| holds(node, path, target)),
    };
    let rest = target
        .strip_prefix(path)
        .and_then(|rest| rest.strip_prefix('/'))
        .and_then(|rest| rest.strip_prefix(name.as_str()));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// The way down ended at an effect that nothing takes back.
struct Stopped;

/// A `refresh` that is met on the way down.
struct Refreshing {
    at: String,
    /// Whether it has run on this way.
    ran: bool,
}

/// The `rollback { … }` of the innermost phase that has one.
struct Cover<'m> {
    path: &'m str,
    effects: &'m [Effect],
    begun: bool,
}

struct Way<'a> {
    here: Here<'a>,
    touched: HashSet<&'a str>,
    undo: Vec<Undo>,
}

impl Way<'_> {
    fn whole(&mut self, nodes: &[Node]) {
        let Ok(refreshes) = self.sequence(nodes, "deploy", None) else { return };
        for refresh in refreshes.into_iter().filter(|refresh| !refresh.ran) {
            self.refresh(&refresh.at);
        }
    }

    fn sequence(
        &mut self,
        nodes: &[Node],
        path: &str,
        mut cover: Option<&mut Cover<'_>>,
    ) -> Result<Vec<Refreshing>, Stopped> {
        let nodes = inline(self.here, nodes);
        // Each with the index of the node that it stands in.
        let mut refreshes: Vec<(usize, Refreshing)> = Vec::new();
        let mut stopped = false;
        for (index, node) in nodes.iter().copied().enumerate().rev() {
            if let Node::Effect(effect) = node
                && is_refresh(effect)
            {
                refreshes.push((index, Refreshing { at: format!("{path}/{}", effect.name), ran: false }));
                continue;
            }
            match self.node(node, path, cover.as_deref_mut()) {
                Ok(inner) => refreshes.extend(inner.into_iter().map(|refresh| (index, refresh))),
                Err(Stopped) => {
                    stopped = true;
                    break;
                }
            }
        }
        refreshes.sort_by_key(|(index, _)| *index);
        for (index, refresh) in &mut refreshes {
            let before = &nodes[..*index];
            let due = if refresh.ran {
                self.any(before, path, &|effect| {
                    matches!(effect.kind, EffectKind::File { .. } | EffectKind::Link { .. })
                })
            } else {
                has_effect(self.here, before)
            };
            // Where nothing further is taken back, nothing is to be waited for.
            if due || (stopped && !refresh.ran) {
                self.refresh(&refresh.at);
                refresh.ran = true;
            }
        }
        if stopped { Err(Stopped) } else { Ok(refreshes.into_iter().map(|(_, refresh)| refresh).collect()) }
    }

    fn node(&mut self, node: &Node, path: &str, cover: Option<&mut Cover<'_>>) -> Result<Vec<Refreshing>, Stopped> {
        match node {
            Node::Effect(effect) => self.effect(effect, path, cover).map(|()| Vec::new()),
            Node::Phase { name, body, rollback: None, .. } => self.sequence(body, &format!("{path}/{name}"), cover),
            Node::Phase { name, body, rollback: Some(effects), .. } => {
                let path = format!("{path}/{name}");
                self.sequence(body, &path, Some(&mut Cover { path: &path, effects, begun: false }))
            }
            Node::Parallel { name, body, .. } => {
                let path = format!("{path}/{name}");
                let (mut refreshes, mut stopped, mut cover) = (Vec::new(), false, cover);
                for member in body.iter().rev() {
                    match self.node(member, &path, cover.as_deref_mut()) {
                        Ok(inner) => refreshes.extend(inner),
                        Err(Stopped) => stopped = true,
                    }
                }
                if !stopped {
                    return Ok(refreshes);
                }
                // Nothing further is taken back, and so there is nothing to be waited for.
                for refresh in refreshes.iter().filter(|refresh| !refresh.ran) {
                    self.refresh(&refresh.at);
                }
                Err(Stopped)
            }
            Node::Check(_) => Ok(Vec::new()),
            Node::When { body, .. } => self.sequence(body, path, cover),
            Node::Each { name, body, .. } => self.sequence(body, &format!("{path}/{name}"), cover),
        }
    }

    fn effect(&mut self, effect: &Effect, path: &str, cover: Option<&mut Cover<'_>>) -> Result<(), Stopped> {
        let at = format!("{path}/{}", effect.name);
        if !self.touched.contains(at.as_str()) {
            return Ok(());
        }
        match (class(effect, cover.is_some()), cover) {
            (Class::ReadOnly, _) => {}
            (Class::Irreversible | Class::Uncovered, _) => return Err(Stopped),
            (Class::Covered, Some(cover)) => {
                if !std::mem::replace(&mut cover.begun, true) {
                    let steps = cover.effects.iter().map(|effect| format!("{}/rollback/{}", cover.path, effect.name));
                    self.undo.extend(steps.map(|at| Undo { at, by: UndoBy::Cover }));
                }
            }
            (Class::Covered, None) => {}
            (Class::Reversible, _) => {
                let by = match effect.kind {
                    EffectKind::Step(_) | EffectKind::Http(_) | EffectKind::Manual(_) => UndoBy::Rollback,
                    EffectKind::Refresh { .. } => UndoBy::Refresh,
                    EffectKind::File { .. }
                    | EffectKind::Link { .. }
                    | EffectKind::Directory { .. }
                    | EffectKind::Notify { .. } => UndoBy::Kind,
                };
                self.undo.push(Undo { at, by });
            }
        }
        Ok(())
    }

    fn refresh(&mut self, at: &str) {
        if self.touched.contains(at) {
            self.undo.push(Undo { at: at.to_owned(), by: UndoBy::Refresh });
        }
    }

    /// Whether an effect of a kind was applied among these.
    fn any(&self, nodes: &[&Node], path: &str, wanted: &dyn Fn(&Effect) -> bool) -> bool {
        let is_one =
            |effect: &Effect| wanted(effect) && self.touched.contains(format!("{path}/{}", effect.name).as_str());
        nodes.iter().any(|node| match node {
            Node::Effect(effect) => is_one(effect),
            Node::Check(_) => false,
            Node::When { body, .. } => self.any(&inline(self.here, body), path, wanted),
            Node::Phase { name, body, .. } | Node::Parallel { name, body, .. } | Node::Each { name, body, .. } => {
                self.any(&inline(self.here, body), &format!("{path}/{name}"), wanted)
            }
        })
    }
}

/// A sequence as it is planned: what a condition lets in stands in it as if it were written there.
fn inline<'n>(here: Here<'_>, nodes: &'n [Node]) -> Vec<&'n Node> {
    let mut planned = Vec::with_capacity(nodes.len());
    for node in nodes.iter().filter(|node| !here.is_never(node)) {
        match node {
            Node::When { body, .. } => planned.extend(inline(here, body)),
            node => planned.push(node),
        }
    }
    planned
}

fn is_refresh(effect: &Effect) -> bool {
    matches!(effect.kind, EffectKind::Refresh { .. })
}

/// Whether anything stands here that a refresh waits for: neither another refresh, nor a notice, nor what is never there.
fn has_effect(here: Here<'_>, nodes: &[&Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(effect) => !is_refresh(effect) && !matches!(effect.kind, EffectKind::Notify { .. }),
        Node::Check(_) => false,
        Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
            has_effect(here, &inline(here, body))
        }
    })
}
