//! A secret that is written out.

use std::collections::HashSet;

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::Model;
use liftlock_model::expr::{Expr, ExprKind, Part, Word};

use crate::Rule;
use crate::references::expressions;
use crate::secret_shapes::{is_named_secret, key_in};

pub const RULE: Rule = Rule {
    code: Code("secrets/literal"),
    severity: Severity::Error,
    page: include_str!("../../rules/secrets/literal.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    let mut search = Search { seen: HashSet::new(), looked_into: HashSet::new(), findings };
    expressions(model, &mut |name, expr| search.expr(name, expr));
}

struct Search<'f> {
    /// What was found already: what a `let` holds is met wherever it is named.
    seen: HashSet<Span>,
    /// What is behind names, so that a value is looked into once, however often it is named.
    looked_into: HashSet<Span>,
    findings: &'f mut Vec<Finding>,
}

impl Search<'_> {
    fn expr(&mut self, name: Option<&str>, expr: &Expr) {
        match &*expr.kind {
            // Under a name that says something, a value may be a secret that is none under another.
            ExprKind::Named(inner) if name.is_some() || self.looked_into.insert(inner.span) => self.expr(name, inner),
            ExprKind::Text(parts) => {
                if let (Some(name), Some(text)) = (name, expr.literal())
                    && is_named_secret(name, text)
                {
                    self.found(expr.span, &format!("the value of `{name}` is written out"));
                }
                self.parts(parts, expr.span);
            }
            ExprKind::List(items) => items.iter().for_each(|item| self.expr(name, item)),
            ExprKind::Map(entries) => entries.iter().for_each(|(key, value)| self.expr(Some(key), value)),
            ExprKind::Fallback(value, fallback) => [value, fallback].into_iter().for_each(|expr| self.expr(name, expr)),
            ExprKind::Script { text, .. } => self.text(text, expr.span),
            ExprKind::Command(words) => words.iter().for_each(|word| match word {
                Word::One(parts) => self.parts(parts, expr.span),
                Word::Several(list) => self.expr(None, list),
            }),
            // What a name says is said of a value, and not of what one is made of: `secret.env("PASSWORD")` is none.
            _ => expr.parts().for_each(|part| self.expr(None, part)),
        }
    }

    fn parts(&mut self, parts: &[Part], span: Span) {
        for part in parts {
            match part {
                Part::Literal(text) => self.text(text, span),
                Part::Value(expr) => self.expr(None, expr),
            }
        }
    }

    fn text(&mut self, text: &str, span: Span) {
        if let Some(what) = key_in(text) {
            self.found(span, &format!("{what} is written out"));
        }
    }

    fn found(&mut self, span: Span, message: &str) {
        if !self.seen.insert(span) {
            return;
        }
        self.findings.push(Finding::error(RULE.code, message, span, "whoever reads the file has it").with_help(
            "replace the secret, since it is known now, and say where the new one is kept: `secret.env(\"NAME\")`, in a setting \
             of type `secret`",
        ));
    }
}
