//! Unified diffs.

use std::fmt::Write as _;

use similar::{ChangeTag, TextDiff};

/// Contents above this size, in bytes, are compared by their digests alone.
pub const LARGEST_DIFFED: usize = 4 * 1024 * 1024;

/// The changed lines between two texts with three lines around them, without a header. Empty where they are equal.
pub fn unified(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let mut text = String::new();
    for (at, group) in diff.grouped_ops(3).iter().enumerate() {
        if at > 0 {
            text.push_str("…\n");
        }
        for op in group {
            for change in diff.iter_changes(op) {
                let sign = match change.tag() {
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                    ChangeTag::Equal => ' ',
                };
                let line = change.value();
                let _ = writeln!(text, "{sign}{}", line.strip_suffix('\n').unwrap_or(line));
                if !line.ends_with('\n') && (before.ends_with('\n') != after.ends_with('\n')) {
                    text.push_str("\\ no newline at the end\n");
                }
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changed_and_its_neighbours_are_shown() {
        let before: String = (1..=20).map(|line| format!("{line}\n")).collect();
        let after = before.replace("10\n", "ten\n");
        assert_eq!(unified(&before, &after), " 7\n 8\n 9\n-10\n+ten\n 11\n 12\n 13\n");
    }

    #[test]
    fn equal_texts_have_no_diff() {
        assert_eq!(unified("a\nb", "a\nb"), "");
    }

    #[test]
    fn a_newline_that_comes_or_goes_is_shown() {
        assert_eq!(unified("a\n", "a"), "-a\n+a\n\\ no newline at the end\n");
        assert_eq!(unified("1", "2"), "-1\n+2\n");
    }
}
