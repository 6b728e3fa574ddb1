//! Everything that can be found has a page, and the examples on it are true: the bad one gives exactly that finding, the good
//! one none.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use liftlock_check::codes::{BAD_PROJECT_FILE, COVERAGE};
use liftlock_check::{Page, Policy, RULES, below, check, codes, pages};
use liftlock_diagnostics::{Code, Severity};
use liftlock_model::{ReadFiles, allowances, load, lower};

/// The files of a page's section: an example, and those that have a name.
struct Files(BTreeMap<PathBuf, String>);

impl ReadFiles for Files {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// One fenced block of a section.
struct Example<'a> {
    /// Of a file that the others may import.
    name: Option<&'a str>,
    text: &'a str,
}

/// The codes of the findings of one file, with their severities.
fn findings(page: &Page, example: &str, section: &[Example<'_>]) -> Vec<(Code, Severity)> {
    let named = section.iter().filter_map(|file| Some((PathBuf::from(file.name?), file.text.to_owned())));
    let mut files: BTreeMap<PathBuf, String> = named.collect();
    let entry = PathBuf::from("example.release");
    files.insert(entry.clone(), visible(example));
    let loaded = load(&[entry], &Files(files));
    let root = loaded.roots()[0];
    let unit = loaded.unit(root);
    let (model, lowering) = lower(&unit);
    // Looked for only where a share is asked for.
    let floor = if page.code == COVERAGE { below(&model, 100) } else { Vec::new() };
    let earlier = loaded.findings.iter().cloned().chain(lowering).collect();
    let allowances = unit.iter().flat_map(|unit| allowances(unit.file, &loaded.sources)).collect();
    let (_, findings) = check(model, earlier, &Policy { allowances, ..Policy::default() });
    findings.iter().chain(&floor).map(|finding| (finding.code, finding.severity)).collect()
}

/// With the characters themselves where a page says `<U+1B>`, since nobody could see them there.
fn visible(example: &str) -> String {
    let mut parts = example.split("<U+");
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (number, rest) = part.split_once('>').unwrap();
        text.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        text.push_str(rest);
    }
    text
}

/// The `release` blocks below a heading of a page.
fn examples(page: &Page, heading: &str) -> Vec<Example<'static>> {
    let section = page.text.split("\n## ").find_map(|section| section.strip_prefix(heading));
    let section = section.unwrap_or_else(|| panic!("`{}` has no section `{heading}`", page.code));
    let mut examples = Vec::new();
    for part in section.split("```release").skip(1) {
        let (name, rest) = part.split_once('\n').unwrap();
        // The fence of a script inside is indented.
        let text = rest.split("\n```").next().unwrap();
        examples.push(Example { name: Some(name.trim()).filter(|name| !name.is_empty()), text });
    }
    examples
}

/// The pages with examples in the language; `liftlock.toml` is not, and the program itself tests the page about it.
fn exemplified() -> impl Iterator<Item = Page> {
    pages().into_iter().filter(|page| page.code != BAD_PROJECT_FILE)
}

#[test]
fn every_page_begins_with_the_code_and_has_its_sections() {
    for page in pages() {
        assert!(page.text.starts_with(&format!("# {}\n", page.code)), "{}", page.code);
        for heading in ["Why it matters", "What to do", "Bad", "Good"] {
            assert!(page.text.contains(&format!("\n## {heading}\n")), "{}: {heading}", page.code);
        }
        let says_when = page.text.contains("\n## When to allow it\n");
        assert_eq!(says_when, page.is_rule, "{}: only findings of rules can be allowed", page.code);
        assert!(!page.summary().is_empty(), "{}", page.code);
    }
}

#[test]
fn every_bad_example_gives_exactly_its_finding() {
    let severities: BTreeMap<Code, Severity> = codes().collect();
    let mut wrong = Vec::new();
    for page in exemplified() {
        let bad = examples(&page, "Bad");
        assert!(!bad.is_empty(), "{}", page.code);
        for example in bad.iter().filter(|example| example.name.is_none()) {
            let mut found = findings(&page, example.text, &bad);
            // Both ends of what is wrong may be said.
            found.dedup();
            if found != [(page.code, severities[&page.code])] {
                wrong.push((page.code, found, example.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_good_example_gives_no_finding() {
    let mut wrong = Vec::new();
    for page in exemplified() {
        let good = examples(&page, "Good");
        assert!(!good.is_empty(), "{}", page.code);
        for example in good.iter().filter(|example| example.name.is_none()) {
            let found = findings(&page, example.text, &good);
            if !found.is_empty() {
                wrong.push((page.code, found, example.text));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let mut known: Vec<Code> = codes().map(|(code, _)| code).collect();
    known.sort();
    let listed: Vec<Code> = pages().iter().map(|page| page.code).collect();
    assert_eq!(listed, known);

    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules");
    let mut written = Vec::new();
    for area in std::fs::read_dir(&root).unwrap() {
        let area = area.unwrap().path();
        for page in std::fs::read_dir(&area).unwrap() {
            let page = page.unwrap().path();
            let (area, name) = (area.file_name().unwrap(), page.file_stem().unwrap());
            written.push(format!("{}/{}", area.to_string_lossy(), name.to_string_lossy()));
        }
    }
    written.sort();
    assert_eq!(written, known.iter().map(|code| code.0).collect::<Vec<_>>());
}

#[test]
fn rules_are_listed_in_the_order_of_their_codes() {
    assert!(RULES.is_sorted_by_key(|rule| rule.code));
}
