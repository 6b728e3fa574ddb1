//! Quoted text: strings, block strings and scripts, with their escapes and their indentation.

use liftlock_diagnostics::{Edit, Finding, Safety};

use crate::codes;
use crate::nodes::Node;
use crate::parse::{Converter, Rule, excerpt};
use crate::statements::is_name;
use crate::tree::{Expr, ExprKind, Name, Part, Script};

/// A piece of quoted text before its escapes are resolved.
pub(crate) enum Raw {
    /// Literal text and where it begins.
    Text {
        start: usize,
        text: String,
    },
    Interpolation(Expr),
}

impl Converter<'_> {
    pub fn string(&mut self, node: Node<'_>) -> Vec<Part> {
        if node.inner().peek().is_none() {
            return self.plain_string_parts(node);
        }
        let is_block = self.text_of(node).starts_with("\"\"\"");
        let mut pieces = self.raw_pieces(node);
        if is_block {
            dedent_pieces(&mut pieces);
        }
        let mut parts = Vec::new();
        for piece in pieces {
            match piece {
                Raw::Interpolation(expr) => parts.push(Part::Interpolation(expr)),
                Raw::Text { start, text } => {
                    let text = if text.contains('\\') { self.unescape(start, &text, is_block) } else { text };
                    if !text.is_empty() {
                        parts.push(Part::Text(text));
                    }
                }
            }
        }
        parts
    }

    /// What most strings are: one text between two quotes, which the grammar has seen as a whole.
    fn plain_string_parts(&mut self, node: Node<'_>) -> Vec<Part> {
        let start = node.start() + 1;
        let written = self.slice(start, node.end() - 1);
        let text = if written.contains('\\') { self.unescape(start, written, false) } else { written.to_owned() };
        if text.is_empty() { Vec::new() } else { vec![Part::Text(text)] }
    }

    /// Text and interpolations in turn.
    pub fn raw_pieces(&mut self, node: Node<'_>) -> Vec<Raw> {
        let mut pieces = Vec::new();
        for inner in node.inner() {
            match inner.rule() {
                Rule::text | Rule::block_text | Rule::command_text => {
                    let text = self.slice(inner.start(), inner.end()).to_owned();
                    pieces.push(Raw::Text { start: inner.start(), text });
                }
                Rule::interpolation => pieces.push(Raw::Interpolation(self.interpolation(inner))),
                _ => {}
            }
        }
        pieces
    }

    fn interpolation(&mut self, node: Node<'_>) -> Expr {
        let span = self.span_of(node);
        let mut nodes = node.inner();
        if nodes.peek().is_none_or(|node| node.rule() == Rule::missing_value) {
            let message = if nodes.clone().any(|node| matches!(node.rule(), Rule::surplus | Rule::bad_value)) {
                format!("`{}` is no value", excerpt(self.slice(span.start as usize, span.end as usize)))
            } else {
                "nothing stands in this `${}`".to_owned()
            };
            let finding = Finding::error(codes::MISSING_VALUE, message, span, "a value is missing here")
                .with_help("write `\\${` for the characters themselves");
            self.report(finding);
            return Expr { kind: ExprKind::Missing, span };
        }
        let expr = self.expression(&mut nodes);
        self.surplus(nodes, "inside `${…}`");
        expr
    }

    /// Resolves the escapes of a text that begins at `start`. Where lines have been dedented, the place of an escape is
    /// only known to be in the text.
    fn unescape(&mut self, start: usize, text: &str, is_block: bool) -> String {
        let mut result = String::with_capacity(text.len());
        let mut chars = text.char_indices();
        while let Some((at, character)) = chars.next() {
            if character != '\\' {
                result.push(character);
                continue;
            }
            let mut end = at + 1;
            let escaped = chars.next();
            if let Some((next, character)) = escaped {
                end = next + character.len_utf8();
            }
            match escaped.map(|(_, character)| character) {
                Some('n') => result.push('\n'),
                Some('t') => result.push('\t'),
                Some('r') => result.push('\r'),
                Some(character @ ('"' | '\\' | '$')) => result.push(character),
                Some('u') => {
                    let rest = &text[end..];
                    let length = if rest.starts_with('{') { rest.find('}').map_or(0, |length| length + 1) } else { 0 };
                    let digits = rest.get(1..length.saturating_sub(1)).unwrap_or("");
                    let is_hex =
                        !digits.is_empty() && digits.len() <= 6 && digits.bytes().all(|b| b.is_ascii_hexdigit());
                    let code = u32::from_str_radix(digits, 16).ok().filter(|_| is_hex);
                    match code.and_then(char::from_u32) {
                        Some(character) => result.push(character),
                        None => self.report_bad_escape(start, at, &text[at..end + length], is_block),
                    }
                    let behind = end + length;
                    while chars.offset() < behind && chars.next().is_some() {}
                }
                _ => {
                    self.report_bad_escape(start, at, &text[at..end], is_block);
                    result.push_str(&text[at..end]);
                }
            }
        }
        result
    }

    fn report_bad_escape(&mut self, start: usize, at: usize, escape: &str, is_block: bool) {
        // A dedented text has lost columns; the escape is looked for where the text was written.
        let from = if is_block {
            self.text.get(start..).and_then(|rest| rest.find(escape)).map_or(start, |found| start + found)
        } else {
            start + at
        };
        let span = self.span(from, from + escape.len());
        let shown = if escape.trim_end() == "\\" { "\\" } else { escape };
        let finding = Finding::error(codes::BAD_ESCAPE, format!("`{shown}` is no escape"), span, "here")
            .with_help("write `\\\\` for a backslash; the escapes are `\\n \\t \\r \\\" \\\\ \\$ \\u{…}`");
        self.report(finding);
    }

    pub fn single_quotes(&mut self, node: Node<'_>) -> ExprKind {
        let written = self.text_of(node);
        let text = &written[1..written.len() - 1];
        let span = self.span_of(node);
        // Who writes `${…}` means the value, whatever a shell would make of it within such quotes.
        let right = format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""));
        let safety = if text.contains("${") { Safety::Unsafe } else { Safety::Safe };
        let finding = Finding::error(codes::SINGLE_QUOTES, "a text stands in double quotes", span, "single quotes")
            .with_help(format!("write `{}`", excerpt(&right)))
            .with_fix(safety, "use double quotes", vec![Edit { span, text: right }]);
        self.report(finding);
        ExprKind::String(vec![Part::Text(text.to_owned())])
    }

    /// A fenced script: its interpreter, and the lines between the fences without their common indentation.
    pub fn script(&mut self, node: Node<'_>) -> ExprKind {
        let start = node.start();
        let written = self.text_of(node);
        let fence = written.len() - written.trim_start_matches('`').len();
        let (first, rest) = written[fence..].split_once('\n').unwrap_or((&written[fence..], ""));
        let interpreter = first.trim();
        let name_start = start + fence + (first.len() - first.trim_start().len());
        let name_span = self.span(name_start, name_start + interpreter.len());
        if !is_interpreter(interpreter) {
            let finding = if interpreter.is_empty() {
                Finding::error(
                    codes::BAD_SCRIPT,
                    "this script names no interpreter",
                    name_span,
                    "its name is missing here",
                )
            } else {
                let message = format!("`{}` is no interpreter's name", excerpt(interpreter));
                Finding::error(codes::BAD_SCRIPT, message, name_span, "here")
            };
            self.report(finding.with_help("write ```` ```bash ````, and the script on the lines below"));
        }
        let rest = rest.replace("\r\n", "\n");
        let body = rest.trim_end_matches([' ', '\t', '`']);
        // The closing fence stands on a line of its own, which is not part of the text.
        let body = if body.len() < rest.len() || rest.ends_with('\n') { body } else { rest.as_str() };
        let interpreter = Name { text: interpreter.to_owned(), span: name_span };
        ExprKind::Script(Script { interpreter, text: dedent(body) })
    }
}

