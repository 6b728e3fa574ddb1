//! Source texts and places in them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

/// Which source a place is in; an index into [`Sources`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SourceId(pub u32);

/// A place: a range of byte offsets in one source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    pub source: SourceId,
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(source: SourceId, start: usize, end: usize) -> Self {
        // Sources over 4 GiB are refused when they are read, so offsets fit; a larger one is clamped to the end.
        let clamp = |offset: usize| u32::try_from(offset).unwrap_or(u32::MAX);
        Span { source, start: clamp(start), end: clamp(end) }
    }

    /// The smallest span that holds both, which must be in one source.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { source: self.source, start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The empty span at the end of this one.
    #[must_use]
    pub fn end_point(self) -> Span {
        Span { start: self.end, ..self }
    }
}

/// A line and a column, both counted from 1; the column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    pub line: usize,
    pub column: usize,
}

/// One source text with its table of lines.
#[derive(Debug, Clone)]
pub struct Source {
    /// As it is shown: relative to the folder the command was given, where that is shorter.
    pub path: PathBuf,
    pub text: Arc<str>,
    /// Made when a position is first asked for: most texts are without findings.
    line_starts: OnceLock<Vec<u32>>,
}

impl Source {
    fn line_starts(&self) -> &[u32] {
        self.line_starts.get_or_init(|| {
            let newlines = self.text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
            std::iter::once(0).chain(newlines.map(|(at, _)| u32::try_from(at + 1).unwrap_or(u32::MAX))).collect()
        })
    }

    pub fn position(&self, offset: u32) -> Position {
        let line = self.line_starts().partition_point(|&start| start <= offset).max(1);
        let start = self.line_starts()[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |text| text.chars().count()) + 1;
        Position { line, column }
    }

    /// As [`Source::position`], with the column in UTF-16 code units.
    pub fn position_utf16(&self, offset: u32) -> Position {
        let Position { line, .. } = self.position(offset);
        let start = self.line_starts()[line - 1] as usize;
        let end = (offset as usize).min(self.text.len());
        let column = self.text.get(start..end).map_or(0, |text| text.encode_utf16().count()) + 1;
        Position { line, column }
    }

    /// The text of the line, counted from 1, without its line break; empty where there is no such line.
    pub fn line(&self, line: usize) -> &str {
        if line == 0 || line > self.line_starts().len() {
            return "";
        }
        self.text.get(self.line_range(line)).map_or("", |text| text.trim_end_matches('\r'))
    }

    /// The byte offsets of the line, counted from 1, without its line break.
    pub(crate) fn line_range(&self, line: usize) -> std::ops::Range<usize> {
        let start = self.line_starts().get(line - 1).map_or(self.text.len(), |&start| start as usize);
        let end = self.line_starts().get(line).map_or(self.text.len(), |&next| next as usize - 1);
        start.min(end)..end
    }
}

/// All texts that are being looked at.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    sources: Vec<Source>,
    by_path: HashMap<PathBuf, SourceId>,
}

impl Sources {
    pub fn add(&mut self, path: impl Into<PathBuf>, text: impl Into<Arc<str>>) -> SourceId {
        let id = SourceId(u32::try_from(self.sources.len()).expect("fewer than four billion files"));
        let path = path.into();
        self.by_path.entry(path.clone()).or_insert(id);
        self.sources.push(Source { path, text: text.into(), line_starts: OnceLock::new() });
        id
    }

    /// Gives a source another text; what is known of places in the old one no longer holds.
    pub fn replace(&mut self, id: SourceId, text: impl Into<Arc<str>>) {
        let source = &mut self.sources[id.0 as usize];
        source.text = text.into();
        source.line_starts = OnceLock::new();
    }

    pub fn get(&self, id: SourceId) -> &Source {
        &self.sources[id.0 as usize]
    }

    pub fn find(&self, path: &Path) -> Option<SourceId> {
        self.by_path.get(path).copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        self.sources.iter().enumerate().map(|(at, source)| (SourceId(at as u32), source))
    }

    /// The text at a place.
    pub fn text(&self, span: Span) -> &str {
        self.get(span.source).text.get(span.start as usize..span.end as usize).unwrap_or("")
    }

    pub fn position(&self, span: Span) -> Position {
        self.get(span.source).position(span.start)
    }
}
