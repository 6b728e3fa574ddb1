//! A tree without positions, as text: two files that mean the same have the same.
//!
//! `Debug` keeps apart what is different: texts are quoted, and numbers have their type from the label in front.

use std::fmt::Write as _;

use crate::tree::{Argument, Expr, ExprKind, Field, File, Item, ItemKind, Name, Part, TypeExpr};

pub(super) fn shape(file: &File) -> String {
    let mut shape = Shape(String::new());
    shape.items(&file.items);
    shape.0
}

struct Shape(String);

impl Shape {
    /// A word that says what follows, or the end of what began.
    fn mark(&mut self, word: &str) {
        self.0.push_str(word);
        self.0.push(' ');
    }

    fn leaf(&mut self, kind: &str, value: &dyn std::fmt::Debug) {
        // Nothing can fail that is written into memory.
        let _ = write!(self.0, "{kind} {value:?} ");
    }

    fn items(&mut self, items: &[Item]) {
        for item in items {
            self.leaf("item", &item.docs);
            match &item.kind {
                ItemKind::Edition(edition) => self.leaf("edition", &edition.year),
                ItemKind::Import(import) => {
                    self.leaf("import", &import.path);
                    self.leaf("as", &import.alias.as_ref().map(|alias| &alias.text));
                }
                ItemKind::Input(field) => self.field("input", field),
                ItemKind::Field(field) => self.field("field", field),
                ItemKind::Let(attribute) => {
                    self.leaf("let", &attribute.name.text);
                    self.expr(&attribute.value);
                }
                ItemKind::Attribute(attribute) => {
                    self.leaf("attribute", &attribute.name.text);
                    self.expr(&attribute.value);
                }
                ItemKind::Promote(promote) => {
                    self.mark("promote");
                    self.expr(&promote.artifact);
                    promote.waves.iter().for_each(|wave| self.names("wave", &wave.environments));
                }
                ItemKind::Each(each) => {
                    self.leaf("each", &each.name.text);
                    self.expr(&each.over);
                    self.items(&each.body);
                    self.mark("end");
                }
                ItemKind::When(when) => {
                    self.mark("when");
                    self.expr(&when.condition);
                    self.items(&when.body);
                    self.mark("end");
                }
                ItemKind::Function(function) => {
                    self.leaf("function", &function.name.text);
                    function.parameters.iter().for_each(|parameter| self.field("parameter", parameter));
                    self.mark("result");
                    function.result.iter().for_each(|result| self.ty(result));
                    self.expr(&function.value);
                }
                ItemKind::Block(block) => {
                    self.names("block", &block.kind);
                    self.names("labels", &block.labels);
                    self.items(&block.body);
                    self.mark("end");
                }
            }
        }
    }

    fn names(&mut self, kind: &str, names: &[Name]) {
        self.leaf(kind, &names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>());
    }

    fn field(&mut self, kind: &str, field: &Field) {
        self.leaf(kind, &field.name.text);
        self.ty(&field.ty);
        if let Some(default) = &field.default {
            self.mark("default");
            self.expr(default);
        }
    }

    fn ty(&mut self, ty: &TypeExpr) {
        use crate::tree::TypeKind;
        self.leaf("type", &ty.phase);
        match &ty.kind {
            TypeKind::Missing => self.mark("missing"),
            TypeKind::Named { name, arguments } => {
                self.leaf("named", &name.text);
                arguments.iter().for_each(|argument| self.ty(argument));
                self.mark("end");
            }
            TypeKind::OneOf(alternatives) => self.leaf("one of", alternatives),
            TypeKind::Optional(inside) => {
                self.mark("optional");
                self.ty(inside);
            }
            TypeKind::Record(fields) => {
                self.mark("record");
                fields.iter().for_each(|field| self.field("field", field));
                self.mark("end");
            }
        }
    }

    fn expr(&mut self, mut expr: &Expr) {
        // Chains lean to the left and may be long, so they are walked without a call: from the right to the left.
        loop {
            let (sign, left, right) = match &expr.kind {
                ExprKind::Fallback(left, right) => ("??", left, right),
                ExprKind::Range(left, right) => ("..", left, right),
                ExprKind::Binary(operator, left, right) => (operator.sign(), left, right),
                _ => break,
            };
            self.mark(sign);
            self.expr(right);
            self.mark("behind");
            expr = left;
        }
        match &expr.kind {
            ExprKind::String(parts) => {
                self.mark("string");
                self.parts(parts);
            }
            ExprKind::Command(words) => {
                self.mark("command");
                words.iter().for_each(|word| self.parts(&word.parts));
                self.mark("end");
            }
            ExprKind::Script(script) => self.leaf("script", &(&script.interpreter.text, &script.text)),
            ExprKind::Reference(segments) => {
                let names = segments.iter().map(|segment| (segment.name.text.as_str(), segment.optional));
                self.leaf("reference", &names.collect::<Vec<_>>());
            }
            ExprKind::List(elements) => {
                self.mark("list");
                elements.iter().for_each(|element| self.expr(element));
                self.mark("end");
            }
            ExprKind::Map(entries) => {
                self.mark("map");
                for entry in entries {
                    self.leaf("key", &entry.key.text);
                    self.expr(&entry.value);
                }
                self.mark("end");
            }
            ExprKind::Not(inner) => {
                self.mark("not");
                self.expr(inner);
            }
            ExprKind::Index(of, at) => {
                self.mark("index");
                self.expr(of);
                self.expr(at);
            }
            ExprKind::Member(of, segment) => {
                self.leaf("member", &(&segment.name.text, segment.optional));
                self.expr(of);
            }
            ExprKind::Call { function, arguments } => {
                self.names("call", function);
                arguments.iter().for_each(|argument| self.argument(argument));
                self.mark("end");
            }
            leaf => self.leaf("literal", leaf),
        }
    }

    fn argument(&mut self, argument: &Argument) {
        self.leaf("argument", &argument.name.as_ref().map(|name| &name.text));
        self.expr(&argument.value);
    }

    fn parts(&mut self, parts: &[Part]) {
        for part in parts {
            match part {
                Part::Text(text) => self.leaf("text", text),
                Part::Interpolation(expr) => {
                    self.mark("value");
                    self.expr(expr);
                }
            }
        }
        self.mark("end");
    }
}
