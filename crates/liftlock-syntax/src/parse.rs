//! The way in, and what the conversion carries along.

use liftlock_diagnostics::{Code, Finding, SourceId, Span};
use pest::Parser as _;

use crate::codes;
use crate::compact::Compact;
use crate::nodes::{Matches, Node};
use crate::scan::scan;
use crate::tree::{Expr, ExprKind, File, Name};

/// The generated parser; its rules do not leave this crate.
mod grammar {
    #[derive(pest_derive::Parser)]
    #[grammar = "../../../grammar/release.pest"]
    pub(crate) struct ReleaseParser;
}

pub(crate) use grammar::Rule;

/// Parses one file. It never fails: what could not be understood is missing from the tree and has a finding.
///
/// The findings are in the order of the text.
pub fn parse(source: SourceId, text: &str) -> (File, Vec<Finding>) {
    let scan = scan(source, text);
    let mut converter =
        Converter { source, text, comments: &scan.comments, next_comment: 0, findings: scan.findings, rows: 0 };
    let compact = Compact::of(&scan.masked, &scan.plain_strings);
    let matches = match grammar::ReleaseParser::parse(Rule::file, &compact.text) {
        Ok(file) => Matches::read(file, &compact),
        // The grammar matches every text, so this is a mistake of ours; it must not look like an empty file.
        Err(_) => {
            let message = "the file could not be read, which is a bug in liftlock";
            converter.report(Finding::error(codes::BAD_LINE, message, Span::new(source, 0, 0), ""));
            Matches::default()
        }
    };
    let items = converter.items(matches.inside_file());
    let findings = without_echoes(text, converter.findings);
    (File { source, items, comments: scan.comments }, findings)
}

/// Drops what only repeats that a line is broken: one mistake is one finding.
fn without_echoes(text: &str, mut findings: Vec<Finding>) -> Vec<Finding> {
    const ECHOES: &[Code] = &[
        codes::BAD_LINE,
        codes::BAD_VALUE,
        codes::MISSING_COMMA,
        codes::MISSING_EQUALS_OR_BRACE,
        codes::MISSING_NAME,
        codes::MISSING_VALUE,
    ];
    findings.sort_by_key(|finding| finding.span().start);
    let mut kept = Vec::with_capacity(findings.len());
    let mut rest = findings.into_iter().peekable();
    while let Some(first) = rest.next() {
        let start = first.span().start as usize;
        let length = text.as_bytes()[start.min(text.len())..].iter().position(|&byte| byte == b'\n');
        let end = length.map_or(text.len(), |length| start + length);
        let mut line = vec![first];
        while let Some(finding) = rest.next_if(|finding| finding.span().start as usize <= end) {
            line.push(finding);
        }
        let is_echo = |finding: &Finding| ECHOES.contains(&finding.code);
        if line.iter().all(is_echo) {
            line.truncate(1);
        } else {
            line.retain(|finding| !is_echo(finding));
        }
        kept.append(&mut line);
    }
    kept
}

/// Makes the tree of the pairs, and the findings of what is wrong with them.
pub(crate) struct Converter<'a> {
    pub source: SourceId,
    /// The text as it was written; the pairs only tell where.
    pub text: &'a str,
    pub comments: &'a [Span],
    /// How many comments are behind us; items are met in the order of the text.
    pub next_comment: usize,
    pub findings: Vec<Finding>,
    /// How many values are being read, each inside the one before.
    pub rows: usize,
}

impl<'a> Converter<'a> {
    pub fn span(&self, start: usize, end: usize) -> Span {
        Span::new(self.source, start, end)
    }

    /// The place of a node without the gap that may stand at its end.
    pub fn span_of(&self, node: Node<'_>) -> Span {
        self.span(node.start(), self.end_of(node))
    }

    /// Where a node ends, without the gap at its end.
    pub fn end_of(&self, node: Node<'_>) -> usize {
        let bytes = self.text.as_bytes();
        let mut end = node.end();
        while end > node.start() && bytes[end - 1].is_ascii_whitespace() {
            end -= 1;
        }
        end
    }

    pub fn slice(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end).unwrap_or("")
    }

    /// What was written where the node is, without the gap at its end.
    pub fn text_of(&self, node: Node<'_>) -> &'a str {
        self.slice(node.start(), self.end_of(node))
    }

    pub fn name(&self, node: Node<'_>) -> Name {
        Name { text: self.text_of(node).to_owned(), span: self.span_of(node) }
    }

    pub fn missing(&self, at: usize) -> Expr {
        Expr { kind: ExprKind::Missing, span: self.span(at, at) }
    }

    pub fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

/// The author's text for a message: on one line, and not longer than can be read at a glance.
pub(crate) fn excerpt(text: &str) -> String {
    const LONGEST: usize = 40;
    let line = text.lines().next().unwrap_or("").trim();
    let is_cut = line.len() < text.trim().len();
    match line.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None if is_cut => format!("{line}…"),
        None => line.to_owned(),
    }
}
