//! How the pipelines in `tests/data` look in every form. `BLESS=1` rewrites what is expected; look at the pictures.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::{Path, PathBuf};

use liftlock_diagnostics::Sources;
use liftlock_draw::{Outline, Runbook, coverage, dot, mermaid, svg, text};
use liftlock_model::{Model, Unit, lower};
use liftlock_report::Style;
use liftlock_syntax::parse;

fn model(path: &Path) -> Model {
    let text = std::fs::read_to_string(path).unwrap();
    let mut sources = Sources::default();
    let source = sources.add(path, text.as_str());
    let (file, parsing) = parse(source, &text);
    let (model, lowering) = lower(&[Unit::alone(&file)]);
    let messages: Vec<String> = parsing.into_iter().chain(lowering).map(|finding| finding.message).collect();
    assert!(messages.is_empty(), "{}: {messages:?}", path.display());
    model
}

/// A terminal of 80 columns.
fn terminal() -> Style {
    Style { unicode: true, width: 80, ..Style::bare() }
}

fn outlines(model: &Model) -> Vec<Outline> {
    model.pipelines.values().map(|pipeline| Outline::of(model, pipeline)).collect()
}

#[test]
fn pipelines_look_as_expected_in_every_form() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let model = model(&data.join("regions.release"));
    let mut drawn: Vec<(PathBuf, String)> = Vec::new();
    for outline in outlines(&model) {
        let file = |ending: &str| data.join(format!("{}.{ending}", outline.name));
        drawn.push((file("txt"), text(&outline, &terminal())));
        drawn.push((file("ascii.txt"), text(&outline, &Style::bare())));
        drawn.push((file("mmd"), mermaid(&outline)));
        drawn.push((file("dot"), dot(&outline)));
        drawn.push((file("svg"), svg(&outline)));
    }
    for pipeline in model.pipelines.values() {
        let runbook = Runbook::of(&model, pipeline);
        drawn.push((data.join(format!("{}.md", pipeline.name)), runbook.markdown()));
        drawn.push((data.join(format!("{}.html", pipeline.name)), runbook.html()));
    }
    drawn.push((data.join("coverage.txt"), coverage::human(&model, &terminal())));
    drawn.push((data.join("coverage.jsonl"), coverage::json(&model)));
    let mut wrong = Vec::new();
    for (path, drawn) in drawn {
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&path, &drawn).unwrap();
        }
        if std::fs::read_to_string(&path).unwrap_or_default() != drawn {
            wrong.push(format!("{}:\n{drawn}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_is_drawn_for_a_terminal_fits_into_80_columns() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let model = model(&data.join("regions.release"));
    let texts = outlines(&model).iter().map(|outline| text(outline, &terminal())).collect::<String>();
    for line in texts.lines().chain(coverage::human(&model, &terminal()).lines()) {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn a_picture_needs_nothing_else() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    for outline in outlines(&model(&data.join("regions.release"))) {
        let svg = svg(&outline);
        for outside in ["href", "<script", "@import", "url(", "<image"] {
            assert!(!svg.contains(outside), "{outside}");
        }
        assert_eq!(svg.matches("http").count(), 1, "only the name of the format");
    }
}
