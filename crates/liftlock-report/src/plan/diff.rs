//! A unified diff on a terminal: one below the other or side by side, with the words marked that differ, and folded where it
//! is long.
//!
//! Every line stands behind a bar, so that no line of a file begins a line of the terminal or the log.

use liftlock_plan::{Marked, words};

use crate::plain::plain;
use crate::style::{Style, Tone};

/// A diff with more lines than this is folded, to so many at its beginning and its end.
const LONGEST: usize = 48;
const HEAD: usize = 30;
const TAIL: usize = 10;

/// One line of a diff, or two that stand for one another.
enum Row {
    Same(String),
    /// What the diff says about itself: that something is left out, that a newline is missing.
    Note(String),
    Old(Vec<Marked>),
    New(Vec<Marked>),
    Both(Vec<Marked>, Vec<Marked>),
}

/// Writes the diff at this indent.
pub(super) fn write(text: &mut String, diff: &str, indent: usize, style: &Style) {
    let groups = groups(diff, style);
    let changes = groups.iter().flatten().any(|row| matches!(row, Row::Both(..)));
    let half = style.side_width(indent + 2);
    let lines = match half {
        // Where nothing stands against anything, half of the width would stay empty.
        Some(half) if changes => groups.iter().flatten().flat_map(|row| beside(row, half, style)).collect(),
        _ => groups.iter().flat_map(|rows| below(rows, style)).collect(),
    };
    for line in folded(lines, style) {
        let line = format!("{:indent$}| {line}", "");
        text.push_str(line.trim_end());
        text.push('\n');
    }
}

/// What changes at one place is a group, and so is a line that stays.
fn groups(diff: &str, style: &Style) -> Vec<Vec<Row>> {
    let mut groups = Vec::new();
    let (mut old, mut new): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let shown = |line: &str| plain(line).into_owned();
    for line in diff.lines() {
        // A change is told as what goes and then what comes; what goes again begins another.
        let goes_on = line.starts_with('+') || (line.starts_with('-') && new.is_empty());
        if !goes_on {
            flush(&mut groups, &mut old, &mut new);
        }
        match line.split_at_checked(1) {
            _ if line == "…" => groups.push(vec![Row::Note(style.ellipsis().to_owned())]),
            Some(("-", rest)) => old.push(shown(rest)),
            Some(("+", rest)) => new.push(shown(rest)),
            Some((" ", rest)) => groups.push(vec![Row::Same(shown(rest))]),
            _ => groups.push(vec![Row::Note(shown(line))]),
        }
    }
    flush(&mut groups, &mut old, &mut new);
    groups
}

/// The lines of one change: the first that goes against the first that comes, and so on.
fn flush(groups: &mut Vec<Vec<Row>>, old: &mut Vec<String>, new: &mut Vec<String>) {
    let whole = |text: String| vec![Marked { text, differs: false }];
    let (mut goes, mut comes) = (std::mem::take(old).into_iter(), std::mem::take(new).into_iter());
    let mut rows = Vec::new();
    loop {
        rows.push(match (goes.next(), comes.next()) {
            (None, None) => break,
            (Some(old), None) => Row::Old(whole(old)),
            (None, Some(new)) => Row::New(whole(new)),
            (Some(old), Some(new)) => {
                let (left, right) = words(&old, &new).unwrap_or_else(|| (whole(old), whole(new)));
                Row::Both(left, right)
            }
        });
    }
    if !rows.is_empty() {
        groups.push(rows);
    }
}

/// One below the other: what goes before what comes, as in the diff itself.
fn below(group: &[Row], style: &Style) -> Vec<String> {
    let mut lines = Vec::new();
    let (mut going, mut coming): (Vec<&[Marked]>, Vec<&[Marked]>) = (Vec::new(), Vec::new());
    for row in group {
        match row {
            Row::Same(line) => lines.push(format!("  {line}")),
            Row::Note(line) => lines.push(style.paint(Tone::Quiet, line)),
            Row::Old(pieces) => going.push(pieces),
            Row::New(pieces) => coming.push(pieces),
            Row::Both(left, right) => {
                going.push(left);
                coming.push(right);
            }
        }
    }
    // Without colour, what differs is pointed at; but below many lines in a row that would only be noise.
    let alone = (going.len(), coming.len()) == (1, 1);
    let signed = |tone, sign: &str, pieces| format!("{}{}", style.paint(tone, sign), painted(pieces, tone, style));
    lines.extend(going.iter().map(|pieces| signed(Tone::Bad, "- ", pieces)));
    for pieces in coming {
        lines.push(signed(Tone::Good, "+ ", pieces));
        lines.extend(pointed(pieces, style).filter(|_| alone).map(|marks| format!("  {marks}")));
    }
    lines
}

