//! The graph of a pipeline for a terminal.

use std::fmt::Write as _;

use liftlock_check::Class;
use liftlock_report::table::{Cell, table};
use liftlock_report::{Style, Tone, plain};

use crate::words;
use crate::{Deployment, ItemKind, Outline, Stage};

/// The path, the gates before each environment, and what is deployed there with what takes it back.
pub fn text(outline: &Outline, style: &Style) -> String {
    let mut title = outline.name.clone();
    if let Some(artifact) = &outline.artifact {
        let _ = write!(title, ": {artifact}");
    }
    let mut text = format!("{}\n", style.paint(Tone::Strong, &plain(&title)));
    if let Some(docs) = &outline.docs {
        let _ = writeln!(text, "{}", style.paint(Tone::Quiet, &plain(docs)));
    }
    let _ = writeln!(text, "\n{}", path(outline, style));
    for stage in outline.stages().filter(|stage| !stage.gates.is_empty()) {
        let _ = writeln!(text, "\n{}", style.paint(Tone::Strong, &format!("before {}", plain(&stage.environment))));
        let gate = if style.unicode { "◆" } else { "*" };
        let rows = stage.gates.iter().map(|row| {
            vec![Cell::of(Tone::Attention, gate), Cell::new(plain(&row.name)), Cell::of(Tone::Quiet, plain(&row.what))]
        });
        text.push_str(&table(style, 2, &[], rows.collect()));
    }
    for deployment in &outline.deployments {
        // Where all are the same, it need not be said of which it is.
        let of = match outline.deployments.len() {
            1 => String::new(),
            _ => format!(" {}", plain(&deployment.environments.join(", "))),
        };
        let _ = writeln!(text, "\n{}", style.paint(Tone::Strong, &format!("deploy{of}")));
        text.push_str(&body(deployment, style));
        if !deployment.checks.is_empty() {
            let _ = writeln!(text, "\n{}", style.paint(Tone::Strong, &format!("verify{of}")));
            let mark = if style.unicode { "✓" } else { "?" };
            for check in &deployment.checks {
                let _ = writeln!(text, "  {} {}", style.paint(Tone::Good, mark), plain(&check.label()));
            }
        }
    }
    let _ = writeln!(text, "\n{}", words::on_failure(outline.on_failure));
    text
}

/// `dev -> [eu, us] -> asia`, broken between waves where it is too wide.
fn path(outline: &Outline, style: &Style) -> String {
    let arrow = if style.unicode { " ──▶ " } else { " -> " };
    let name = |stage: &Stage| {
        let gated = if style.unicode { "◆ " } else { "* " };
        format!("{}{}", if stage.gates.is_empty() { "" } else { gated }, plain(&stage.environment))
    };
    let (mut text, mut used) = ("  ".to_owned(), 2);
    for (at, wave) in outline.waves.iter().enumerate() {
        let names: Vec<String> = wave.iter().map(name).collect();
        let shown = if let [one] = names.as_slice() { one.clone() } else { format!("[{}]", names.join(", ")) };
        let width = shown.chars().count() + arrow.chars().count();
        if at > 0 {
            text.push_str(arrow);
            if used + width > style.width {
                text.push_str("\n    ");
                used = 4;
            }
        }
        text.push_str(&shown);
        used += width;
    }
    text
}

/// How wide a condition or a list may be, so that what takes an effect back still stands beside it in 80 columns.
const WIDEST: usize = 42;

fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        None => text.to_owned(),
        Some(_) => format!("{}…", text.chars().take(most.saturating_sub(1)).collect::<String>().trim_end()),
    }
}

fn body(deployment: &Deployment, style: &Style) -> String {
    if deployment.items.is_empty() {
        return "  nothing\n".to_owned();
    }
    let up = if style.unicode { "↑" } else { "^" };
    let row = |(at, item): (usize, &crate::Item)| {
        let label = plain(&item.label()).into_owned();
        let label = if item.is_effect() { label } else { cut(&label, WIDEST.saturating_sub(2 * item.depth)) };
        let name = format!("{:width$}{label}", "", width = 2 * item.depth);
        let turns: Vec<String> = deployment.turns(at).iter().map(|turn| format!("{up}{turn}")).collect();
        let (undone, tone) = match item.kind {
            ItemKind::Phase | ItemKind::Parallel | ItemKind::Each | ItemKind::When => ("", Tone::Quiet),
            ItemKind::Cover => ("runs only on the way back", Tone::Quiet),
            ItemKind::Effect { class, undone_by, .. } => match class {
                Class::Irreversible => (undone_by, Tone::Attention),
                Class::Uncovered => (undone_by, Tone::Bad),
                Class::Reversible | Class::Covered | Class::ReadOnly => (undone_by, Tone::Quiet),
            },
        };
        let strength = if item.is_effect() { Tone::Plain } else { Tone::Quiet };
        vec![Cell::of(strength, name), Cell::of(Tone::Good, turns.join(" ")), Cell::of(tone, undone)]
    };
    let rows = deployment.items.iter().enumerate().map(row).collect();
    let mut text = table(style, 2, &["", "UNDO", "TAKEN BACK BY"], rows);
    if !deployment.undo.is_empty() {
        let next = if deployment.undo.len() > 1 { format!(", {up}2 next") } else { String::new() };
        let legend = format!("{up}1 is undone first when everything has been applied{next}");
        let _ = writeln!(text, "  {}", style.paint(Tone::Quiet, &legend));
    }
    text
}
