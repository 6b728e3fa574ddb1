//! How each environment stands at the end of a run, or in the middle of it.

use liftlock_journal::{EffectStatus, End, Failure, RunState, StageState};
use liftlock_names::{Address, ReleaseRef};
use liftlock_plan::{ActionKind, Effect, EffectKind, Plan, Stage};

use crate::plain::plain;
use crate::style::Tone;
use crate::units::{and, count, release, short_release};

/// One environment of a run.
pub(super) struct Standing<'a> {
    pub environment: &'a str,
    pub how: How<'a>,
    /// What it ran before; in a rollback, what it goes back to.
    pub previous: Option<&'a ReleaseRef>,
    pub failed: Option<(Option<&'a Address>, &'a Failure)>,
    /// How many undos ran.
    pub undone: usize,
    /// Steps among them that nothing observes, so that nobody has looked whether they are back.
    unobserved: Vec<&'a str>,
    is_rollback: bool,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum How<'a> {
    Released(&'a ReleaseRef),
    /// As it was before the release; after a rollback, before the one taken back.
    Restored,
    Untouched,
    Held(&'a str),
    Stranded(&'a str),
    LeftAsIs(&'a str),
    /// The run is in it, or was when it was interrupted.
    Entered,
    /// The run did not get so far.
    NotReached,
}

impl<'a> Standing<'a> {
    /// The environments of a run in the order of its path.
    pub fn of(state: &'a RunState, plan: &'a Plan) -> Vec<Standing<'a>> {
        plan.stages().map(|stage| Standing::of_stage(state, plan, stage)).collect()
    }

    fn of_stage(state: &'a RunState, plan: &'a Plan, stage: &'a Stage) -> Standing<'a> {
        let environment = stage.environment.as_str();
        let known = state.stages.get(environment);
        let undone = state.effects.iter();
        let undone = undone
            .filter(|(address, effect)| address.environment == environment && effect.status == EffectStatus::Undone);
        Standing {
            environment,
            how: known.map_or(How::NotReached, how),
            // What a rollback takes back is not what it goes back to.
            previous: match &plan.action {
                ActionKind::Rollback { to, .. } => to.as_ref(),
                ActionKind::Release | ActionKind::Drill { .. } => {
                    known.and_then(|known| known.replaces.as_ref()).or(stage.previous.as_ref())
                }
            },
            failed: known.and_then(|known| known.failed.as_ref()).map(|(at, failure)| (at.as_ref(), failure)),
            undone: undone.count(),
            unobserved: stage.effects().into_iter().filter(|effect| is_unobserved(effect, state)).map(name).collect(),
            is_rollback: matches!(plan.action, ActionKind::Rollback { .. }),
        }
    }

    pub fn needs_person(&self) -> bool {
        matches!(self.how, How::Held(_) | How::Stranded(_))
    }

    /// The name of how it stands, in JSON.
    pub fn name(&self) -> &'static str {
        match self.how {
            How::Released(_) => "released",
            How::Restored => "restored",
            How::Untouched => "untouched",
            How::Held(_) => "held",
            How::Stranded(_) => "stranded",
            How::LeftAsIs(_) => "left-as-is",
            How::Entered => "entered",
            How::NotReached => "not-reached",
        }
    }

    /// The word for a person, and what there is to say beside it.
    pub fn words(&self) -> (Tone, &'static str, String) {
        let runs = match self.previous {
            Some(previous) if !self.is_rollback => format!("runs {} as before", short_release(previous)),
            _ => String::new(),
        };
        match self.how {
            How::Released(released) => (Tone::Good, "released", format!("runs {}", release(released))),
            How::Restored => {
                let to = self.previous.map(|previous| format!("runs {} again; ", short_release(previous)));
                let undos = match self.undone {
                    0 => String::new(),
                    undone => format!("{} ran; ", count(undone, "undo")),
                };
                let to = to.unwrap_or_default();
                let seen = match self.unobserved.as_slice() {
                    [] => "what was undone is observed to be as before".to_owned(),
                    names => format!("nothing observes {}: look for yourself", plain(&and(names))),
                };
                let tone = if self.unobserved.is_empty() { Tone::Good } else { Tone::Attention };
                (tone, "restored", format!("{to}{undos}{seen}"))
            }
            How::Untouched => (Tone::Plain, "untouched", join("nothing had been changed", &runs)),
            How::Held(why) => (Tone::Bad, "HELD", plain(why).into_owned()),
            How::Stranded(why) => (Tone::Bad, "STRANDED", plain(why).into_owned()),
            How::LeftAsIs(why) => (Tone::Attention, "left as it is", plain(why).into_owned()),
            How::Entered => (Tone::Attention, "in the middle", "the run is in it, or was when it stopped".to_owned()),
            How::NotReached => (Tone::Plain, "not reached", runs),
        }
    }
}

/// Whether an undone step or request has no `observe`. A `refresh` has none either: the checks look at what it is for.
fn is_unobserved(effect: &Effect, state: &RunState) -> bool {
    let is_undone = state.effects.get(&effect.address).is_some_and(|known| known.status == EffectStatus::Undone);
    let is_observable = matches!(effect.kind, EffectKind::Step(_) | EffectKind::Http(_));
    is_undone && is_observable && effect.kind.observed_by().is_none()
}

fn name(effect: &Effect) -> &str {
    effect.address.name()
}

fn join(what: &str, more: &str) -> String {
    if more.is_empty() { what.to_owned() } else { format!("{what}; {more}") }
}

fn how(stage: &StageState) -> How<'_> {
    match (&stage.end, &stage.released) {
        (Some(End::Restored), _) => How::Restored,
        (Some(End::Untouched), _) => How::Untouched,
        (Some(End::Held { why }), _) => How::Held(why),
        (Some(End::Stranded { why }), _) => How::Stranded(why),
        (Some(End::LeftAsIs { why }), _) => How::LeftAsIs(why),
        (None, Some(released)) if stage.failed.is_none() => How::Released(released),
        (None, _) if stage.entered_at.is_some() => How::Entered,
        (None, _) => How::NotReached,
    }
}