/// Side by side, each half wrapped rather than cut: what is read has to be there.
fn beside(row: &Row, half: usize, style: &Style) -> Vec<String> {
    let bar = if style.unicode { " │ " } else { " | " };
    let whole = |text: &String| vec![Marked { text: text.clone(), differs: false }];
    let (left, right, signs) = match row {
        Row::Note(line) => return vec![style.paint(Tone::Quiet, line)],
        Row::Same(line) => (whole(line), whole(line), (' ', ' ')),
        Row::Old(pieces) => (pieces.clone(), Vec::new(), ('-', ' ')),
        Row::New(pieces) => (Vec::new(), pieces.clone(), (' ', '+')),
        Row::Both(left, right) => (left.clone(), right.clone(), ('-', '+')),
    };
    let (left, right) = (wrapped(&left, half - 2), wrapped(&right, half - 2));
    let mut lines = Vec::new();
    for at in 0..left.len().max(right.len()) {
        let side = |lines: &[Vec<Marked>], sign: char| {
            let pieces = lines.get(at).map_or(&[][..], Vec::as_slice);
            let tone = match sign {
                '-' => Tone::Bad,
                '+' => Tone::Good,
                _ => Tone::Plain,
            };
            let sign = if at == 0 { sign } else { ' ' };
            let used: usize = pieces.iter().map(|piece| piece.text.chars().count()).sum();
            let text = format!("{}{}", style.paint(tone, &format!("{sign} ")), painted(pieces, tone, style));
            (text, " ".repeat((half - 2).saturating_sub(used)), pointed(pieces, style))
        };
        let ((old, pad, old_marks), (new, _, new_marks)) = (side(&left, signs.0), side(&right, signs.1));
        lines.push(format!("{old}{pad}{bar}{new}"));
        if old_marks.is_some() || new_marks.is_some() {
            let (old, new) = (old_marks.unwrap_or_default(), new_marks.unwrap_or_default());
            let pad = " ".repeat((half - 2).saturating_sub(old.chars().count()));
            lines.push(format!("  {old}{pad}{bar}  {new}"));
        }
    }
    lines
}

/// The pieces in lines of at most `width` characters. A tab has no width that could be counted on here.
fn wrapped(pieces: &[Marked], width: usize) -> Vec<Vec<Marked>> {
    let mut lines: Vec<Vec<Marked>> = vec![Vec::new()];
    let mut used = 0;
    for piece in pieces {
        for char in piece.text.replace('\t', "    ").chars() {
            if used == width {
                lines.push(Vec::new());
                used = 0;
            }
            used += 1;
            let Some(line) = lines.last_mut() else { continue };
            match line.last_mut() {
                Some(last) if last.differs == piece.differs => last.text.push(char),
                _ => line.push(Marked { text: char.to_string(), differs: piece.differs }),
            }
        }
    }
    lines
}

fn painted(pieces: &[Marked], tone: Tone, style: &Style) -> String {
    pieces
        .iter()
        .map(|piece| if piece.differs { style.mark(tone, &piece.text) } else { style.paint(tone, &piece.text) })
        .collect()
}

/// `^^^` below what differs, where colour cannot show it.
fn pointed(pieces: &[Marked], style: &Style) -> Option<String> {
    if style.color || !pieces.iter().any(|piece| piece.differs) {
        return None;
    }
    let mark = |differs: bool, char: char| match (differs, char) {
        (_, '\t') => '\t',
        (true, _) => '^',
        (false, _) => ' ',
    };
    let marks: String =
        pieces.iter().flat_map(|piece| piece.text.chars().map(|char| mark(piece.differs, char))).collect();
    Some(marks.trim_end().to_owned())
}

/// The beginning and the end of what is too long, with how much is between them.
fn folded(mut lines: Vec<String>, style: &Style) -> Vec<String> {
    if style.full || lines.len() <= LONGEST {
        return lines;
    }
    let hidden = lines.len() - HEAD - TAIL;
    let note = format!("{} {hidden} lines folded; `--full` shows them {}", style.ellipsis(), style.ellipsis());
    lines.splice(HEAD..HEAD + hidden, [style.paint(Tone::Quiet, &note)]);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const DIFF: &str = " name = \"shop\"\n-workers = 2\n+workers = 16\n…\n-gone\n";

    fn shown(diff: &str, style: &Style) -> String {
        let mut text = String::new();
        write(&mut text, diff, 2, style);
        text
    }

    #[test]
    fn what_differs_is_pointed_at_where_there_is_no_colour() {
        let wanted =
            "  |   name = \"shop\"\n  | - workers = 2\n  | + workers = 16\n  |             ^^\n  | ...\n  | - gone\n";
        assert_eq!(shown(DIFF, &Style::bare()), wanted);
    }

    #[test]
    fn what_differs_is_inverted_where_there_is_colour() {
        let style = Style { color: true, ..Style::bare() };
        assert!(shown(DIFF, &style).contains("\x1b[32m+ \x1b[0m\x1b[32mworkers = \x1b[0m\x1b[7;32m16\x1b[0m\n"));
    }

    #[test]
    fn on_a_wide_terminal_old_and_new_stand_side_by_side_and_nothing_is_cut() {
        let style = Style { width: 59, side_by_side: true, unicode: true, ..Style::bare() };
        let wanted = "  |   name = \"shop\"            │   name = \"shop\"\n\
                      \x20 | - workers = 2              │ + workers = 16\n\
                      \x20 |             ^              │             ^^\n\
                      \x20 | …\n\
                      \x20 | - gone                     │\n";
        assert_eq!(shown(DIFF, &style), wanted);
        let long = format!("-a {0}\n+b {0}\n", "0123456789".repeat(5));
        assert_eq!(shown(&long, &style).matches("56789").count(), 8, "{}", shown(&long, &style));
        assert!(!shown("+only\n", &style).contains('│'), "what has no counterpart takes the whole width");
    }

    #[test]
    fn a_long_diff_is_folded_and_says_so() {
        let long: String = (0..500).map(|line| format!("+{line}\n")).collect();
        let text = shown(&long, &Style::bare());
        assert_eq!(text.lines().count(), HEAD + TAIL + 1);
        assert!(text.contains("| ... 460 lines folded; `--full` shows them ...\n") && text.ends_with("| + 499\n"));
        assert_eq!(shown(&long, &Style { full: true, ..Style::bare() }).lines().count(), 500);
    }

    #[test]
    fn several_lines_that_change_stay_together() {
        assert_eq!(
            shown("-a = 1\n-b = 1\n+a = 2\n+b = 2\n", &Style::bare()),
            "  | - a = 1\n  | - b = 1\n  | + a = 2\n  | + b = 2\n"
        );
    }
}
