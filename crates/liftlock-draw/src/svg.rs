//! The graph of a pipeline as a picture that needs nothing else: no script, no font, no other file.
//!
//! Environments are columns, from left to right; gates, effects and checks are rows, from top to bottom. A mark stands where
//! an environment has the row. On the right an arrow leads up again, past what the undo takes back, each with its turn.
//! Colours follow the reader's light or dark setting.

use std::fmt::Write as _;

use liftlock_check::Class;
use liftlock_report::plain;

use crate::{Item, ItemKind, Outline, words};

const MARGIN: usize = 24;
const ROW: usize = 26;
/// Wide enough for a character of any fixed-width font at the size of the rows.
const CHARACTER: usize = 8;
const HEADER: usize = 44;
/// Between the boxes of two environments.
const GAP: usize = 36;

const STYLE: &str = "\
svg { --paper: #ffffff; --ink: #1f2933; --quiet: #52606d; --line: #9aa5b1; --box: #eef2f7; --effect: #1d6fb8; --undo: #2e7d32; \
--gate: #b26a00; --bad: #c62828 }
@media (prefers-color-scheme: dark) { svg { --paper: #14181d; --ink: #e4e7eb; --quiet: #9aa5b1; --line: #52606d; --box: #232a33; \
--effect: #6cb2f0; --undo: #7bc67f; --gate: #ffb74d; --bad: #ff8a80 } }
text { font: 13px ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace; fill: var(--ink) }
.title { font-weight: bold; font-size: 15px }
.quiet { fill: var(--quiet) }
.middle { text-anchor: middle }
.paper { fill: var(--paper) }
.box { fill: var(--box); stroke: var(--line) }
.protected { stroke: var(--gate); stroke-width: 2.5 }
.line { stroke: var(--line); stroke-width: 1.5; fill: none }
.rule { stroke: var(--line); stroke-width: 0.5; stroke-dasharray: 2 4 }
.arrow { fill: var(--line) }
.gate { fill: var(--gate) }
.effect { fill: var(--effect) }
.check { fill: var(--paper); stroke: var(--effect); stroke-width: 2 }
.reads { fill: var(--paper); stroke: var(--line); stroke-width: 2 }
.bad { fill: var(--bad) }
.undo { stroke: var(--undo); stroke-width: 2; fill: none }
.undone { fill: var(--undo) }
";

/// One line of the picture.
struct Row {
    indent: usize,
    label: String,
    /// Whether the label is only a heading.
    quiet: bool,
    /// The mark in each column that has one.
    marks: Vec<Option<Mark>>,
    /// To which deployment it belongs, where it is of one.
    deployment: usize,
    /// What takes it back, and in which turns.
    undo: String,
    turns: Vec<usize>,
}

#[derive(Clone, Copy)]
enum Mark {
    Gate,
    Effect,
    Reads,
    NoReturn,
    Check,
}

/// Where things stand.
struct Layout {
    /// The left edge and the width of each environment.
    columns: Vec<(usize, usize)>,
    top: usize,
    rows: usize,
    undo: usize,
    width: usize,
    height: usize,
}

pub fn svg(outline: &Outline) -> String {
    let rows = rows(outline);
    let layout = layout(outline, &rows);
    let (width, height) = (layout.width, layout.height);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\" role=\"img\">\n"
    );
    let _ = writeln!(text, "<title>{}</title>", escaped(&outline.name));
    let path: Vec<&str> = outline.stages().map(|stage| stage.environment.as_str()).collect();
    let _ = writeln!(text, "<desc>{}</desc>", escaped(&format!("The release path: {}", path.join(", "))));
    let _ = writeln!(text, "<style>\n{STYLE}</style>");
    let _ = writeln!(text, "<rect class=\"paper\" width=\"{width}\" height=\"{height}\"/>");
    let title = match &outline.artifact {
        Some(artifact) => format!("{}: {artifact}", outline.name),
        None => outline.name.clone(),
    };
    write_text(&mut text, MARGIN, MARGIN + 12, "title", &title);
    if let Some(docs) = &outline.docs {
        write_text(&mut text, MARGIN, MARGIN + 32, "quiet", docs);
    }
    headers(&mut text, outline, &layout);
    for (at, row) in rows.iter().enumerate() {
        draw_row(&mut text, row, layout.rows + at * ROW, &layout);
    }
    for deployment in 0..outline.deployments.len() {
        way_back(&mut text, &rows, deployment, &layout);
    }
    write_text(&mut text, MARGIN, height - MARGIN, "quiet", words::on_failure(outline.on_failure));
    text.push_str("</svg>\n");
    text
}

fn rows(outline: &Outline) -> Vec<Row> {
    let nowhere = || outline.stages().map(|_| None).collect::<Vec<_>>();
    let row = |indent, label: String, quiet, marks| Row {
        indent,
        label,
        quiet,
        marks,
        deployment: 0,
        undo: String::new(),
        turns: Vec::new(),
    };
    let mut rows = Vec::new();
    for (column, stage) in outline.stages().enumerate() {
        for gate in &stage.gates {
            let mut marks = nowhere();
            marks[column] = Some(Mark::Gate);
            rows.push(row(0, format!("{}: {}", gate.name, gate.what), false, marks));
        }
    }
    for (number, deployment) in outline.deployments.iter().enumerate() {
        let here = |mark| {
            let columns = outline.stages().map(|stage| (stage.deployment == number).then_some(mark));
            columns.collect::<Vec<_>>()
        };
        // Where all are the same, it need not be said of which it is.
        if outline.deployments.len() > 1 {
            rows.push(row(0, format!("deploy {}", deployment.environments.join(", ")), true, nowhere()));
        }
        for (at, item) in deployment.items.iter().enumerate() {
            let (mark, undo) = mark_of(item);
            let row = row(item.depth, item.label(), !item.is_effect(), mark.map_or_else(nowhere, here));
            rows.push(Row { deployment: number, undo: undo.to_owned(), turns: deployment.turns(at), ..row });
        }
        for check in &deployment.checks {
            rows.push(row(0, check.label(), false, here(Mark::Check)));
        }
    }
    rows
}

/// How an item is marked, and what takes it back.
fn mark_of(item: &Item) -> (Option<Mark>, &'static str) {
    match item.kind {
        ItemKind::Phase | ItemKind::Parallel | ItemKind::Each | ItemKind::When => (None, ""),
        ItemKind::Cover => (None, "runs only on the way back"),
        ItemKind::Effect { class: Class::ReadOnly, undone_by, .. } => (Some(Mark::Reads), undone_by),
        ItemKind::Effect { class: Class::Irreversible | Class::Uncovered, undone_by, .. } => {
            (Some(Mark::NoReturn), undone_by)
        }
        ItemKind::Effect { undone_by, .. } => (Some(Mark::Effect), undone_by),
    }
}

fn layout(outline: &Outline, rows: &[Row]) -> Layout {
    let label = |row: &Row| 2 * row.indent + row.label.chars().count();
    let labels = rows.iter().map(label).max().unwrap_or(0) * CHARACTER;
    let mut left = MARGIN + labels + GAP;
    let mut columns = Vec::new();
    for stage in outline.stages() {
        let protected = if stage.protected { "protected".len() } else { 0 };
        let width = stage.environment.chars().count().max(protected) * CHARACTER + 24;
        columns.push((left, width));
        left += width + GAP;
    }
    let undo = left;
    let turns = |row: &Row| row.turns.iter().map(|turn| turn.to_string().len() + 2).sum::<usize>();
    let undos = rows.iter().map(|row| turns(row) + row.undo.chars().count()).max().unwrap_or(0);
    let named =
        outline.docs.as_deref().unwrap_or_default().chars().count().max(outline.name.chars().count() + 24).max(64);
    let top = MARGIN + if outline.docs.is_some() { 48 } else { 28 };
    let first = top + HEADER + 24;
    Layout {
        columns,
        top,
        rows: first,
        undo,
        width: (undo + GAP + undos * CHARACTER).max(MARGIN + named * CHARACTER) + MARGIN,
        height: first + rows.len() * ROW + 24 + MARGIN,
    }
}

/// The boxes of the environments, with arrows between the waves. Those that are entered together share a frame.
fn headers(text: &mut String, outline: &Outline, layout: &Layout) {
    let (top, middle) = (layout.top, layout.top + HEADER / 2);
    let bottom = layout.height - 24 - MARGIN;
    let mut column = 0;
    for (number, wave) in outline.waves.iter().enumerate() {
        let columns = layout.columns.get(column..column + wave.len()).unwrap_or_default();
        let (Some((left, _)), Some((last, width))) = (columns.first(), columns.last()) else { continue };
        if wave.len() > 1 {
            let (x, y, width) = (left - 8, top - 8, last + width + 16 - left);
            let _ = writeln!(
                text,
                "<rect class=\"line\" x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{}\" rx=\"10\"/>",
                HEADER + 16
            );
        }
        if number > 0 {
            let margin = |length: usize| if length > 1 { 8 } else { 0 };
            let from = left + margin(1) - GAP + margin(outline.waves[number - 1].len());
            let to = left - margin(wave.len());
            let _ = writeln!(text, "<path class=\"line\" d=\"M{from} {middle}H{}\"/>", to - 6);
            let _ = writeln!(text, "<path class=\"arrow\" d=\"M{to} {middle}l-9 -5v10z\"/>");
        }
        for (stage, (left, width)) in wave.iter().zip(columns) {
            let centre = left + width / 2;
            let _ = writeln!(text, "<path class=\"line\" d=\"M{centre} {}V{bottom}\"/>", top + HEADER);
            let class = if stage.protected { "box protected" } else { "box" };
            let _ = writeln!(
                text,
                "<rect class=\"{class}\" x=\"{left}\" y=\"{top}\" width=\"{width}\" height=\"{HEADER}\" rx=\"6\"/>"
            );
            let base = if stage.protected { middle - 2 } else { middle + 5 };
            write_text(text, centre, base, "middle", &stage.environment);
            if stage.protected {
                write_text(text, centre, middle + 15, "middle quiet", "protected");
            }
        }
        column += wave.len();
    }
}

fn draw_row(text: &mut String, row: &Row, y: usize, layout: &Layout) {
    let class = if row.quiet { "quiet" } else { "" };
    write_text(text, MARGIN + 2 * row.indent * CHARACTER, y + 4, class, &row.label);
    if row.marks.iter().any(Option::is_some) {
        let from = MARGIN + (2 * row.indent + row.label.chars().count()) * CHARACTER + 8;
        let to = layout.columns.last().map_or(from, |(left, width)| left + width);
        let _ = writeln!(text, "<path class=\"rule\" d=\"M{from} {y}H{to}\"/>");
    }
    for (mark, (left, width)) in row.marks.iter().zip(&layout.columns) {
        let x = left + width / 2;
        let shape = match mark {
            None => continue,
            Some(Mark::Gate) => format!("<path class=\"gate\" d=\"M{x} {}l8 8l-8 8l-8 -8z\"/>", y - 8),
            Some(Mark::Effect) => format!("<circle class=\"effect\" cx=\"{x}\" cy=\"{y}\" r=\"6\"/>"),
            Some(Mark::Reads) => format!("<circle class=\"reads\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>"),
            Some(Mark::NoReturn) => {
                format!("<rect class=\"bad\" x=\"{}\" y=\"{}\" width=\"13\" height=\"13\"/>", x - 6, y - 6)
            }
            Some(Mark::Check) => format!("<circle class=\"check\" cx=\"{x}\" cy=\"{y}\" r=\"5\"/>"),
        };
        text.push_str(&shape);
        text.push('\n');
    }
    let turns: String = row.turns.iter().map(|turn| format!("{turn}. ")).collect();
    if !row.undo.is_empty() {
        write_text(text, layout.undo + 20, y + 4, "quiet", &format!("{turns}{}", row.undo));
    }
}

/// The arrow up, past everything that is taken back of a deployment.
fn way_back(text: &mut String, rows: &[Row], deployment: usize, layout: &Layout) {
    let undone = |row: &&Row| row.deployment == deployment && !row.turns.is_empty();
    let (Some(first), Some(last)) =
        (rows.iter().position(|row| undone(&row)), rows.iter().rposition(|row| undone(&row)))
    else {
        return;
    };
    let (x, top, bottom) = (layout.undo, layout.rows + first * ROW, layout.rows + last * ROW);
    let _ = writeln!(text, "<path class=\"undo\" d=\"M{x} {}V{}\"/>", bottom + 12, top - 8);
    let _ = writeln!(text, "<path class=\"undone\" d=\"M{x} {}l-6 11h12z\"/>", top - 18);
    for (at, _) in rows.iter().enumerate().filter(|(_, row)| undone(row)) {
        let _ = writeln!(text, "<circle class=\"undone\" cx=\"{x}\" cy=\"{}\" r=\"4\"/>", layout.rows + at * ROW);
    }
}

fn write_text(text: &mut String, x: usize, y: usize, class: &str, said: &str) {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let _ = writeln!(text, "<text x=\"{x}\" y=\"{y}\"{class}>{}</text>", escaped(said));
}

fn escaped(text: &str) -> String {
    plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