fn is_interpreter(text: &str) -> bool {
    is_name(text)
        || (!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.+".contains(&byte)))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Takes away the indentation that all lines have which are not blank.
fn dedent(text: &str) -> String {
    let margin = text.lines().filter(|line| !line.trim().is_empty()).map(indentation).min().unwrap_or(0);
    let mut result = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let cut = margin.min(indentation(line));
        result.push_str(&line[cut..]);
    }
    result
}

/// The same for the text of a block string, before anything is interpolated. The line break behind the opening quotes is
/// no part of the text, nor is the space in front of closing quotes that stand on a line of their own.
fn dedent_pieces(pieces: &mut [Raw]) {
    for piece in pieces.iter_mut() {
        if let Raw::Text { text, .. } = piece
            && text.contains('\r')
        {
            *text = text.replace("\r\n", "\n");
        }
    }
    let last = pieces.len().saturating_sub(1);
    let mut margin = usize::MAX;
    for (index, piece) in pieces.iter().enumerate() {
        let Raw::Text { text, .. } = piece else { continue };
        let mut lines = text.split('\n').skip(1).peekable();
        while let Some(line) = lines.next() {
            let is_last_of_piece = lines.peek().is_none();
            let is_blank = line.trim().is_empty();
            // The last line of a piece goes on with an interpolation, or with the closing quotes.
            let goes_on = is_last_of_piece && index < last;
            if !is_blank || goes_on {
                margin = margin.min(indentation(line));
            }
        }
    }
    for (index, piece) in pieces.iter_mut().enumerate() {
        let Raw::Text { text, start } = piece else { continue };
        let mut result = String::with_capacity(text.len());
        for (number, line) in text.split('\n').enumerate() {
            if number == 0 {
                result.push_str(line);
                continue;
            }
            result.push('\n');
            result.push_str(&line[margin.min(indentation(line))..]);
        }
        if index == last
            && let Some((text, closing)) = result.rsplit_once('\n')
            && closing.trim().is_empty()
        {
            result.truncate(text.len() + 1);
        }
        if index == 0
            && let Some((first, rest)) = result.split_once('\n')
            && first.trim().is_empty()
        {
            *start += first.len() + 1;
            result = rest.to_owned();
        }
        *text = result;
    }
}
