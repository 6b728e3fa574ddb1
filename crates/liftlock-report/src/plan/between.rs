//! What changes between two plans: for people, for programs, and as a comment on a pull request.

use std::fmt::Write as _;

use liftlock_plan::{Edit, EnvironmentDiff, How, PlanDiff};
use serde::Serialize;

use super::changes::Changes;
use crate::json::{self, FORMAT};
use crate::markdown::details::{Block, Details, fit};
use crate::markdown::{LARGEST, cell, code, fenced, html_code};
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::units::count;

/// How many environments have a row in a comment.
const MOST_ROWS: usize = 25;

/// What is different for a person.
pub fn human(diff: &PlanDiff, style: &Style) -> String {
    let mut text = format!("{}\n", style.paint(Tone::Strong, &headline(diff)));
    if diff.is_empty() {
        return text;
    }
    let changes = Changes { style, undo: false, width: 0 };
    edits(&mut text, &diff.whole, &changes);
    for environment in &diff.environments {
        let name = style.paint(Tone::Strong, &plain(&environment.environment));
        let _ = writeln!(text, "\n{name}: {}", said(environment));
        edits(&mut text, &environment.edits, &changes);
    }
    let _ = writeln!(text, "\n{}", style.paint(Tone::Quiet, "+ is new   ~ changes   - is gone"));
    text
}

/// The same for a program.
pub fn json(diff: &PlanDiff) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        r#type: &'static str,
        equal: bool,
        #[serde(flatten)]
        diff: &'a PlanDiff,
    }
    json::line(&Document { format: FORMAT, r#type: "plan-diff", equal: diff.is_empty(), diff })
}

/// The same as Markdown, in fewer than 65,536 characters.
pub fn markdown(diff: &PlanDiff) -> String {
    let verdict = if diff.is_empty() { "the plan stays as it is" } else { "the plan changes" };
    let mut text = format!("### {}: {verdict}\n\n", code(&diff.pipeline));
    if diff.is_empty() {
        return text;
    }
    if !diff.environments.is_empty() {
        text.push_str("| environment | new | changed | gone |\n|---|--:|--:|--:|\n");
    }
    for environment in diff.environments.iter().take(MOST_ROWS) {
        let many = |how: How| environment.edits.iter().filter(|edit| edit.how == how).count();
        let (new, changed, gone) = (many(How::Added), many(How::Changed), many(How::Removed));
        let _ = writeln!(text, "| {} | {new} | {changed} | {gone} |", cell(&environment.environment));
    }
    let more = diff.environments.len().saturating_sub(MOST_ROWS);
    if more > 0 {
        let _ = writeln!(text, "\nand {} more", count(more, "environment"));
    }
    text.push('\n');
    let mut details = Vec::new();
    if !diff.whole.is_empty() {
        details.push(Details { summary: "the whole pipeline".to_owned(), blocks: blocks(&diff.whole) });
    }
    details.extend(diff.environments.iter().map(|environment| {
        let summary = format!("{} {}", html_code(&environment.environment), said(environment));
        Details { summary, blocks: blocks(&environment.edits) }
    }));
    let room = LARGEST.saturating_sub(text.len());
    text.push_str(&fit(details, room));
    text
}

fn headline(diff: &PlanDiff) -> String {
    let name = plain(&diff.pipeline);
    match (diff.is_empty(), diff.before.is_some(), diff.after.is_some()) {
        (true, _, _) => format!("{name}: no difference"),
        (false, false, _) => format!("{name}: is new"),
        (false, true, false) => format!("{name}: is gone"),
        (false, true, true) => {
            let edits = diff.environments.iter().map(|environment| environment.edits.len()).sum::<usize>();
            let environments = count(diff.environments.len(), "environment");
            let whole = diff.whole.len();
            match (whole, edits) {
                (_, 0) => format!("{name}: {} in the pipeline as a whole", count(whole, "difference")),
                (0, _) => format!("{name}: {} in {environments}", count(edits, "difference")),
                _ => format!(
                    "{name}: {}, {whole} in the pipeline as a whole and {edits} in {environments}",
                    count(edits + whole, "difference")
                ),
            }
        }
    }
}

fn said(environment: &EnvironmentDiff) -> String {
    match environment.how {
        How::Added => "is entered now, and was not".to_owned(),
        How::Removed => "is not entered any more".to_owned(),
        How::Changed => count(environment.edits.len(), "difference"),
    }
}

fn edits(text: &mut String, edits: &[Edit], changes: &Changes<'_>) {
    for edit in edits {
        let (mark, tone) = match edit.how {
            How::Added => ("+", Tone::Good),
            How::Removed => ("-", Tone::Bad),
            How::Changed => ("~", Tone::Attention),
        };
        let _ = writeln!(text, "  {} {}", changes.style.paint(tone, mark), plain(&edit.at));
        changes.diff(text, &edit.diff, 6);
    }
}

fn blocks(edits: &[Edit]) -> Vec<Block> {
    let block = |edit: &Edit| {
        let how = match edit.how {
            How::Added => "is new",
            How::Removed => "is gone",
            How::Changed => "changes",
        };
        let line = format!("**{}** {how}", code(&edit.at));
        Block { line, fence: fenced("diff", &edit.diff), lines: edit.diff.lines().count() }
    };
    edits.iter().map(block).collect()
}
