//! Records without secrets.
//!
//! What programs print was masked as it came. A record is looked through once more, because what it holds may have come
//! another way: the body of an answer, a line whose escape sequences were taken out and which reads as a secret only then.

use std::collections::BTreeMap;

use liftlock_effects::Mask;
use liftlock_journal::{Differs, Drill, DrillResult, End, Event, Failure, Outcome, State};

/// The event with every secret hidden in what it says in free text.
pub fn hide(mut event: Event, mask: &Mask) -> Event {
    if mask.is_empty() {
        return event;
    }
    match &mut event {
        Event::ArtifactFailed { failure, .. }
        | Event::CheckFailed { failure, .. }
        | Event::StageFailed { failure, .. }
        | Event::UndoFailed { failure, .. } => hide_failure(failure, mask),
        Event::EffectFailed { failure, outputs, .. } => {
            hide_failure(failure, mask);
            hide_values(outputs, mask);
        }
        Event::EffectFinished { after, outputs, .. } => {
            hide_in_state(after, mask);
            hide_values(outputs, mask);
        }
        Event::EffectStarted { before: state, .. }
        | Event::EffectInPlace { state, .. }
        | Event::UndoFinished { state, .. } => hide_in_state(state, mask),
        Event::GateWaiting { why, .. }
        | Event::GateOpened { why, .. }
        | Event::GateRefused { why, .. }
        | Event::CheckPassed { detail: why, .. } => *why = mask.hide(why),
        Event::StageEnded { end: End::Held { why } | End::Stranded { why } | End::LeftAsIs { why }, .. } => {
            *why = mask.hide(why);
        }
        Event::RunFinished {
            outcome:
                Outcome::Restored { why } | Outcome::Left { why } | Outcome::Refused { why, .. } | Outcome::Stranded { why },
        } => *why = mask.hide(why),
        Event::ReadOnlyChanged { differs, .. } => hide_differences(differs, mask),
        Event::DrillFinished { drill } => hide_drill(drill, mask),
        // What is left says nothing that comes from the world, or is a person's own word.
        _ => {}
    }
    event
}

/// What a drill has shown, with every secret hidden.
pub fn hide_drill(drill: &mut Drill, mask: &Mask) {
    for effect in &mut drill.effects {
        match &mut effect.result {
            DrillResult::NotRestored { why, differs, .. } => {
                *why = mask.hide(why);
                hide_differences(differs, mask);
            }
            DrillResult::Changed { differs, .. } => hide_differences(differs, mask),
            DrillResult::NotReached { why, .. } | DrillResult::NotDrilled { why } => *why = mask.hide(why),
            DrillResult::Proven | DrillResult::Unobserved | DrillResult::OnlyRead => {}
        }
    }
}

fn hide_failure(failure: &mut Failure, mask: &Mask) {
    failure.message = mask.hide(&failure.message);
    failure.tail.iter_mut().for_each(|line| *line = mask.hide(line));
}

fn hide_differences(differs: &mut [Differs], mask: &Mask) {
    for differs in differs {
        hide_in_state(&mut differs.before, mask);
        hide_in_state(&mut differs.after, mask);
    }
}

fn hide_values(values: &mut BTreeMap<String, String>, mask: &Mask) {
    values.values_mut().for_each(|value| *value = mask.hide(value));
}

/// What was observed, with every secret hidden that is known by now.
pub fn hide_state(mut state: State, mask: &Mask) -> State {
    hide_in_state(&mut state, mask);
    state
}

fn hide_in_state(state: &mut State, mask: &Mask) {
    match state {
        State::Unknown { why: text } | State::Output { text } | State::Other { what: text } => *text = mask.hide(text),
        State::Unobserved | State::Absent | State::File { .. } | State::Link { .. } | State::Directory => {}
    }
}
