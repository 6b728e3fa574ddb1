//! Unified diffs of lines, and the words that differ between two of them.

use std::fmt::Write as _;

use similar::{Algorithm, ChangeTag, DiffTag, TextDiff, capture_diff_slices};

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

/// A piece of a line, and whether it is what differs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Marked {
    pub text: String,
    pub differs: bool,
}

/// Two lines in pieces, those marked that differ. `None` where so much does that marks would only confuse, or where a line
/// is too long for anybody to look for a word.
pub fn words(old: &str, new: &str) -> Option<(Vec<Marked>, Vec<Marked>)> {
    const LONGEST: usize = 2000;
    if old.len().max(new.len()) > LONGEST {
        return None;
    }
    let (before, after) = (tokens(old), tokens(new));
    let (mut left, mut right) = (Vec::new(), Vec::new());
    let mut same = 0;
    for op in capture_diff_slices(Algorithm::Myers, &before, &after) {
        let (tag, of_old, of_new) = op.as_tag_tuple();
        let (gone, come) = (before[of_old].concat(), after[of_new].concat());
        if tag == DiffTag::Equal {
            same += gone.chars().filter(|char| !char.is_whitespace()).count();
        }
        push(&mut left, gone, tag != DiffTag::Equal);
        push(&mut right, come, tag != DiffTag::Equal);
    }
    let all = old.chars().filter(|char| !char.is_whitespace()).count();
    let others = new.chars().filter(|char| !char.is_whitespace()).count();
    (same * 3 >= all.max(others)).then_some((left, right))
}

fn push(pieces: &mut Vec<Marked>, text: String, differs: bool) {
    if text.is_empty() {
        return;
    }
    match pieces.last_mut() {
        Some(last) if last.differs == differs => last.text.push_str(&text),
        _ => pieces.push(Marked { text, differs }),
    }
}

/// Words, stretches of white space, and every other character by itself.
fn tokens(line: &str) -> Vec<&str> {
    let kind = |char: char| match char {
        _ if char.is_alphanumeric() || char == '_' => 1,
        _ if char.is_whitespace() => 2,
        _ => 0,
    };
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut last = None;
    for (at, char) in line.char_indices() {
        if last.is_some_and(|last| last == 0 || last != kind(char)) {
            tokens.push(&line[start..at]);
            start = at;
        }
        last = Some(kind(char));
    }
    if start < line.len() {
        tokens.push(&line[start..]);
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    fn marked(old: &str, new: &str) -> Option<(String, String)> {
        let shown = |pieces: Vec<Marked>| -> String {
            let shown = pieces.iter().map(|it| if it.differs { format!("[{}]", it.text) } else { it.text.clone() });
            shown.collect()
        };
        words(old, new).map(|(left, right)| (shown(left), shown(right)))
    }

    #[test]
    fn words_that_differ_are_marked_in_both_lines() {
        let both = |left: &str, right: &str| Some((left.to_owned(), right.to_owned()));
        assert_eq!(marked("workers = 2", "workers = 16"), both("workers = [2]", "workers = [16]"));
        assert_eq!(
            marked("-> releases/1.0.0", "-> releases/1.1.0"),
            both("-> releases/1.[0].0", "-> releases/1.[1].0")
        );
        assert_eq!(marked("a = b", "a  = b, c"), both("a[ ]= b", "a[  ]= b[, c]"));
    }

    #[test]
    fn lines_that_have_little_in_common_are_not_marked() {
        assert_eq!(marked("the one", "quite another"), None);
        assert_eq!(marked("", "x"), None);
    }

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
