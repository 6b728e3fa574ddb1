//! The text that is formatted: its lines, and its comments in order.

use liftlock_diagnostics::Span;

use super::doc::{Comment, Note};

pub(super) struct Source<'a> {
    pub text: &'a str,
    /// Where each line begins.
    lines: Vec<usize>,
    comments: &'a [Span],
    /// How many comments have been taken.
    taken: usize,
}

/// The comments between two pieces of code, and whether blank lines stand there.
pub(super) struct Gap<'a> {
    /// On the line of the piece above.
    pub trailing: Option<&'a str>,
    /// On lines of their own.
    pub notes: Vec<Note<'a>>,
    /// Whether a blank line stands directly above the piece below.
    pub blank: bool,
}

impl<'a> Source<'a> {
    pub fn new(text: &'a str, comments: &'a [Span]) -> Self {
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1);
        let lines = std::iter::once(0).chain(breaks).collect();
        Source { text, lines, comments, taken: 0 }
    }

    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    pub fn is_at(&self, at: usize, sign: u8) -> bool {
        self.text.as_bytes().get(at) == Some(&sign)
    }

    pub fn is_on_one_line(&self, start: usize, end: usize) -> bool {
        self.line(start) == self.line(end)
    }

    fn line(&self, at: usize) -> usize {
        self.lines.partition_point(|&start| start <= at)
    }

    fn comment(&self, span: Span) -> &'a str {
        self.slice(span.start as usize, span.end as usize).trim_end()
    }

    /// The next comment that has not been taken, if it begins in front of `end`.
    fn next_comment(&self, end: usize) -> Option<Span> {
        self.comments.get(self.taken).copied().filter(|comment| (comment.start as usize) < end)
    }

    /// Takes the comments between `from`, where a piece of code or an opening bracket ends, and `to`, where the next
    /// piece begins.
    pub fn gap(&mut self, from: usize, to: usize) -> Gap<'a> {
        let mut gap = Gap { trailing: None, notes: Vec::new(), blank: false };
        let mut above = self.line(from);
        while let Some(comment) = self.next_comment(to) {
            self.taken += 1;
            let line = self.line(comment.start as usize);
            let text = self.comment(comment);
            if line == above && from > 0 && gap.notes.is_empty() && gap.trailing.is_none() {
                gap.trailing = Some(text);
            } else {
                gap.notes.push(Note { text, blank: line > above + 1 });
            }
            above = line;
        }
        gap.blank = self.line(to) > above + 1;
        gap
    }

    /// Takes the comments between two pieces of one value.
    pub fn comments(&mut self, from: usize, to: usize) -> Vec<Comment<'a>> {
        let gap = self.gap(from, to);
        let trailing = gap.trailing.into_iter().map(|text| Comment { text, alone: false });
        trailing.chain(gap.notes.iter().map(|note| Comment { text: note.text, alone: true })).collect()
    }

    /// The place of the first code behind `at` and in front of `end`.
    pub fn code_behind(&self, mut at: usize, end: usize) -> usize {
        loop {
            let rest = self.slice(at, end);
            at = end - rest.trim_start_matches(BLANK).len();
            let next = self.comments.partition_point(|comment| (comment.end as usize) <= at);
            match self.comments.get(next) {
                Some(comment) if comment.start as usize == at && at < end => at = comment.end as usize,
                _ => return at,
            }
        }
    }

    /// The place behind the last code in front of `at` and behind `start`.
    pub fn code_in_front(&self, mut at: usize, start: usize) -> usize {
        loop {
            let rest = self.slice(start, at);
            at = start + rest.trim_end_matches(BLANK).len();
            // The comment that ends here, if one does; blanks at its end belong to it.
            let next = self.comments.partition_point(|comment| (comment.start as usize) < at);
            match next.checked_sub(1).map(|index| self.comments[index]) {
                Some(comment) if comment.end as usize >= at && comment.start as usize >= start => {
                    at = comment.start as usize;
                }
                _ => return at,
            }
        }
    }
}

const BLANK: [char; 5] = [' ', '\t', '\r', '\n', ','];
