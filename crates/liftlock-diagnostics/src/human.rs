//! Findings for people, on a terminal or in a log.
//!
//! miette draws the boxes with the source lines; the header and the help around them are ours, so that a finding looks
//! the same whatever it is about. Nothing of the source reaches the terminal as a control sequence.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, MietteError, SourceCode, SourceSpan, SpanContents,
    ThemeCharacters, ThemeStyles,
};

use crate::{Finding, Label, Severity, Source, SourceId, Sources};

/// How findings are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    pub color: bool,
    /// In columns.
    pub width: usize,
    /// Whether lines are drawn with box characters, or with ASCII alone.
    pub unicode: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options { color: false, width: 100, unicode: true }
    }
}

/// Draws the findings, in the order given, with an empty line between them.
pub fn render(findings: &[Finding], sources: &Sources, options: &Options) -> String {
    let handler = handler(options);
    // Each text is made printable once, however many findings it has.
    let mut texts: BTreeMap<SourceId, Cow<'_, str>> = BTreeMap::new();
    for label in findings.iter().flat_map(|finding| &finding.labels) {
        let id = label.span.source;
        texts.entry(id).or_insert_with(|| printable_in_place(&sources.get(id).text));
    }
    let mut text = String::new();
    for (index, finding) in findings.iter().enumerate() {
        if index > 0 {
            text.push('\n');
        }
        let word = finding.severity.word();
        let colour = match finding.severity {
            Severity::Error => "31",
            Severity::Warning => "33",
            Severity::Info => "36",
        };
        let message = printable(&finding.message);
        if options.color {
            text.push_str(&format!("\x1b[1;{colour}m{word}[{}]\x1b[0m\x1b[1m: {message}\x1b[0m\n", finding.code));
        } else {
            text.push_str(&format!("{word}[{}]: {message}\n", finding.code));
        }
        for (id, labels) in by_file(&finding.labels) {
            let source = sources.get(id);
            let name = printable(&source.path.to_string_lossy());
            let lines = Lines { source, name, text: texts.get(&id).map_or("", |text| text) };
            text.push_str(&boxes(lines, &labels, &handler));
        }
        push_notes(&mut text, finding, options);
    }
    text
}

/// Such as `2 errors, 1 warning in 3 files`, or `no findings in 3 files`.
pub fn summary(findings: &[Finding], files: usize) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let kinds =
        [(count(Severity::Error), "error"), (count(Severity::Warning), "warning"), (count(Severity::Info), "note")];
    let counted: Vec<_> =
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, noun)| plural(*count, noun)).collect();
    let found = if counted.is_empty() { "no findings".to_owned() } else { counted.join(", ") };
    format!("{found} in {}", plural(files, "file"))
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn push_notes(text: &mut String, finding: &Finding, options: &Options) {
    if let Some(help) = &finding.help {
        push_note(text, "help", help, options);
    }
    if let Some(fix) = &finding.fix
        && finding.help.as_ref() != Some(&fix.title)
    {
        push_note(text, "fix", &fix.title, options);
    }
}

fn push_note(text: &mut String, word: &str, note: &str, options: &Options) {
    let note = printable(note);
    if options.color {
        text.push_str(&format!("  \x1b[36m{word}:\x1b[0m {note}\n"));
    } else {
        text.push_str(&format!("  {word}: {note}\n"));
    }
}

/// The labels of each file; the file of the first label comes first.
fn by_file(labels: &[Label]) -> Vec<(SourceId, Vec<&Label>)> {
    let mut files: Vec<(SourceId, Vec<&Label>)> = Vec::new();
    for label in labels {
        match files.iter_mut().find(|(source, _)| *source == label.span.source) {
            Some((_, labels)) => labels.push(label),
            None => files.push((label.span.source, vec![label])),
        }
    }
    files
}

fn handler(options: &Options) -> GraphicalReportHandler {
    let theme = GraphicalTheme {
        characters: if options.unicode { ThemeCharacters::unicode() } else { ThemeCharacters::ascii() },
        styles: if options.color { ThemeStyles::ansi() } else { ThemeStyles::none() },
    };
    GraphicalReportHandler::new_themed(theme)
        .with_width(options.width)
        .with_context_lines(0)
        .with_links(false)
        .without_syntax_highlighting()
}

