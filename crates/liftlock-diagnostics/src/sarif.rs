//! Findings as SARIF 2.1.0, which code scanning services and editors read.
//!
//! The standard: <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>. Columns are counted in UTF-16 code
//! units, its default, and the document says so.

use std::path::Path;

use serde_json::{Value, json};

use crate::{Code, Edit, Finding, Fix, Label, Severity, Sources, Span, fingerprints};

/// What is known about a rule beyond its findings.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    pub code: Code,
    /// One sentence.
    pub summary: String,
    /// Its page, in Markdown.
    pub markdown: &'a str,
}

/// The whole document: one run of the program in `version`. The rules are those of which there are findings.
pub fn render(findings: &[Finding], sources: &Sources, version: &str, pages: &[Page<'_>]) -> String {
    let mut codes: Vec<Code> = findings.iter().map(|finding| finding.code).collect();
    codes.sort();
    codes.dedup();
    let rules: Vec<Value> = codes.iter().map(|code| rule(*code, pages)).collect();
    let results: Vec<Value> = findings
        .iter()
        .zip(fingerprints(findings, sources))
        .map(|(finding, fingerprint)| {
            let index = codes.binary_search(&finding.code).expect("the code of every finding is in the list");
            result(finding, index, &fingerprint, sources)
        })
        .collect();
    let document = json!({
        "$schema": "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": { "name": "liftlock", "semanticVersion": version, "rules": rules } },
            "columnKind": "utf16CodeUnits",
            "results": results,
        }],
    });
    format!("{document:#}")
}

fn rule(code: Code, pages: &[Page<'_>]) -> Value {
    match pages.iter().find(|page| page.code == code) {
        Some(page) => json!({
            "id": code.0,
            "shortDescription": { "text": page.summary },
            "help": { "text": page.markdown, "markdown": page.markdown },
        }),
        None => json!({ "id": code.0 }),
    }
}

fn result(finding: &Finding, index: usize, fingerprint: &str, sources: &Sources) -> Value {
    let text = match &finding.help {
        Some(help) => format!("{}\nhelp: {help}", finding.message),
        None => finding.message.clone(),
    };
    let (first, others) = finding.labels.split_first().expect("every constructor adds the first label");
    let mut result = json!({
        "ruleId": finding.code.0,
        "ruleIndex": index,
        "level": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "note",
        },
        "message": { "text": text },
        "locations": [location(first, sources)],
        "partialFingerprints": { "liftlock/v1": fingerprint },
    });
    if !others.is_empty() {
        let related = others.iter().enumerate().map(|(at, label)| {
            let mut location = location(label, sources);
            location["id"] = json!(at + 1);
            location
        });
        result["relatedLocations"] = related.collect();
    }
    if let Some(fix) = &finding.fix {
        result["fixes"] = json!([fix_record(fix, sources)]);
    }
    result
}

fn location(label: &Label, sources: &Sources) -> Value {
    let mut location = json!({
        "physicalLocation": {
            "artifactLocation": { "uri": uri(&sources.get(label.span.source).path) },
            "region": region(label.span, sources),
        },
    });
    if !label.text.is_empty() {
        location["message"] = json!({ "text": label.text });
    }
    location
}

fn region(span: Span, sources: &Sources) -> Value {
    let source = sources.get(span.source);
    let (start, end) = (source.position_utf16(span.start), source.position_utf16(span.end));
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

fn fix_record(fix: &Fix, sources: &Sources) -> Value {
    let mut changed: Vec<_> = fix.edits.iter().map(|edit| edit.span.source).collect();
    changed.sort();
    changed.dedup();
    let changes = changed.into_iter().map(|id| {
        let edits = fix.edits.iter().filter(|edit| edit.span.source == id);
        let replacements: Vec<Value> = edits.map(|edit| replacement(edit, sources)).collect();
        json!({ "artifactLocation": { "uri": uri(&sources.get(id).path) }, "replacements": replacements })
    });
    let changes: Vec<Value> = changes.collect();
    json!({ "description": { "text": fix.title }, "artifactChanges": changes })
}

fn replacement(edit: &Edit, sources: &Sources) -> Value {
    json!({ "deletedRegion": region(edit.span, sources), "insertedContent": { "text": edit.text } })
}

/// The path as a URI (RFC 3986): relative where the path is.
fn uri(path: &Path) -> String {
    let text = path.to_string_lossy();
    let mut uri = if path.is_absolute() { "file://".to_owned() } else { String::new() };
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => uri.push(char::from(byte)),
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
