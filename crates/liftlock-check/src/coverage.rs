//! Rollback coverage: how the environment ends for every point at which a stage can fail.
//!
//! A failure point is every gate, effect and check; and every moment behind an effect, in which the run may be
//! interrupted. At each, what may have been applied is known from the structure of the body: everything before it, what runs
//! beside it, and the failing effect itself, which may be half done. What the undo then runs is for [`descent`] to say.
//!
//! The endings are worked out in one pass: of what was applied, only the first effect that nothing takes back and the last
//! point of no return decide.
//!
//! [`descent`]: crate::descent()

use liftlock_model::{Effect, EffectKind, EnvironmentId, Frame, Node, OnFailure, Pipeline};

use crate::{Class, class};

/// The failure points of one stage, in the order in which a release meets them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Coverage {
    pub points: Vec<FailurePoint>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailurePoint {
    /// `before/go`, `deploy/switch/config`, `verify/health`
    pub at: String,
    pub kind: PointKind,
    pub ending: Ending,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PointKind {
    Gate,
    Effect,
    Check,
    /// The run is interrupted when the effect has been applied, and what comes next has not begun.
    Interruption,
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
    /// The pipeline says that nothing is undone.
    LeftAsIs,
}

impl Coverage {
    /// Those that the share is taken of. An interruption behind an effect ends as the failure of the effect does, but for
    /// those that are done or not, never half.
    pub fn counted(&self) -> impl Iterator<Item = &FailurePoint> {
        self.points.iter().filter(|point| point.kind != PointKind::Interruption)
    }

    pub fn restored(&self) -> usize {
        self.counted().filter(|point| point.ending == Ending::Restored).count()
    }

    pub fn total(&self) -> usize {
        self.counted().count()
    }

    /// In whole percent, rounded down; where nothing can fail, everything is restored.
    pub fn percent(&self) -> usize {
        (self.restored() * 100).checked_div(self.total()).unwrap_or(100)
    }
}

/// The coverage of the stage of `pipeline` that enters `environment`.
pub fn coverage(pipeline: &Pipeline, environment: EnvironmentId) -> Coverage {
    let mut walk = Walk { on_failure: pipeline.on_failure, points: Vec::new() };
    for gate in pipeline.before.get(&environment).into_iter().flatten() {
        walk.note(framed("before", &gate.frames, &gate.name), PointKind::Gate, &Applied::default());
    }
    let applied = walk.sequence(pipeline.deploy_in(environment), "deploy", Applied::default(), false);
    for check in pipeline.verify_in(environment) {
        walk.note(framed("verify", &check.frames, &check.name), PointKind::Check, &applied);
    }
    Coverage { points: walk.points }
}

/// Where a gate or a check stands, by what stands around it.
fn framed(part: &str, frames: &[Frame], name: &str) -> String {
    let around = frames.iter().filter_map(|frame| match frame {
        Frame::Each { name, .. } | Frame::Call { name } => Some(name.as_str()),
        Frame::When { .. } => None,
    });
    std::iter::once(part).chain(around).chain([name]).collect::<Vec<_>>().join("/")
}

/// Whether a failed effect leaves nothing behind.
pub(crate) fn is_atomic(effect: &Effect) -> bool {
    match &effect.kind {
        EffectKind::Step(step) => step.atomic,
        EffectKind::Manual(manual) => manual.atomic,
        _ => false,
    }
}

/// Of what was applied, what decides how the environment ends.
#[derive(Debug, Clone, Default)]
struct Applied {
    /// Whether anything was changed.
    changes: bool,
    /// The first effect that nothing takes back.
    uncovered: Option<String>,
    /// The last point of no return.
    no_return: Option<String>,
}

impl Applied {
    fn of(at: &str, class: Class) -> Self {
        let here = |is_here: bool| is_here.then(|| at.to_owned());
        Applied {
            changes: class != Class::ReadOnly,
            uncovered: here(class == Class::Uncovered),
            no_return: here(class == Class::Irreversible),
        }
    }

    /// This, and then that.
    fn then(&self, next: &Applied) -> Applied {
        Applied {
            changes: self.changes || next.changes,
            uncovered: self.uncovered.as_ref().or(next.uncovered.as_ref()).cloned(),
            no_return: next.no_return.as_ref().or(self.no_return.as_ref()).cloned(),
        }
    }
}

/// What a sequence has applied when it is over.
fn applied_by(nodes: &[Node], path: &str, covered: bool) -> Applied {
    nodes.iter().fold(Applied::default(), |applied, node| {
        let inside = |name: &str| format!("{path}/{name}");
        applied.then(&match node {
            Node::Effect(effect) => Applied::of(&inside(&effect.name), class(effect, covered)),
            Node::Check(_) => Applied::default(),
            Node::Phase { name, body, rollback, .. } => applied_by(body, &inside(name), covered || rollback.is_some()),
            Node::Parallel { name, body, .. } | Node::Each { name, body, .. } => {
                applied_by(body, &inside(name), covered)
            }
            Node::When { body, .. } => applied_by(body, path, covered),
        })
    })
}

struct Walk {
    on_failure: OnFailure,
    points: Vec<FailurePoint>,
}

impl Walk {
    fn note(&mut self, at: String, kind: PointKind, applied: &Applied) {
        let ending = match (self.on_failure, &applied.uncovered, &applied.no_return) {
            (OnFailure::None, ..) if applied.changes => Ending::LeftAsIs,
            (_, Some(by), _) => Ending::Stranded { by: by.clone() },
            (_, None, Some(at)) => Ending::Held { at: at.clone() },
            (_, None, None) => Ending::Restored,
        };
        self.points.push(FailurePoint { at, kind, ending });
    }

    /// Adds the points of a sequence, and returns what has been applied when it is over, `applied` before it included.
    fn sequence(&mut self, nodes: &[Node], path: &str, mut applied: Applied, covered: bool) -> Applied {
        for node in nodes {
            applied = self.node(node, path, applied, covered);
        }
        applied
    }

    fn node(&mut self, node: &Node, path: &str, applied: Applied, covered: bool) -> Applied {
        match node {
            // A release does not fail where people are not told.
            Node::Effect(effect) if matches!(effect.kind, EffectKind::Notify { .. }) => applied,
            Node::Effect(effect) => {
                let at = format!("{path}/{}", effect.name);
                let done = applied.then(&Applied::of(&at, class(effect, covered)));
                let half_done = if is_atomic(effect) { &applied } else { &done };
                self.note(at.clone(), PointKind::Effect, half_done);
                self.note(at, PointKind::Interruption, &done);
                done
            }
            Node::Phase { name, body, rollback, .. } => {
                self.sequence(body, &format!("{path}/{name}"), applied, covered || rollback.is_some())
            }
            Node::Parallel { name, body, .. } => self.beside(body, &format!("{path}/{name}"), &applied, covered),
            Node::Check(check) => {
                self.note(format!("{path}/{}", check.name), PointKind::Check, &applied);
                applied
            }
            // At the worst, the condition holds.
            Node::When { body, .. } => self.sequence(body, path, applied, covered),
            // At the worst, it fails at the last member, when all the others have been done.
            Node::Each { name, body, .. } => {
                let path = format!("{path}/{name}");
                let others = applied.then(&applied_by(body, &path, covered));
                self.sequence(body, &path, others, covered)
            }
        }
    }

    /// As [`Self::sequence`], for members that run together: when one fails, any of the others may have been applied.
    fn beside(&mut self, nodes: &[Node], path: &str, applied: &Applied, covered: bool) -> Applied {
        let members: Vec<Applied> =
            nodes.iter().map(|node| applied_by(std::slice::from_ref(node), path, covered)).collect();
        // What stands behind each member, so that no member is asked for by each of the others.
        let mut behind = vec![Applied::default()];
        for member in members.iter().rev() {
            let next = member.then(behind.last().unwrap_or(&Applied::default()));
            behind.push(next);
        }
        let mut before = applied.clone();
        for (at, node) in nodes.iter().enumerate() {
            let others = before.then(&behind[nodes.len() - 1 - at]);
            self.node(node, path, others, covered);
            before = before.then(&members[at]);
        }
        before
    }
}
