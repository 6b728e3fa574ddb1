//! The cases in `data/*.cases`: each is a claim, the files that show it, and what lowering finds in them.
//!
//! `=== ` begins a case, `--- file NAME` a file that the first one imports, and `--- findings` what is expected to be
//! found, each at its place; a case without findings is right. `BLESS=1` rewrites what is expected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use liftlock_diagnostics::{Finding, Severity, Sources, Span, human};
use liftlock_model::{ReadFiles, load, lower};

struct Case {
    claim: String,
    /// As they are written, the first without a name.
    files: String,
    findings: String,
}

struct Memory(HashMap<PathBuf, String>);

impl ReadFiles for Memory {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[test]
fn every_case_is_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    for path in case_files() {
        let mut blessed = String::new();
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            let (sources, findings) = found(&case);
            let told = told(&sources, &findings);
            if told != case.findings {
                let (claim, expected) = (&case.claim, &case.findings);
                writeln!(failures, "{}: {claim}\n-- expected\n{expected}-- found\n{told}", path.display()).unwrap();
            }
            writeln!(blessed, "=== {}\n{}--- findings\n{told}", case.claim, case.files).unwrap();
        }
        if bless {
            std::fs::write(&path, blessed).unwrap();
        }
    }
    assert!(bless || failures.is_empty(), "{failures}");
}

/// A claim that something is understood is believed only where there is nothing to report, and the reverse.
#[test]
fn what_a_file_claims_of_its_cases_holds() {
    for path in case_files() {
        let is_right = path.file_stem().is_some_and(|stem| stem.to_string_lossy().starts_with("right"));
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            assert_eq!(case.findings.is_empty(), is_right, "{}: {}\n{}", path.display(), case.claim, case.findings);
        }
    }
}

/// What was not understood is reported: nothing goes missing in silence.
#[test]
fn what_has_no_finding_is_understood() {
    for path in case_files() {
        for case in cases(&std::fs::read_to_string(&path).unwrap()).iter().filter(|case| case.findings.is_empty()) {
            let loaded = load(&[PathBuf::from("main.release")], &Memory(files_of(case)));
            let (model, _) = lower(&loaded.unit(loaded.roots()[0]));
            assert!(!format!("{model:?}").contains("kind: Error"), "{}: {model:#?}", case.claim);
        }
    }
}

/// Every finding can be drawn, is one clause, and speaks of what the author wrote.
#[test]
fn every_finding_reads_well() {
    for path in case_files() {
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            let (sources, findings) = found(&case);
            for finding in &findings {
                let message = &finding.message;
                assert!(liftlock_model::codes().any(|code| code == finding.code), "{} is listed", finding.code);
                assert!(!message.ends_with('.') && message.len() < 160, "{message}");
                assert!(!message.starts_with(char::is_uppercase), "{message}");
                for word in ["Some(", "None", "Err(", "Type::", "unknown type", "usize", "i64"] {
                    assert!(!message.contains(word), "{message}");
                }
                let drawn = human::render(std::slice::from_ref(finding), &sources, &human::Options::default());
                assert!(drawn.contains(".release:"), "{}: {drawn}", case.claim);
            }
        }
    }
}

/// Every code is shown by a case, so that none is left that nothing reports.
#[test]
fn every_code_has_a_case() {
    let all: String = case_files().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    let parsing: Vec<_> = liftlock_syntax::codes::ALL.to_vec();
    for code in liftlock_model::codes().filter(|code| !parsing.contains(code)) {
        assert!(all.contains(&format!("\n{code} ")), "no case shows {code}");
    }
}

/// What a fix was for is not found again in what it makes of the text.
#[test]
fn every_fix_mends_its_finding() {
    let mut fixes = 0;
    for path in case_files() {
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            let (sources, findings) = found(&case);
            for finding in findings.iter().filter(|finding| finding.fix.is_some()) {
                fixes += 1;
                let mut files = files_of(&case);
                let mut edits = finding.fix.clone().unwrap().edits;
                edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
                for edit in &edits {
                    let text = files.get_mut(&sources.get(edit.span.source).path).unwrap();
                    text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
                }
                let (_, left) = found_in(files);
                let again =
                    |other: &Finding| other.code == finding.code && starts(other.span()) == starts(finding.span());
                assert!(!left.iter().any(again), "{}: {left:#?}", case.claim);
            }
        }
    }
    assert!(fixes > 5, "{fixes}");
}

fn starts(span: Span) -> (u32, u32) {
    (span.source.0, span.start)
}

fn found(case: &Case) -> (Sources, Vec<Finding>) {
    found_in(files_of(case))
}

fn found_in(files: HashMap<PathBuf, String>) -> (Sources, Vec<Finding>) {
    let loaded = load(&[PathBuf::from("main.release")], &Memory(files));
    let (_, lowered) = lower(&loaded.unit(loaded.roots()[0]));
    let findings = loaded.findings.iter().cloned().chain(lowered).collect();
    (loaded.sources, findings)
}

fn told(sources: &Sources, findings: &[Finding]) -> String {
    let place = |span: Span| {
        let place = sources.position(span);
        let file = &sources.get(span.source).path;
        let file = if file == Path::new("main.release") { String::new() } else { format!("{}:", file.display()) };
        format!("{file}{}:{}", place.line, place.column)
    };
    let mut told = String::new();
    for finding in findings {
        let kind = if finding.severity == Severity::Error { "" } else { " (no error)" };
        writeln!(told, "{} {}{kind} {}", finding.code, place(finding.span()), finding.message).unwrap();
        for (at, label) in finding.labels.iter().enumerate() {
            if at > 0 || !label.text.is_empty() {
                writeln!(told, "  {} {}", place(label.span), label.text).unwrap();
            }
        }
        if let Some(help) = &finding.help {
            writeln!(told, "  help: {help}").unwrap();
        }
        if let Some(fix) = &finding.fix {
            writeln!(told, "  fix: {}", fix.title).unwrap();
        }
    }
    told
}

fn files_of(case: &Case) -> HashMap<PathBuf, String> {
    let mut parts = case.files.split("--- file ");
    let main = parts.next().unwrap_or_default().to_owned();
    let base = include_str!("data/base.release").to_owned();
    let mut files = HashMap::from([(PathBuf::from("main.release"), main), (PathBuf::from("base.release"), base)]);
    for part in parts {
        let (name, text) = part.split_once('\n').unwrap();
        files.insert(PathBuf::from(name.trim()), text.to_owned());
    }
    files
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cases"));
    paths.sort();
    paths
}

fn cases(written: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for section in format!("\n{written}").split("\n=== ").skip(1) {
        let (claim, rest) = section.split_once('\n').unwrap_or((section, ""));
        let (files, findings) = rest.split_once("--- findings\n").unwrap_or((rest, ""));
        let findings = findings.trim_end();
        cases.push(Case {
            claim: claim.to_owned(),
            files: format!("{}\n", files.trim_end_matches('\n')),
            findings: if findings.is_empty() { String::new() } else { format!("{findings}\n") },
        });
    }
    cases
}
