//! Items with a head of their own: `each`, `when`, `function`.

use liftlock_diagnostics::{Edit, Finding, Safety, Span};

use crate::codes;
use crate::nodes::{Node, Nodes};
use crate::parse::{Converter, Rule, excerpt};
use crate::tree::{Each, Expr, Field, Function, Item, ItemKind, Name, TypeExpr, TypeKind, When};

impl Converter<'_> {
    /// `each NAME in LIST { … }`
    pub fn each(&mut self, node: Node<'_>) -> Option<ItemKind> {
        let whole = self.span_of(node);
        let mut nodes = node.inner();
        let name = nodes.next().expect("the grammar puts the name first");
        let name = self.name(name);
        let over = self.head_value(&mut nodes, "each", "a list is missing behind `in`", name.span);
        let head = self.span(whole.start as usize, over.span.end as usize);
        let body = self.head_body(&mut nodes, head, "each NAME in LIST { … }")?;
        Some(ItemKind::Each(Each { name, over, body, head }))
    }

    /// `when CONDITION { … }`
    pub fn when(&mut self, node: Node<'_>) -> Option<ItemKind> {
        let whole = self.span_of(node);
        let mut nodes = node.inner();
        let word = self.span(whole.start as usize, whole.start as usize + "when".len());
        let condition = self.head_value(&mut nodes, "when", "a condition is missing behind `when`", word);
        let head = self.span(whole.start as usize, condition.span.end as usize);
        let body = self.head_body(&mut nodes, head, "when CONDITION { … }")?;
        Some(ItemKind::When(When { condition, body, head }))
    }

    /// The value in front of a body; a missing one is reported at the end of `before`.
    fn head_value(&mut self, nodes: &mut Nodes<'_>, word: &str, missing: &str, before: Span) -> Expr {
        let node = nodes.peek();
        if node.is_none_or(|node| node.rule() == Rule::missing_value) {
            nodes.next();
            let at = node.map_or(before.end as usize, |node| self.end_of_code(node.start()));
            let finding = Finding::error(codes::INCOMPLETE_HEAD, missing, self.span(at, at), "here")
                .with_help(crate::reserved::shape_of(word).map(|shape| format!("write `{shape}`")).unwrap_or_default());
            self.report(finding);
            return self.missing(at);
        }
        self.expression(nodes)
    }

    fn head_body(&mut self, nodes: &mut Nodes<'_>, head: Span, shape: &str) -> Option<Vec<Item>> {
        let Some(tail) = nodes.next() else {
            let finding =
                Finding::error(codes::INCOMPLETE_HEAD, "this has no `{`", head.end_point(), "its body is missing")
                    .with_help(format!("write `{shape}`"));
            self.report(finding);
            return None;
        };
        match tail.rule() {
            Rule::body => Some(self.items(tail.inner())),
            Rule::next_line_body => {
                self.report_brace_on_next_line(head, tail);
                let body = tail.inner().next().expect("the grammar puts the body there");
                Some(self.items(body.inner()))
            }
            _ => {
                let body = tail.inner().find(|inner| inner.rule() == Rule::body);
                self.report_junk_in_head(tail, body, head);
                Some(self.items(body?.inner()))
            }
        }
    }

    /// What stands between a condition and its body; most often `=` for `==`.
    fn report_junk_in_head(&mut self, node: Node<'_>, body: Option<Node<'_>>, head: Span) {
        let start = node.start();
        let end = body.map_or(self.end_of(node), Node::start);
        let text = self.slice(start, end).trim_end();
        let span = self.span(start, start + text.len());
        let finding = if text.starts_with('=') {
            let sign = self.span(start, start + 1);
            let edit = Edit { span: sign, text: "==".to_owned() };
            Finding::error(codes::FOREIGN_OPERATOR, "`=` gives a value, and nothing is given one here", sign, "")
                .with_help("two values are compared by `==`")
                .with_fix(Safety::Safe, "write `==`", vec![edit])
        } else {
            Finding::error(codes::BAD_LINE, format!("`{}` cannot stand here", excerpt(text)), span, "not understood")
                .with_label(head, "behind this")
                .with_help("a body in braces is wanted")
        };
        self.report(finding);
    }

    /// `function NAME(PARAMETERS): TYPE = VALUE`
    pub fn function(&mut self, node: Node<'_>) -> ItemKind {
        let mut nodes = node.inner();
        let name = nodes.next().expect("the grammar puts the name first");
        let name = self.name(name);
        let parameters = nodes.next().expect("the grammar puts the parameters there");
        let brackets = self.span_of(parameters);
        let parameters = self.fields(parameters, "parameter");
        let result = match nodes.peek() {
            Some(node) if node.rule() == Rule::result => {
                nodes.next();
                Some(self.type_inside(node, "a type is missing behind this `:`"))
            }
            _ => None,
        };
        let value = if nodes.peek().is_some() {
            self.value(&mut nodes, &name)
        } else {
            let at = self.end_of(node);
            let finding = Finding::error(
                codes::INCOMPLETE_HEAD,
                format!("the function `{}` has no value", name.text),
                self.span(at, at),
                "its `=` is missing here",
            )
            .with_help("write `function NAME(PARAMETER: TYPE) = VALUE`");
            self.report(finding);
            self.missing(at)
        };
        ItemKind::Function(Function { name, parameters, result, value, brackets })
    }

    /// The `name: type = default` of a record or of a list of parameters.
    pub fn fields(&mut self, node: Node<'_>, what: &str) -> Vec<Field> {
        let mut fields = Vec::new();
        let mut previous_end = None;
        for node in node.inner() {
            match node.rule() {
                Rule::parameter => {
                    self.check_comma(&mut previous_end, node);
                    fields.push(self.parameter(node));
                }
                Rule::surplus => {
                    let span = self.span_of(node);
                    let text = excerpt(self.text_of(node));
                    let finding = Finding::error(codes::BAD_TYPE, format!("the {what} `{text}` has no type"), span, "")
                        .with_help(format!("write `{text}: string`"));
                    self.report(finding);
                    previous_end = None;
                }
                Rule::bad_value => {
                    let span = self.span_of(node);
                    let message = format!("`{}` is no {what}", excerpt(self.text_of(node)));
                    self.report(
                        Finding::error(codes::BAD_VALUE, message, span, "not understood")
                            .with_help(format!("a {what} is written `name: type`")),
                    );
                    previous_end = None;
                }
                _ => {}
            }
        }
        fields
    }

    fn parameter(&mut self, node: Node<'_>) -> Field {
        let mut nodes = node.inner();
        let name = nodes.next().expect("the grammar puts the name first");
        let name: Name = self.name(name);
        let ty = self.type_inside_of(&mut nodes, name.span, &format!("`{}` has no type", name.text));
        let default = nodes.peek().map(|_| self.value(&mut nodes, &name));
        Field { name, ty, default }
    }

    fn type_inside(&mut self, node: Node<'_>, missing: &str) -> TypeExpr {
        let span = self.span_of(node);
        self.type_inside_of(&mut node.inner(), span, missing)
    }

    fn type_inside_of(&mut self, nodes: &mut Nodes<'_>, before: Span, missing: &str) -> TypeExpr {
        match nodes.next() {
            Some(node) if node.rule() == Rule::type_expression => self.type_expression(node),
            _ => {
                let finding = Finding::error(codes::BAD_TYPE, missing, before, "a type is missing")
                    .with_help("write a type such as `string` or `list<host>`");
                self.report(finding);
                TypeExpr { phase: None, kind: TypeKind::Missing, span: before.end_point() }
            }
        }
    }
}
