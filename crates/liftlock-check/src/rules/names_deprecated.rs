//! Something that is used although those who wrote it want it to go.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::Model;
use liftlock_model::expr::{Expr, ExprKind, Reference};

use crate::Rule;
use crate::references::expressions;

pub const RULE: Rule = Rule {
    code: Code("names/deprecated"),
    severity: Severity::Warning,
    page: include_str!("../../rules/names/deprecated.md"),
    absence: false,
    check,
};

/// What the documentation of such a thing begins with.
const WORD: &str = "deprecated";

/// Something that is to go, with what is said about it.
struct Leaving<'m> {
    what: &'static str,
    name: &'m str,
    span: Span,
    why: &'m str,
}

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for callable in &model.callables {
        let Some(why) = said(callable.docs.as_ref()) else { continue };
        let leaving = Leaving { what: callable.what, name: &callable.name, span: callable.span, why };
        let is_of_it = |body: Span| {
            body.source == callable.span.source && body.start <= callable.span.start && callable.span.end <= body.end
        };
        let mut calls: Vec<Span> =
            model.expansions.iter().filter(|call| is_of_it(call.body)).map(|call| call.call).collect();
        calls.sort();
        calls.dedup();
        findings.extend(calls.into_iter().map(|call| finding(&leaving, call)));
    }
    let settings = model.settings.values().map(|it| ("setting", &it.name, it.span, it.docs.as_ref()));
    let inputs = model.inputs.values().map(|it| ("input", &it.name, it.span, it.docs.as_ref()));
    for (what, name, span, docs) in settings.chain(inputs) {
        let Some(why) = said(docs) else { continue };
        let leaving = Leaving { what, name, span, why };
        let mut uses: Vec<Span> = Vec::new();
        expressions(model, &mut |_, expr| named(expr, &leaving, &mut uses));
        uses.sort();
        uses.dedup();
        findings.extend(uses.into_iter().map(|place| finding(&leaving, place)));
    }
}

/// What documentation says behind the word, in one line; `None` where it does not begin with it.
fn said(docs: Option<&String>) -> Option<&str> {
    let first = docs?.lines().next()?.trim();
    let rest = first.get(..WORD.len()).filter(|word| word.eq_ignore_ascii_case(WORD)).map(|_| &first[WORD.len()..])?;
    let says = rest.is_empty() || rest.starts_with([':', ',', '.', ' ']);
    says.then(|| rest.trim_start_matches([':', ',', '.', ' ']).trim_end_matches('.'))
}

fn named(expr: &Expr, leaving: &Leaving<'_>, uses: &mut Vec<Span>) {
    let is_it = match &*expr.kind {
        ExprKind::Reference(Reference::CurrentSetting(name) | Reference::Setting(_, name)) => {
            leaving.what == "setting" && name == leaving.name
        }
        ExprKind::Reference(Reference::Input(name)) => leaving.what == "input" && name == leaving.name,
        _ => false,
    };
    if is_it {
        uses.push(expr.span);
    }
    expr.parts().for_each(|part| named(part, leaving, uses));
}

fn finding(leaving: &Leaving<'_>, place: Span) -> Finding {
    let Leaving { what, name, span, why } = leaving;
    let finding = Finding::warning(RULE.code, format!("the {what} `{name}` is deprecated"), place, "is used here")
        .with_label(*span, "is to go");
    match *why {
        "" => finding.with_help("ask those who look after it what to use instead"),
        why => finding.with_help(why),
    }
}
