//! The scan: one pass over the bytes, before the grammar sees them.
//!
//! It settles what is literal text and what is not, matches the brackets, caps their nesting, gathers the comments, and
//! writes down what it has settled in a masked copy of the text that has the same length (what is masked how is said at
//! the top of `grammar/release.pest`). Everything that is wrong with brackets and quotes is reported here and nowhere
//! else. What an item or a value is, it does not know.
//!
//! The grammar recurses, so its stack is bounded only if it never sees deeper nesting than the scan did. That holds
//! because both leave a bracket at the same places: at its partner, at the partner of one further out (a closing bracket
//! that closes nothing has been blanked), at a line break (those inside brackets have been blanked), and at a form feed.

mod brackets;
mod controls;
mod lines;
mod quotes;

use std::ops::Range;

use liftlock_diagnostics::{Finding, SourceId, Span};

pub use lines::DECLARATIONS;

/// How deep brackets, blocks and interpolations may nest together.
pub(crate) const MAX_NESTING: usize = 128;

/// Begins a top-level declaration in front of which a block was left open.
const RESUME: u8 = 0x0c;

pub(crate) struct Scan {
    /// The text for the grammar: as long as the original, with what is literal or settled blanked.
    pub masked: String,
    /// Where strings stand into which nothing is put, with their quotes.
    pub plain_strings: Vec<Range<usize>>,
    pub comments: Vec<Span>,
    pub findings: Vec<Finding>,
}

/// Scans `text`. The time is linear in its length.
pub(crate) fn scan(source: SourceId, text: &str) -> Scan {
    let mut scanner = Scanner::new(source, text, false);
    scanner.code();
    if scanner.mispaired {
        // Somewhere a brace or a quote is missing. The indentation and the declarations at the start of a line tell where,
        // more often than the end of the file does; they are asked only now, and believed only where they do not accuse
        // more places than the signs themselves.
        let mut second = Scanner::new(source, text, true);
        second.code();
        if second.findings.len() <= scanner.findings.len() {
            scanner = second;
        }
    }
    let masked = String::from_utf8(scanner.masked).expect("only whole characters are replaced, by ASCII");
    let Scanner { plain_strings, comments, findings, .. } = scanner;
    Scan { masked, plain_strings, comments, findings }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Bracket {
    Block,
    Map,
    List,
    Parenthesis,
    /// The `<` of `list<path>`.
    Angle,
    Interpolation(Quote),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Quote {
    String,
    BlockString,
    Command,
}

#[derive(Debug, Clone, Copy)]
struct Opening {
    bracket: Bracket,
    at: usize,
    /// Where the quoted text around an interpolation began.
    quote_at: usize,
    /// How far the line it stands on is indented.
    indent: usize,
}

struct Scanner<'a> {
    source: SourceId,
    text: &'a str,
    masked: Vec<u8>,
    at: usize,
    stack: Vec<Opening>,
    /// How many brackets beyond [`MAX_NESTING`] are open; all of their text is blanked.
    beyond: usize,
    too_deep_reported: bool,
    /// The last byte of code that is no gap, and where it ends.
    last: u8,
    last_end: usize,
    indent: usize,
    plain_strings: Vec<Range<usize>>,
    comments: Vec<Span>,
    findings: Vec<Finding>,
    /// Whether a block or a bracket, or text that spans lines, was found to be open where it should have ended.
    mispaired: bool,
    /// Whether the layout of the text is asked where blocks and text that spans lines end.
    distrustful: bool,
    /// No block string is closed any more from here to the end.
    no_block_quote_ahead: bool,
    /// No fence of at least so many backticks closes a script any more.
    no_fence_ahead: usize,
}

impl<'a> Scanner<'a> {
    fn new(source: SourceId, text: &'a str, distrustful: bool) -> Self {
        let mut scanner = Scanner {
            source,
            text,
            masked: text.as_bytes().to_vec(),
            at: 0,
            stack: Vec::new(),
            beyond: 0,
            too_deep_reported: false,
            last: b'\n',
            last_end: 0,
            indent: 0,
            plain_strings: Vec::new(),
            comments: Vec::new(),
            findings: Vec::new(),
            mispaired: false,
            distrustful,
            no_block_quote_ahead: false,
            no_fence_ahead: usize::MAX,
        };
        scanner.mask_controls();
        scanner.indent = scanner.indentation(0);
        scanner
    }

    /// Everything outside quoted text.
    fn code(&mut self) {
        while let Some(&byte) = self.masked.get(self.at) {
            match byte {
                b' ' => self.at += 1,
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => self.word(),
                b'\n' => self.line_break(),
                b'\t' | b'\r' => self.blank(self.at, self.at + 1),
                b'#' => self.comment(),
                b'"' if self.starts_with(b"\"\"\"") => self.block_string(),
                b'"' => self.open_quote(Quote::String),
                b'`' if self.starts_with(b"```") => self.script(),
                b'`' => self.open_quote(Quote::Command),
                b'\'' => self.single_quotes(),
                b'{' | b'[' | b'(' => self.open_bracket(byte),
                b'<' if self.last_end == self.at && self.last.is_ascii_alphanumeric() => {
                    self.push(Bracket::Angle, self.at, 1);
                }
                b'>' if self.top() == Some(Bracket::Angle) && self.last != b'-' => {
                    self.stack.pop();
                    self.significant(1);
                }
                b'}' | b']' | b')' => self.close_bracket(byte),
                b'$' => {
                    self.masked[self.at] = b'@';
                    self.significant(1);
                }
                _ => self.significant(1),
            }
        }
        self.close_everything(self.masked.len());
    }

    fn comment(&mut self) {
        let end = self.line_end(self.at);
        let mut text_end = end;
        while text_end > self.at && self.masked[text_end - 1] == b'\r' {
            text_end -= 1;
        }
        self.comments.push(Span::new(self.source, self.at, text_end));
        self.blank(self.at, end);
    }

    fn top(&self) -> Option<Bracket> {
        self.stack.last().map(|opening| opening.bracket)
    }

    fn starts_with(&self, prefix: &[u8]) -> bool {
        self.masked[self.at..].starts_with(prefix)
    }

    /// Goes over `length` bytes of code.
    fn significant(&mut self, length: usize) {
        self.last = self.masked[self.at];
        self.last_end = self.at + length;
        if self.beyond > 0 {
            self.blank(self.at, self.at + length);
        } else {
            self.at += length;
        }
    }

    /// Goes over letters and digits, none of which means anything here.
    fn word(&mut self) {
        let is_of_word = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'_';
        let end = self.at + self.masked[self.at..].iter().take_while(is_of_word).count();
        self.last = self.masked[end - 1];
        self.last_end = end;
        if self.beyond > 0 {
            self.blank(self.at, end);
        } else {
            self.at = end;
        }
    }

    /// Replaces a range by spaces and goes on behind it.
    fn blank(&mut self, start: usize, end: usize) {
        self.masked[start..end].fill(b' ');
        self.at = end;
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = &self.masked[from..];
        rest.iter().position(|&byte| byte == b'\n').map_or(self.masked.len(), |length| from + length)
    }

    fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }
}