/// The boxes with the lines of one file.
fn boxes(lines: Lines<'_>, labels: &[&Label], handler: &GraphicalReportHandler) -> String {
    let labels = labels.iter().enumerate().map(|(index, label)| {
        let range = shown(lines.source, label);
        let text = (!label.text.is_empty()).then(|| printable(&label.text));
        let span = SourceSpan::new(range.start.into(), range.len());
        if index == 0 { LabeledSpan::new_primary_with_span(text, span) } else { LabeledSpan::new_with_span(text, span) }
    });
    let labels = labels.collect();
    let adapter = Adapter { lines, labels };
    let mut drawn = String::new();
    if handler.render_report(&mut drawn, &adapter).is_err() {
        // Only a label outside its file cannot be drawn; the finding is still told without its box.
        return String::new();
    }
    // The first line is miette's own header, which ours stands for.
    drawn.split_once('\n').map_or(String::new(), |(_, boxes)| boxes.to_owned())
}

/// The range of a label that is drawn: on one line, the one on which it begins.
fn shown(source: &Source, label: &Label) -> std::ops::Range<usize> {
    let mut start = (label.span.start as usize).min(source.text.len());
    // Behind the last line break there is no line that could be drawn.
    if start > 0 && start == source.text.len() && source.text.ends_with('\n') {
        start -= 1;
    }
    let line = source.line_range(source.position(u32::try_from(start).unwrap_or(u32::MAX)).line);
    let start = start.min(line.end);
    let end = (label.span.end as usize).clamp(start, line.end);
    start..end
}

/// A finding's labels in one file, in miette's terms.
#[derive(Debug)]
struct Adapter<'a> {
    lines: Lines<'a>,
    labels: Vec<LabeledSpan>,
}

impl fmt::Display for Adapter<'_> {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl std::error::Error for Adapter<'_> {}

impl Diagnostic for Adapter<'_> {
    fn source_code(&self) -> Option<&dyn SourceCode> {
        Some(&self.lines)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().cloned()))
    }
}

/// Gives miette the lines it asks for, through our own table of lines: its own way is linear in the file, and for every
/// label.
#[derive(Debug)]
struct Lines<'a> {
    source: &'a Source,
    name: String,
    /// The text without control characters, as long as the original.
    text: &'a str,
}

/// Whole lines around a span.
struct Window<'a> {
    name: &'a str,
    data: &'a str,
    span: SourceSpan,
    line: usize,
    column: usize,
    line_count: usize,
}

impl SourceCode for Lines<'_> {
    fn read_span<'a>(
        &'a self,
        span: &SourceSpan,
        _: usize,
        _: usize,
    ) -> Result<Box<dyn SpanContents<'a> + 'a>, MietteError> {
        /// How much of a very long line is shown on either side.
        const MOST: usize = 160;
        let offset = |at: usize| u32::try_from(at).map_err(|_| MietteError::OutOfBounds);
        let (start, end) = (span.offset(), span.offset() + span.len());
        let position = self.source.position(offset(start)?);
        let last = self.source.position(offset(end)?);
        let text = self.text;
        let mut from = self.source.line_range(position.line).start;
        let mut to = self.source.line_range(last.line).end;
        if start.saturating_sub(from) > MOST {
            from = (start - MOST..=start).find(|&at| text.is_char_boundary(at)).unwrap_or(start);
        }
        if to.saturating_sub(end) > MOST {
            to = (end..=end + MOST).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(end);
        }
        let data = text.get(from..to).ok_or(MietteError::OutOfBounds)?;
        Ok(Box::new(Window {
            name: &self.name,
            data,
            span: SourceSpan::new(from.into(), to - from),
            line: position.line - 1,
            column: position.column - 1,
            line_count: last.line - position.line,
        }))
    }
}

impl<'a> SpanContents<'a> for Window<'a> {
    fn data(&self) -> &'a [u8] {
        self.data.as_bytes()
    }

    fn span(&self) -> &SourceSpan {
        &self.span
    }

    fn name(&self) -> Option<&str> {
        Some(self.name)
    }

    fn line(&self) -> usize {
        self.line
    }

    fn column(&self) -> usize {
        self.column
    }

    fn line_count(&self) -> usize {
        self.line_count
    }
}

