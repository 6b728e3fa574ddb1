//! What joins values, and how tightly.
//!
//! The grammar finds operands and operators in a row; here the row becomes a tree, by two stacks (Dijkstra's shunting yard),
//! so that a long row needs no deep recursion.

use liftlock_diagnostics::{Edit, Finding, Safety, Span};

use crate::codes;
use crate::nodes::{Node, Nodes};
use crate::parse::{Converter, Rule};
use crate::tree::{Expr, ExprKind, Operator};

/// Something that waits for its right side.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Waiting {
    Not,
    Fallback,
    Range,
    Binary(Operator),
}

impl Waiting {
    /// How tightly it binds.
    fn strength(self) -> u8 {
        match self {
            Waiting::Binary(Operator::Or) => 1,
            Waiting::Binary(Operator::And) => 2,
            Waiting::Not => 3,
            Waiting::Fallback => 5,
            Waiting::Range => 6,
            Waiting::Binary(Operator::Plus | Operator::Minus) => 7,
            Waiting::Binary(Operator::Times) => 8,
            Waiting::Binary(_) => 4,
        }
    }

    fn compares(self) -> bool {
        matches!(self, Waiting::Binary(operator) if operator.compares())
    }
}

/// The two stacks.
#[derive(Default)]
struct Yard {
    values: Vec<Expr>,
    waiting: Vec<(Waiting, Span)>,
}

impl Yard {
    /// Joins what binds at least as tightly as `strength`.
    fn join(&mut self, strength: u8) {
        while let Some((waiting, span)) = self.waiting.pop_if(|(waiting, _)| waiting.strength() >= strength) {
            let right = self.values.pop().expect("every operator has been given a right side");
            if waiting == Waiting::Not {
                let span = span.to(right.span);
                self.values.push(Expr { kind: ExprKind::Not(Box::new(right)), span });
                continue;
            }
            let left = self.values.pop().expect("every operator that is no prefix has a left side");
            let span = left.span.to(right.span);
            let (left, right) = (Box::new(left), Box::new(right));
            let kind = match waiting {
                Waiting::Fallback => ExprKind::Fallback(left, right),
                Waiting::Range => ExprKind::Range(left, right),
                Waiting::Binary(operator) => ExprKind::Binary(operator, left, right),
                Waiting::Not => unreachable!("handled above"),
            };
            self.values.push(Expr { kind, span });
        }
    }
}

fn is_operator(node: Node<'_>) -> bool {
    matches!(node.rule(), Rule::fallback | Rule::range | Rule::binary)
}

