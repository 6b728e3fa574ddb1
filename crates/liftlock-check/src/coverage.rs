//! Rollback coverage: how the environment ends for every point at which a stage can fail.
//!
//! A failure point is every gate, effect and check. At each, what may have been applied is known from the structure of
//! the body: everything before it, what runs beside it, and the failing effect itself, which may be half done.

use liftlock_model::{EffectKind, EnvironmentId, Node, OnFailure, Pipeline};

use crate::{Class, class};

/// The failure points of one stage.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    pub points: Vec<FailurePoint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailurePoint {
    /// `before/go`, `deploy/switch/config`, `verify/health`
    pub at: String,
    pub ending: Ending,
}

/// How the environment ends when the stage fails at a point and every undo does what it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    Restored,
    /// At an acknowledged point of no return, named by its place.
    Held {
        at: String,
    },
    /// An effect that nothing takes back was applied.
    Stranded {
        by: String,
    },
    /// As it is then, because the pipeline says that nothing is taken back.
    Left,
}

impl Coverage {
    pub fn restored(&self) -> usize {
        self.points.iter().filter(|point| point.ending == Ending::Restored).count()
    }

    pub fn total(&self) -> usize {
        self.points.len()
    }
}

/// An effect that may have been applied.
#[derive(Debug, Clone)]
struct Applied {
    at: String,
    class: Class,
    atomic: bool,
    /// Whether it is looked at before it is begun, and so can fail without having been.
    observed: bool,
    /// Rises in the order in which effects are written.
    order: u32,
}

/// The coverage of the stage of `pipeline` that enters `environment`.
pub fn coverage(pipeline: &Pipeline, environment: EnvironmentId) -> Coverage {
    let mut coverage = Coverage::default();
    for gate in pipeline.before.get(&environment).into_iter().flatten() {
        coverage.points.push(FailurePoint { at: format!("before/{}", gate.name), ending: Ending::Restored });
    }
    let applied = walk(&pipeline.deploy, "deploy", &[], false, &mut coverage);
    for check in &pipeline.verify {
        coverage.points.push(FailurePoint { at: format!("verify/{}", check.name), ending: ending(&applied, None) });
    }
    if pipeline.on_failure == OnFailure::None {
        let behind_gates = coverage.points.iter_mut().filter(|point| !point.at.starts_with("before/"));
        behind_gates.for_each(|point| point.ending = Ending::Left);
    }
    coverage
}

/// Adds the failure points of a sequence, and returns what has been applied when it is over, `before` not counted.
fn walk(nodes: &[Node], path: &str, before: &[Applied], covered: bool, coverage: &mut Coverage) -> Vec<Applied> {
    let mut applied = Vec::new();
    for node in nodes {
        let so_far = [before, &applied].concat();
        match node {
            Node::Effect(effect) => {
                // Where something is desired, what the program says it has done may be found not to be in effect: then it
                // has failed, and is to be taken back all the same.
                let (atomic, observed) = match &effect.kind {
                    EffectKind::Step(step) => (step.atomic && step.desired.is_none(), step.observe.is_some()),
                    _ => (false, true),
                };
                let at = format!("{path}/{}", effect.name);
                let order = effect.span.start;
                let this = Applied { at: at.clone(), class: class(effect, covered), atomic, observed, order };
                coverage.points.push(FailurePoint { at, ending: ending(&so_far, Some(&this)) });
                applied.push(this);
            }
            Node::Phase { name, body, rollback, .. } => {
                let path = format!("{path}/{name}");
                applied.extend(walk(body, &path, &so_far, covered || rollback.is_some(), coverage));
            }
            Node::Parallel { name, body, .. } => {
                let path = format!("{path}/{name}");
                applied.extend(beside(body, &path, &so_far, covered, coverage));
            }
        }
    }
    applied
}

/// As [`walk`], for members that run together: when one fails, any of the others may have been applied.
fn beside(nodes: &[Node], path: &str, before: &[Applied], covered: bool, coverage: &mut Coverage) -> Vec<Applied> {
    let of_member = |node: &Node, before: &[Applied], coverage: &mut Coverage| {
        walk(std::slice::from_ref(node), path, before, covered, coverage)
    };
    let members: Vec<Vec<Applied>> = nodes.iter().map(|node| of_member(node, &[], &mut Coverage::default())).collect();
    for (at, node) in nodes.iter().enumerate() {
        let others = members.iter().enumerate().filter(|(other, _)| *other != at).flat_map(|(_, applied)| applied);
        let before: Vec<Applied> = before.iter().chain(others).cloned().collect();
        of_member(node, &before, coverage);
    }
    members.concat()
}

/// Where `failing` can fail before it is begun as well as after it, the worse of the two.
fn ending(applied: &[Applied], failing: Option<&Applied>) -> Ending {
    let begun = failing.filter(|effect| !effect.atomic);
    let ending = way_down(applied.iter().chain(begun));
    if failing.is_none_or(|effect| !effect.observed) || !matches!(ending, Ending::Held { .. }) {
        return ending;
    }
    match way_down(applied.iter()) {
        stranded @ Ending::Stranded { .. } => stranded,
        _ => ending,
    }
}

/// Where the way down ends: at the last effect without a way back, which is the first that it meets.
fn way_down<'a>(applied: impl Iterator<Item = &'a Applied>) -> Ending {
    let last = applied.filter(|effect| matches!(effect.class, Class::Uncovered | Class::Irreversible));
    match last.max_by_key(|effect| effect.order) {
        None => Ending::Restored,
        Some(effect) if effect.class == Class::Uncovered => Ending::Stranded { by: effect.at.clone() },
        Some(effect) => Ending::Held { at: effect.at.clone() },
    }
}
