//! How each failure of the stages in `tests/data/coverage` ends, what led to it, and what is undone. `BLESS=1` rewrites the
//! expectations.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fmt::Write as _;
use std::path::Path;

use liftlock_check::{Ending, PointKind, UndoBy, coverage, descent};
use liftlock_diagnostics::Sources;
use liftlock_model::{Model, Unit, lower};
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

fn told(model: &Model) -> String {
    let mut text = String::new();
    for pipeline in model.pipelines.values() {
        for (environment, _) in pipeline.stages() {
            let coverage = coverage(model, pipeline, environment);
            let name = &model.environment(environment).name;
            let _ = writeln!(
                text,
                "{}/{name}: {} of {}, {}%",
                pipeline.name,
                coverage.restored(),
                coverage.total(),
                coverage.percent()
            );
            for point in &coverage.points {
                let what = match point.kind {
                    PointKind::Gate | PointKind::Effect | PointKind::Check => "fails",
                    PointKind::Interruption => "is done, and the run interrupted",
                };
                let ending = match &point.ending {
                    Ending::Restored => "restored".to_owned(),
                    Ending::Held { at } => format!("held at {at}"),
                    Ending::Stranded { by } => format!("stranded by {by}"),
                    Ending::LeftAsIs => "left as it is".to_owned(),
                };
                let descent = descent(model, pipeline, environment, point);
                let undo = descent.undo.iter().map(|undo| match undo.by {
                    UndoBy::Rollback | UndoBy::Kind => undo.at.clone(),
                    UndoBy::Refresh => format!("{} again", undo.at),
                    UndoBy::Cover => format!("{} as cover", undo.at),
                });
                let undo: Vec<String> = undo.collect();
                let _ = writeln!(text, "{} {what}: {ending}", point.at);
                let _ = writeln!(text, "  applied: {}", descent.applied.join(", "));
                let _ = writeln!(text, "  undo:    {}", undo.join(", "));
            }
        }
    }
    text.replace(": \n", ": -\n").replace("    \n", "    -\n")
}

#[test]
fn every_failure_point_says_what_led_to_it_and_how_it_ends() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/coverage");
    let mut wrong = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "release") {
            continue;
        }
        let (told, expected) = (told(&model(&path)), path.with_extension("txt"));
        if std::env::var_os("BLESS").is_some() {
            std::fs::write(&expected, &told).unwrap();
        }
        if std::fs::read_to_string(&expected).unwrap_or_default() != told {
            wrong.push(format!("{}:\n{told}", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
