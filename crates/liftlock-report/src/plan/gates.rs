//! Gates and checks in sentences.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use liftlock_plan::{
    Check, CheckKind, Days, Gate, GateKind, HttpRequest, Invocation, NoData, Program, Window, WindowState, window_state,
};

use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::units::took;

/// What a gate waits for.
pub(super) fn gate_line(gate: &Gate, now: Timestamp, style: &Style) -> String {
    let name = plain(gate.address.name());
    let mut text = format!("  {} {name}: {}\n", style.paint(Tone::Strong, "gate"), sentence(&gate.kind));
    if let Some(docs) = gate.docs.as_deref().and_then(|docs| docs.lines().next()) {
        let _ = writeln!(text, "      {}", style.paint(Tone::Quiet, &plain(docs)));
    }
    if let Some(standing) = Standing::of(&gate.kind, now) {
        let tone = if standing.is_open { Tone::Good } else { Tone::Attention };
        let _ = writeln!(text, "      {}", style.paint(tone, &standing.text));
    }
    text
}

/// How a gate stands that only the clock opens: of the others nothing is known before a run asks them.
pub(super) struct Standing {
    pub is_open: bool,
    /// `open now`, or why it is closed and when it opens, in the time of its calendar.
    pub text: String,
}

impl Standing {
    pub fn of(kind: &GateKind, now: Timestamp) -> Option<Standing> {
        let GateKind::Window { zone, allow, deny, .. } = kind else { return None };
        let (why, opens) = match window_state(zone, allow, deny, now) {
            WindowState::Open => return Some(Standing { is_open: true, text: "open now".to_owned() }),
            WindowState::Closed { why, opens } => (why, opens),
        };
        let opens = match (opens, TimeZone::get(zone)) {
            (Some(opens), Ok(known)) => {
                let local = opens.to_zoned_datetime(known);
                format!("; opens {} {}", local.strftime("%Y-%m-%d %H:%M"), plain(zone))
            }
            _ => "; it does not open within a year".to_owned(),
        };
        Some(Standing { is_open: false, text: format!("closed: {}{opens}", plain(&why)) })
    }
}

pub(super) fn sentence(kind: &GateKind) -> String {
    match kind {
        GateKind::Approval { group, members, need, own, expires_ms } => {
            let members: Vec<_> = members.iter().map(|member| plain(member)).collect();
            let own = if *own { "the one who starts the run may approve" } else { "not by the one who starts the run" };
            let (group, expires) = (plain(group), took(*expires_ms));
            format!("approval by {need} of {group} ({}); {own}; counts for {expires}", members.join(", "))
        }
        GateKind::Window { calendar, zone, allow, deny } => {
            let hours: Vec<String> = allow.iter().map(window).collect();
            let hours =
                if hours.is_empty() { "at any hour".to_owned() } else { format!("only {}", hours.join(" or ")) };
            let mut text = format!("{hours}, time of {} (calendar {})", plain(zone), plain(calendar));
            for freeze in deny {
                let _ = write!(text, "; not from {} to {}: {}", freeze.from, freeze.to, plain(&freeze.reason));
            }
            text
        }
        GateKind::Soak { environment, lasts_ms, every_ms, checks } => {
            let names: Vec<_> = checks.iter().map(|check| plain(check.address.name())).collect();
            let looks = match names.as_slice() {
                [] => String::new(),
                names => format!(" ({}, looked at every {})", names.join(", "), took(*every_ms)),
            };
            format!("the release has to stay healthy in {} for {}{looks}", plain(environment), took(*lasts_ms))
        }
        GateKind::Check(kind) => check_sentence(kind),
    }
}

/// `mon-thu 09:00-16:00`.
fn window(window: &Window) -> String {
    let time = |time: jiff::civil::Time| format!("{:02}:{:02}", time.hour(), time.minute());
    format!("{} {}-{}", days(window.days), time(window.hours.from), time(window.hours.to))
}

fn days(days: Days) -> String {
    let name = |day: u8| match day {
        1 => "mon",
        2 => "tue",
        3 => "wed",
        4 => "thu",
        5 => "fri",
        6 => "sat",
        _ => "sun",
    };
    if days.from == days.to { name(days.from).to_owned() } else { format!("{}-{}", name(days.from), name(days.to)) }
}