impl Converter<'_> {
    /// A row of operands and operators.
    pub fn expression(&mut self, nodes: &mut Nodes<'_>) -> Expr {
        self.rows += 1;
        let expr = self.row(nodes);
        self.rows -= 1;
        expr
    }

    fn row(&mut self, nodes: &mut Nodes<'_>) -> Expr {
        /// A longer row would make a tree that is too deep to be walked.
        const LONGEST_ROW: usize = 64;
        // Each operator makes the tree deeper, and so does each pair of brackets: a row may be the shorter the more rows it
        // stands in.
        let longest = (LONGEST_ROW >> self.rows.saturating_sub(2).min(6)).max(1);
        let Some(first) = nodes.peek() else { return self.missing(0) };
        let mut yard = Yard::default();
        let (mut length, mut chained) = (0, false);
        if matches!(first.rule(), Rule::prefix | Rule::missing_value) {
            self.side(&mut yard, nodes);
        } else {
            // Most values are one operand, for which no stack is needed.
            let value = self.operand(nodes);
            if !nodes.peek().is_some_and(is_operator) {
                return value;
            }
            yard.values.push(value);
        }
        while let Some(node) = nodes.peek() {
            let rule = node.rule();
            if !is_operator(node) {
                break;
            }
            nodes.next();
            length += 1;
            if length > longest {
                if length == longest + 1 {
                    let message = format!("more than {longest} operators stand in one value here");
                    self.report(Finding::error(codes::TOO_DEEP, message, self.span_of(node), "from here on"));
                }
                continue;
            }
            let mut inner = node.inner();
            let (waiting, span, sign) = match rule {
                Rule::fallback => (Waiting::Fallback, self.sign_span(node, 2), "??"),
                Rule::range => (Waiting::Range, self.sign_span(node, 2), ".."),
                _ => {
                    let sign = inner.next().expect("the grammar puts the operator first");
                    let operator = self.operator(sign);
                    (Waiting::Binary(operator), self.span_of(sign), operator.sign())
                }
            };
            // Operators of one strength lean to the left; comparisons do not lean at all.
            yard.join(waiting.strength());
            let is_chained = matches!(yard.values.last(), Some(Expr { kind: ExprKind::Binary(left, ..), .. })
                if waiting.compares() && left.compares() && !self.is_parenthesised(&yard.values));
            if is_chained {
                chained = true;
                self.report(
                    Finding::error(codes::CHAINED_COMPARISON, "comparisons cannot be chained", span, "the second one")
                        .with_help("join two comparisons: `a < b and b < c`"),
                );
            }
            yard.waiting.push((waiting, span));
            if inner.peek().is_none_or(|node| node.rule() == Rule::missing_value) {
                let end = self.end_of_code(inner.peek().map_or(span.end as usize, |node| node.start()));
                let end = end.max(span.end as usize);
                let message = format!("a value is missing behind `{sign}`");
                self.report(Finding::error(codes::MISSING_VALUE, message, self.span(end, end), "here"));
                let missing = self.missing(end);
                yard.values.push(missing);
            } else {
                self.side(&mut yard, &mut inner);
            }
        }
        yard.join(0);
        let expr = yard.values.pop().unwrap_or_else(|| self.missing(0));
        // What is meant by it is not known, and nothing more is to be said of it.
        if chained { Expr { kind: ExprKind::Missing, ..expr } } else { expr }
    }

    /// Whether the last value has parentheses of its own, which its span includes.
    fn is_parenthesised(&self, values: &[Expr]) -> bool {
        values.last().is_some_and(|value| {
            self.text.as_bytes().get(value.span.start as usize) == Some(&b'(')
                && !matches!(&value.kind, ExprKind::Binary(_, left, _) if left.span.start == value.span.start)
        })
    }

    /// The place of an operator whose node begins behind it, or with it.
    fn sign_span(&self, node: Node<'_>, length: usize) -> Span {
        let end = self.end_of_code(node.start());
        self.span(end.saturating_sub(length), end)
    }

    /// Prefixes and an operand.
    fn side(&mut self, yard: &mut Yard, nodes: &mut Nodes<'_>) {
        /// More prefixes than this would make a tree that is too deep to be walked.
        const MOST_PREFIXES: usize = 2;
        let mut count = 0;
        while let Some(node) = nodes.peek() {
            if node.rule() != Rule::prefix {
                break;
            }
            nodes.next();
            let start = node.start();
            let is_sign = self.text.as_bytes().get(start) == Some(&b'!');
            let span = self.span(start, start + if is_sign { 1 } else { "not".len() });
            if is_sign {
                self.report_foreign(span, "!", "not ");
            }
            count += 1;
            if count <= MOST_PREFIXES {
                yard.waiting.push((Waiting::Not, span));
            } else if count == MOST_PREFIXES + 1 {
                self.report(Finding::error(codes::TOO_DEEP, "this is negated too often", span, "from here on"));
            }
        }
        let value = match nodes.peek() {
            Some(node) if node.rule() != Rule::missing_value => self.operand(nodes),
            node => {
                nodes.next();
                let at = self.end_of_code(node.map_or(0, |node| node.start()));
                let finding =
                    Finding::error(codes::MISSING_VALUE, "a value is missing behind `not`", self.span(at, at), "here");
                self.report(finding);
                self.missing(at)
            }
        };
        yard.values.push(value);
    }

    fn operator(&mut self, node: Node<'_>) -> Operator {
        let span = self.span_of(node);
        match self.text_of(node) {
            "or" => Operator::Or,
            "and" => Operator::And,
            "==" => Operator::Equal,
            "!=" => Operator::Unequal,
            "<" => Operator::Less,
            "<=" => Operator::AtMost,
            ">" => Operator::Greater,
            ">=" => Operator::AtLeast,
            "in" => Operator::In,
            "+" => Operator::Plus,
            "-" => Operator::Minus,
            "*" => Operator::Times,
            "&&" => {
                self.report_foreign(span, "&&", "and");
                Operator::And
            }
            _ => {
                self.report_foreign(span, "||", "or");
                Operator::Or
            }
        }
    }

    fn report_foreign(&mut self, span: Span, sign: &str, word: &str) {
        let written = word.trim_end();
        let finding =
            Finding::error(codes::FOREIGN_OPERATOR, format!("`{sign}` is written `{written}`"), span, "no operator")
                .with_help("the words are `and`, `or` and `not`")
                .with_fix(Safety::Safe, format!("write `{written}`"), vec![Edit { span, text: word.to_owned() }]);
        self.report(finding);
    }
}
