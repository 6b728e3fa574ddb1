//! Types as they are written, and the fields they belong to.

use liftlock_diagnostics::{Edit, Finding, Safety};

use crate::codes;
use crate::nodes::Node;
use crate::parse::{Converter, Rule, excerpt};
use crate::tree::{Attribute, ExprKind, Field, ItemKind, Name, Phase, TypeExpr, TypeKind};

impl Converter<'_> {
    /// `name: type = default`; or `name: value`, which is an attribute written as in YAML.
    pub fn typed(&mut self, name: Name, node: Node<'_>) -> ItemKind {
        let colon = node.start();
        let mut nodes = node.inner();
        let phase = match nodes.peek() {
            Some(node) if node.rule() == Rule::phase => {
                let phase = match self.text_of(node) {
                    "const" => Phase::Const,
                    "plan" => Phase::Plan,
                    _ => Phase::Run,
                };
                nodes.next();
                Some(phase)
            }
            _ => None,
        };
        let Some(ty) = nodes.next() else {
            return ItemKind::Field(Field { ty: self.missing_type(colon + 1), name, default: None });
        };
        match ty.rule() {
            Rule::colon_value => {
                let value = self.expression(&mut ty.inner());
                self.report_colon(&name, colon);
                ItemKind::Attribute(Attribute { name, value })
            }
            Rule::type_expression if matches!(self.text_of(ty), "true" | "false") => {
                let kind = ExprKind::Bool(self.text_of(ty) == "true");
                let span = self.span_of(ty);
                self.report_colon(&name, colon);
                ItemKind::Attribute(Attribute { name, value: crate::tree::Expr { kind, span } })
            }
            Rule::type_expression => {
                let mut ty = self.type_expression(ty);
                ty.phase = phase;
                let default = nodes.peek().map(|_| self.value(&mut nodes, &name));
                ItemKind::Field(Field { name, ty, default })
            }
            _ => {
                let message = format!("`{}:` has no type", name.text);
                let finding =
                    Finding::error(codes::BAD_TYPE, message, self.span(colon, colon + 1), "a type is missing")
                        .with_help(format!(
                            "write `{name}: string`, or `{name} = value` for a value",
                            name = name.text
                        ));
                self.report(finding);
                ItemKind::Field(Field { ty: self.missing_type(colon + 1), name, default: None })
            }
        }
    }

    fn missing_type(&self, at: usize) -> TypeExpr {
        TypeExpr { phase: None, kind: TypeKind::Missing, span: self.span(at, at) }
    }

    pub fn report_colon(&mut self, name: &Name, colon: usize) {
        let span = self.span(colon, colon + 1);
        let edit = Edit { span: self.span(name.span.end as usize, colon + 1), text: " =".to_owned() };
        let message = format!("`{}` is given its value by a colon", excerpt(&name.text));
        let finding = Finding::error(codes::COLON_FOR_EQUALS, message, span, "a type would stand behind a colon")
            .with_help(format!("write `{} = …`", name.text))
            .with_fix(Safety::Safe, format!("write `{} =`", name.text), vec![edit]);
        self.report(finding);
    }

    pub fn type_expression(&mut self, node: Node<'_>) -> TypeExpr {
        let span = self.span_of(node);
        let mut kind = TypeKind::Missing;
        let mut arguments_end = None;
        for inner in node.inner() {
            match inner.rule() {
                Rule::one_of => {
                    let alternatives = inner.inner().map(|alternative| {
                        let text = self.text_of(alternative);
                        text[1..text.len() - 1].to_owned()
                    });
                    kind = TypeKind::OneOf(alternatives.collect());
                }
                Rule::record => kind = TypeKind::Record(self.fields(inner, "field")),
                Rule::name => kind = TypeKind::Named { name: self.name(inner), arguments: Vec::new() },
                Rule::type_expression => {
                    let argument = self.type_expression(inner);
                    if let TypeKind::Named { arguments, .. } = &mut kind {
                        arguments.push(argument);
                    }
                }
                Rule::unclosed => arguments_end = Some(inner.start()),
                // `T??` says no more than `T?`, and its tree must not grow with the number of marks.
                Rule::optional_mark if !matches!(kind, TypeKind::Optional(_)) => {
                    let end = inner.start();
                    let inside = TypeExpr { phase: None, kind, span: self.span(span.start as usize, end) };
                    kind = TypeKind::Optional(Box::new(inside));
                }
                _ => {}
            }
        }
        if let Some(end) = arguments_end {
            let finding = Finding::error(codes::BAD_TYPE, "this `<` is never closed", span, "in this type")
                .with_label(self.span(end, end), "a `>` is missing here")
                .with_help("write a type such as `list<path>`");
            self.report(finding);
        }
        TypeExpr { phase: None, kind, span }
    }
}
