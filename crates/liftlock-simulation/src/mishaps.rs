//! Faults that are made up for a shape: only such as an author could not have declared away.
//!
//! A program that says it has done what it has not is found out only where something observes it, and a step that is said to
//! be atomic keeps that promise here: neither is for the runner to notice.

use liftlock_journal::Event;

use crate::chance::Chance;
use crate::faults::{Fault, How};
use crate::incidents::Incident;
use crate::shape::{CheckKind, Class, EffectKind, Look, Observe, Placed, Shape, Step};
use crate::text::write_point;

/// Makes up what goes wrong in a run.
pub fn faults(chance: &mut Chance, shape: &Shape) -> Vec<Fault> {
    let count = chance.one_of(&[0, 1, 1, 1, 2, 2, 3]);
    (0..count).filter_map(|_| fault(chance, shape)).collect()
}

/// Makes up what befalls a run, with the number of the append at which it does.
pub fn incident(chance: &mut Chance) -> Option<(usize, Incident)> {
    let append = chance.below(40);
    let hours = chance.below(96) as i64 - 48;
    let cancelled = Event::CancelRequested { by: "grace".to_owned(), reason: None };
    Some(match chance.below(8) {
        0 => (append, Incident::Expire),
        1 => (append, Incident::Steal),
        2 => (append, Incident::SetClock(hours * 3_600_000)),
        3 => (append, Incident::Say(Box::new(cancelled))),
        _ => return None,
    })
}

fn fault(chance: &mut Chance, shape: &Shape) -> Option<Fault> {
    let place = chance.below(shape.places.len());
    let placed = shape.effects();
    if chance.once_in(5) {
        return check_fault(chance, shape, place);
    }
    if placed.is_empty() {
        return None;
    }
    let placed = &placed[chance.below(placed.len())];
    let name = shape.place_name(place);
    let (at, hows) = match placed.effect.kind {
        EffectKind::File | EffectKind::Link | EffectKind::Directory => {
            (write_point(&placed.effect, place), vec![How::Before, How::After])
        }
        EffectKind::Refresh | EffectKind::Step(_) if chance.once_in(3) => {
            (undo_point(placed, &name)?, undo_hows(placed))
        }
        EffectKind::Step(step) if step.observe != Observe::Nothing && chance.once_in(4) => {
            (format!("run get {name}/{}", placed.effect.name), vec![How::Before, How::Hang])
        }
        EffectKind::Refresh | EffectKind::Step(_) | EffectKind::Notify => {
            (format!("apply {name}/{}", placed.path), apply_hows(placed))
        }
    };
    Some(Fault { at, nth: chance.below(2) as u32, times: 1 + chance.below(2) as u32, how: chance.one_of(&hows) })
}

/// Where what takes an effect back runs; nothing does for some.
pub fn undo_point(placed: &Placed, place: &str) -> Option<String> {
    match (placed.effect.kind, &placed.cover) {
        (EffectKind::Step(Step { class: Class::Covered, .. }), Some(cover)) => {
            Some(format!("undo {place}/{cover}/rollback/{}", placed.back))
        }
        (EffectKind::Step(Step { class: Class::Reversible, .. }) | EffectKind::Refresh, _) => {
            Some(format!("undo {place}/{}", placed.path))
        }
        _ => None,
    }
}

/// How a program can go wrong when an effect is applied.
pub fn apply_hows(placed: &Placed) -> Vec<How> {
    let mut hows = vec![How::Before, How::Hang, How::Missing];
    let EffectKind::Step(step) = placed.effect.kind else {
        hows.extend([How::After, How::HangAfter]);
        return hows;
    };
    if !step.atomic {
        hows.extend([How::Half, How::After, How::HangAfter]);
    }
    if step.observe == Observe::Desired {
        hows.push(How::Lie);
    }
    hows
}

/// How a program can go wrong that takes an effect back.
pub fn undo_hows(placed: &Placed) -> Vec<How> {
    let mut hows = vec![How::Before, How::Half, How::After, How::Hang, How::HangAfter, How::Missing];
    if matches!(placed.effect.kind, EffectKind::Step(Step { observe: Observe::State | Observe::Desired, .. })) {
        hows.push(How::Lie);
    }
    hows
}

fn check_fault(chance: &mut Chance, shape: &Shape, place: usize) -> Option<Fault> {
    let name = shape.place_name(place);
    let looks = shape.looks();
    let at = if !looks.is_empty() && chance.once_in(2) {
        look_point(&chance.one_of(&looks), &name)
    } else if shape.checks.is_empty() || chance.once_in(4) {
        format!("run probe asked/{name}")
    } else {
        let number = chance.below(shape.checks.len());
        check_point(shape.checks[number], number, &name)
    };
    let how = chance.one_of(&[How::Before, How::Hang, How::Missing]);
    Some(Fault { at, nth: chance.below(3) as u32, times: chance.one_of(&[1, 9]), how })
}

/// Where a check in a body looks.
pub fn look_point(look: &Look, place: &str) -> String {
    format!("run probe {}/{place}", look.thing)
}

/// Where a check looks.
pub fn check_point(check: CheckKind, number: usize, place: &str) -> String {
    match check {
        CheckKind::Http => format!("GET http://{place}/c{number}"),
        CheckKind::Tcp => format!("tcp 10.0.0.1:{}", number + 1),
        CheckKind::Command => format!("run probe c{number}/{place}"),
    }
}
