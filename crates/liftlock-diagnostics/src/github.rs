//! Findings as GitHub shows them beside a change: workflow commands, and a summary of the step in Markdown.
//!
//! Of each step GitHub shows ten errors and ten warnings; hence the worst come first, and the summary has them all. The
//! form of the commands: <https://docs.github.com/actions/reference/workflow-commands-for-github-actions>.

use std::cmp::Reverse;

use crate::human::{self, printable};
use crate::{Finding, Severity, Sources};

/// How many findings the summary lists: GitHub refuses one over 1 MiB.
const MOST: usize = 1000;

/// One command a line, the worst first.
pub fn render(findings: &[Finding], sources: &Sources) -> String {
    worst_first(findings).into_iter().map(|finding| command(finding, sources) + "\n").collect()
}

/// A table of the findings, the worst first, with its heading.
pub fn summary(findings: &[Finding], sources: &Sources, files: usize) -> String {
    let mut text = format!("### liftlock check: {}\n\n", human::summary(findings, files));
    if findings.is_empty() {
        return text;
    }
    text.push_str("| severity | rule | place | finding |\n|---|---|---|---|\n");
    for finding in worst_first(findings).into_iter().take(MOST) {
        let span = finding.span();
        let place = format!("`{}:{}`", sources.get(span.source).path.display(), sources.position(span).line);
        let help = finding.help.as_ref().map(|help| format!("<br>help: {}", html(help))).unwrap_or_default();
        let (word, message) = (finding.severity.word(), html(&finding.message));
        text.push_str(&format!("| {word} | `{}` | {} | {message}{help} |\n", finding.code, html(&place)));
    }
    if findings.len() > MOST {
        text.push_str(&format!("\nand {} more\n", findings.len() - MOST));
    }
    text.push('\n');
    text
}

fn worst_first(findings: &[Finding]) -> Vec<&Finding> {
    let mut sorted: Vec<&Finding> = findings.iter().collect();
    sorted.sort_by_key(|finding| Reverse(finding.severity));
    sorted
}

fn command(finding: &Finding, sources: &Sources) -> String {
    let word = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "notice",
    };
    let span = finding.span();
    let source = sources.get(span.source);
    let (start, end) = (source.position(span.start), source.position(span.end));
    let mut place = format!("file={},line={}", property(&source.path.to_string_lossy()), start.line);
    if start.line == end.line {
        place.push_str(&format!(",col={},endLine={},endColumn={}", start.column, end.line, end.column));
    } else {
        // GitHub takes no columns for a place of several lines.
        place.push_str(&format!(",endLine={}", end.line));
    }
    let mut message = printable(&finding.message);
    for label in finding.labels.iter().filter(|label| !label.text.is_empty()) {
        let (path, at) = (&sources.get(label.span.source).path, sources.position(label.span));
        let path = printable(&path.to_string_lossy());
        message.push_str(&format!("\n{path}:{}:{}: {}", at.line, at.column, printable(&label.text)));
    }
    if let Some(help) = &finding.help {
        message.push_str(&format!("\nhelp: {}", printable(help)));
    }
    format!("::{word} {place},title={}::{}", property(finding.code.0), data(&message))
}

/// The text behind `::` of a command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property of a command.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The text for a cell of a table: what stands in backticks as code, and nothing that Markdown or HTML would take for
/// its own.
fn html(text: &str) -> String {
    let mut result = String::new();
    for (at, part) in printable(text).split('`').enumerate() {
        let part = part.chars().map(|character| match character {
            '&' | '<' | '>' | '|' | '*' | '_' | '~' | '[' | ']' | '(' | ')' | '\\' | '#' | '!' | '@' | ':' | '$' => {
                format!("&#{};", u32::from(character))
            }
            _ => character.to_string(),
        });
        let part: String = part.collect();
        match at % 2 {
            0 => result.push_str(&part),
            _ => result.push_str(&format!("<code>{part}</code>")),
        }
    }
    result
}
