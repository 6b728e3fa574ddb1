//! Brackets: what opens, what closes what, and what is left open.

use liftlock_diagnostics::{Edit, Finding, Safety};

use super::{Bracket, MAX_NESTING, Opening, Quote, Scanner};
use crate::codes;

/// Whether leaving a bracket that was not closed is a finding of its own, or follows from one that has been told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    Aloud,
    Quietly,
}

impl Scanner<'_> {
    pub(super) fn open_bracket(&mut self, byte: u8) {
        let bracket = match byte {
            b'[' => Bracket::List,
            b'(' => Bracket::Parenthesis,
            _ if self.opens_map() => Bracket::Map,
            _ => Bracket::Block,
        };
        self.push(bracket, self.at, 1);
    }

    /// A `{` is a map where a value is wanted, and a block otherwise; the grammar draws the same line.
    fn opens_map(&self) -> bool {
        match self.top() {
            None | Some(Bracket::Block) => match self.last {
                b'=' => !self.ends_comparison() && !self.is_labelled_equals(),
                // Behind `+` stands a map that is put to another; no other operator takes one.
                b':' | b'?' | b'+' => true,
                _ => false,
            },
            Some(_) => true,
        }
    }

    /// Whether the `=` just read is the end of `==`, `!=`, `<=` or `>=`, behind which no map stands.
    fn ends_comparison(&self) -> bool {
        let before = self.last_end.checked_sub(2).and_then(|at| self.masked.get(at));
        matches!(before, Some(b'=' | b'!' | b'<' | b'>'))
    }

    /// Whether the `=` just read belongs to `kind name = {`, a block with an equals sign too many.
    fn is_labelled_equals(&self) -> bool {
        const FURTHEST: usize = 200;
        let end = self.last_end - 1;
        let head = &self.masked[end.saturating_sub(FURTHEST)..end];
        let start = head.iter().rposition(|&byte| matches!(byte, b'\n' | b',' | b'{' | b'}')).map_or(0, |at| at + 1);
        let mut words = head[start..].split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let first = words.next();
        let mut rest = words.peekable();
        let is_label = |word: &[u8]| word.iter().all(|&byte| byte.is_ascii_alphanumeric() || b"_-\"".contains(&byte));
        first.is_some_and(|word| word != b"let") && rest.peek().is_some() && rest.all(is_label)
    }

    /// Opens a bracket whose sign has `length` bytes, or blanks it where that would be too deep.
    pub(super) fn push(&mut self, bracket: Bracket, quote_at: usize, length: usize) {
        if self.beyond > 0 || self.stack.len() >= MAX_NESTING {
            self.report_too_deep(length);
            self.beyond += 1;
            self.last = self.masked[self.at];
            self.last_end = self.at + length;
            self.blank(self.at, self.at + length);
            return;
        }
        self.stack.push(Opening { bracket, at: self.at, quote_at, indent: self.indent });
        self.significant(length);
    }

    pub(super) fn report_too_deep(&mut self, length: usize) {
        if self.too_deep_reported {
            return;
        }
        self.too_deep_reported = true;
        let span = self.span(self.at, self.at + length);
        let message = format!("blocks and brackets are nested more than {MAX_NESTING} deep");
        self.findings.push(
            Finding::error(codes::TOO_DEEP, message, span, "from here on nothing is read")
                .with_help("give the inner values names with `let`, or split the block"),
        );
    }

    pub(super) fn close_bracket(&mut self, byte: u8) {
        if self.beyond > 0 {
            self.beyond -= 1;
            self.significant(1);
            self.masked[self.at - 1] = b' ';
            return;
        }
        let is_partner = |bracket: Bracket| match byte {
            b'}' => matches!(bracket, Bracket::Block | Bracket::Map | Bracket::Interpolation(_)),
            b']' => bracket == Bracket::List,
            _ => bracket == Bracket::Parenthesis,
        };
        let mut partner = None;
        for (index, opening) in self.stack.iter().enumerate().rev() {
            if is_partner(opening.bracket) {
                partner = Some(index);
                break;
            }
            // Neither quoted text nor a block is left by a `]` or `)` inside it.
            if matches!(opening.bracket, Bracket::Interpolation(_) | Bracket::Block) {
                break;
            }
        }
        let Some(partner) = partner else {
            self.report_stray(byte);
            return;
        };
        self.close_down_to(partner + 1, self.at, Report::Aloud);
        let closed = self.stack.pop();
        self.significant(1);
        if let Some(Opening { bracket: Bracket::Interpolation(quote), quote_at, .. }) = closed {
            self.quoted(quote, quote_at);
        }
    }

    fn report_stray(&mut self, byte: u8) {
        let sign = char::from(byte);
        let span = self.span(self.at, self.at + 1);
        self.findings.push(
            Finding::error(codes::STRAY_BRACE, format!("this `{sign}` closes nothing"), span, "nothing is open here")
                .with_help(format!("remove the `{sign}`, or look above for one that closes too early"))
                .with_fix(Safety::Unsafe, format!("remove the `{sign}`"), vec![Edit { span, text: String::new() }]),
        );
        self.blank(self.at, self.at + 1);
    }

    /// Leaves all brackets above `height`, which have not been closed; `at` is where their end was expected.
    pub(super) fn close_down_to(&mut self, height: usize, at: usize, report: Report) {
        self.beyond = 0;
        if self.stack.len() <= height {
            return;
        }
        let mut unclosed: Vec<_> =
            self.stack.drain(height..).filter(|opening| opening.bracket != Bracket::Angle).collect();
        if report == Report::Quietly {
            return;
        }
        let Some(innermost) = unclosed.pop() else { return };
        self.mispaired = true;
        let expected = self.last_end.min(at).max(innermost.at + 1);
        self.report_unclosed(innermost, expected, unclosed.len());
    }

    fn report_unclosed(&mut self, opening: Opening, expected: usize, more: usize) {
        let (code, sign, partner) = match opening.bracket {
            Bracket::Block | Bracket::Map => (codes::MISSING_BRACE, "{", "}"),
            Bracket::List => (codes::MISSING_BRACKET, "[", "]"),
            Bracket::Parenthesis | Bracket::Angle => (codes::MISSING_BRACKET, "(", ")"),
            Bracket::Interpolation(_) => (codes::UNCLOSED_INTERPOLATION, "${", "}"),
        };
        let span = self.span(opening.at, opening.at + sign.len());
        let message = match (more, opening.bracket) {
            (0, _) => format!("this `{sign}` is never closed"),
            (_, Bracket::Block) => format!("this `{sign}` and {more} more around it are never closed"),
            _ => format!("this `{sign}` and what is around it are never closed"),
        };
        let mut finding =
            Finding::error(code, message, span, "opened here").with_help(format!("add the missing `{partner}`"));
        if expected > opening.at + sign.len() {
            finding = finding.with_label(self.span(expected, expected), format!("a `{partner}` is missing after this"));
        }
        self.findings.push(finding);
    }

    /// At the end of the text, or in front of a declaration that cannot stand in a block.
    pub(super) fn close_everything(&mut self, at: usize) {
        while let Some(opening) = self.stack.last() {
            if let Bracket::Interpolation(Quote::String | Quote::Command | Quote::BlockString) = opening.bracket {
                // The text around it ends here as well, which is said once, about the interpolation.
                self.close_down_to(self.stack.len() - 1, at, Report::Aloud);
                continue;
            }
            let height = self.stack.iter().rposition(|opening| matches!(opening.bracket, Bracket::Interpolation(_)));
            if self.stack.iter().any(|opening| opening.bracket == Bracket::Block) {
                self.mispaired = true;
            }
            self.close_down_to(height.map_or(0, |index| index + 1), at, Report::Aloud);
        }
        self.beyond = 0;
    }
}
