//! Operators, places in lists, calls of the language's own functions; and what can be worked out at once.

use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax as syntax;

use super::attributes::resolved;
use super::names::{Scope, strip};
use super::{Lowerer, codes};
use crate::expr::{Expr, ExprKind, Operator, Part, SecretSource};
use crate::functions::{Function, Taken};
use crate::operate;
use crate::types::{Phase, Type};
use crate::value::Value;

impl<'a> Lowerer<'a> {
    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &syntax::Expr,
        right: &syntax::Expr,
        span: Span,
        scope: Scope<'_>,
    ) -> Expr {
        let (left_written, right_written) = (left, right);
        // A text literal is what it is compared with: `env.mode == "fast"` is checked against the modes there are, and
        // `release.version < "2.0.0"` compares versions.
        let compares_two = operator.compares() && operator != Operator::In;
        let is_list = |written: &syntax::Expr| matches!(written.kind, syntax::ExprKind::List(_));
        let (left, right) = if operator == Operator::Plus && is_list(left) && !is_list(right) {
            // Members that are written out are of the type that those of the other list have.
            let right = self.early(right, &Type::Error, scope);
            let wanted = if matches!(right.ty, Type::List(_)) { right.ty.clone() } else { Type::Error };
            (self.early(left, &wanted, scope), right)
        } else if compares_two && is_text_literal(left) && !is_text_literal(right) {
            let right = self.early(right, &Type::Error, scope);
            let wanted = if strip(&right.ty).is_text() { strip(&right.ty).clone() } else { Type::Error };
            (self.early(left, &wanted, scope), right)
        } else {
            let left = self.early(left, &Type::Error, scope);
            let wanted = match strip(&left.ty) {
                ty if compares_two && ty.is_text() && is_text_literal(right) => ty.clone(),
                ty @ Type::List(_) if operator == Operator::Plus && is_list(right) => ty.clone(),
                ty if operator == Operator::In && ty.is_text() && matches!(right.kind, syntax::ExprKind::List(_)) => {
                    Type::List(Box::new(ty.clone()))
                }
                _ => Type::Error,
            };
            let right = self.early(right, &wanted, scope);
            (left, right)
        };
        if left.is_error() || right.is_error() {
            return Expr::error(span);
        }
        if let Some(side) = [&left, &right].into_iter().find(|side| matches!(side.ty, Type::Optional(_)))
            && !matches!(operator, Operator::Equal | Operator::Unequal)
        {
            self.report(
                Finding::error(
                    codes::TYPE_OPTIONAL,
                    format!("this may be missing, and `{}` wants a value", operator.sign()),
                    side.span,
                    format!("is `{}`", side.ty),
                )
                .with_help("say what is meant then: `… ?? \"none\"`"),
            );
            return Expr::error(span);
        }
        if let Some(side) = [&left, &right].into_iter().find(|side| matches!(strip(&side.ty), Type::Secret)) {
            self.report(
                Finding::error(
                    codes::SECRET_MISUSED,
                    format!("a secret has no value here that `{}` could look at", operator.sign()),
                    side.span,
                    "is a secret",
                )
                .with_help("hand it to a program by `env` or `stdin`, which alone can look at it"),
            );
            return Expr::error(span);
        }
        let Some(ty) = operate::joined(operator, strip(&left.ty), strip(&right.ty)) else {
            let message = format!("`{}` and `{}` cannot be joined by `{}`", left.ty, right.ty, operator.sign());
            let finding = Finding::error(codes::TYPE_MISMATCH, message, left_written.span, format!("is `{}`", left.ty))
                .with_label(right_written.span, format!("is `{}`", right.ty));
            self.report(match operator {
                Operator::Plus if matches!(left.ty, Type::List(_)) && !matches!(right.ty, Type::List(_)) => {
                    finding.with_help("one more member is a list of one: `… + [member]`")
                }
                Operator::Plus if left.ty.is_text() || right.ty.is_text() => {
                    finding.with_help("texts are put together by `\"${a}${b}\"`")
                }
                Operator::And | Operator::Or => finding.with_help("both sides are conditions"),
                _ => {
                    let hint_of = |side: &Expr, other: &Expr| {
                        let is_written = side.literal().is_some() || matches!(*side.kind, ExprKind::Int(_));
                        let meant = strip(&other.ty);
                        (is_written && !meant.is_text() && !matches!(meant, Type::List(_)))
                            .then(|| super::literals::hint(side, meant))
                            .flatten()
                    };
                    match hint_of(&right, &left).or_else(|| hint_of(&left, &right)) {
                        Some(hint) => finding.with_help(hint),
                        None => finding,
                    }
                }
            });
            return Expr::error(span);
        };
        let phase = left.phase.max(right.phase);
        // What stands in the files is put together at once: some attributes take nothing but a list that is written out.
        let kind = match (operator, resolved(&left), resolved(&right)) {
            (Operator::Plus, ExprKind::List(left), ExprKind::List(right)) => {
                ExprKind::List(left.iter().chain(right).cloned().collect())
            }
            (Operator::Plus, ExprKind::Map(left), ExprKind::Map(right)) => {
                ExprKind::Map(left.iter().chain(right).map(|(key, value)| (key.clone(), value.clone())).collect())
            }
            _ => ExprKind::Binary(operator, left.clone(), right.clone()),
        };
        self.folded(Expr::new(kind, ty, phase, span).holding([&left, &right]))
    }

    pub(super) fn not(&mut self, inner: &syntax::Expr, span: Span, scope: Scope<'_>) -> Expr {
        let inner = self.early(inner, &Type::Bool, scope);
        if inner.is_error() {
            return Expr::error(span);
        }
        let phase = inner.phase;
        self.folded(Expr::new(ExprKind::Not(inner.clone()), Type::Bool, phase, span).holding([&inner]))
    }

    pub(super) fn index(&mut self, of: &syntax::Expr, at: &syntax::Expr, span: Span, scope: Scope<'_>) -> Expr {
        let of = self.expression(of, &Type::Error, scope);
        let (wanted, item) = match strip(&of.ty) {
            Type::List(item) => (Type::Int, (**item).clone()),
            Type::Map(item) => (Type::String, (**item).clone()),
            Type::Error => (Type::Error, Type::Error),
            ty => {
                let ty = ty.clone();
                self.report(
                    Finding::error(
                        codes::TYPE_MISMATCH,
                        format!("`{ty}` has no members"),
                        of.span,
                        format!("is `{ty}`"),
                    )
                    .with_help("`[…]` names a member of a list by its place, or of a map by its key"),
                );
                return Expr::error(span);
            }
        };
        let at = self.early(at, &wanted, scope);
        if of.is_error() || at.is_error() {
            return Expr::error(span);
        }
        let ty = match item {
            Type::Optional(item) => Type::Optional(item),
            Type::Error => Type::Error,
            item => Type::Optional(Box::new(item)),
        };
        let phase = of.phase.max(at.phase);
        self.folded(Expr::new(ExprKind::Index(of.clone(), at.clone()), ty, phase, span).holding([&of, &at]))
    }

    /// A value that something is worked out from, which is done when the release is planned at the latest.
    fn early(&mut self, written: &syntax::Expr, wanted: &Type, scope: Scope<'_>) -> Expr {
        self.value(written, wanted, Phase::Plan, scope)
    }

    pub(super) fn call(
        &mut self,
        function: &[syntax::Name],
        arguments: &[syntax::Argument],
        span: Span,
        scope: Scope<'_>,
    ) -> Expr {
        let path: Vec<&str> = function.iter().map(|name| name.text.as_str()).collect();
        match path.as_slice() {
            ["window"] => self.window(arguments, span, scope),
            ["freeze"] => self.freeze(arguments, span, scope),
            ["secret", way] => self.secret(way, function[1].span, arguments, span, scope),
            path => {
                if let Some((module, name)) = self.function_named(function, scope) {
                    return self.call_function(module, name, arguments, span, scope);
                }
                if let [name] = path
                    && let Some((function, _, parameters)) = Function::ALL.iter().find(|(_, known, _)| known == name)
                {
                    return self.call_own(*function, name, parameters, arguments, span, scope);
                }
                self.report_unknown_function(function, span, scope);
                Expr::error(span)
            }
        }
    }

    /// A call of a function of the language.
    fn call_own(
        &mut self,
        function: Function,
        name: &str,
        parameters: &[(&str, Taken)],
        arguments: &[syntax::Argument],
        span: Span,
        scope: Scope<'_>,
    ) -> Expr {
        let names: Vec<&str> = parameters.iter().map(|(name, _)| *name).collect();
        let Some(places) = self.places(name, &names, &[], arguments, span) else { return Expr::error(span) };
        let mut values = Vec::with_capacity(parameters.len());
        for (place, (_, taken)) in places.iter().zip(parameters) {
            let Some(argument) = place else { return Expr::error(span) };
            let wanted = match taken {
                Taken::Semver => Type::Semver,
                Taken::Versions => Type::Range(Box::new(Type::Semver)),
                _ => Type::Error,
            };
            let value = self.early(&argument.value, &wanted, scope);
            if value.is_error() {
                return Expr::error(span);
            }
            let (fits, what) = match taken {
                Taken::Text => (value.ty.can_be_text(), "a text"),
                Taken::Texts => (matches!(&value.ty, Type::List(item) if item.can_be_text()), "a list of texts"),
                Taken::Map => (matches!(value.ty, Type::Map(_)), "a map"),
                Taken::Sized => {
                    (matches!(value.ty, Type::List(_) | Type::Map(_)) || value.ty.is_text(), "a list, a map or a text")
                }
                Taken::Semver | Taken::Versions => (true, ""),
                Taken::Any => (is_plain(&value.ty), "data without secrets"),
            };
            if !fits && matches!(strip(&value.ty), Type::Secret | Type::Variable) {
                self.report_secret_in_text(value.span);
                return Expr::error(span);
            }
            if !fits {
                let finding = Finding::error(
                    codes::TYPE_MISMATCH,
                    format!("`{name}` takes {what} here, and this is `{}`", value.ty),
                    value.span,
                    format!("is `{}`", value.ty),
                );
                self.report(if matches!(value.ty, Type::Optional(_)) {
                    finding.with_help("it may be missing; say what is meant then: `… ?? \"none\"`")
                } else {
                    finding
                });
                return Expr::error(span);
            }
            values.push(value);
        }
        let types: Vec<Type> = values.iter().map(|value| value.ty.clone()).collect();
        let phase = values.iter().map(|value| value.phase).max().unwrap_or(Phase::Const);
        let expr = Expr::new(ExprKind::Call(function, values.clone()), function.gives(&types), phase, span);
        self.folded(expr.holding(&values))
    }

    /// `secret.env("NAME")`, `secret.file("PATH")`, ``secret.command(`…`)``
    fn secret(
        &mut self,
        way: &str,
        way_span: Span,
        arguments: &[syntax::Argument],
        span: Span,
        scope: Scope<'_>,
    ) -> Expr {
        let (wanted, example): (Type, _) = match way {
            "env" => (Type::String, "secret.env(\"DATABASE_URL\")"),
            "file" => (Type::Path, "secret.file(\"/run/secrets/database-url\")"),
            "command" => (Type::Command, "secret.command(`vault kv get -field=url kv/shop`)"),
            _ => {
                let finding = Finding::error(codes::UNKNOWN_NAME, format!("there is no `secret.{way}`"), way_span, "");
                self.report(crate::near::suggest(finding, (way, way_span), ["env", "file", "command"], "way"));
                return Expr::error(span);
            }
        };
        let [argument] = arguments else {
            self.report(
                Finding::error(codes::MISSING_ATTRIBUTE, format!("`secret.{way}` takes one value"), span, "")
                    .with_help(format!("write `{example}`")),
            );
            return Expr::error(span);
        };
        let value = self.early(&argument.value, &wanted, scope);
        if value.is_error() {
            return Expr::error(span);
        }
        let source = match way {
            "env" => SecretSource::Env(value.clone()),
            "file" => SecretSource::File(value.clone()),
            _ if matches!(resolved(&value), ExprKind::Script { .. }) => {
                self.report(
                    Finding::error(
                        codes::TYPE_MISMATCH,
                        "a secret comes from a command, and this is a script",
                        span,
                        "",
                    )
                    .with_help(format!("write `{example}`; what needs a script can stand in a file of its own")),
                );
                return Expr::error(span);
            }
            _ => SecretSource::Command(value.clone()),
        };
        let phase = value.phase;
        Expr::new(ExprKind::Secret(source), Type::Secret, phase, span).holding([&value])
    }

    /// The arguments of a call in the order of the parameters; `None` for those that are left out. By name or by place.
    pub(super) fn places<'w>(
        &mut self,
        function: &str,
        names: &[&str],
        optional: &[&str],
        arguments: &'w [syntax::Argument],
        span: Span,
    ) -> Option<Vec<Option<&'w syntax::Argument>>> {
        let mut places: Vec<Option<&syntax::Argument>> = vec![None; names.len()];
        let mut complete = true;
        for (index, argument) in arguments.iter().enumerate() {
            let at = match &argument.name {
                Some(name) => names.iter().position(|known| *known == name.text),
                None => Some(index).filter(|index| *index < names.len()),
            };
            let name_span = argument.name.as_ref().map_or(argument.value.span, |name| name.span);
            match at {
                Some(at) if places[at].is_none() => places[at] = Some(argument),
                Some(at) => {
                    complete = false;
                    self.report(Finding::error(
                        codes::DUPLICATE,
                        format!("`{function}` is given `{}` twice", names[at]),
                        name_span,
                        "again here",
                    ));
                }
                None => {
                    complete = false;
                    let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                    let help = match known.len() {
                        0 => "it takes none".to_owned(),
                        _ => format!("its arguments are {}", known.join(", ")),
                    };
                    self.report(
                        Finding::error(
                            codes::UNKNOWN_ATTRIBUTE,
                            format!("`{function}` has no such argument"),
                            name_span,
                            "",
                        )
                        .with_help(help),
                    );
                }
            }
        }
        for (name, place) in names.iter().zip(&places) {
            if place.is_none() && !optional.contains(name) && complete {
                complete = false;
                let known: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                let message = format!("`{function}` lacks its argument `{name}`");
                self.report(
                    Finding::error(codes::MISSING_ATTRIBUTE, message, span, "")
                        .with_help(format!("its arguments are {}", known.join(", "))),
                );
            }
        }
        complete.then_some(places)
    }

    /// The value itself, where all that it is made of stands in the files.
    #[allow(clippy::unused_self, reason = "reads as what lowering does")]
    pub(super) fn folded(&mut self, expr: Expr) -> Expr {
        let value = match &*expr.kind {
            ExprKind::Binary(operator, left, right) => {
                let ordered_as = if left.ty == Type::Semver { &Type::Semver } else { &Type::Error };
                match (literal_value(left), literal_value(right)) {
                    // A range of versions is a text, which the operators know nothing of.
                    _ if right.ty.is_versions() => None,
                    (Some(left), Some(right)) => Some(operate::binary(*operator, &left, || right, ordered_as)),
                    _ => None,
                }
            }
            ExprKind::Not(inner) => literal_value(inner).map(|value| operate::not(&value)),
            ExprKind::Index(of, at) => {
                literal_value(of).zip(literal_value(at)).map(|(of, at)| operate::index(&of, &at))
            }
            ExprKind::Member(of, name) => match resolved(of) {
                // A part of a record may be anything, so it is taken as it is.
                ExprKind::Map(entries) => {
                    let found = entries.get(name).cloned();
                    return found.map_or(expr.clone(), |part| Expr { span: expr.span, ty: expr.ty.clone(), ..part });
                }
                _ => None,
            },
            ExprKind::Call(function, arguments) => {
                arguments.iter().map(literal_value).collect::<Option<Vec<_>>>().map(|values| function.call(&values))
            }
            ExprKind::Fallback(value, fallback) => match resolved(value) {
                ExprKind::None => return Expr { span: expr.span, ty: expr.ty.clone(), ..fallback.clone() },
                _ => None,
            },
            _ => None,
        };
        match value.and_then(|value| of_value(&value, expr.span)) {
            Some(kind) => {
                let folded = Expr { kind: kind.into(), depth: 1, ..expr };
                let length = folded.literal().map_or(0, str::len);
                Expr { weight: folded.weight.saturating_add(weight_of(length)), ..folded }
            }
            None => expr,
        }
    }

    fn report_unknown_function(&mut self, function: &[syntax::Name], span: Span, scope: Scope<'_>) {
        let name = function.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".");
        let mut known: Vec<String> = Function::ALL.iter().map(|(_, name, _)| (*name).to_owned()).collect();
        known.extend(["window".to_owned(), "freeze".to_owned()]);
        known.extend(self.functions_in_reach(scope.module));
        let help = match name.as_str() {
            "len" | "size" | "count" => "did you mean `length`?".to_owned(),
            "format" | "concat" | "printf" => "texts are put together by `\"${a}${b}\"`".to_owned(),
            "toJSON" | "tojson" | "to_json" | "jsonencode" => "did you mean `json`?".to_owned(),
            "coalesce" | "default" | "try" => "what stands in for what is missing is written behind `??`".to_owned(),
            "lookup" | "get" => "the value of a key is `map[\"key\"]`".to_owned(),
            "env" | "getenv" => {
                "a program gets its environment by `env = { … }`, secrets by `secret.env(\"NAME\")`".to_owned()
            }
            "secret" => {
                "a secret is `secret.env(\"NAME\")`, `secret.file(\"PATH\")` or ``secret.command(`…`)``".to_owned()
            }
            _ => match function {
                [name] => match self.elsewhere(scope.module, &name.text) {
                    Some(path) => format!("it is `{path}`, for it stands in another file"),
                    None => crate::near::help(&name.text, known.iter().map(String::as_str), "function"),
                },
                _ => crate::near::help(&name, known.iter().map(String::as_str), "function"),
            },
        };
        self.report(
            Finding::error(codes::UNKNOWN_NAME, format!("there is no function `{name}`"), span, "").with_help(help),
        );
    }
}

