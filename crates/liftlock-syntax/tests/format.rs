//! The cases in `data/format/*.cases`: each is a claim, a text, and the text in the one style.
//!
//! `=== ` begins a case, `--- formatted` what is expected. `<U+0020>` stands for a character that does not show.
//! `BLESS=1` rewrites what is expected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::path::Path;

use liftlock_syntax::{Unformattable, format};

/// Files that are in the style already.
const IN_STYLE: &[(&str, &str)] = &[
    ("stdlib/kinds.release", include_str!("../../../stdlib/kinds.release")),
    ("storefront.release", include_str!("../../../examples/storefront/storefront.release")),
    ("environments.release", include_str!("../../../examples/storefront/environments.release")),
];

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn every_case_is_formatted_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    let folder = repository().join("tests/data/format");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cases"));
    paths.sort();
    assert!(!paths.is_empty());
    for path in paths {
        let written = std::fs::read_to_string(&path).unwrap();
        let mut blessed = Vec::new();
        for case in written.strip_prefix("=== ").unwrap().split("\n=== ") {
            let (claim, rest) = case.split_once('\n').unwrap();
            let (text, expected) = rest.split_once("--- formatted\n").unwrap();
            let expected = expected.strip_suffix('\n').unwrap_or(expected);
            let expected =
                if expected.is_empty() { String::new() } else { format!("{}\n", expected.trim_end_matches('\n')) };
            let found = match format(&visible(text)) {
                Ok(found) => invisible(&found),
                Err(error) => format!("{error}: {error:?}\n"),
            };
            if found != expected {
                failures.push_str(&format!("{}: {claim}\n-- expected\n{expected}-- found\n{found}", path.display()));
            }
            blessed.push(format!("=== {claim}\n{text}--- formatted\n{found}"));
        }
        if bless {
            std::fs::write(&path, blessed.join("\n")).unwrap();
        }
    }
    assert!(bless || failures.is_empty(), "{failures}");
}

#[test]
fn files_in_the_style_stay_as_they_are() {
    for (name, text) in IN_STYLE {
        assert_eq!(format(text).unwrap(), *text, "{name}");
    }
}

#[test]
fn a_text_with_errors_is_refused_with_its_findings() {
    let error = format("a = 1\nb =\n").unwrap_err();
    assert!(matches!(error, Unformattable::Syntax(findings) if findings.len() == 1));
}

#[test]
fn nothing_stays_nothing() {
    for text in ["", "\n", "  \n\n", "\u{feff}", ",,\n,"] {
        assert_eq!(format(text).unwrap(), "", "{text:?}");
    }
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

/// Blanks at the ends of lines, so that no editor takes them away, and tabs.
fn invisible(text: &str) -> String {
    let lines = text.split_inclusive('\n').map(|line| {
        let body = line.trim_end_matches('\n');
        let kept = body.trim_end_matches(' ');
        let end = &line[body.len()..];
        format!("{}{}{end}", kept.replace('\t', "<U+0009>"), "<U+0020>".repeat(body.len() - kept.len()))
    });
    lines.collect()
}
