//! When a calendar lets a release start. The time comes in: nothing here reads a clock.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan as _, ZonedDateTime};
use liftlock_model::expr::{Days, Freeze, Window};

/// How far ahead an opening is looked for, in days.
const HORIZON: i64 = 400;

#[derive(Debug, Clone, PartialEq)]
pub enum WindowState {
    Open,
    /// Closed, and when it opens if that is within a year.
    Closed {
        why: String,
        opens: Option<Timestamp>,
    },
}

/// Whether a release may start at `now`. Days and hours are those of `zone`; an hour that a change of the clocks skips or
/// repeats is taken as the zone's rules take it.
pub fn window_state(zone: &str, allow: &[Window], deny: &[Freeze], now: Timestamp) -> WindowState {
    let zone = match TimeZone::get(zone) {
        Ok(zone) => zone,
        Err(error) => return WindowState::Closed { why: format!("the zone is not known here: {error}"), opens: None },
    };
    let local = now.to_zoned_datetime(zone.clone());
    let freeze = deny.iter().find(|freeze| frozen(freeze, local.date()));
    if freeze.is_none() && is_allowed(allow, &local) {
        return WindowState::Open;
    }
    let why = match freeze {
        Some(freeze) => format!("frozen until the end of {}: {}", freeze.to, freeze.reason),
        None => "outside the hours in which a release may start".to_owned(),
    };
    WindowState::Closed { why, opens: next_opening(&zone, allow, deny, &local) }
}

fn frozen(freeze: &Freeze, date: Date) -> bool {
    freeze.from <= date && date <= freeze.to
}

fn is_allowed(allow: &[Window], local: &ZonedDateTime) -> bool {
    allow.is_empty() || allow.iter().any(|window| contains(window, local))
}

fn contains(window: &Window, local: &ZonedDateTime) -> bool {
    let (from, to) = (window.hours.from, window.hours.to);
    let (date, time) = (local.date(), local.time());
    if from < to {
        return on_day(window.days, date) && from <= time && time < to;
    }
    // Over midnight: the morning belongs to the window of the day before.
    (on_day(window.days, date) && time >= from)
        || (time < to && date.yesterday().is_ok_and(|before| on_day(window.days, before)))
}

fn on_day(days: Days, date: Date) -> bool {
    let day = u8::try_from(date.weekday().to_monday_one_offset()).unwrap_or(0);
    if days.from <= days.to { (days.from..=days.to).contains(&day) } else { day >= days.from || day <= days.to }
}

/// The first time after `now` that lies in a window and in no freeze.
fn next_opening(zone: &TimeZone, allow: &[Window], deny: &[Freeze], now: &ZonedDateTime) -> Option<Timestamp> {
    // A day opens where a window begins or, within a window or where all is allowed, at midnight after a freeze.
    let mut edges: Vec<Time> = allow.iter().map(|window| window.hours.from).collect();
    edges.push(Time::midnight());
    edges.sort();
    for ahead in 0..HORIZON {
        let date = now.date().checked_add(ahead.days()).ok()?;
        if deny.iter().any(|freeze| frozen(freeze, date)) {
            continue;
        }
        for edge in &edges {
            let Ok(at) = zone.to_zoned_datetime(date.to_datetime(*edge)) else { continue };
            if at > *now && is_allowed(allow, &at) {
                return Some(at.timestamp());
            }
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};
    use liftlock_model::expr::Hours;

    use super::*;

    fn weekdays(from: Time, to: Time) -> Window {
        Window { days: Days { from: 1, to: 4 }, hours: Hours { from, to } }
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn opens(state: WindowState) -> Option<Timestamp> {
        match state {
            WindowState::Open => None,
            WindowState::Closed { opens, .. } => opens,
        }
    }

    #[test]
    fn a_window_is_open_from_its_first_minute_to_the_one_before_its_last() {
        let allow = [weekdays(time(9, 0, 0, 0), time(16, 0, 0, 0))];
        let state = |now: &str| window_state("Europe/Berlin", &allow, &[], at(now));
        assert_eq!(state("2026-11-23T08:00:00Z"), WindowState::Open);
        assert_ne!(state("2026-11-23T07:59:59Z"), WindowState::Open);
        assert_ne!(state("2026-11-23T15:00:00Z"), WindowState::Open);
    }

    #[test]
    fn friday_afternoon_opens_on_monday_morning() {
        let allow = [weekdays(time(9, 0, 0, 0), time(16, 0, 0, 0))];
        let state = window_state("Europe/Berlin", &allow, &[], at("2026-11-27T16:55:00Z"));
        assert_eq!(opens(state), Some(at("2026-11-30T08:00:00Z")));
    }

    #[test]
    fn the_hours_are_those_of_the_zone_on_both_sides_of_a_change_of_the_clocks() {
        let allow =
            [Window { days: Days { from: 1, to: 7 }, hours: Hours { from: time(9, 0, 0, 0), to: time(10, 0, 0, 0) } }];
        let state = |now: &str| window_state("Europe/Berlin", &allow, &[], at(now));
        // Summer time ends on 2026-10-25.
        assert_eq!(state("2026-10-24T07:30:00Z"), WindowState::Open);
        assert_eq!(state("2026-10-25T08:30:00Z"), WindowState::Open);
        assert_ne!(state("2026-10-25T07:30:00Z"), WindowState::Open);
    }

    #[test]
    fn a_freeze_closes_whatever_is_allowed_and_opens_on_the_day_after() {
        let deny = [Freeze { from: date(2026, 12, 18), to: date(2027, 1, 4), reason: "year-end freeze".to_owned() }];
        let state = window_state("Europe/Berlin", &[], &deny, at("2026-12-20T12:00:00Z"));
        let WindowState::Closed { why, opens } = state else { panic!("it is frozen") };
        assert_eq!(why, "frozen until the end of 2027-01-04: year-end freeze");
        assert_eq!(opens, Some(at("2027-01-04T23:00:00Z")));
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let allow =
            [Window { days: Days { from: 5, to: 5 }, hours: Hours { from: time(22, 0, 0, 0), to: time(2, 0, 0, 0) } }];
        let state = |now: &str| window_state("UTC", &allow, &[], at(now));
        assert_eq!(state("2026-11-27T23:00:00Z"), WindowState::Open);
        assert_eq!(state("2026-11-28T01:00:00Z"), WindowState::Open);
        assert_ne!(state("2026-11-27T01:00:00Z"), WindowState::Open);
    }
}
