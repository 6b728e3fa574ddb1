//! A runbook as one HTML page.

use liftlock_report::plain;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::Runbook;
use super::page::{Bit, Block, Fact, Line, Step};
use crate::svg;

/// Follows the reader's light or dark setting, and prints.
const STYLE: &str = "\
:root { color-scheme: light dark; --page: #ffffff; --text: #1f2933; --soft: #52606d; --edge: #d2d9e0; --shade: #f4f6f8 }
@media (prefers-color-scheme: dark) { :root { --page: #14181d; --text: #e4e7eb; --soft: #9aa5b1; --edge: #39434f; --shade: #1d232b } }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem; background: var(--page); color: var(--text); \
font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere }
h1 { line-height: 1.2 }
h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--edge) }
code, pre { font: 0.875em/1.5 ui-monospace, Menlo, Consolas, monospace; background: var(--shade); border-radius: 3px }
code { padding: 0.1em 0.3em }
pre { padding: 0.75em 1em; overflow-x: auto; white-space: pre; overflow-wrap: normal }
table { border-collapse: collapse; display: block; overflow-x: auto }
th, td { border: 1px solid var(--edge); padding: 0.3em 0.75em; text-align: left; vertical-align: top }
figure { margin: 1.5rem 0 }
figure svg { max-width: 100%; height: auto }
ol { list-style: none; padding: 0 }
ol > li { border-left: 3px solid var(--edge); padding-left: 0.75rem; margin: 0.75rem 0 }
ol > li > ul { margin: 0.25rem 0 }
.number { color: var(--soft); font-variant-numeric: tabular-nums; margin-right: 0.5em }
.docs, footer { color: var(--soft) }
@media print { h2 { break-after: avoid } li, tr, figure { break-inside: avoid } pre { white-space: pre-wrap } }
";

pub(super) fn page(runbook: &Runbook) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (plain(&runbook.title)) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (plain(&runbook.title)) }
                @for block in &runbook.blocks { (of_block(block, runbook)) "\n" }
                footer {
                    p { "Written by " code { (plain(&runbook.command)) " --html" } "; do not edit." }
                }
            }
        }
        "\n"
    };
    page.into_string()
}

fn of_block(block: &Block, runbook: &Runbook) -> Markup {
    match block {
        Block::Heading(title) => html! { h2 { (plain(title)) } },
        Block::Subheading(title) => html! { h3 { (plain(title)) } },
        Block::Paragraph(line) => html! { p { (sentence(line)) } },
        Block::List(lines) => html! { ul { @for line in lines { li { (sentence(line)) } } } },
        Block::Steps(steps) => html! { ol { @for step in steps { (of_step(step)) } } },
        Block::Table { head, rows } => html! {
            table {
                @if !head.is_empty() { thead { tr { @for title in head { th { (plain(title)) } } } } }
                tbody { @for row in rows { tr { @for cell in row { td { (sentence(cell)) } } } } }
            }
        },
        Block::Commands(commands) => html! { pre { (lines(commands)) } },
        Block::Picture => html! { figure { (PreEscaped(svg(&runbook.outline))) } },
    }
}

fn of_step(step: &Step) -> Markup {
    html! {
        li style=(format!("margin-left: {}rem", step.depth * 2)) {
            span.number { (step.number) } (sentence(&step.title))
            @if let Some(docs) = &step.docs { div.docs { (lines(docs)) } }
            @if !step.facts.is_empty() {
                ul { @for fact in &step.facts { (of_fact(fact)) } }
            }
        }
    }
}

fn of_fact(fact: &Fact) -> Markup {
    match fact {
        Fact::Line(line) => html! { li { (sentence(line)) } },
        Fact::Text { what, text, .. } => html! { li { (plain(what)) pre { (lines(text)) } } },
    }
}

fn sentence(line: &Line) -> Markup {
    html! {
        @for bit in &line.0 {
            @match bit {
                Bit::Text(text) => { (lines(text)) }
                Bit::Code(text) => { code { (plain(text)) } }
                Bit::Strong(text) => { strong { (plain(text)) } }
            }
        }
    }
}

/// A text of several lines, without what would steer a terminal or hide in it.
fn lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
