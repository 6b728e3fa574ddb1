//! Quoted text: strings, commands and scripts.

use liftlock_diagnostics::Finding;

use super::brackets::Report;
use super::{Bracket, MAX_NESTING, Quote, RESUME, Scanner};
use crate::codes;

impl Scanner<'_> {
    pub(super) fn open_quote(&mut self, quote: Quote) {
        let start = self.at;
        self.significant(quote.sign().len());
        self.quoted(quote, start);
    }

    pub(super) fn block_string(&mut self) {
        if self.is_inside_interpolation() {
            self.refuse_in_interpolation("a block string", 3);
        } else {
            self.open_quote(Quote::BlockString);
        }
    }

    /// What may span lines cannot stand in an interpolation, which ends with its line.
    fn refuse_in_interpolation(&mut self, what: &str, length: usize) {
        let span = self.span(self.at, self.at + length);
        // The signs that close it are not another one.
        let closes = self.findings.last().is_some_and(|last| {
            let begins = last.span().start as usize;
            last.code == codes::LONG_TEXT_INSIDE && !self.masked[begins..self.at].contains(&b'\n')
        });
        if !closes {
            self.findings.push(
                Finding::error(
                    codes::LONG_TEXT_INSIDE,
                    format!("{what} cannot stand inside `${{…}}`"),
                    span,
                    "begins here",
                )
                .with_help("give it a name with `let`, and put the name here"),
            );
        }
        self.masked[self.at..self.at + length].fill(b'.');
        self.significant(length);
    }

    /// Literal text up to its end or to the next interpolation, which opens a bracket.
    pub(super) fn quoted(&mut self, quote: Quote, start: usize) {
        if quote == Quote::BlockString && self.no_block_quote_ahead {
            self.unclosed_to_next_declaration(quote, start);
            return;
        }
        let from = self.at;
        while let Some(&byte) = self.masked.get(self.at) {
            match byte {
                b'\n' if quote != Quote::BlockString => break,
                b'\n' if self.distrustful && self.is_declaration(self.at + 1) => {
                    self.at = from;
                    self.unclosed_to_next_declaration(quote, start);
                    return;
                }
                b'\\' => self.escape(),
                b'"' | b'`' if self.starts_with(quote.sign()) => {
                    if quote == Quote::String && from == start + 1 && self.beyond == 0 {
                        self.plain_strings.push(start..self.at + 1);
                    }
                    self.mask_beyond(from);
                    self.significant(quote.sign().len());
                    return;
                }
                b'$' if self.masked.get(self.at + 1) == Some(&b'{') => {
                    if self.beyond == 0 && self.stack.len() < MAX_NESTING {
                        self.push(Bracket::Interpolation(quote), start, 2);
                        return;
                    }
                    self.report_too_deep(2);
                    self.masked[self.at..self.at + 2].fill(b'.');
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        if quote == Quote::BlockString {
            self.no_block_quote_ahead = true;
            self.at = from;
            self.unclosed_to_next_declaration(quote, start);
            return;
        }
        self.mask_beyond(from);
        self.last_end = self.at;
        if self.is_inside_interpolation() {
            // Most often this is the quote that was to close the text around `${`, which is never closed: that is said.
            if self.at < self.masked.len() {
                self.end_of_broken_quote();
            }
            return;
        }
        self.report_unclosed_quote(quote, start, self.at);
        self.leave_brackets(Report::Quietly);
        if self.at < self.masked.len() {
            self.end_of_broken_quote();
        }
    }

    /// The line break behind unclosed text ends the item, so that the next line is not taken for a part of it.
    fn end_of_broken_quote(&mut self) {
        let next = self.at + 1;
        if self.is_declaration(next) && !self.stack.is_empty() {
            return;
        }
        self.indent = self.indentation(next);
        self.end_of_quoted_line();
    }

    /// A backslash and the character after it, if that is ASCII; whether they mean something is asked later.
    fn escape(&mut self) {
        match self.masked.get(self.at + 1) {
            Some(&next) if next.is_ascii() && next != b'\n' && next != b'\r' => {
                self.masked[self.at..self.at + 2].fill(b'.');
                self.at += 2;
            }
            _ => {
                self.masked[self.at] = b'.';
                self.at += 1;
            }
        }
    }

    fn mask_beyond(&mut self, from: usize) {
        if self.beyond > 0 {
            let end = self.at;
            self.blank(from, end);
        }
    }

    /// Text that is never closed ends where the next declaration begins.
    fn unclosed_to_next_declaration(&mut self, quote: Quote, start: usize) {
        self.mispaired = true;
        self.report_unclosed_quote(quote, start, self.line_end(start));
        self.last_end = self.at;
        self.skip_to_declaration(quote.sign()[0]);
    }

    /// Goes on at the next line that begins a declaration, or at the end; `sign` is blanked on the way. What is open is
    /// left without a word: how it would have gone on is not known.
    fn skip_to_declaration(&mut self, sign: u8) {
        loop {
            let end = self.line_end(self.at);
            for byte in &mut self.masked[self.at..end] {
                if *byte == sign || *byte == b'$' {
                    *byte = b'.';
                }
            }
            self.at = end;
            if end == self.masked.len() {
                self.stack.clear();
                return;
            }
            if self.is_declaration(end + 1) {
                self.stack.clear();
                self.beyond = 0;
                self.masked[end + 1] = RESUME;
                self.indent = 0;
                self.at = end + 2;
                return;
            }
            self.at = end + 1;
        }
    }

    fn report_unclosed_quote(&mut self, quote: Quote, start: usize, end: usize) {
        let sign = String::from_utf8_lossy(quote.sign()).into_owned();
        let (code, what) = match quote {
            Quote::String => (codes::UNCLOSED_STRING, "this string"),
            Quote::BlockString => (codes::UNCLOSED_STRING, "this block string"),
            Quote::Command => (codes::UNCLOSED_COMMAND, "this command"),
        };
        let (where_, help) = match quote {
            Quote::BlockString => ("", format!("close it with `{sign}`")),
            Quote::String => {
                (" on its line", format!("close it with `{sign}`; a text of several lines stands between `\"\"\"`"))
            }
            Quote::Command => (" on its line", "close it with a backtick; several commands make a script".to_owned()),
        };
        let finding =
            Finding::error(code, format!("{what} is not closed{where_}"), self.span(start, end), "begins here");
        self.findings.push(finding.with_help(help));
    }

    /// A fenced script; its text is literal to the last character.
    pub(super) fn script(&mut self) {
        const LONGEST: usize = 8;
        let start = self.at;
        let fence = self.masked[start..].iter().take_while(|&&byte| byte == b'`').count();
        let wanted = fence.min(LONGEST);
        if self.is_inside_interpolation() {
            self.refuse_in_interpolation("a script", fence);
            return;
        }
        self.significant(3);
        if self.no_fence_ahead > wanted {
            let mut line = self.line_end(start);
            while line < self.masked.len() && !(self.distrustful && self.is_declaration(line + 1)) {
                let open = line + 1 + self.indentation(line + 1);
                let length = self.masked[open..].iter().take_while(|&&byte| byte == b'`').count();
                if length >= wanted {
                    for byte in &mut self.masked[start + 3..open] {
                        if *byte == b'`' {
                            *byte = b'.';
                        }
                    }
                    self.masked[open + 3..open + length].fill(b' ');
                    if self.beyond > 0 {
                        self.masked[start..open + length].fill(b' ');
                    }
                    self.at = open;
                    self.significant(3);
                    self.at = open + length;
                    return;
                }
                line = self.line_end(open);
            }
            if line == self.masked.len() {
                self.no_fence_ahead = wanted;
            }
        }
        self.mispaired = true;
        let end = self.line_end(start);
        self.findings.push(
            Finding::error(codes::UNCLOSED_SCRIPT, "this script is not closed", self.span(start, end), "begins here")
                .with_help(format!("close it with a line of {fence} backticks")),
        );
        self.last_end = self.at;
        self.skip_to_declaration(b'`');
    }

    /// `'…'` on one line; its text is masked, so that a quote in it opens nothing.
    pub(super) fn single_quotes(&mut self) {
        let start = self.at;
        let end = self.line_end(start);
        match self.masked[start + 1..end].iter().position(|&byte| byte == b'\'') {
            Some(length) => {
                self.masked[start + 1..start + 1 + length].fill(b'.');
                self.significant(length + 2);
            }
            // One alone is no quote. It is the last on its line, so that no line is searched twice in vain.
            None => self.significant(1),
        }
    }
}

impl Quote {
    fn sign(self) -> &'static [u8] {
        match self {
            Quote::String => b"\"",
            Quote::BlockString => b"\"\"\"",
            Quote::Command => b"`",
        }
    }
}
