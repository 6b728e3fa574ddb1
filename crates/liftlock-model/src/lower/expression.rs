//! Expressions: names resolved, types checked against what is wanted.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax as syntax;

use std::sync::Arc;

use super::names::{Scope, strip};
use super::operators::weight_of;
use super::{Lowerer, MAX_DEPTH, MAX_WEIGHT, codes, literals};
use crate::expr::{Expr, ExprKind, Part, Word, grown};
use crate::types::{Phase, RecordField, Type};

impl Lowerer<'_> {
    /// Lowers a value that must be of type `wanted` and known by `latest`.
    pub(super) fn value(&mut self, written: &syntax::Expr, wanted: &Type, latest: Phase, scope: Scope<'_>) -> Expr {
        let expr = self.expression(written, wanted, scope);
        if expr.phase <= latest {
            return expr;
        }
        let late = first_late(&expr, latest);
        let wanted = match latest {
            Phase::Const => "must stand in the files".to_owned(),
            latest => format!("must be known {latest}"),
        };
        let mut finding = Finding::error(
            codes::TOO_LATE,
            format!("this {wanted}, and is known only {}", expr.phase),
            late.span,
            "known too late",
        );
        if late.span.start > written.span.start {
            finding = finding.with_label(written.span, wanted);
        }
        self.report(finding.with_help(match (parameter_of(late), latest) {
            (Some(name), Phase::Const) => format!("let it be given early: `{name}: const TYPE`"),
            (Some(name), _) => format!("let it be given early: `{name}: TYPE`, without `run`"),
            (None, Phase::Const) => "write the value itself, or a `let` that holds it".to_owned(),
            (None, _) => "only `run`, `rollback`, `env` and `stdin` of an effect can use it".to_owned(),
        }));
        Expr::error(written.span)
    }

    /// Lowers a value that must be of type `wanted`; [`Type::Error`] takes any.
    pub(super) fn expression(&mut self, written: &syntax::Expr, wanted: &Type, scope: Scope<'_>) -> Expr {
        let span = written.span;
        let simple = |kind, ty| Expr::new(kind, ty, Phase::Const, span);
        let expr = match &written.kind {
            syntax::ExprKind::Missing => return Expr::error(span),
            syntax::ExprKind::Bool(value) => simple(ExprKind::Bool(*value), Type::Bool),
            syntax::ExprKind::Int(value) => simple(ExprKind::Int(*value), Type::Int),
            syntax::ExprKind::Number(value) => simple(ExprKind::Number(*value), Type::Number),
            syntax::ExprKind::Duration(value) => simple(ExprKind::Duration(*value), Type::Duration),
            syntax::ExprKind::Percent(value) => simple(ExprKind::Percent(*value), Type::Percent),
            syntax::ExprKind::Bytes(value) => simple(ExprKind::Bytes(*value), Type::Bytes),
            syntax::ExprKind::Time(value) => simple(ExprKind::Time(*value), Type::Time),
            syntax::ExprKind::Date(value) => simple(ExprKind::Date(*value), Type::Date),
            syntax::ExprKind::DateTime(value) => simple(ExprKind::DateTime(*value), Type::DateTime),
            syntax::ExprKind::Digest(hex) => {
                simple(ExprKind::Text(vec![Part::Literal(format!("sha256:{hex}"))]), Type::Digest)
            }
            syntax::ExprKind::String(parts) => return self.string(parts, wanted, span, scope),
            syntax::ExprKind::Command(words) => self.command(words, span, scope),
            syntax::ExprKind::Script(script) => {
                let kind = ExprKind::Script { interpreter: script.interpreter.text.clone(), text: script.text.clone() };
                simple(kind, Type::Command)
            }
            syntax::ExprKind::Reference(segments) => {
                if let Some(days) = literals::day(segments)
                    && matches!(strip(wanted), Type::Days)
                {
                    return simple(ExprKind::Days(days), Type::Days);
                }
                self.reference(segments, wanted, scope, span)
            }
            syntax::ExprKind::List(items) => self.list(items, wanted, span, scope),
            syntax::ExprKind::Map(entries) => self.map(entries, wanted, span, scope),
            syntax::ExprKind::Range(from, to) => self.range(from, to, wanted, span, scope),
            syntax::ExprKind::Call { function, arguments } => self.call(function, arguments, span, scope),
            syntax::ExprKind::Fallback(value, fallback) => self.fallback(value, fallback, wanted, span, scope),
            syntax::ExprKind::Binary(operator, left, right) => self.binary(*operator, left, right, span, scope),
            syntax::ExprKind::Not(inner) => self.not(inner, span, scope),
            syntax::ExprKind::Index(of, at) => self.index(of, at, span, scope),
            syntax::ExprKind::Member(of, segment) => {
                let of = self.expression(of, &Type::Error, scope);
                self.member(&of, segment, span)
            }
        };
        self.fit(expr, wanted)
    }

    /// Checks the type, and that an expression does not grow without bound.
    pub(super) fn fit(&mut self, expr: Expr, wanted: &Type) -> Expr {
        if expr.is_error() {
            return expr;
        }
        if expr.depth > MAX_DEPTH {
            self.report_too_deep(expr.span);
            return Expr::error(expr.span);
        }
        if expr.weight > MAX_WEIGHT {
            self.report(
                Finding::error(
                    codes::TOO_LARGE,
                    "this value grows beyond every use",
                    expr.span,
                    format!("has more than {MAX_WEIGHT} parts when its names are written out"),
                )
                .with_help("name fewer values inside each other"),
            );
            return Expr::error(expr.span);
        }
        if expr.ty.fits(wanted) {
            return expr;
        }
        if let Type::Optional(inner) = &expr.ty
            && inner.fits(wanted)
        {
            self.report(
                Finding::error(
                    codes::TYPE_OPTIONAL,
                    "this may be missing, and a value is wanted",
                    expr.span,
                    format!("is `{}`", expr.ty),
                )
                .with_help("say what is meant then: `… ?? \"none\"`"),
            );
            return Expr::error(expr.span);
        }
        if matches!(strip(&expr.ty), Type::Secret | Type::Variable) && strip(wanted).is_text() {
            self.report_secret_in_text(expr.span);
        } else {
            self.mismatch(&expr.ty, wanted, expr.span, literals::hint(&expr, strip(wanted)));
        }
        Expr::error(expr.span)
    }

    pub(super) fn report_secret_in_text(&mut self, span: Span) {
        self.report(
            Finding::error(
                codes::SECRET_MISUSED,
                "a secret is handed over whole, and never made a part of a text",
                span,
                "may be a secret",
            )
            .with_help("hand it to the program by `env` or `stdin`: `env = { TOKEN = … }`"),
        );
    }

    pub(super) fn report_too_deep(&mut self, span: Span) {
        self.report(
            Finding::error(
                codes::TOO_LARGE,
                "too many names lead from this value to the next",
                span,
                format!("is more than {MAX_DEPTH} names away from what it stands for"),
            )
            .with_help("name the value itself, and not another name of it"),
        );
    }

    pub(super) fn mismatch(&mut self, found: &Type, wanted: &Type, span: Span, help: Option<String>) {
        let finding = Finding::error(
            codes::TYPE_MISMATCH,
            format!("`{}` is wanted here, and this is `{found}`", strip(wanted)),
            span,
            format!("is `{found}`"),
        );
        self.report(match help {
            Some(help) => finding.with_help(help),
            None => finding,
        });
    }

    fn string(&mut self, parts: &[syntax::Part], wanted: &Type, span: Span, scope: Scope<'_>) -> Expr {
        let parts = self.parts(parts, scope);
        let phase = phase_of(&parts);
        // What is put in weighs what it weighs, also where it is a literal and becomes a part of one.
        let (weight, depth) = grown((1, 1), parts.iter().filter_map(value_of));
        let text = ExprKind::Text(merged(parts));
        let mut expr = Expr { weight, depth, ..Expr::new(text, Type::String, phase, span) };
        if let Some(text) = expr.literal() {
            expr.weight = expr.weight.saturating_add(weight_of(text.len()));
        }
        if let Some(text) = expr.literal()
            && strip(wanted).is_text()
        {
            if let Err(help) = literals::check_text(text, strip(wanted)) {
                self.report(
                    Finding::error(
                        codes::TYPE_TEXT,
                        match text {
                            "" => format!("an empty text is not of type `{}`", strip(wanted)),
                            text => format!("`{}` is not of type `{}`", text.escape_debug(), strip(wanted)),
                        },
                        span,
                        "",
                    )
                    .with_help(help),
                );
                return Expr::error(span);
            }
            expr.ty = strip(wanted).clone();
        }
        self.fit(expr, wanted)
    }

    fn parts(&mut self, parts: &[syntax::Part], scope: Scope<'_>) -> Vec<Part> {
        parts
            .iter()
            .map(|part| match part {
                syntax::Part::Text(text) => Part::Literal(text.clone()),
                syntax::Part::Interpolation(written) => {
                    let expr = self.expression(written, &Type::Error, scope);
                    Part::Value(self.as_text(expr))
                }
            })
            .collect()
    }

    /// Checks that a value can be put into a text.
    pub(super) fn as_text(&mut self, expr: Expr) -> Expr {
        if expr.ty.can_be_text() {
            return expr;
        }
        let finding = match &expr.ty {
            Type::Optional(_) => Finding::error(
                codes::TYPE_OPTIONAL,
                "this may be missing, and a text is made of it",
                expr.span,
                format!("is `{}`", expr.ty),
            )
            .with_help("say what is meant then: `${… ?? \"none\"}`"),
            Type::Secret | Type::Variable => {
                self.report_secret_in_text(expr.span);
                return Expr::error(expr.span);
            }
            ty => {
                let message = format!("`{ty}` cannot be put into a text");
                let finding = Finding::error(codes::TYPE_MISMATCH, message, expr.span, format!("is `{ty}`"));
                match ty {
                    Type::List(item) if item.can_be_text() => finding.with_help(
                        "put its members together, `join(…, with: \",\")`; alone in a word of a command it is several words",
                    ),
                    Type::List(_) | Type::Map(_) | Type::Record(_) => {
                        finding.with_help("name a part of it, or write it as JSON: `json(…)`")
                    }
                    _ => finding,
                }
            }
        };
        self.report(finding);
        Expr::error(expr.span)
    }

    fn command(&mut self, words: &[syntax::Word], span: Span, scope: Scope<'_>) -> Expr {
        let lowered: Vec<Word> = words.iter().map(|word| self.word(word, scope)).collect();
        let expr = Expr::new(ExprKind::Command(lowered), Type::Command, Phase::Const, span).whole();
        Expr { phase: latest(expr.parts()), ..expr }
    }

    fn word(&mut self, word: &syntax::Word, scope: Scope<'_>) -> Word {
        if let [syntax::Part::Interpolation(written)] = word.parts.as_slice() {
            let expr = self.expression(written, &Type::Error, scope);
            return match &expr.ty {
                Type::List(_) => Word::Several(expr),
                _ => Word::One(vec![Part::Value(self.as_text(expr))]),
            };
        }
        Word::One(self.parts(&word.parts, scope))
    }

    fn list(&mut self, items: &[syntax::Expr], wanted: &Type, span: Span, scope: Scope<'_>) -> Expr {
        let mut item_type = match strip(wanted) {
            Type::List(item) => (**item).clone(),
            _ => Type::Error,
        };
        let mut lowered = Vec::with_capacity(items.len());
        for item in items {
            let item = self.expression(item, &item_type, scope);
            if item_type == Type::Error {
                item_type = item.ty.clone();
            }
            lowered.push(item);
        }
        let phase = latest(&lowered);
        Expr::new(ExprKind::List(lowered), Type::List(Box::new(item_type)), phase, span).whole()
    }

    fn map(&mut self, entries: &[syntax::Entry], wanted: &Type, span: Span, scope: Scope<'_>) -> Expr {
        if let Type::Record(fields) = strip(wanted) {
            return self.record(entries, &fields.clone(), span, scope);
        }
        let item_type = match strip(wanted) {
            Type::Map(item) => (**item).clone(),
            _ => Type::Error,
        };
        let mut lowered: IndexMap<String, Expr> = IndexMap::new();
        let mut keys: IndexMap<&str, Span> = IndexMap::new();
        for entry in entries {
            let earlier = keys.insert(&entry.key.text, entry.key.span);
            if super::report_duplicate("key", &entry.key, earlier, &mut self.findings) {
                // An environment variable may be any value that has a text.
                let value = self.expression(&entry.value, &Type::Error, scope);
                let value = match &item_type {
                    Type::String => self.as_text(value),
                    Type::Variable if matches!(value.ty, Type::Secret | Type::Variable) => value,
                    Type::Variable => self.as_text(value),
                    ty => self.fit(value, ty),
                };
                lowered.insert(entry.key.text.clone(), value);
            }
        }
        let phase = latest(lowered.values());
        let ty = if item_type == Type::Error { inferred(&lowered) } else { Type::Map(Box::new(item_type)) };
        Expr::new(ExprKind::Map(lowered), ty, phase, span).whole()
    }

    fn fallback(
        &mut self,
        value: &syntax::Expr,
        fallback: &syntax::Expr,
        wanted: &Type,
        span: Span,
        scope: Scope<'_>,
    ) -> Expr {
        let value = self.expression(value, &Type::Error, scope);
        let inner = strip(&value.ty).clone();
        let target = match (strip(wanted), &inner) {
            (Type::Error, Type::Error) => Type::Error,
            // What stands in for a checked text may be any text: `previous?.version ?? "none"`.
            (Type::Error, inner) if inner.is_text() => Type::String,
            (Type::Error, inner) => inner.clone(),
            (wanted, _) => wanted.clone(),
        };
        if !inner.fits(&target) {
            self.mismatch(&inner, &target, value.span, None);
            // What stands in for it is of the wrong type for the same reason.
            self.expression(fallback, &Type::Error, scope);
            return Expr::error(span);
        }
        // What stands in may be missing as well, where something stands in for that: `a ?? b ?? "none"`.
        let fallback_wanted = match (wanted, &target) {
            (_, Type::Error) => Type::Error,
            (Type::Error | Type::Optional(_), target) => Type::Optional(Box::new(target.clone())),
            (_, target) => target.clone(),
        };
        let fallback = self.expression(fallback, &fallback_wanted, scope);
        if value.is_error() || fallback.is_error() {
            return Expr::error(span);
        }
        let phase = value.phase.max(fallback.phase);
        let ty = match &fallback.ty {
            Type::Optional(_) if target != Type::Error => Type::Optional(Box::new(target)),
            _ => target,
        };
        let expr = Expr::new(ExprKind::Fallback(value.clone(), fallback.clone()), ty, phase, span);
        self.folded(expr.holding([&value, &fallback]))
    }

    /// A record: every field once, and no others.
    fn record(&mut self, entries: &[syntax::Entry], fields: &Arc<[RecordField]>, span: Span, scope: Scope<'_>) -> Expr {
        let mut given: IndexMap<&str, Expr> = IndexMap::new();
        let mut keys: IndexMap<&str, Span> = IndexMap::new();
        let mut complete = true;
        for entry in entries {
            let name = entry.key.text.as_str();
            let earlier = keys.insert(name, entry.key.span);
            if !super::report_duplicate("key", &entry.key, earlier, &mut self.findings) {
                continue;
            }
            match fields.iter().find(|field| field.name == name) {
                Some(field) => {
                    let value = self.expression(&entry.value, &field.ty, scope);
                    complete &= !value.is_error();
                    given.insert(name, value);
                }
                None => {
                    let known: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                    let finding = Finding::error(
                        codes::UNKNOWN_ATTRIBUTE,
                        format!("this record has no `{name}`"),
                        entry.key.span,
                        "",
                    );
                    self.report(crate::near::suggest(finding, (name, entry.key.span), known, "field"));
                }
            }
        }
        let mut values = IndexMap::new();
        for field in fields.iter() {
            match given.shift_remove(field.name.as_str()).or_else(|| field.default.clone()) {
                Some(value) => {
                    values.insert(field.name.clone(), value);
                }
                None => {
                    complete = false;
                    let known = || fields.iter().map(|field| field.name.as_str());
                    let is_misspelt = keys.keys().any(|key| {
                        known().all(|known| known != *key)
                            && crate::near::nearest(key, known()) == Some(field.name.as_str())
                    });
                    if !keys.contains_key(field.name.as_str()) && !is_misspelt {
                        self.report(
                            Finding::error(
                                codes::MISSING_ATTRIBUTE,
                                format!("this record lacks `{}`", field.name),
                                span,
                                format!("`{}` is missing", field.name),
                            )
                            .with_help(format!("add `{} = …`, a `{}`", field.name, field.ty)),
                        );
                    }
                }
            }
        }
        if !complete {
            return Expr::error(span);
        }
        let phase = values.values().map(|value: &Expr| value.phase).max().unwrap_or(Phase::Const);
        let parts: Vec<Expr> = values.values().cloned().collect();
        Expr::new(ExprKind::Map(values), Type::Record(fields.clone()), phase, span).holding(&parts)
    }

    fn range(&mut self, from: &syntax::Expr, to: &syntax::Expr, wanted: &Type, span: Span, scope: Scope<'_>) -> Expr {
        match literals::range(from, to) {
            Some(kind) => {
                let ty = match &kind {
                    ExprKind::Hours(_) => Type::Hours,
                    _ => Type::Days,
                };
                Expr::new(kind, ty, Phase::Const, span)
            }
            None => {
                let item = match strip(wanted) {
                    Type::Range(item) => (**item).clone(),
                    _ => Type::Error,
                };
                let from = self.expression(from, &item, scope);
                let to = self.expression(to, &from.ty.clone(), scope);
                if from.is_error() || to.is_error() {
                    return Expr::error(span);
                }
                if !from.ty.is_ordered() || from.ty == Type::Semver {
                    self.report(
                        Finding::error(
                            codes::TYPE_MISMATCH,
                            format!("there is no range of `{}`", from.ty),
                            span,
                            "",
                        )
                        .with_help("ranges are of days, `mon..thu`, of times, `09:00..16:00`, of numbers, durations or dates"),
                    );
                    return Expr::error(span);
                }
                let phase = from.phase.max(to.phase);
                let ty = Type::Range(Box::new(from.ty.clone()));
                Expr::new(ExprKind::Range(from.clone(), to.clone()), ty, phase, span).holding([&from, &to])
            }
        }
    }

    /// The named arguments of a call, each once and none but the known.
    pub(super) fn arguments<const N: usize>(
        &mut self,
        function: &str,
        arguments: &[syntax::Argument],
        names: [&str; N],
        types: [&Type; N],
        span: Span,
        scope: Scope<'_>,
    ) -> Option<[Expr; N]> {
        let mut found: [Option<Expr>; N] = [const { None }; N];
        let mut complete = true;
        let mut surplus = false;
        for argument in arguments {
            let at = argument.name.as_ref().and_then(|name| names.iter().position(|known| *known == name.text));
            let Some(at) = at else {
                complete = false;
                surplus = true;
                let at = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
                self.report(
                    Finding::error(codes::UNKNOWN_ATTRIBUTE, format!("`{function}` has no such argument"), at, "")
                        .with_help(format!("its arguments are {}", list_of(&names))),
                );
                continue;
            };
            let value = self.value(&argument.value, types[at], Phase::Const, scope);
            complete &= !value.is_error();
            found[at] = Some(value);
        }
        for (name, value) in names.iter().zip(&found) {
            if value.is_none() {
                complete = false;
                // One that does not exist was probably meant to be this one.
                if !surplus {
                    let message = format!("`{function}` lacks its argument `{name}`");
                    self.report(
                        Finding::error(codes::MISSING_ATTRIBUTE, message, span, "")
                            .with_help(format!("its arguments are {}", list_of(&names))),
                    );
                }
            }
        }
        if complete { Some(found.map(|value| value.expect("a complete call has every argument"))) } else { None }
    }
}

