//! The graph of a pipeline in the DOT language of Graphviz.
//!
//! The language: <https://graphviz.org/doc/info/lang.html>. An environment is one node with a table of its effects, since
//! Graphviz lays out what stands in a box in the direction of the whole drawing.

use std::fmt::Write as _;

use liftlock_report::plain;

use crate::{Deployment, Item, ItemKind, Outline, Stage};

/// Environments from left to right, gates in front of them.
pub fn dot(outline: &Outline) -> String {
    let mut text = format!("digraph \"{}\" {{\n", quoted(&outline.name));
    text.push_str("  rankdir=LR\n  bgcolor=transparent\n  node [fontname=\"sans-serif\", fontsize=11]\n");
    text.push_str("  edge [color=\"#607d8b\"]\n");
    let mut before = Vec::new();
    if let Some(artifact) = &outline.artifact {
        let _ = writeln!(
            text,
            "  artifact [shape=cylinder, style=filled, fillcolor=\"#eceff1\", label=\"{}\"]",
            quoted(artifact)
        );
        before.push("artifact".to_owned());
    }
    let mut number = 0;
    for wave in &outline.waves {
        let mut entered = Vec::new();
        for stage in wave {
            let id = format!("s{number}");
            number += 1;
            let mut from = before.clone();
            for (at, gate) in stage.gates.iter().enumerate() {
                let gate_id = format!("{id}g{at}");
                let (name, what) = (quoted(&gate.name), quoted(&gate.what).replace(", ", "\\n"));
                let _ = writeln!(
                    text,
                    "  {gate_id} [shape=hexagon, style=filled, fillcolor=\"#fff3cd\", label=\"{name}\\n{what}\"]"
                );
                link(&mut text, &from, &gate_id);
                from = vec![gate_id];
            }
            let _ = writeln!(text, "  {id} [shape=plain, label=<{}>]", table(outline.deployment(stage), stage));
            link(&mut text, &from, &id);
            entered.push(id);
        }
        before = entered;
    }
    text.push_str("}\n");
    text
}

fn link(text: &mut String, from: &[String], to: &str) {
    for from in from {
        let _ = writeln!(text, "  {from} -> {to}");
    }
}

/// The effects of an environment, with the turn in which each is undone.
fn table(deployment: &Deployment, stage: &Stage) -> String {
    let border = if stage.protected { 2 } else { 1 };
    let mut text = format!(
        "<TABLE BORDER=\"{border}\" CELLBORDER=\"0\" CELLSPACING=\"0\" CELLPADDING=\"4\" BGCOLOR=\"white\" COLOR=\"#607d8b\">"
    );
    let protected = if stage.protected { " (protected)" } else { "" };
    let _ = write!(
        text,
        "<TR><TD COLSPAN=\"2\" BGCOLOR=\"#e3f2fd\"><B>{}{protected}</B></TD></TR>",
        escaped(&stage.environment)
    );
    for (at, item) in deployment.items.iter().enumerate() {
        let turns: Vec<String> = deployment.turns(at).iter().map(|turn| format!("&#8593;{turn}")).collect();
        row(&mut text, &shown(item), &turns.join(" "));
    }
    for check in &deployment.checks {
        row(&mut text, &format!("&#10003; {}", escaped(&check.label())), "");
    }
    text.push_str("</TABLE>");
    text
}

fn row(text: &mut String, left: &str, right: &str) {
    let _ = write!(text, "<TR><TD ALIGN=\"LEFT\">{left}</TD><TD ALIGN=\"RIGHT\">{right}</TD></TR>");
}

fn shown(item: &Item) -> String {
    use liftlock_check::Class;
    let indent = "&#160;".repeat(3 * item.depth);
    let label = escaped(&item.label());
    match item.kind {
        ItemKind::Phase | ItemKind::Parallel | ItemKind::Each | ItemKind::When | ItemKind::Cover => {
            format!("{indent}<I>{label}</I>")
        }
        ItemKind::Effect { class: Class::Irreversible | Class::Uncovered, .. } => {
            format!("{indent}<FONT COLOR=\"#c62828\">{label}</FONT>")
        }
        ItemKind::Effect { .. } => format!("{indent}{label}"),
    }
}

/// Inside of double quotes.
fn quoted(text: &str) -> String {
    plain(text).replace('\\', "\\\\").replace('"', "\\\"")
}

/// Inside of a label in HTML.
fn escaped(text: &str) -> String {
    plain(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
