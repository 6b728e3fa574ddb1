//! Findings as GitLab reads them: a code quality report.
//!
//! The form: <https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format>.

use serde::Serialize;

use crate::{Finding, Severity, Sources, fingerprints};

/// The whole report, one array.
pub fn render(findings: &[Finding], sources: &Sources) -> String {
    let records = findings.iter().zip(fingerprints(findings, sources)).map(|(finding, fingerprint)| {
        let span = finding.span();
        Record {
            description: &finding.message,
            check_name: finding.code.0,
            fingerprint,
            severity: match finding.severity {
                Severity::Error => "major",
                Severity::Warning => "minor",
                Severity::Info => "info",
            },
            location: Location {
                path: sources.get(span.source).path.to_string_lossy().into_owned(),
                lines: Lines { begin: sources.position(span).line },
            },
        }
    });
    let records: Vec<Record<'_>> = records.collect();
    serde_json::to_string_pretty(&records).expect("strings and numbers can always be written as JSON")
}

#[derive(Serialize)]
struct Record<'a> {
    description: &'a str,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: usize,
}
