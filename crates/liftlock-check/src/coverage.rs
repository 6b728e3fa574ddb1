//! Rollback coverage: how the environment ends for every point at which a stage can fail.
//!
//! A failure point is every gate, effect and check; and every moment behind an effect, in which the run may be
//! interrupted. At each, what may have been applied is known from the structure of the body: everything before it, what runs
//! beside it, and the failing effect itself, which may be half done. What the undo then runs is for [`descent`] to say.
//!
//! What surely never happens in the environment is no point of it: a condition that cannot hold there, a list without members.
//! Where nobody can tell before a release is planned, the worse of both is said.
//!
//! The endings are worked out in one pass: of what was applied, only the last effect without a way back decides, which is the
//! first that the way down meets. Of those that run beside each other, that is the one that is written last.
//!
//! [`descent`]: crate::descent()

use liftlock_model::{Effect, EffectKind, EnvironmentId, Frame, Model, Node, OnFailure, Pipeline};

use crate::surely::{Here, may_be};
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
pub fn coverage(model: &Model, pipeline: &Pipeline, environment: EnvironmentId) -> Coverage {
    let here = Here { model, environment };
    let mut walk = Walk { here, on_failure: pipeline.on_failure, points: Vec::new() };
    let gates = pipeline.before.get(&environment).into_iter().flatten();
    for gate in gates.filter(|gate| may_be(model, environment, &gate.frames)) {
        walk.note(framed("before", &gate.frames, &gate.name), PointKind::Gate, &Applied::default());
    }
    let applied =
        walk.sequence(pipeline.deploy_in(environment), "deploy", Applied::default(), &Applied::default(), false);
    for check in pipeline.verify_in(environment).filter(|check| may_be(model, environment, &check.frames)) {
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

/// Whether an effect that fails when it has begun leaves nothing behind. Where something is desired, what a program says it
/// has done may be found not to be in effect: then it has failed, and is to be taken back all the same.
pub(crate) fn is_atomic(effect: &Effect) -> bool {
    match &effect.kind {
        EffectKind::Step(step) => step.atomic && step.desired.is_none(),
        EffectKind::Manual(manual) => manual.atomic,
        _ => false,
    }
}

/// Whether a program looks at the effect before it is begun, so that it can fail without having been.
fn is_observed(effect: &Effect) -> bool {
    match &effect.kind {
        EffectKind::Step(step) => step.observe.is_some(),
        EffectKind::Http(http) => http.observe.is_some(),
        _ => false,
    }
}

/// Of what was applied, what decides how the environment ends.
#[derive(Debug, Clone, Default)]
struct Applied {
    /// Whether anything was changed.
    changes: bool,
    /// Where the way down ends: the last effect that has no way back.
    stop: Option<Ending>,
    /// The same, for what stands behind it and may not be there, because a condition does not hold or a list is empty.
    perhaps: Option<Ending>,
}

impl Applied {
    fn of(at: &str, class: Class) -> Self {
        let at = at.to_owned();
        let stop = match class {
            Class::Uncovered => Some(Ending::Stranded { by: at }),
            Class::Irreversible => Some(Ending::Held { at }),
            Class::Reversible | Class::Covered | Class::ReadOnly => None,
        };
        Applied { changes: class != Class::ReadOnly, stop, perhaps: None }
    }

    /// This, and what is written behind it.
    fn then(&self, next: &Applied) -> Applied {
        let changes = self.changes || next.changes;
        if next.stop.is_some() {
            return Applied { changes, ..next.clone() };
        }
        let perhaps = worse(&self.perhaps, &next.perhaps).clone();
        Applied { changes, stop: self.stop.clone(), perhaps }
    }

    /// This, where the files may not say whether it is there.
    fn if_there(self, is_there: Option<bool>) -> Self {
        match is_there {
            Some(true) => self,
            Some(false) => Applied::default(),
            None => self.perhaps(),
        }
    }

    /// This, where it is not said that it is there.
    fn perhaps(self) -> Self {
        let perhaps = worse(&self.stop, &self.perhaps).clone();
        Applied { changes: self.changes, stop: None, perhaps }
    }

    /// Where the way down ends at the worst.
    fn worst(&self) -> &Option<Ending> {
        worse(&self.stop, &self.perhaps)
    }
}

/// The worse of two ends of the way down; of two that are as bad, the one that is written behind the other.
fn worse<'a>(first: &'a Option<Ending>, second: &'a Option<Ending>) -> &'a Option<Ending> {
    match (first, second) {
        (_, None) | (Some(Ending::Stranded { .. }), Some(Ending::Held { .. })) => first,
        _ => second,
    }
}

/// What a sequence has applied when it is over.
fn applied_by(here: Here<'_>, nodes: &[Node], path: &str, covered: bool) -> Applied {
    nodes.iter().fold(Applied::default(), |applied, node| {
        let inside = |name: &str| format!("{path}/{name}");
        applied.then(&match node {
            Node::Effect(effect) => Applied::of(&inside(&effect.name), class(effect, covered)),
            Node::Check(_) => Applied::default(),
            Node::Phase { name, body, rollback, .. } => {
                applied_by(here, body, &inside(name), covered || rollback.is_some())
            }
            Node::Parallel { name, body, .. } => applied_by(here, body, &inside(name), covered),
            Node::Each { name, over, body, .. } => {
                let is_there = here.members(over).map(|members| members > 0);
                applied_by(here, body, &inside(name), covered).if_there(is_there)
            }
            Node::When { condition, body, .. } => applied_by(here, body, path, covered).if_there(here.holds(condition)),
        })
    })
}

struct Walk<'m> {
    here: Here<'m>,
    on_failure: OnFailure,
    points: Vec<FailurePoint>,
}

impl Walk<'_> {
    fn note(&mut self, at: String, kind: PointKind, applied: &Applied) {
        let ending = match (self.on_failure, applied.worst()) {
            (OnFailure::None, _) if applied.changes => Ending::LeftAsIs,
            (_, Some(stop)) => stop.clone(),
            (_, None) => Ending::Restored,
        };
        self.points.push(FailurePoint { at, kind, ending });
    }

    /// Where an effect can fail before it is begun as well as when it is half done, the worse of the two.
    fn note_effect(&mut self, at: String, effect: &Effect, [unbegun, half_done]: [&Applied; 2], after: &Applied) {
        let (unbegun, half_done) = (unbegun.then(after), half_done.then(after));
        let is_worse =
            matches!((unbegun.worst(), half_done.worst()), (Some(Ending::Stranded { .. }), Some(Ending::Held { .. })));
        let worst = if is_observed(effect) && is_worse { &unbegun } else { &half_done };
        self.note(at, PointKind::Effect, worst);
    }

    /// Adds the points of a sequence, and returns what has been applied when it is over, `before` it included. What is written
    /// behind it and runs beside it is `after`.
    fn sequence(&mut self, nodes: &[Node], path: &str, mut before: Applied, after: &Applied, covered: bool) -> Applied {
        for node in nodes {
            before = self.node(node, path, before, after, covered);
        }
        before
    }

    fn node(&mut self, node: &Node, path: &str, before: Applied, after: &Applied, covered: bool) -> Applied {
        match node {
            // A release does not fail where people are not told.
            Node::Effect(effect) if matches!(effect.kind, EffectKind::Notify { .. }) => before,
            Node::Effect(effect) => {
                let at = format!("{path}/{}", effect.name);
                let done = before.then(&Applied::of(&at, class(effect, covered)));
                let half_done = if is_atomic(effect) { &before } else { &done };
                self.note_effect(at.clone(), effect, [&before, half_done], after);
                self.note(at, PointKind::Interruption, &done.then(after));
                done
            }
            Node::Phase { name, body, rollback, .. } => {
                self.sequence(body, &format!("{path}/{name}"), before, after, covered || rollback.is_some())
            }
            Node::Parallel { name, body, .. } => self.beside(body, &format!("{path}/{name}"), before, after, covered),
            Node::Check(check) => {
                self.note(format!("{path}/{}", check.name), PointKind::Check, &before.then(after));
                before
            }
            // What is in it is met only where the condition holds.
            Node::When { condition, body, .. } => {
                let is_there = self.here.holds(condition);
                if is_there != Some(false) {
                    self.sequence(body, path, before.clone(), after, covered);
                }
                before.then(&applied_by(self.here, body, path, covered).if_there(is_there))
            }
            Node::Each { name, over, at_most, body, .. } => {
                let path = format!("{path}/{name}");
                match self.here.members(over) {
                    Some(0) => return before,
                    Some(1) => return self.sequence(body, &path, before, after, covered),
                    Some(_) | None => {}
                }
                let member = applied_by(self.here, body, &path, covered);
                let done = match self.here.members(over) {
                    Some(_) => before.then(&member),
                    None => before.then(&member.clone().perhaps()),
                };
                // It fails at the last member, when all the others have been done, or at the first; and beside others, which
                // come to their own end.
                let together = self.here.together(over, at_most.as_ref());
                let has_company = together.is_some_and(|together| together > 1);
                let member = if has_company { member } else { member.perhaps() };
                let is_stranding = matches!(member.worst(), Some(Ending::Stranded { .. }));
                let beside = match together {
                    Some(1) => after,
                    _ if is_stranding => &member.clone().perhaps().then(after),
                    _ => after,
                };
                self.sequence(body, &path, before.then(&member), beside, covered);
                done
            }
        }
    }

    /// As [`Self::sequence`], for members that run together: when one fails, any of the others may have been applied.
    fn beside(&mut self, nodes: &[Node], path: &str, mut before: Applied, after: &Applied, covered: bool) -> Applied {
        let applied = |node| applied_by(self.here, std::slice::from_ref(node), path, covered);
        let members: Vec<Applied> = nodes.iter().map(applied).collect();
        // What is written behind each member, so that no member is asked for by each of the others.
        let mut behind = vec![after.clone()];
        for member in members.iter().rev() {
            let next = member.then(behind.last().unwrap_or(after));
            behind.push(next);
        }
        for (at, node) in nodes.iter().enumerate() {
            self.node(node, path, before.clone(), &behind[nodes.len() - 1 - at], covered);
            before = before.then(&members[at]);
        }
        before
    }
}
