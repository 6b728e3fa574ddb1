//! What other programs read, word for word. `BLESS=1` rewrites the files; the diff is then read like code.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::Path;

use liftlock_diagnostics::{
    Code, Edit, Finding, Safety, Severity, Sources, Span, checkstyle, concise, fingerprints, github, gitlab, sarif,
};

const PIPELINE: &str = "# é𝄞\npipeline shop {\n  through dev -> production\n  note = \"𝄞\", mod = 1\n}\n";
const ENVIRONMENTS: &str = "environment production {\n  requires = [staging]\n}\n";

/// Three findings of three severities; one in two files, one with a fix, one over two lines.
fn findings() -> (Sources, Vec<Finding>) {
    let mut sources = Sources::default();
    let pipeline = sources.add("a folder/shop.release", PIPELINE);
    let environments = sources.add("environments.release", ENVIRONMENTS);
    let at = |id, text: &str, part: &str| {
        let start = text.find(part).unwrap();
        Span::new(id, start, start + part.len())
    };
    let mode = at(pipeline, PIPELINE, "mod ");
    let mode = Span { end: mode.end - 1, ..mode };
    let whole = at(environments, ENVIRONMENTS, "production {\n  requires");
    let info = Finding::warning(Code("promotion/no-soak"), "two lines | <b>, 100%: `a_b`", whole, "");
    let findings = vec![
        Finding { severity: Severity::Info, ..info },
        Finding::warning(Code("names/near-name"), "`mod` is no attribute\u{1b}", mode, "& \"this\"").with_fix(
            Safety::Unsafe,
            "write `mode`",
            vec![Edit { span: mode, text: "mode".to_owned() }],
        ),
        Finding::error(
            Code("promotion/skips-environment"),
            "`production` is entered without `staging`",
            at(pipeline, PIPELINE, "production"),
            "enters `production` here",
        )
        .with_label(at(environments, ENVIRONMENTS, "requires = [staging]"), "takes only what succeeded in `staging`")
        .with_help("promote through `dev -> staging -> production`"),
    ];
    (sources, findings)
}

#[track_caller]
fn expect(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(text == wanted, "{name} differs; look at it, and accept it with BLESS=1\n{text}");
}

#[test]
fn each_format_is_as_its_readers_know_it() {
    let (sources, findings) = findings();
    let lines: Vec<String> = findings.iter().map(|finding| concise::render_line(finding, &sources) + "\n").collect();
    expect("concise.txt", &lines.concat());
    expect("github.txt", &github::render(&findings, &sources));
    expect("github-summary.md", &github::summary(&findings, &sources, 2));
    expect("gitlab.json", &gitlab::render(&findings, &sources));
    expect("checkstyle.xml", &checkstyle::render(&findings, &sources));
    let page = sarif::Page {
        code: Code("promotion/skips-environment"),
        summary: "A path leaves out what is required.".to_owned(),
        markdown: "# promotion/skips-environment\n\nA path leaves out what is required.\n",
    };
    expect("report.sarif", &sarif::render(&findings, &sources, "1.2.3", &[page]));
}

#[test]
fn without_findings_every_report_is_empty_and_whole() {
    let sources = Sources::default();
    assert_eq!(github::render(&[], &sources), "");
    assert_eq!(github::summary(&[], &sources, 2), "### liftlock check: no findings in 2 files\n\n");
    assert_eq!(gitlab::render(&[], &sources), "[]");
    assert!(checkstyle::render(&[], &sources).ends_with("<checkstyle version=\"4.3\">\n</checkstyle>\n"));
    assert!(sarif::render(&[], &sources, "1.2.3", &[]).contains("\"results\": []"));
}

#[test]
fn a_fingerprint_stays_when_lines_are_added_above_and_when_the_line_is_indented() {
    let finding = |text: &str| {
        let mut sources = Sources::default();
        let id = sources.add("a.release", text);
        let findings: Vec<Finding> = text
            .match_indices("step")
            .map(|(at, part)| Finding::error(Code("a/b"), "m", Span::new(id, at, at + part.len()), ""))
            .collect();
        fingerprints(&findings, &sources)
    };
    assert_eq!(finding("step  a {}\n"), finding("# new\n\n    step a {}\n"));
    assert_ne!(finding("step a {}\n"), finding("step b {}\n"));
    let alike = finding("step a {}\nstep a {}\n");
    assert_ne!(alike[0], alike[1]);
    assert_eq!(alike[0], finding("step a {}\n")[0]);
}
