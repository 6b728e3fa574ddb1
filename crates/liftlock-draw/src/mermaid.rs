//! The graph of a pipeline as a Mermaid flowchart, which Markdown pages show.
//!
//! The syntax: <https://mermaid.js.org/syntax/flowchart.html>. Nodes are named by numbers, so that no name of the author
//! can be a word of Mermaid's; names stand in quoted labels only.

use std::fmt::Write as _;

use liftlock_check::Class;
use liftlock_report::plain;

use crate::{Deployment, ItemKind, Outline, Stage};

/// Each environment is a box with its effects; gates stand in front; dotted arrows lead back.
pub fn mermaid(outline: &Outline) -> String {
    let mut text = "flowchart LR\n".to_owned();
    if let Some(artifact) = &outline.artifact {
        let _ = writeln!(text, "  artifact[(\"{}\")]", escaped(artifact));
    }
    let mut before: Vec<String> = outline.artifact.iter().map(|_| "artifact".to_owned()).collect();
    let mut number = 0;
    for wave in &outline.waves {
        let mut entered = Vec::new();
        for stage in wave {
            let id = format!("s{number}");
            number += 1;
            of_stage(&mut text, outline.deployment(stage), stage, &id);
            let mut from = before.clone();
            for at in 0..stage.gates.len() {
                let gate = format!("{id}g{at}");
                link(&mut text, &from, &gate);
                from = vec![gate];
            }
            link(&mut text, &from, &id);
            entered.push(id);
        }
        before = entered;
    }
    text.push_str("  classDef noreturn stroke:#c62828,stroke-width:3px\n");
    text.push_str("  classDef cover stroke-dasharray:4 3\n");
    text
}

fn link(text: &mut String, from: &[String], to: &str) {
    for from in from {
        let _ = writeln!(text, "  {from} --> {to}");
    }
}

fn of_stage(text: &mut String, deployment: &Deployment, stage: &Stage, id: &str) {
    for (at, gate) in stage.gates.iter().enumerate() {
        let _ = writeln!(
            text,
            "  {id}g{at}{{{{\"{}<br>{}\"}}}}",
            escaped(&gate.name),
            escaped(&gate.what).replace(", ", "<br>")
        );
    }
    let protected = if stage.protected { " (protected)" } else { "" };
    let _ = writeln!(text, "  subgraph {id}[\"{}{protected}\"]\n    direction TB", escaped(&stage.environment));
    // A box of which nothing is in it would be a node, and one without a node inside is not drawn.
    if deployment.items.is_empty() && deployment.checks.is_empty() {
        let _ = writeln!(text, "    {id}n[\"nothing is deployed\"]");
    }
    let mut open: Vec<usize> = Vec::new();
    for (at, item) in deployment.items.iter().enumerate() {
        while open.last().is_some_and(|depth| *depth >= item.depth) {
            open.pop();
            text.push_str("    end\n");
        }
        let label = escaped(&item.label());
        match item.kind {
            ItemKind::Phase | ItemKind::Parallel | ItemKind::Each | ItemKind::When => {
                // An empty one is a plain box; Mermaid has no empty subgraphs.
                let holds_something = deployment.items.get(at + 1).is_some_and(|next| next.depth > item.depth);
                if holds_something {
                    let _ = writeln!(text, "    subgraph {id}i{at}[\"{label}\"]");
                    open.push(item.depth);
                } else {
                    let _ = writeln!(text, "    {id}i{at}[\"{label}\"]");
                }
            }
            ItemKind::Effect { class: Class::Irreversible | Class::Uncovered, .. } => {
                let _ = writeln!(text, "    {id}i{at}[\"{label}\"]:::noreturn");
            }
            ItemKind::Effect { .. } => {
                let _ = writeln!(text, "    {id}i{at}[\"{label}\"]");
            }
            ItemKind::Cover => {
                let _ = writeln!(text, "    {id}i{at}[\"{label}\"]:::cover");
            }
        }
    }
    for _ in open {
        text.push_str("    end\n");
    }
    for (from, to) in &deployment.edges {
        let _ = writeln!(text, "    {id}i{from} --> {id}i{to}");
    }
    of_checks(text, deployment, id);
    for pair in deployment.undo.windows(2) {
        if let [from, to] = pair {
            let _ = writeln!(text, "    {id}i{from} -. undo .-> {id}i{to}");
        }
    }
    text.push_str("  end\n");
}

fn of_checks(text: &mut String, deployment: &Deployment, id: &str) {
    let starts: Vec<usize> = deployment.edges.iter().map(|(from, _)| *from).collect();
    let is_last =
        |(at, item): &(usize, &crate::Item)| matches!(item.kind, ItemKind::Effect { .. }) && !starts.contains(at);
    let mut from: Vec<String> =
        deployment.items.iter().enumerate().filter(is_last).map(|(at, _)| format!("{id}i{at}")).collect();
    for (at, check) in deployment.checks.iter().enumerate() {
        let _ = writeln!(text, "    {id}c{at}([\"{}\"])", escaped(&check.label()));
        for from in &from {
            let _ = writeln!(text, "    {from} --> {id}c{at}");
        }
        from = vec![format!("{id}c{at}")];
    }
}

/// What Mermaid, or the HTML that it makes, would take for its own is written by its number.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for char in plain(text).chars() {
        match char {
            '"' | '#' | '<' | '>' | '&' | '`' | '\\' | '*' | '_' | ';' | '\t' => {
                let _ = write!(escaped, "#{};", u32::from(char));
            }
            _ => escaped.push(char),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_end_a_label_is_written_by_its_number() {
        assert_eq!(escaped("a\"]; click <b>"), "a#34;]#59; click #60;b#62;");
        assert_eq!(escaped("plain text"), "plain text");
    }
}