fn list_of(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The type of a map that nothing was wanted of: a map where its values are of one type, and a record where they are not.
fn inferred(entries: &IndexMap<String, Expr>) -> Type {
    let known: Vec<&Type> = entries.values().filter(|value| !value.is_error()).map(|value| &value.ty).collect();
    match known.first() {
        None => Type::Map(Box::new(Type::Error)),
        Some(first) if known.iter().all(|ty| ty == first) => Type::Map(Box::new((*first).clone())),
        Some(_) => {
            let field = |(name, value): (&String, &Expr)| RecordField {
                name: name.clone(),
                ty: value.ty.clone(),
                default: None,
            };
            Type::Record(entries.iter().map(field).collect())
        }
    }
}

/// The parts with neighbouring literals in one: a value that stands in the files is as good as its text.
fn merged(parts: Vec<Part>) -> Vec<Part> {
    if let [] | [Part::Literal(_)] = parts.as_slice() {
        return parts;
    }
    let mut merged: Vec<Part> = Vec::with_capacity(parts.len());
    for part in parts {
        let part = match part {
            Part::Value(expr) => match expr.literal() {
                Some(text) => Part::Literal(text.to_owned()),
                None => Part::Value(expr),
            },
            literal => literal,
        };
        match (merged.last_mut(), part) {
            (Some(Part::Literal(last)), Part::Literal(text)) => last.push_str(&text),
            (_, part) => merged.push(part),
        }
    }
    merged
}

fn phase_of(parts: &[Part]) -> Phase {
    let phases = parts.iter().map(|part| match part {
        Part::Literal(_) => Phase::Const,
        Part::Value(expr) => expr.phase,
    });
    phases.max().unwrap_or(Phase::Const)
}

/// The phase in which the last of them is known.
fn latest<'a>(exprs: impl IntoIterator<Item = &'a Expr>) -> Phase {
    exprs.into_iter().map(|expr| expr.phase).max().unwrap_or(Phase::Const)
}

/// The parameter of a procedure that an expression names.
fn parameter_of(expr: &Expr) -> Option<&str> {
    match super::attributes::resolved(expr) {
        ExprKind::Reference(crate::expr::Reference::Local(_, name)) => Some(name),
        _ => None,
    }
}

/// The part of an expression that is known later than `latest`, as it is written there.
fn first_late(expr: &Expr, latest: Phase) -> &Expr {
    // What a name stands for is written elsewhere.
    let is_elsewhere = matches!(*expr.kind, ExprKind::Named(_));
    match expr.parts().find(|part| !is_elsewhere && part.phase > latest) {
        Some(part) => first_late(part, latest),
        None => expr,
    }
}

fn value_of(part: &Part) -> Option<&Expr> {
    match part {
        Part::Literal(_) => None,
        Part::Value(expr) => Some(expr),
    }
}
