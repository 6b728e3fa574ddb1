//! Every rule has a page, and the examples on it are true: the bad one gives exactly that finding, the good one none.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use liftlock_check::{Policy, RULES, check};
use liftlock_diagnostics::{Code, Severity, Sources};
use liftlock_model::lower;
use liftlock_syntax::parse;

/// The codes of the findings of one file, with their severities.
fn findings(text: &str) -> Vec<(Code, Severity)> {
    let mut sources = Sources::default();
    let source = sources.add("example.release", text);
    let (file, mut earlier) = parse(source, text);
    let (model, lowering) = lower(&[&file]);
    earlier.extend(lowering);
    let (_, findings) = check(model, earlier, &Policy::default());
    findings.iter().map(|finding| (finding.code, finding.severity)).collect()
}

/// The `release` blocks below a heading of a page.
fn examples<'a>(page: &'a str, heading: &str) -> Vec<&'a str> {
    let section = page.split("\n## ").find_map(|section| section.strip_prefix(heading));
    let section = section.unwrap_or_else(|| panic!("the page has no section `{heading}`"));
    let mut examples = Vec::new();
    for part in section.split("```release\n").skip(1) {
        // The fence of a script inside is indented.
        examples.push(part.split("\n```").next().unwrap());
    }
    examples
}

#[test]
fn every_page_begins_with_the_code_and_has_its_sections() {
    for rule in RULES {
        assert!(rule.page.starts_with(&format!("# {}\n", rule.code)), "{}", rule.code);
        for heading in ["Why it matters", "What to do", "Bad", "Good", "When to allow it"] {
            assert!(rule.page.contains(&format!("\n## {heading}\n")), "{}: {heading}", rule.code);
        }
        assert!(!rule.summary().is_empty(), "{}", rule.code);
    }
}

#[test]
fn every_bad_example_gives_exactly_its_finding() {
    for rule in RULES {
        let bad = examples(rule.page, "Bad");
        assert!(!bad.is_empty(), "{}", rule.code);
        for example in bad {
            assert_eq!(findings(example), [(rule.code, rule.severity)], "{example}");
        }
    }
}

#[test]
fn every_good_example_gives_no_finding() {
    for rule in RULES {
        let good = examples(rule.page, "Good");
        assert!(!good.is_empty(), "{}", rule.code);
        for example in good {
            assert_eq!(findings(example), [], "{example}");
        }
    }
}

#[test]
fn rules_are_listed_in_the_order_of_their_codes_and_each_page_has_a_rule() {
    assert!(RULES.is_sorted_by_key(|rule| rule.code));
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut pages = Vec::new();
    for area in std::fs::read_dir(&root).unwrap() {
        let area = area.unwrap().path();
        for page in std::fs::read_dir(&area).unwrap() {
            let page = page.unwrap().path();
            let code = format!(
                "{}/{}",
                area.file_name().unwrap().to_string_lossy(),
                page.file_stem().unwrap().to_string_lossy()
            );
            pages.push(code);
        }
    }
    pages.sort();
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code.0).collect();
    assert_eq!(pages, codes);
}
