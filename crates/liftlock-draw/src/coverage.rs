//! Rollback coverage, printed as test coverage is: a line for each environment, one for each effect, and whatever is not
//! covered with what leads to it.

use std::fmt::Write as _;

use liftlock_check::{Coverage, Ending, FailurePoint, Here, PointKind, coverage, descent};
use liftlock_model::{Effect, EffectKind, EnvironmentId, Model, Node, OnFailure, Pipeline};
use liftlock_report::table::{Cell, table};
use liftlock_report::{Style, Tone, plain};

use crate::words;

mod json;

pub use json::json;

/// One environment of a pipeline, with its failure points.
struct Stage<'m> {
    environment: &'m str,
    id: EnvironmentId,
    coverage: Coverage,
}

/// The stages of a pipeline in the order in which they are entered.
fn stages<'m>(model: &'m Model, pipeline: &Pipeline) -> Vec<Stage<'m>> {
    let stage =
        |(id, _)| Stage { environment: &model.environment(id).name, id, coverage: coverage(model, pipeline, id) };
    pipeline.stages().map(stage).collect()
}

/// What the rollback of every pipeline of a model covers.
pub fn human(model: &Model, style: &Style) -> String {
    let drawn: Vec<String> = model.pipelines.values().map(|pipeline| of_pipeline(model, pipeline, style)).collect();
    drawn.join("\n")
}

fn of_pipeline(model: &Model, pipeline: &Pipeline, style: &Style) -> String {
    let stages = stages(model, pipeline);
    let total = Coverage { points: stages.iter().flat_map(|stage| stage.coverage.points.clone()).collect() };
    let title = format!("{}: rollback coverage {}", plain(&pipeline.name), share(&total));
    let mut text = style.paint(Tone::Strong, &title);
    text.push('\n');
    let rows = stages.iter().map(|stage| environment_row(stage)).collect();
    text.push_str(&table(style, 2, &["ENVIRONMENT", "GATES", "EFFECTS", "CHECKS", "RESTORED", "COVERAGE"], rows));
    for (environments, stage) in alike(&stages) {
        text.push('\n');
        if environments.len() < stages.len() {
            let _ = writeln!(text, "  in {}:", environments.join(", "));
        }
        text.push_str(&effects(model, pipeline, stage, style));
        text.push_str(&uncovered(model, pipeline, stage, style));
    }
    let _ = writeln!(text, "\n  {}", if_it_fails(pipeline.on_failure));
    text
}

fn environment_row(stage: &Stage<'_>) -> Vec<Cell> {
    let of_kind = |kind| {
        let points = stage.coverage.points.iter().filter(|point| point.kind == kind).cloned().collect();
        let coverage = Coverage { points };
        format!("{}/{}", coverage.restored(), coverage.total())
    };
    let coverage = &stage.coverage;
    let tone = if coverage.restored() == coverage.total() { Tone::Good } else { Tone::Attention };
    vec![
        Cell::new(plain(stage.environment)),
        Cell::new(of_kind(PointKind::Gate)),
        Cell::new(of_kind(PointKind::Effect)),
        Cell::new(of_kind(PointKind::Check)),
        Cell::new(format!("{}/{}", coverage.restored(), coverage.total())),
        Cell::of(tone, format!("{}%", coverage.percent())),
    ]
}

/// The environments that fail in the same way, together. A gate fails before anything is applied, everywhere.
fn alike<'s, 'm>(stages: &'s [Stage<'m>]) -> Vec<(Vec<&'s str>, &'s Stage<'m>)> {
    let body = |stage: &'s Stage<'m>| stage.coverage.points.iter().filter(|point| point.kind != PointKind::Gate);
    let mut groups: Vec<(Vec<&str>, &Stage<'m>)> = Vec::new();
    for stage in stages {
        match groups.iter_mut().find(|(_, known)| body(known).eq(body(stage))) {
            Some((environments, _)) => environments.push(stage.environment),
            None => groups.push((vec![stage.environment], stage)),
        }
    }
    groups
}

/// A line for each effect and check: how the environment ends when it fails there, and what takes the effect back.
fn effects(model: &Model, pipeline: &Pipeline, stage: &Stage<'_>, style: &Style) -> String {
    let mut undos = Vec::new();
    let here = Here { model, environment: stage.id };
    each_effect(here, pipeline.deploy_in(stage.id), false, &mut |effect, covered| {
        undos.push(words::undone_by(effect, covered))
    });
    let mut undos = undos.into_iter();
    let counted = stage.coverage.counted().filter(|point| point.kind != PointKind::Gate);
    let rows: Vec<Vec<Cell>> = counted
        .map(|point| {
            let (ending, tone) = ending(&point.ending);
            let undo = if point.kind == PointKind::Effect { undos.next().unwrap_or_default() } else { "" };
            vec![Cell::new(plain(&point.at)), Cell::of(tone, ending), Cell::new(undo)]
        })
        .collect();
    if rows.is_empty() {
        return "  nothing is deployed, and nothing checked\n".to_owned();
    }
    table(style, 2, &["FAILURE AT", "ENDS", "TAKEN BACK BY"], rows)
}

/// Calls `visit` with each effect of a body and whether an enclosing phase covers it, in the order in which they stand.
fn each_effect<'m>(here: Here<'_>, nodes: &'m [Node], covered: bool, visit: &mut dyn FnMut(&'m Effect, bool)) {
    for node in nodes.iter().filter(|node| !here.is_never(node)) {
        match node {
            // A notice is no failure point.
            Node::Effect(effect) if matches!(effect.kind, EffectKind::Notify { .. }) => {}
            Node::Effect(effect) => visit(effect, covered),
            Node::Phase { body, rollback, .. } => each_effect(here, body, covered || rollback.is_some(), visit),
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
                each_effect(here, body, covered, visit);
            }
            Node::Check(_) => {}
        }
    }
}

