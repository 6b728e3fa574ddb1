//! A gate that is always open.

use jiff::civil::Time;
use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::Window;
use liftlock_model::{Calendar, Gate, GateKind, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("gates/constant"),
    severity: Severity::Warning,
    page: include_str!("../../rules/gates/constant.md"),
    absence: true,
    check,
};

const MINUTES_OF_DAY: usize = 24 * 60;

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for gate in model.pipelines.values().flat_map(|pipeline| pipeline.before.values().flatten()) {
        let Some((why, place, help)) = always_open(model, gate) else { continue };
        let message = format!("`{}` holds nothing back", gate.name);
        findings.push(match place {
            None => Finding::warning(RULE.code, message, gate.span, why).with_help(help),
            Some(place) => {
                Finding::warning(RULE.code, message, gate.span, "is always open").with_label(place, why).with_help(help)
            }
        });
    }
}

/// Why a gate is always open, where else to look, and what to do.
fn always_open(model: &Model, gate: &Gate) -> Option<(&'static str, Option<Span>, &'static str)> {
    match &gate.kind {
        GateKind::Approval { need: 0, .. } => Some(("needs nobody", None, "say how many must approve: `need = 1`")),
        GateKind::Soak { lasts: 0, .. } => Some(("lasts no time", None, "say for how long: `for = 30m`")),
        GateKind::Window { calendar } => {
            let calendar = model.calendar(*calendar);
            let help = "say when releases may start: `allow = [window(days: mon..thu, hours: 09:00..16:00)]`";
            is_always(calendar).then_some(("allows every minute of the week", Some(calendar.span), help))
        }
        GateKind::Approval { .. } | GateKind::Soak { .. } | GateKind::Check(_) => None,
    }
}

fn is_always(calendar: &Calendar) -> bool {
    if !calendar.deny.is_empty() {
        return false;
    }
    let mut open = vec![calendar.allow.is_empty(); 7 * MINUTES_OF_DAY];
    for window in &calendar.allow {
        mark(window, &mut open);
    }
    open.into_iter().all(|minute| minute)
}

/// Marks the minutes of the week, from Monday on, that are wholly in a window.
fn mark(window: &Window, open: &mut [bool]) {
    let minute = |time: Time| usize::from(time.hour().unsigned_abs()) * 60 + usize::from(time.minute().unsigned_abs());
    let (from, to) = (minute(window.hours.from), minute(window.hours.to));
    // One that ends where it begins, or before, runs over midnight.
    let length = if from < to { to - from } else { MINUTES_OF_DAY - from + to };
    let days = window.days;
    for day in 1..=7_u8 {
        let is_on = if days.from <= days.to {
            (days.from..=days.to).contains(&day)
        } else {
            day >= days.from || day <= days.to
        };
        if !is_on {
            continue;
        }
        let start = usize::from(day - 1) * MINUTES_OF_DAY + from;
        for at in start..start + length {
            let minutes = open.len();
            open[at % minutes] = true;
        }
    }
}