/// The checks behind the changes, one a line.
pub(super) fn check_lines(text: &mut String, lead: &str, checks: &[Check]) {
    for (at, check) in checks.iter().enumerate() {
        let lead = if at == 0 { lead.to_owned() } else { " ".repeat(lead.len()) };
        let _ = writeln!(text, "  {lead} {}", check_sentence(&check.kind));
    }
}

/// `GET http://127.0.0.1:4101/health is 200 within 15 s`.
pub(crate) fn check_sentence(kind: &CheckKind) -> String {
    let what = match kind {
        CheckKind::Http { url, status, contains, .. } => {
            let contains = contains.as_ref().map(|text| format!(" and contains `{}`", plain(text)));
            format!("GET {} is {status}{}", plain(url), contains.unwrap_or_default())
        }
        CheckKind::Tcp { host, port, .. } => format!("{}:{port} accepts connections", plain(host)),
        CheckKind::Command { run, .. } => {
            let on = run.on.as_ref().map(|host| format!(" on {}", plain(&host.to_string()))).unwrap_or_default();
            format!("`{}` succeeds{on}", command(run))
        }
        CheckKind::Metric { server, query, above, below, samples, no_data, .. } => {
            let bounds = match (above, below) {
                (Some(above), Some(below)) => format!("is above {above} and below {below}"),
                (Some(above), None) => format!("is above {above}"),
                (None, Some(below)) => format!("is below {below}"),
                (None, None) => "is there".to_owned(),
            };
            let few = if *samples > 0 { format!("fewer than {samples} samples") } else { "no data".to_owned() };
            let no_data = match no_data {
                NoData::Fail => "fail",
                NoData::Pass => "pass",
                NoData::Wait => "wait",
            };
            format!("`{}` at {} {bounds} ({few}: {no_data})", plain(query), plain(server))
        }
    };
    let timing = kind.timing();
    // Without a time it is tried once, and nothing is to be said of it.
    let within = match timing.within_ms {
        0 => String::new(),
        within => format!(" within {}", took(within)),
    };
    let lasts = match timing.lasts_ms {
        0 => String::new(),
        lasts => format!(", and goes on for {}", took(lasts)),
    };
    format!("{what}{within}{lasts}")
}

/// `sends POST https://flags.example/shop`.
pub(super) fn sends(request: &HttpRequest) -> String {
    format!("sends {} {}", plain(&request.method), plain(&request.url.to_string()))
}

/// `a person: Turn the key in cabinet 4.`, its lines behind one another.
pub(crate) fn by_hand(instructions: &str) -> String {
    let lines: Vec<_> = instructions.lines().map(str::trim).filter(|line| !line.is_empty()).map(plain).collect();
    format!("a person: {}", lines.join(" / "))
}

/// A program as it is written: its words, or that it is a script.
pub(super) fn command(run: &Invocation) -> String {
    match &run.program {
        Program::Command(words) => {
            let words: Vec<String> = words.iter().map(|word| quoted(&word.to_string())).collect();
            words.join(" ")
        }
        Program::Script { interpreter, text } => {
            let lines = crate::units::count(text.lines().count(), "line");
            format!("a {} script of {lines}", plain(interpreter))
        }
    }
}

/// A word of a command; one with spaces in it must not read as two.
fn quoted(word: &str) -> String {
    let shown = plain(word);
    let is_plain = !word.is_empty() && !word.contains([' ', '\t', '"', '\'']);
    if is_plain { shown.into_owned() } else { format!("\"{}\"", shown.replace('"', "\\\"")) }
}

#[cfg(test)]
mod tests {
    use liftlock_plan::Timing;

    use super::*;

    #[test]
    fn a_check_says_only_the_times_that_it_has() {
        let said = |within_ms, lasts_ms| {
            let timing = Timing { within_ms, every_ms: 50, lasts_ms };
            check_sentence(&CheckKind::Tcp { host: "web-1".to_owned(), port: 80, timing })
        };
        assert_eq!(said(0, 0), "web-1:80 accepts connections");
        assert_eq!(said(0, 200), "web-1:80 accepts connections, and goes on for 200 ms");
        assert_eq!(said(500, 200), "web-1:80 accepts connections within 500 ms, and goes on for 200 ms");
    }
}
