//! A window with an edge in an hour that the clocks skip or repeat.

use jiff::civil::{DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _};
use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::expr::{Days, Window};
use liftlock_model::{Calendar, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("calendar/daylight-saving"),
    severity: Severity::Warning,
    page: include_str!("../../rules/calendar/daylight-saving.md"),
    absence: false,
    check,
};

/// The changes of the clocks that are looked at: those of the years from the edition on. No clock is asked.
const FROM: &str = "2026-01-01T00:00:00Z";
const UNTIL: &str = "2036-01-01T00:00:00Z";

/// The times of a day on which the clocks change that there are twice, or not at all.
struct Change {
    from: DateTime,
    to: DateTime,
    repeats: bool,
}

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for calendar in model.calendars.values() {
        let changes = changes(&calendar.zone);
        for window in &calendar.allow {
            findings.extend(disturbed(window, &changes).map(|(edge, change)| finding(calendar, edge, change)));
        }
    }
}

fn finding(calendar: &Calendar, edge: Time, change: &Change) -> Finding {
    let edge = edge.strftime("%H:%M");
    let (how, on) = (if change.repeats { "is there twice" } else { "does not exist" }, change.from.date());
    Finding::warning(
        RULE.code,
        format!("a window of `{}` has its edge where the clocks change", calendar.name),
        calendar.span,
        format!("{edge} {how} on {on} in {}", calendar.zone),
    )
    .with_help(format!(
        "let it begin or end at {} or {}",
        change.from.strftime("%H:%M"),
        change.to.strftime("%H:%M")
    ))
}

fn changes(zone: &str) -> Vec<Change> {
    let (Ok(zone), Ok(from), Ok(until)) = (TimeZone::get(zone), FROM.parse::<Timestamp>(), UNTIL.parse::<Timestamp>())
    else {
        return Vec::new();
    };
    let mut before = zone.to_offset(from);
    let mut changes = Vec::new();
    for change in zone.following(from).take_while(|change| change.timestamp() < until) {
        let (at, after) = (change.timestamp(), change.offset());
        let (old, new) = (before.to_datetime(at), after.to_datetime(at));
        if old != new {
            changes.push(Change { from: old.min(new), to: old.max(new), repeats: new < old });
        }
        before = after;
    }
    changes
}

/// The first edge of a window that lies within a change. At its very beginning or end an edge means the same to everyone.
fn disturbed<'c>(window: &Window, changes: &'c [Change]) -> Option<(Time, &'c Change)> {
    let hours = window.hours;
    let runs_over = hours.to <= hours.from;
    changes.iter().find_map(|change| {
        let is_within = |time: Time| {
            let at = change.from.date().to_datetime(time);
            change.from < at && at < change.to
        };
        let (today, before) = (change.from, change.from.checked_sub(1.day()).ok()?);
        let opens = is_within(hours.from) && is_on(window.days, today);
        let closes = is_within(hours.to) && is_on(window.days, if runs_over { before } else { today });
        opens.then_some((hours.from, change)).or(closes.then_some((hours.to, change)))
    })
}

fn is_on(days: Days, at: DateTime) -> bool {
    let day = at.date().weekday().to_monday_one_offset().unsigned_abs();
    if days.from <= days.to { (days.from..=days.to).contains(&day) } else { day >= days.from || day <= days.to }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;
    use liftlock_model::expr::Hours;

    use super::*;

    /// The edge that is disturbed, and whether its hour is there twice.
    fn edge(zone: &str, days: (u8, u8), from: (i8, i8), to: (i8, i8)) -> Option<(Time, bool)> {
        let at = |(hour, minute)| time(hour, minute, 0, 0);
        let window = Window { days: Days { from: days.0, to: days.1 }, hours: Hours { from: at(from), to: at(to) } };
        disturbed(&window, &changes(zone)).map(|(edge, change)| (edge, change.repeats))
    }

    #[test]
    fn only_an_edge_within_the_hour_and_on_its_day_is_disturbed() {
        let (saturday, sunday) = ((6, 6), (7, 7));
        // In Berlin the clocks change on a Sunday, between 02:00 and 03:00; the spring of 2026 comes first.
        assert_eq!(edge("Europe/Berlin", sunday, (2, 30), (5, 0)), Some((time(2, 30, 0, 0), false)));
        assert_eq!(edge("Europe/Berlin", saturday, (22, 0), (2, 30)), Some((time(2, 30, 0, 0), false)));
        assert_eq!(edge("Europe/Berlin", sunday, (22, 0), (2, 30)), None, "it ends on Monday");
        assert_eq!(edge("Europe/Berlin", saturday, (2, 30), (5, 0)), None, "it begins on Saturday");
        assert_eq!(edge("Europe/Berlin", sunday, (2, 0), (3, 0)), None, "at its ends the hour means the same to all");
        assert_eq!(edge("UTC", sunday, (2, 30), (5, 0)), None);
        // In New York the hour between 01:00 and 02:00 is there twice in autumn, and none like it is missing in spring.
        assert_eq!(edge("America/New_York", sunday, (1, 30), (5, 0)), Some((time(1, 30, 0, 0), true)));
    }
}
