//! The attributes of a block, held against the signature of its kind.

use std::cell::RefCell;

use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Attribute, Block, ItemKind};

use super::names::{Lowered, Own, Scope};
use super::{Lowerer, codes, kind_text};
use crate::expr::{Expr, ExprKind};
use crate::kinds::Kind;
use crate::types::Type;
use crate::{Map, near};

/// The values of a block's attributes, defaults filled in.
pub(super) struct Attributes<'k> {
    kind: &'k Kind,
    /// In the order of the kind; `None` where a value has been taken.
    values: Vec<Option<Expr>>,
}

impl<'a> Lowerer<'a> {
    /// Lowers the attributes of a block that holds nothing else. `None` where one that must be there is missing or could
    /// not be understood, all of which has been reported.
    pub(super) fn attributes<'k>(
        &mut self,
        kind: &'k Kind,
        block: &'a Block,
        scope: Scope<'_>,
    ) -> Option<Attributes<'k>> {
        let mut locals = scope.locals.to_vec();
        let mut written: Map<&str, _> = Map::default();
        // In the order of the kind, of whose attributes most blocks give few.
        let mut given = vec![None; kind.attributes.len()];
        let mut knows_all = true;
        for item in &block.body {
            match &item.kind {
                ItemKind::Attribute(attribute) => {
                    let earlier = written.get(attribute.name.text.as_str());
                    let earlier = earlier.map(|earlier: &&liftlock_syntax::Attribute| earlier.name.span);
                    if super::report_duplicate("attribute", &attribute.name, earlier, &mut self.findings) {
                        written.insert(&attribute.name.text, attribute);
                        match kind.attributes.get_index_of(attribute.name.text.as_str()) {
                            Some(at) => given[at] = Some(attribute),
                            None => knows_all = false,
                        }
                    }
                }
                ItemKind::Let(attribute) => {
                    let inner = Scope { locals: &locals, ..scope };
                    let value = self.expression(&attribute.value, &crate::Type::Error, inner);
                    self.declare_local(&mut locals, attribute, value, scope.module);
                }
                _ => self.report_misplaced(item, &kind.name),
            }
        }
        let own = Own { kind, written, lowered: RefCell::new(vec![Lowered::NotYet; kind.attributes.len()]) };
        let scope = Scope { locals: &locals, own: Some(&own), ..scope };

        if !knows_all {
            self.report_unknown_attributes(&own);
        }
        let mut complete = true;
        let mut values = Vec::with_capacity(kind.attributes.len());
        for (name, signature) in &kind.attributes {
            let value = if let Some(attribute) = given[values.len()] {
                self.lowered_once(&own, values.len(), attribute, scope, block.head)
            } else if let Some(default) = &signature.default {
                default.clone()
            } else if !knows_all && own.is_misspelt(name) {
                // The name that is not known is reported, and it is this one that is meant.
                complete = false;
                values.push(None);
                continue;
            } else {
                self.report(
                    Finding::error(
                        codes::MISSING_ATTRIBUTE,
                        format!("`{}` lacks `{name}`", kind_text(block)),
                        block.head,
                        format!("`{name}` is missing"),
                    )
                    .with_help(format!("add {}", wanted(name, &signature.ty))),
                );
                complete = false;
                values.push(None);
                continue;
            };
            complete &= !has_error(&value);
            values.push(Some(value));
        }
        complete.then_some(Attributes { kind, values })
    }

    fn report_unknown_attributes(&mut self, own: &Own<'_>) {
        for (name, attribute) in &own.written {
            if !own.kind.attributes.contains_key(*name) {
                let known = own.kind.attributes.keys().map(String::as_str);
                let span = attribute.name.span;
                let message = format!("`{}` has no attribute `{name}`", own.kind.name);
                let finding = Finding::error(codes::UNKNOWN_ATTRIBUTE, message, span, "");
                self.report(near::suggest(finding, (name, span), known, "attribute"));
            }
        }
    }

    /// An attribute of the block one stands in.
    pub(super) fn own_attribute(&mut self, own: &Own<'_>, name: &str, scope: Scope<'_>, used: Span) -> Expr {
        match (own.kind.attributes.get_index_of(name), own.written.get(name)) {
            (Some(at), Some(attribute)) => self.lowered_once(own, at, attribute, scope, used),
            _ => Expr::error(used),
        }
    }

    /// The attribute at a place of the kind, lowered once.
    fn lowered_once(&mut self, own: &Own<'_>, at: usize, attribute: &Attribute, scope: Scope<'_>, used: Span) -> Expr {
        let name = attribute.name.text.as_str();
        let found = own.lowered.borrow()[at].clone();
        match found {
            Lowered::Done(expr) => return expr,
            Lowered::Now => {
                self.report_circle(name, attribute.name.span, used);
                return Expr::error(used);
            }
            Lowered::NotYet => {}
        }
        let signature = &own.kind.attributes[at];
        own.lowered.borrow_mut()[at] = Lowered::Now;
        // Only the undo of a step comes after its observation.
        let observed = name == "rollback" && own.written.contains_key("observe");
        let undone = scope.undone.filter(|_| name == "rollback");
        let scope = Scope { observed, undone, own: Some(own), ..scope };
        let expr = self.value(&attribute.value, &signature.ty, signature.phase, scope);
        own.lowered.borrow_mut()[at] = Lowered::Done(expr.clone());
        expr
    }
}