/// The points that do not end restored, each with what leads to it and what is undone.
fn uncovered(model: &Model, pipeline: &Pipeline, stage: &Stage<'_>, style: &Style) -> String {
    let coverage = &stage.coverage;
    let points: Vec<&FailurePoint> = coverage.points.iter().filter(|point| is_worth_telling(point, coverage)).collect();
    if points.is_empty() {
        return String::new();
    }
    let mut text = format!("\n  {}\n", style.paint(Tone::Attention, "not restored:"));
    for point in points {
        let behind = if point.kind == PointKind::Interruption { ", interrupted behind it" } else { "" };
        let way = descent(model, pipeline, stage.id, point);
        let _ = writeln!(text, "    {}{behind}", plain(&point.at));
        let _ = writeln!(text, "      ends:    {}", at_length(&point.ending));
        text.push_str(&list("applied: ", &way.applied, style));
        let undone: Vec<String> = way.undo.into_iter().map(|undo| undo.at).collect();
        text.push_str(&list("undone:  ", &undone, style));
    }
    text
}

/// An interruption is told only where the failure of the effect before it ends otherwise.
fn is_worth_telling(point: &FailurePoint, coverage: &Coverage) -> bool {
    let as_failure =
        |other: &FailurePoint| other.kind == PointKind::Effect && other.at == point.at && other.ending == point.ending;
    point.ending != Ending::Restored
        && (point.kind != PointKind::Interruption || !coverage.points.iter().any(as_failure))
}

/// The places, broken between two of them where a line would be too wide.
fn list(title: &str, places: &[String], style: &Style) -> String {
    let mut text = format!("      {title}");
    let mut used = text.len();
    let indent = " ".repeat(used);
    for (at, place) in places.iter().enumerate() {
        let place = plain(place);
        let width = place.chars().count() + 2;
        if at > 0 {
            if used + width > style.width {
                let _ = write!(text, ",\n{indent}");
                used = indent.len();
            } else {
                text.push_str(", ");
            }
        }
        text.push_str(&place);
        used += width;
    }
    text.push_str(if places.is_empty() { "nothing\n" } else { "\n" });
    text
}

fn ending(ending: &Ending) -> (&'static str, Tone) {
    match ending {
        Ending::Restored => ("restored", Tone::Good),
        Ending::Held { .. } => ("held", Tone::Attention),
        Ending::Stranded { .. } => ("stranded", Tone::Bad),
        Ending::LeftAsIs => ("left as it is", Tone::Attention),
    }
}

fn at_length(ending: &Ending) -> String {
    match ending {
        Ending::Restored => "the environment is restored".to_owned(),
        Ending::Held { at } => format!("held at {}, a point of no return", plain(at)),
        Ending::Stranded { by } => format!("stranded, since nothing takes {} back", plain(by)),
        Ending::LeftAsIs => "left as it is".to_owned(),
    }
}

fn if_it_fails(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Stage => "if an undo fails, the environment is stranded: locked until a person looks",
        OnFailure::Pipeline => {
            "a failure takes back every environment of the run;\n  if an undo fails, its environment is stranded: locked until a person looks"
        }
        OnFailure::None => "nothing is undone, since `on failure` says `rollback = none`",
    }
}

/// `9/10 (90%)`
fn share(coverage: &Coverage) -> String {
    format!("{}/{} ({}%)", coverage.restored(), coverage.total(), coverage.percent())
}
