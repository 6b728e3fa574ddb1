//! Bodies: their items, what separates them, and the comments above them.

use liftlock_diagnostics::{Edit, Finding, Safety};

use crate::allowance::allowance;
use crate::codes;
use crate::nodes::{Node, Nodes};
use crate::parse::{Converter, Rule, excerpt};
use crate::tree::{ExprKind, Item, ItemKind};

impl Converter<'_> {
    /// The items of a body or of a file.
    pub fn items(&mut self, nodes: Nodes<'_>) -> Vec<Item> {
        let mut items: Vec<Item> = Vec::with_capacity(nodes.clone().count());
        let mut previous_end = None;
        for node in nodes {
            if matches!(node.rule(), Rule::unclosed | Rule::EOI) {
                continue;
            }
            let start = node.start();
            if let Some(previous_end) = previous_end
                && !self.is_separated(start)
            {
                if is_leftover(node) {
                    self.report_leftover(node, items.last());
                    continue;
                }
                self.report_missing_comma(previous_end, start);
            }
            previous_end = Some(self.end_of(node));
            let docs = self.docs(start);
            let span = self.span_of(node);
            if let Some(kind) = self.item(node) {
                items.push(Item { docs, kind, span });
            }
        }
        items
    }

    fn item(&mut self, node: Node<'_>) -> Option<ItemKind> {
        match node.rule() {
            Rule::let_value => Some(self.let_value(node)),
            Rule::promote => Some(self.promote(node)),
            Rule::each => self.each(node),
            Rule::when => self.when(node),
            Rule::function => Some(self.function(node)),
            Rule::statement | Rule::resumed => self.statement(node),
            _ => {
                self.bad_line(node);
                None
            }
        }
    }

    /// Whether a line break, a comma or a brace stands in front of `start`.
    fn is_separated(&self, start: usize) -> bool {
        let before = self.text.as_bytes()[..start].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t' | b'\r'));
        matches!(before, None | Some(b'\n' | b','))
    }

    fn report_missing_comma(&mut self, at: usize, next: usize) {
        let span = self.span(at, at);
        let finding = Finding::error(codes::MISSING_COMMA, "a comma is missing between two items", span, "here")
            .with_label(self.span(next, next), "the next item begins here")
            .with_help("items end at the line's end; on one line they are separated by commas")
            .with_fix(Safety::Safe, "add the comma", vec![Edit { span, text: ",".to_owned() }]);
        self.report(finding);
    }

    /// What follows a complete item on its line and is none itself.
    fn report_leftover(&mut self, node: Node<'_>, previous: Option<&Item>) {
        let text = self.text_of(node);
        let span = self.span_of(node);
        let value = previous.and_then(|item| match &item.kind {
            ItemKind::Attribute(attribute) | ItemKind::Let(attribute) => Some(&attribute.value),
            _ => None,
        });
        if let Some(value) = value
            && matches!(value.kind, ExprKind::Int(_) | ExprKind::Number(_))
            && let Some(unit) = crate::literals::unit_of_word(text)
        {
            let span = value.span.to(span);
            let number = self.slice(value.span.start as usize, value.span.end as usize);
            let right = format!("{number}{unit}");
            let finding = Finding::error(
                codes::UNKNOWN_UNIT,
                format!("a gap stands in front of the unit of `{number} {text}`"),
                span,
                "a unit stands directly behind its number",
            )
            .with_help(format!("write `{right}`"))
            .with_fix(Safety::Safe, format!("write `{right}`"), vec![Edit { span, text: right }]);
            self.report(finding);
            return;
        }
        let message = format!("`{}` is left over at the end of the item", excerpt(text));
        let finding = Finding::error(codes::BAD_LINE, message, span, "not understood")
            .with_help("an item ends at the line's end; a text stands in double quotes");
        self.report(finding);
    }

    fn bad_line(&mut self, node: Node<'_>) {
        let text = self.text_of(node);
        let span = self.span_of(node);
        let head = text.split('{').next().unwrap_or(text).trim_end();
        let finding = if head.is_empty() {
            Finding::error(codes::BAD_LINE, "this block has no kind", span, "opens here")
                .with_help("a block is `kind name { … }`; a value is `name = { … }`")
        } else if head.starts_with("//") {
            Finding::error(codes::BAD_LINE, "a comment begins with `#`", span, "not understood")
        } else {
            let span = self.span(span.start as usize, span.start as usize + head.len());
            Finding::error(codes::BAD_LINE, format!("`{}` cannot be understood", excerpt(head)), span, "not understood")
                .with_help("an item is `name = value` or `kind name { … }`")
        };
        self.report(finding);
    }

    /// The comments directly above the line on which `start` is the first character, without those that allow findings.
    fn docs(&mut self, start: usize) -> Option<String> {
        let bytes = self.text.as_bytes();
        while self.comments.get(self.next_comment).is_some_and(|comment| (comment.end as usize) <= start) {
            self.next_comment += 1;
        }
        let mut index = self.next_comment;
        let mut lines = Vec::new();
        let mut below = start;
        while index > 0 {
            let comment = self.comments[index - 1];
            let (from, to) = (comment.start as usize, comment.end as usize);
            let between = &bytes[to..below];
            let is_directly_above = between.iter().all(u8::is_ascii_whitespace)
                && between.iter().filter(|&&byte| byte == b'\n').count() == 1;
            let before = bytes[..from].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t'));
            if !is_directly_above || !matches!(before, None | Some(b'\n')) {
                break;
            }
            let line = self.slice(from + 1, to);
            if allowance(self.slice(from, to)).is_none() {
                lines.push(line.strip_prefix(' ').unwrap_or(line).trim_end());
            }
            below = from;
            index -= 1;
        }
        if lines.is_empty() {
            return None;
        }
        lines.reverse();
        Some(lines.join("\n"))
    }
}

/// Whether a node that no separator stands in front of is a rest rather than the next item.
fn is_leftover(node: Node<'_>) -> bool {
    match node.rule() {
        Rule::bad_line => true,
        Rule::statement => node.inner().all(|inner| {
            matches!(inner.rule(), Rule::path | Rule::name | Rule::quoted_label | Rule::number_label | Rule::bad_head)
        }),
        _ => false,
    }
}