/// Whether a value, or a part of it, was not understood.
fn has_error(expr: &Expr) -> bool {
    match &*expr.kind {
        ExprKind::Error => true,
        ExprKind::List(items) => items.iter().any(has_error),
        ExprKind::Map(entries) => entries.values().any(has_error),
        _ => false,
    }
}

impl Attributes<'_> {
    /// The value of an attribute that the signature declares.
    pub fn take(&mut self, name: &str) -> Expr {
        let value = self.kind.attributes.get_index_of(name).and_then(|at| self.values[at].take());
        value.expect("complete attributes hold every name of the signature, and each is taken once")
    }

    /// The value of an attribute with an optional type.
    pub fn optional(&mut self, name: &str) -> Option<Expr> {
        let value = self.take(name);
        (!matches!(*value.kind, ExprKind::None)).then_some(value)
    }

    pub fn bool(&mut self, name: &str) -> bool {
        matches!(resolved(&self.take(name)), ExprKind::Bool(true))
    }

    /// A whole number that stands in the files, with its place.
    pub fn int(&mut self, name: &str) -> Option<(i64, Span)> {
        let value = self.take(name);
        match resolved(&value) {
            ExprKind::Int(number) => Some((*number, value.span)),
            _ => None,
        }
    }

    /// Milliseconds.
    pub fn duration(&mut self, name: &str) -> u64 {
        match resolved(&self.take(name)) {
            ExprKind::Duration(value) => *value,
            _ => 0,
        }
    }

    /// A text that stands in the files.
    pub fn text(&mut self, name: &str) -> Option<(String, Span)> {
        let value = self.take(name);
        value.literal().map(|text| (text.to_owned(), value.span))
    }

    /// The items of a list, each with its place.
    pub fn items(&mut self, name: &str) -> Vec<Expr> {
        match resolved(&self.take(name)) {
            ExprKind::List(items) => items.clone(),
            _ => Vec::new(),
        }
    }
}

/// A number that stands in the files.
pub(super) fn number_of(expr: &Expr) -> Option<f64> {
    match resolved(expr) {
        ExprKind::Number(number) => Some(*number),
        ExprKind::Int(number) => Some(*number as f64),
        _ => None,
    }
}

/// The expression behind the names that lead to it.
pub(super) fn resolved(expr: &Expr) -> &ExprKind {
    match &*expr.kind {
        ExprKind::Named(inner) => resolved(inner),
        kind => kind,
    }
}

/// What to write for an attribute that is missing: something to paste, where there is one.
fn wanted(name: &str, ty: &Type) -> String {
    match ty {
        Type::Command => format!("what is to be run: ``{name} = `ops/{name} …` ``"),
        Type::Zone => format!("`{name} = \"Europe/Berlin\"`, or another zone of the IANA data base"),
        Type::Url => format!("`{name} = \"https://…\"`"),
        Type::OneOf(words) => {
            let words: Vec<String> = words.iter().map(|word| format!("`{name} = \"{word}\"`")).collect();
            words.join(" or ")
        }
        ty => format!("`{name} = …`, a `{ty}`"),
    }
}