/// Whether a character may move the cursor, colour the text or change its order.
fn is_hostile(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The text with its hostile characters written as escapes.
pub(crate) fn printable(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hostile(character) {
            result.extend(character.escape_default());
        } else {
            result.push(character);
        }
    }
    result
}

/// The same, but with the length in bytes kept, so that the labels stay where they are.
fn printable_in_place(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|character| character != '\n' && is_hostile(character)) {
        return Cow::Borrowed(text);
    }
    let characters = text.chars();
    let printable = characters
        .map(|character| match character {
            '\n' | '\t' => character,
            '\r' => ' ',
            _ if !is_hostile(character) => character,
            _ => match character.len_utf8() {
                1 => '?',
                2 => '\u{b7}',
                _ => '\u{fffd}',
            },
        })
        .collect();
    Cow::Owned(printable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Edit, Safety, Span};

    fn two_files() -> (Sources, Finding) {
        let mut sources = Sources::default();
        let pipeline =
            sources.add("storefront.release", "a = 1\n  promote artifact.storefront through dev -> production\n");
        let environments =
            sources.add("environments.release", "\nenvironment production {\n  requires  = [staging]\n}\n");
        let finding = Finding::error(
            Code("promotion/skips-environment"),
            "`production` is entered without `staging`",
            Span::new(pipeline, 51, 61),
            "enters `production` here",
        )
        .with_label(Span::new(environments, 28, 49), "`production` takes only what has succeeded in `staging`")
        .with_help("promote through `dev -> staging -> production`");
        (sources, finding)
    }

    #[test]
    fn a_finding_in_two_files_has_a_box_for_each_under_one_header() {
        let (sources, finding) = two_files();
        let expected = "\
error[promotion/skips-environment]: `production` is entered without `staging`
   ╭─[storefront.release:2:46]
 2 │   promote artifact.storefront through dev -> production
   ·                                              ─────┬────
   ·                                                   ╰── enters `production` here
   ╰────
   ╭─[environments.release:3:3]
 3 │   requires  = [staging]
   ·   ──────────┬──────────
   ·             ╰── `production` takes only what has succeeded in `staging`
   ╰────
  help: promote through `dev -> staging -> production`
";
        assert_eq!(render(&[finding], &sources, &Options::default()), expected);
    }

    #[test]
    fn hostile_text_reaches_the_terminal_as_plain_characters() {
        let mut sources = Sources::default();
        let id = sources.add("evil\u{1b}[2J.release", "x = \u{1b}[31m\u{202e}\u{9b}oops\r\n");
        let finding = Finding::warning(Code("a/b"), "a \u{1b}[0m message", Span::new(id, 4, 5), "\u{7}");
        let options = Options { unicode: false, ..Options::default() };
        let text = render(&[finding], &sources, &options);
        assert!(!text.chars().any(|character| is_hostile(character) && character != '\n'), "{text:?}");
        assert!(text.starts_with("warning[a/b]: a \\u{1b}[0m message\n"), "{text}");
    }

    #[test]
    fn a_fix_is_named_where_it_says_more_than_the_help() {
        let mut sources = Sources::default();
        let id = sources.add("a.release", "x");
        let span = Span::new(id, 0, 1);
        let edits = vec![Edit { span, text: "y".to_owned() }];
        let finding =
            Finding::error(Code("a/b"), "m", span, "").with_help("h").with_fix(Safety::Safe, "write `y`", edits);
        let text = render(&[finding], &sources, &Options::default());
        assert!(text.ends_with("  help: h\n  fix: write `y`\n"), "{text}");
    }

    #[test]
    fn a_place_at_the_very_end_is_shown_on_the_last_line() {
        let mut sources = Sources::default();
        let id = sources.add("a.release", "stage {\n");
        let finding = Finding::error(Code("a/b"), "m", Span::new(id, 8, 8), "here");
        let text = render(&[finding], &sources, &Options::default());
        assert!(text.contains(" 1 │ stage {\n"), "{text}");
    }

    #[test]
    fn the_summary_counts_what_there_is() {
        let (_, finding) = two_files();
        let warning = Finding { severity: Severity::Warning, ..finding.clone() };
        assert_eq!(summary(&[finding.clone(), warning, finding], 3), "2 errors, 1 warning in 3 files");
        assert_eq!(summary(&[], 1), "no findings in 1 file");
    }
}
