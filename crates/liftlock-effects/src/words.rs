//! Durations, errors and signals in plain words.

use std::io;
use std::time::Duration;

/// A duration as an author would write it: `250ms`, `15s`, `1m30s`, `2h`.
pub(crate) fn span(duration: Duration) -> String {
    let millis = duration.as_millis();
    if millis == 0 || !millis.is_multiple_of(1000) {
        return match millis {
            0..10_000 => format!("{millis}ms"),
            _ => format!("{:.1}s", duration.as_secs_f64()),
        };
    }
    let seconds = duration.as_secs();
    let parts = [(seconds / 3600, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    parts.iter().filter(|(count, _)| *count > 0).map(|(count, unit)| format!("{count}{unit}")).collect()
}

/// Numbers of which any will do: `200, 201 or 204`.
pub(crate) fn or(numbers: &[u16]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u16::to_string).collect();
    match numbers.split_last() {
        None => String::new(),
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
    }
}

/// Why an operation failed: the system's own text without its number, or what the error was made with.
pub(crate) fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    let text = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
    let text = match text.rfind(" (os error ") {
        Some(end) => &text[..end],
        None => text,
    };
    let mut chars = text.chars();
    match chars.next() {
        Some(first) => first.to_lowercase().chain(chars).collect(),
        None => "for a reason the system does not name".to_owned(),
    }
}

/// A signal by its number and, where it has one that is the same everywhere, its name.
pub(crate) fn signal(number: i32) -> String {
    let name = match number {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        8 => "SIGFPE",
        9 => "SIGKILL",
        11 => "SIGSEGV",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        _ => return format!("signal {number}"),
    };
    format!("signal {number} ({name})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_said_as_they_are_written() {
        let said =
            [0, 250, 1000, 1500, 15_000, 90_000, 600_000, 7_200_000, 15_500].map(|ms| span(Duration::from_millis(ms)));
        assert_eq!(said, ["0ms", "250ms", "1s", "1500ms", "15s", "1m30s", "10m", "2h", "15.5s"]);
    }

    #[test]
    fn errors_carry_no_numbers() {
        let error = io::Error::from(rustix::io::Errno::CONNREFUSED);
        assert_eq!(reason(&error), "connection refused");
    }
}