/// How much a text of so many bytes weighs.
pub(super) fn weight_of(length: usize) -> u32 {
    u32::try_from(length / 64).unwrap_or(u32::MAX)
}

fn is_text_literal(written: &syntax::Expr) -> bool {
    matches!(&written.kind, syntax::ExprKind::String(parts)
        if parts.iter().all(|part| matches!(part, syntax::Part::Text(_))))
}

/// Whether a type is data without secrets.
fn is_plain(ty: &Type) -> bool {
    match ty {
        Type::Secret | Type::Variable => false,
        Type::List(inner) | Type::Map(inner) | Type::Optional(inner) | Type::Range(inner) => is_plain(inner),
        Type::Record(fields) => fields.iter().all(|field| is_plain(&field.ty)),
        ty => crate::kinds::is_data(ty),
    }
}

/// The value of an expression that stands in the files as a literal.
fn literal_value(expr: &Expr) -> Option<Value> {
    Some(match resolved(expr) {
        ExprKind::None => Value::None,
        ExprKind::Bool(value) => Value::Bool(*value),
        ExprKind::Int(value) => Value::Int(*value),
        ExprKind::Number(value) => Value::Number(*value),
        ExprKind::Duration(value) => Value::Duration(*value),
        ExprKind::Percent(value) => Value::Percent(*value),
        ExprKind::Bytes(value) => Value::Bytes(*value),
        ExprKind::Time(value) => Value::Time(*value),
        ExprKind::Date(value) => Value::Date(*value),
        ExprKind::DateTime(value) => Value::DateTime(*value),
        ExprKind::Text(_) => Value::Text(expr.literal()?.into()),
        ExprKind::List(items) => Value::List(items.iter().map(literal_value).collect::<Option<_>>()?),
        ExprKind::Map(entries) => Value::Map(
            entries.iter().map(|(key, value)| Some((key.clone(), literal_value(value)?))).collect::<Option<_>>()?,
        ),
        ExprKind::Range(from, to) => Value::Range(Box::new(literal_value(from)?), Box::new(literal_value(to)?)),
        _ => return None,
    })
}

/// The literal of a value.
fn of_value(value: &Value, span: Span) -> Option<ExprKind> {
    let part = |value: &Value| Some(Expr::new(of_value(value, span)?, Type::Error, Phase::Const, span));
    Some(match value {
        Value::None => ExprKind::None,
        Value::Bool(value) => ExprKind::Bool(*value),
        Value::Int(value) => ExprKind::Int(*value),
        Value::Number(value) => ExprKind::Number(*value),
        Value::Duration(value) => ExprKind::Duration(*value),
        Value::Percent(value) => ExprKind::Percent(*value),
        Value::Bytes(value) => ExprKind::Bytes(*value),
        Value::Time(value) => ExprKind::Time(*value),
        Value::Date(value) => ExprKind::Date(*value),
        Value::DateTime(value) => ExprKind::DateTime(*value),
        Value::Text(text) => ExprKind::Text(vec![Part::Literal(text.known()?)]),
        Value::List(items) => ExprKind::List(items.iter().map(part).collect::<Option<_>>()?),
        Value::Map(entries) => {
            ExprKind::Map(entries.iter().map(|(key, value)| Some((key.clone(), part(value)?))).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
