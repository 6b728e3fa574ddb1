//! The cases in `data/*.cases`: each is a claim, the smallest text that shows it, and what the parser makes of it.
//!
//! `=== ` begins a case, `--- findings` what is expected to be found, and `--- tree` the tree where it matters.
//! `<U+202E>` stands for a character that does not show. `BLESS=1` rewrites what is expected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use liftlock_diagnostics::{Sources, human};
use liftlock_syntax::parse;

struct Case {
    claim: String,
    text: String,
    findings: String,
    tree: Option<String>,
}

#[test]
fn every_case_is_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    for path in case_files() {
        let written = std::fs::read_to_string(&path).unwrap();
        let mut blessed = String::new();
        for case in cases(&written) {
            let (findings, tree) = run(&case.text);
            if findings != case.findings {
                writeln!(
                    failures,
                    "{}: {}\n-- expected\n{}-- found\n{findings}",
                    path.display(),
                    case.claim,
                    case.findings
                )
                .unwrap();
            }
            if let Some(expected) = &case.tree
                && *expected != tree
            {
                writeln!(failures, "{}: {}\n-- expected\n{expected}-- found\n{tree}", path.display(), case.claim)
                    .unwrap();
            }
            write!(blessed, "=== {}\n{}--- findings\n{findings}", case.claim, case.text).unwrap();
            if case.tree.is_some() {
                write!(blessed, "--- tree\n{tree}").unwrap();
            }
            blessed.push('\n');
        }
        if bless {
            std::fs::write(&path, blessed).unwrap();
        }
    }
    assert!(bless || failures.is_empty(), "{failures}");
}

/// Every finding can be drawn, and says what it says without the grammar's own words.
#[test]
fn every_finding_reads_well() {
    for path in case_files() {
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            let mut sources = Sources::default();
            let text = visible(&case.text);
            let id = sources.add("case.release", text.as_str());
            let (_, findings) = parse(id, &text);
            for finding in &findings {
                assert!(liftlock_syntax::codes::ALL.contains(&finding.code), "{} is listed", finding.code);
                assert!(!finding.message.ends_with('.') && finding.message.len() < 120, "{}", finding.message);
                for word in ["expected one of", "EOI", "bad_", "missing_", "Rule::"] {
                    assert!(!finding.message.contains(word), "{}", finding.message);
                }
                let drawn = human::render(std::slice::from_ref(finding), &sources, &human::Options::default());
                assert!(drawn.contains("case.release:"), "{}: {drawn}", case.claim);
            }
        }
    }
}

/// Every code is shown by a case, so that none is left that nothing reports.
#[test]
fn every_code_has_a_case() {
    let all: String = case_files().iter().map(|path| std::fs::read_to_string(path).unwrap()).collect();
    for code in liftlock_syntax::codes::ALL {
        assert!(all.contains(&format!("\n{code} ")), "no case shows {code}");
    }
}

/// What a fix was for is not found again in what it makes of the text.
#[test]
fn every_fix_mends_its_finding() {
    for path in case_files() {
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            let id = Sources::default().add("case.release", case.text.as_str());
            let (_, findings) = parse(id, &case.text);
            for finding in &findings {
                let Some(fix) = &finding.fix else { continue };
                let mut edits = fix.edits.clone();
                edits.sort_by_key(|edit| std::cmp::Reverse(edit.span));
                let mut text = case.text.clone();
                for edit in edits {
                    text.replace_range(edit.span.start as usize..edit.span.end as usize, &edit.text);
                }
                let (_, left) = parse(id, &text);
                let is_left =
                    left.iter().any(|other| other.code == finding.code && other.span().start == finding.span().start);
                assert!(!is_left, "{}: {}\n{text}{left:#?}", case.claim, fix.title);
            }
        }
    }
}

fn run(text: &str) -> (String, String) {
    let text = visible(text);
    let text = text.as_str();
    let mut sources = Sources::default();
    let id = sources.add("case.release", text);
    let (file, findings) = parse(id, text);
    let mut found = String::new();
    for finding in &findings {
        let place = sources.position(finding.span());
        writeln!(found, "{} {}:{} {}", finding.code, place.line, place.column, finding.message).unwrap();
        for label in &finding.labels[1..] {
            let place = sources.position(label.span);
            writeln!(found, "  {}:{} {}", place.line, place.column, label.text).unwrap();
        }
        if let Some(help) = &finding.help {
            writeln!(found, "  help: {help}").unwrap();
        }
        if let Some(fix) = &finding.fix {
            writeln!(found, "  fix: {}", fix.title).unwrap();
        }
    }
    (found, support::dump(&file))
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
    for section in written.split("\n=== ").flat_map(|part| part.strip_prefix("=== ").or(Some(part))) {
        let (claim, rest) = section.split_once('\n').unwrap_or((section, ""));
        if claim.trim().is_empty() {
            continue;
        }
        let (text, rest) = rest.split_once("--- findings\n").unwrap_or((rest, ""));
        let (findings, tree) = match rest.split_once("--- tree\n") {
            Some((findings, tree)) => {
                (findings, Some(format!("{}\n", tree.trim_end()).trim_start_matches('\n').to_owned()))
            }
            None => (rest, None),
        };
        let findings = if findings.trim().is_empty() { String::new() } else { format!("{}\n", findings.trim_end()) };
        cases.push(Case {
            claim: claim.to_owned(),
            text: format!("{}\n", text.trim_end_matches('\n')),
            findings,
            tree,
        });
    }
    cases
}

fn visible(text: &str) -> String {
    let mut pieces = text.split("<U+");
    let mut result = pieces.next().unwrap_or("").to_owned();
    for piece in pieces {
        let (code, rest) = piece.split_once('>').unwrap();
        result.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
        result.push_str(rest);
    }
    result
}
