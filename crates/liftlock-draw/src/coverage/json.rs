//! Rollback coverage for programs: one record a stage.

use liftlock_check::{Ending, FailurePoint, PointKind, UndoBy, descent};
use liftlock_model::{EnvironmentId, Model, OnFailure, Pipeline};
use liftlock_report::json::{FORMAT, line};
use serde::Serialize;

use super::{Stage, stages};

/// A line for each environment of each pipeline. An interruption stands behind the effect of its name, and is counted in none
/// of the numbers.
pub fn json(model: &Model) -> String {
    let mut text = String::new();
    for pipeline in model.pipelines.values() {
        for stage in stages(model, pipeline) {
            text.push_str(&line(&record(model, pipeline, &stage)));
            text.push('\n');
        }
    }
    text
}

#[derive(Serialize)]
struct Record<'a> {
    format: u32,
    r#type: &'static str,
    pipeline: &'a str,
    environment: &'a str,
    /// What a failure takes back: `stage`, `pipeline` or `none`.
    on_failure: &'static str,
    restored: usize,
    total: usize,
    percent: usize,
    /// The same at every point, for the first undo as for the last.
    if_an_undo_fails: UndoFails,
    points: Vec<Point>,
}

#[derive(Serialize)]
struct Point {
    at: String,
    /// `gate`, `effect`, `check` or `interruption`
    kind: &'static str,
    /// `restored`, `held`, `stranded` or `left-as-is`
    ending: &'static str,
    /// The effect that keeps the environment from being restored.
    #[serde(skip_serializing_if = "Option::is_none")]
    because_of: Option<String>,
    applied: Vec<String>,
    undo: Vec<Undo>,
}

#[derive(Serialize)]
struct Undo {
    at: String,
    /// `rollback` of a step, the `kind` itself, `refresh` once more, or a step of the rollback of a phase: `cover`
    by: &'static str,
}

/// Where an undo fails, it and those behind it are left, and nothing enters until a person has looked.
#[derive(Serialize)]
struct UndoFails {
    ending: &'static str,
    locked: bool,
}

fn record<'a>(model: &Model, pipeline: &'a Pipeline, stage: &Stage<'a>) -> Record<'a> {
    Record {
        format: FORMAT,
        r#type: "coverage",
        pipeline: &pipeline.name,
        environment: stage.environment,
        on_failure: match pipeline.on_failure {
            OnFailure::Stage => "stage",
            OnFailure::Pipeline => "pipeline",
            OnFailure::None => "none",
        },
        restored: stage.coverage.restored(),
        total: stage.coverage.total(),
        percent: stage.coverage.percent(),
        if_an_undo_fails: UndoFails { ending: "stranded", locked: true },
        points: stage.coverage.points.iter().map(|point| of_point(model, pipeline, stage.id, point)).collect(),
    }
}

fn of_point(model: &Model, pipeline: &Pipeline, environment: EnvironmentId, point: &FailurePoint) -> Point {
    let way = descent(model, pipeline, environment, point);
    let undo = way.undo.into_iter().map(|undo| Undo {
        at: undo.at,
        by: match undo.by {
            UndoBy::Rollback => "rollback",
            UndoBy::Kind => "kind",
            UndoBy::Refresh => "refresh",
            UndoBy::Cover => "cover",
        },
    });
    let (ending, because_of) = match &point.ending {
        Ending::Restored => ("restored", None),
        Ending::Held { at } => ("held", Some(at.clone())),
        Ending::Stranded { by } => ("stranded", Some(by.clone())),
        Ending::LeftAsIs => ("left-as-is", None),
    };
    Point {
        at: point.at.clone(),
        kind: match point.kind {
            PointKind::Gate => "gate",
            PointKind::Effect => "effect",
            PointKind::Check => "check",
            PointKind::Interruption => "interruption",
        },
        ending,
        because_of,
        applied: way.applied,
        undo: undo.collect(),
    }
}
