//! Times, sizes, counts and lists in words.

use std::borrow::Cow;

use liftlock_names::ReleaseRef;

use crate::plain::plain;
use crate::style::Style;

/// Milliseconds as people say them: `85 ms`, `3.2 s`, `4 m 10 s`, `2 h 5 m`, `3 d`.
pub fn took(ms: u64) -> String {
    let tenths = ms.saturating_add(50) / 100;
    if ms < 1000 {
        return format!("{ms} ms");
    }
    if tenths < 600 {
        return if tenths.is_multiple_of(10) {
            format!("{} s", tenths / 10)
        } else {
            format!("{}.{} s", tenths / 10, tenths % 10)
        };
    }
    let seconds = ms.saturating_add(500) / 1000;
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400);
    let two = |large, unit, small, small_unit| match small {
        0 => format!("{large} {unit}"),
        _ => format!("{large} {unit} {small} {small_unit}"),
    };
    match hours {
        0 => two(minutes, "m", seconds % 60, "s"),
        1..48 => two(hours, "h", minutes % 60, "m"),
        _ => two(days, "d", hours % 24, "h"),
    }
}

/// How long ago something was, without what changes while it is read.
pub(crate) fn age(ms: u64) -> String {
    match ms {
        0..1000 => "a moment".to_owned(),
        1000..60_000 => took(ms / 1000 * 1000),
        _ => took(ms / 60_000 * 60_000),
    }
}

/// Bytes as people say them, in powers of ten.
pub fn size(bytes: u64) -> String {
    let units = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1000, "kB")];
    match units.into_iter().find(|(unit, _)| bytes >= *unit) {
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

/// `1 change`, `2 changes`.
pub(crate) fn count(count: usize, what: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {what}{end}")
}

/// `dev, staging and production`.
pub(crate) fn and(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [only] => plain(only).into_owned(),
        [first @ .., last] => {
            let first: Vec<Cow<'_, str>> = first.iter().map(|name| plain(name)).collect();
            format!("{} and {}", first.join(", "), plain(last))
        }
    }
}

/// `storefront 1.1.0`; a pipeline without an artifact has no version.
pub(crate) fn versioned(pipeline: &str, version: &str) -> String {
    if version.is_empty() { plain(pipeline).into_owned() } else { format!("{} {}", plain(pipeline), plain(version)) }
}

/// `1.1.0 (release 5, sha256 ab12cd34ef56)`.
pub(crate) fn release(release: &ReleaseRef) -> String {
    match (&release.digest, release.version.as_str()) {
        (_, "") => format!("release {}", release.number),
        (None, version) => format!("{} (release {})", plain(version), release.number),
        (Some(digest), version) => {
            format!("{} (release {}, {})", plain(version), release.number, Style::digest(digest))
        }
    }
}

/// `1.1.0 (release 5)`.
pub(crate) fn short_release(release: &ReleaseRef) -> String {
    match release.version.as_str() {
        "" => format!("release {}", release.number),
        version => format!("{} (release {})", plain(version), release.number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_human_units() {
        let said = [0, 85, 999, 1000, 3249, 59_940, 59_960, 250_000, 7_500_000, 86_400_000, 259_200_000].map(took);
        let wanted = ["0 ms", "85 ms", "999 ms", "1 s", "3.2 s", "59.9 s", "1 m", "4 m 10 s", "2 h 5 m", "24 h", "3 d"];
        assert_eq!(said, wanted);
    }

    #[test]
    fn sizes_are_said_in_human_units() {
        assert_eq!([0, 999, 1000, 4_123_456, 2_000_000_000].map(size), ["0 B", "999 B", "1.0 kB", "4.1 MB", "2.0 GB"]);
    }

    #[test]
    fn lists_read_as_sentences() {
        assert_eq!([&["a"][..], &["a", "b"], &["a", "b", "c"]].map(and), ["a", "a and b", "a, b and c"]);
    }
}
