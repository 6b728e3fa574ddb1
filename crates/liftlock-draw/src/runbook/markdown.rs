//! A runbook as GitHub Flavored Markdown.

use std::fmt::Write as _;

use liftlock_report::markdown::{fenced, in_cell, whole_code};
use liftlock_report::plain;

use super::Runbook;
use super::page::{Bit, Block, Fact, Line, Step};
use crate::mermaid;

pub(super) fn page(runbook: &Runbook) -> String {
    let mut text = format!("# {}\n\n", prose(&runbook.title));
    let _ = writeln!(
        text,
        "<!-- Written by `{}`; do not edit. `--check` says whether it is still what the files say. -->",
        // Two hyphens would end the comment early for some readers of it.
        plain(&runbook.command).replace("--", "- -").replace('>', "")
    );
    for block in &runbook.blocks {
        text.push('\n');
        of_block(&mut text, block, runbook);
    }
    text
}

fn of_block(text: &mut String, block: &Block, runbook: &Runbook) {
    match block {
        Block::Heading(title) => drop(writeln!(text, "## {}", prose(title))),
        Block::Subheading(title) => drop(writeln!(text, "### {}", prose(title))),
        Block::Paragraph(line) => drop(writeln!(text, "{}", sentence(line))),
        Block::List(lines) => {
            for line in lines {
                let _ = writeln!(text, "- {}", sentence(line));
            }
        }
        Block::Steps(steps) => {
            for step in steps {
                of_step(text, step);
            }
        }
        Block::Table { head, rows } => table(text, head, rows),
        Block::Commands(commands) => text.push_str(&fenced("sh", commands)),
        Block::Picture => text.push_str(&fenced("mermaid", &mermaid(&runbook.outline))),
    }
}

fn of_step(text: &mut String, step: &Step) {
    let indent = "  ".repeat(step.depth);
    let docs = step.docs.as_deref().map(|docs| format!(" — {}", prose(&joined(docs)))).unwrap_or_default();
    let _ = writeln!(text, "{indent}- **{}** {}{docs}", step.number, sentence(&step.title));
    for fact in &step.facts {
        match fact {
            Fact::Line(line) => drop(writeln!(text, "{indent}  - {}", sentence(line))),
            Fact::Text { what, language, text: block } => {
                let _ = writeln!(text, "{indent}  - {}\n", prose(what));
                for line in fenced(language, block).lines() {
                    let _ = writeln!(text, "{indent}    {line}");
                }
                text.push('\n');
            }
        }
    }
}

fn table(text: &mut String, head: &[String], rows: &[Vec<Line>]) {
    let columns = rows.iter().map(Vec::len).chain([head.len()]).max().unwrap_or(0);
    let titles: Vec<String> =
        (0..columns).map(|at| head.get(at).map(|title| prose(title)).unwrap_or_default()).collect();
    let _ = writeln!(text, "| {} |", titles.join(" | "));
    let _ = writeln!(text, "|{}", "---|".repeat(columns));
    for row in rows {
        let cells: Vec<String> = row.iter().map(|line| in_cell(&sentence(line))).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
}

fn sentence(line: &Line) -> String {
    line.0
        .iter()
        .map(|bit| match bit {
            Bit::Text(text) => prose(&joined(text)),
            Bit::Code(text) => whole_code(text),
            Bit::Strong(text) => format!("**{}**", prose(text)),
        })
        .collect()
}

/// Documentation is broken into lines where it was written; a paragraph is not.
fn joined(text: &str) -> String {
    text.replace('\n', " ")
}

/// Text that is no markup. The page is kept beside the files, where no mention notifies anybody, so that addresses may stay
/// what they are.
fn prose(text: &str) -> String {
    let text = plain(text);
    let mut safe = String::with_capacity(text.len());
    let mut before = ' ';
    for char in text.chars() {
        match char {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            // Within a word it is no markup, and in an address it must stay what it is.
            '_' if before.is_alphanumeric() => safe.push('_'),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => {
                safe.push('\\');
                safe.push(char);
            }
            _ => safe.push(char),
        }
        before = char;
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documentation_is_no_markup_and_its_addresses_stay() {
        assert_eq!(prose("see https://x.example/a_b, *not* <b>"), "see https://x.example/a_b, \\*not\\* &lt;b&gt;");
        assert_eq!(prose("_a_ `b` [c](d)"), "\\_a_ \\`b\\` \\[c\\](d)");
    }

    #[test]
    fn a_bar_does_not_end_its_cell() {
        let mut text = String::new();
        table(&mut text, &[], &[vec![Line::text("a|b"), Line::code("c|d")]]);
        assert_eq!(text, "|  |  |\n|---|---|\n| a\\|b | `c\\|d` |\n");
    }
}
