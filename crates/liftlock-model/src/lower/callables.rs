//! Functions and procedures: checked once by themselves, and written out where they are called.
//!
//! A parameter has a type and a phase, so that what is checked with parameters that stand for nothing holds for whatever
//! they are given, but for what a value says: a text that becomes a part of a url, a number that must not be 0. So of what
//! is found while a call is written out, only what was not found in the declaration itself is reported, at the call. Names
//! are looked up in the file of the declaration, never in that of the call.

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{self as syntax, Block, Item, ItemKind, Name};

use super::body::Place;
use super::modules::{ModuleId, Procedure};
use super::names::{Local, Scope};
use super::{Lowerer, MAX_EXPANSION, codes, kind_text};
use crate::expr::{Expr, ExprKind, Reference};
use crate::kinds::{AttributeSignature, Kind};
use crate::model::Expansion;
use crate::types::{Phase, Type};

/// What a function takes and gives.
#[derive(Debug, Clone)]
pub(super) struct FunctionInfo {
    parameters: Vec<Parameter>,
    /// What it gives; [`Type::Error`] where its value was not understood.
    gives: Type,
}

#[derive(Debug, Clone)]
struct Parameter {
    name: String,
    span: Span,
    ty: Type,
    default: Option<Expr>,
}

/// What a procedure takes.
#[derive(Debug, Clone)]
pub(super) struct ProcedureInfo {
    /// The parameters, as the attributes of a kind.
    kind: Arc<Kind>,
    /// Where each parameter is declared.
    spans: IndexMap<String, Span>,
}

/// How deep calls may lead into each other.
const MAX_CALLS: usize = 32;

/// How many calls of functions one call may lead to.
const MAX_FOLLOWED: u32 = 1_000;

impl<'a> Lowerer<'a> {
    /// Checks what nobody calls as well.
    pub(super) fn callables(&mut self) {
        for at in 0..self.declared.modules.len() {
            let module = ModuleId(at);
            let functions: Vec<&'a str> = self.declared.modules[at].functions.keys().copied().collect();
            for name in functions {
                self.function(module, name, Span::new(liftlock_diagnostics::SourceId(0), 0, 0));
            }
            let procedures: Vec<&'a str> = self.declared.modules[at].procedures.keys().copied().collect();
            for name in procedures {
                self.procedure(module, name, Span::new(liftlock_diagnostics::SourceId(0), 0, 0));
            }
        }
    }

    /// The function that a path names; it counts as used.
    pub(super) fn function_named(&mut self, path: &[Name], scope: Scope<'_>) -> Option<(ModuleId, &'a str)> {
        let (module, name) = match path {
            [name] => (scope.module, name),
            [module, name] => (self.imported(scope.module, module)?, name),
            _ => return None,
        };
        let (name, _) = self.declared.modules[module.0].functions.get_key_value(name.text.as_str())?;
        let name: &'a str = name;
        if let Some(function) = self.declared.modules[module.0].functions.get_mut(name) {
            function.used = true;
        }
        Some((module, name))
    }

    /// What could be called in a file, for a message.
    pub(super) fn functions_in_reach(&self, module: ModuleId) -> Vec<String> {
        let here = &self.declared.modules[module.0];
        let own = here.functions.keys().map(|name| (*name).to_owned());
        let imported = here.imports.iter().flat_map(|(alias, import)| {
            let there = &self.declared.modules[import.what.module.0];
            there.functions.keys().map(move |name| format!("{alias}.{name}"))
        });
        own.chain(imported).collect()
    }

    /// The path of what an imported file calls `name`.
    pub(super) fn elsewhere(&self, module: ModuleId, name: &str) -> Option<String> {
        self.declared.modules[module.0].imports.iter().find_map(|(alias, import)| {
            let there = &self.declared.modules[import.what.module.0];
            let has = there.lets.contains_key(name)
                || there.functions.contains_key(name)
                || there.procedures.contains_key(name);
            has.then(|| format!("{alias}.{name}"))
        })
    }

    /// What a function takes and gives; its own text is checked when that is first asked. `None` where it calls itself.
    fn function(&mut self, module: ModuleId, name: &'a str, call: Span) -> Option<FunctionInfo> {
        if let Some(found) = self.functions.get(&(module, name)).cloned() {
            if found.is_none() {
                let declared = self.declared.modules[module.0].functions.get(name).map(|found| found.what.1.name.span);
                self.report_calls_itself(name, call, declared);
            }
            return found;
        }
        let (_, function) = self.declared.modules[module.0].functions.get(name)?.what;
        if self.depth > super::MAX_DEPTH {
            self.report_too_deep(call);
            return None;
        }
        self.depth += 1;
        self.functions.insert((module, name), None);
        let mut parameters: Vec<Parameter> = Vec::new();
        let mut locals: Vec<Local> = Vec::new();
        for field in &function.parameters {
            let earlier = parameters.iter().find(|parameter| parameter.name == field.name.text);
            let earlier = earlier.map(|parameter| parameter.span);
            if !super::report_duplicate("parameter", &field.name, earlier, &mut self.findings)
                || !self.is_unshadowed(module, &field.name)
            {
                locals.push((field.name.text.clone(), Expr::error(field.name.span), field.name.span));
                continue;
            }
            let ty = self.parameter_type(&field.ty, module);
            let default = self.default(field, &ty, module);
            let local = self.opaque(&field.name, ty.clone(), Phase::Const);
            locals.push((field.name.text.clone(), local, field.name.span));
            parameters.push(Parameter { name: field.name.text.clone(), span: field.name.span, ty, default });
        }
        let wanted = match &function.result {
            Some(written) => self.parameter_type(written, module),
            None => Type::Error,
        };
        let scope = Scope { locals: &locals, ..Scope::file(module) };
        let value = self.expression(&function.value, &wanted, scope);
        let gives = if value.is_error() || wanted == Type::Error { value.ty } else { wanted };
        self.depth -= 1;
        let info = FunctionInfo { parameters, gives };
        self.functions.insert((module, name), Some(info.clone()));
        Some(info)
    }

    /// The value of a call: the function's own, with what is given in place of the parameters.
    pub(super) fn call_function(
        &mut self,
        module: ModuleId,
        name: &'a str,
        arguments: &[syntax::Argument],
        span: Span,
        scope: Scope<'_>,
    ) -> Expr {
        let Some(info) = self.function(module, name, span) else { return Expr::error(span) };
        let names: Vec<&str> = info.parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        let optional: Vec<&str> = info
            .parameters
            .iter()
            .filter(|parameter| parameter.default.is_some())
            .map(|parameter| parameter.name.as_str())
            .collect();
        let Some(places) = self.places(name, &names, &optional, arguments, span) else { return Expr::error(span) };
        let mut locals: Vec<Local> = Vec::new();
        for (place, parameter) in places.iter().zip(&info.parameters) {
            let value = match (place, &parameter.default) {
                (Some(argument), _) => self.expression(&argument.value, &parameter.ty, scope),
                (None, Some(default)) => default.clone(),
                (None, None) => return Expr::error(span),
            };
            if value.is_error() {
                return Expr::error(span);
            }
            locals.push((parameter.name.clone(), typed(value, &parameter.ty), parameter.span));
        }
        let Some((_, function)) = self.declared.modules[module.0].functions.get(name).map(|found| found.what) else {
            return Expr::error(span);
        };
        if info.gives == Type::Error {
            return Expr::error(span);
        }
        if self.calling.len() >= MAX_CALLS {
            self.report_too_many_calls(span);
            return Expr::error(span);
        }
        if !self.may_follow_call(span) {
            return Expr::error(span);
        }
        self.calling.push((module, name));
        self.following += 1;
        let reported = self.findings.len();
        let value = self.expression(&function.value, &info.gives, Scope { locals: &locals, ..Scope::file(module) });
        self.following -= 1;
        self.calling.pop();
        self.keep_news(reported, name, span);
        if value.is_error() {
            return Expr::error(span);
        }
        let (phase, ty) = (value.phase, info.gives);
        Expr::new(ExprKind::Named(value.clone()), ty, phase, span).holding([&value])
    }

    /// The procedure that the kind of a block names; it counts as used.
    pub(super) fn procedure_named(&mut self, block: &Block, module: ModuleId) -> Option<(ModuleId, &'a str)> {
        let (module, name) = match block.kind.as_slice() {
            [name] => (module, name),
            [alias, name] => (self.imported(module, alias)?, name),
            _ => return None,
        };
        let (name, _) = self.declared.modules[module.0].procedures.get_key_value(name.text.as_str())?;
        let name: &'a str = name;
        if let Some(procedure) = self.declared.modules[module.0].procedures.get_mut(name) {
            procedure.used = true;
        }
        Some((module, name))
    }

    /// The procedures that could be called in a file, for a message.
    pub(super) fn procedures_in_reach(&self, module: ModuleId) -> Vec<String> {
        let here = &self.declared.modules[module.0];
        let own = here.procedures.keys().map(|name| (*name).to_owned());
        let imported = here.imports.iter().flat_map(|(alias, import)| {
            let there = &self.declared.modules[import.what.module.0];
            there.procedures.keys().map(move |name| format!("{alias}.{name}"))
        });
        own.chain(imported).collect()
    }

    /// What a procedure takes; its own text is checked when that is first asked. `None` where it calls itself.
    fn procedure(&mut self, module: ModuleId, name: &'a str, call: Span) -> Option<ProcedureInfo> {
        if let Some(found) = self.procedures.get(&(module, name)).cloned() {
            if found.is_none() {
                self.report_procedure_calls_itself(module, name, call);
            }
            return found;
        }
        let procedure = self.declared.modules[module.0].procedures.get(name)?.what;
        if self.depth > super::MAX_DEPTH {
            self.report_too_deep(call);
            return None;
        }
        self.depth += 1;
        self.procedures.insert((module, name), None);
        let mut attributes = crate::Map::default();
        let mut spans: IndexMap<String, Span> = IndexMap::new();
        let mut locals: Vec<Local> = Vec::new();
        for item in &procedure.block.body {
            let ItemKind::Field(field) = &item.kind else { continue };
            let earlier = spans.get(&field.name.text).copied();
            if !super::report_duplicate("parameter", &field.name, earlier, &mut self.findings)
                || !self.is_unshadowed(module, &field.name)
            {
                locals.push((field.name.text.clone(), Expr::error(field.name.span), field.name.span));
                continue;
            }
            let ty = self.parameter_type(&field.ty, module);
            let phase = match field.ty.phase {
                Some(syntax::Phase::Const) => Phase::Const,
                Some(syntax::Phase::Run) => Phase::Run,
                // What is declared stands in the files, so that nobody need say so.
                None if matches!(ty, Type::Environment | Type::Group | Type::Calendar | Type::Artifact) => Phase::Const,
                Some(syntax::Phase::Plan) | None => Phase::Plan,
            };
            let default = self.default(field, &ty, module);
            let default = match (&ty, default) {
                (Type::Optional(_), None) => Some(Expr::new(ExprKind::None, ty.clone(), Phase::Const, field.name.span)),
                (_, default) => default,
            };
            let local = self.opaque(&field.name, ty.clone(), phase);
            locals.push((field.name.text.clone(), local, field.name.span));
            spans.insert(field.name.text.clone(), field.name.span);
            attributes.insert(field.name.text.clone(), AttributeSignature { ty, phase, default });
        }
        self.check_procedure(module, procedure, &locals);
        self.depth -= 1;
        let info = ProcedureInfo { kind: Arc::new(Kind { name: name.to_owned(), attributes }), spans };
        self.procedures.insert((module, name), Some(info.clone()));
        Some(info)
    }

    /// Lowers the body of a procedure with parameters that stand for nothing, for what is found in it.
    fn check_procedure(&mut self, module: ModuleId, procedure: Procedure<'a>, locals: &[Local]) {
        let gates = self.holds_gates(module, &procedure.block.body, &mut HashSet::new());
        let steps = std::mem::take(&mut self.steps);
        // It belongs to no pipeline yet, and what it calls is called by nobody yet.
        let promoted = self.promoted.take();
        let expansions = self.model.expansions.len();
        let scope = Scope { stage: true, procedure: true, locals, ..Scope::file(module) };
        if gates {
            self.gates(None, &procedure.block.body, scope);
        } else {
            self.phase_body(&procedure.block.body, Place::Procedure, scope);
        }
        self.steps = steps;
        self.promoted = promoted;
        self.model.expansions.truncate(expansions);
    }

    /// Whether a body holds what can stand in `before` alone. `seen` are the procedures that have been looked into.
    fn holds_gates(&self, module: ModuleId, body: &'a [Item], seen: &mut HashSet<(ModuleId, &'a str)>) -> bool {
        body.iter().any(|item| match &item.kind {
            ItemKind::Block(block) => {
                let called = match block.kind.as_slice() {
                    [name] => Some((module, name)),
                    [alias, name] => {
                        let imports = &self.declared.modules[module.0].imports;
                        imports.get(alias.text.as_str()).map(|import| (import.what.module, name))
                    }
                    _ => None,
                };
                let called = called.and_then(|(module, name)| {
                    let (name, procedure) =
                        self.declared.modules[module.0].procedures.get_key_value(name.text.as_str())?;
                    Some((module, *name, procedure.what))
                });
                matches!(kind_text(block).as_str(), "approval" | "window" | "soak")
                    || called.is_some_and(|(module, name, procedure)| {
                        seen.insert((module, name)) && self.holds_gates(module, &procedure.block.body, seen)
                    })
            }
            ItemKind::Each(each) => self.holds_gates(module, &each.body, seen),
            ItemKind::When(when) => self.holds_gates(module, &when.body, seen),
            _ => false,
        })
    }

    /// The body of a procedure and the names in it, where a block calls it; whatever is wrong with the call is reported.
    pub(super) fn open_call(&mut self, block: &'a Block, scope: Scope<'_>) -> Option<Call<'a>> {
        let (module, name) = self.procedure_named(block, scope.module)?;
        if self.calling.contains(&(module, name)) {
            self.report_procedure_calls_itself(module, name, block.head);
            return None;
        }
        if self.calling.len() >= MAX_CALLS {
            self.report_too_many_calls(block.head);
            return None;
        }
        let info = self.procedure(module, name, block.head)?;
        let mut attributes = self.attributes(&info.kind, block, scope)?;
        let procedure = self.declared.modules[module.0].procedures.get(name)?.what;
        let mut locals = Vec::new();
        for (name, signature) in &info.kind.attributes {
            let value = typed(attributes.take(name), &signature.ty);
            locals.push((name.clone(), value, info.spans[name]));
        }
        self.expanded += procedure.block.body.len() + 1;
        if self.expanded > MAX_EXPANSION {
            if self.expanded <= MAX_EXPANSION + procedure.block.body.len() + 1 {
                self.report(
                    Finding::error(
                        codes::TOO_LARGE,
                        "the calls of procedures write out more than can be looked at",
                        block.head,
                        format!("more than {MAX_EXPANSION} items with this one"),
                    )
                    .with_help("procedures that call each other several times multiply; call fewer"),
                );
            }
            return None;
        }
        self.model.expansions.push(Expansion {
            procedure: kind_text(block),
            body: procedure.item.span,
            call: block.head,
        });
        Some(Call { module, name, head: block.head, body: &procedure.block.body, locals })
    }

    /// Lowers something inside a call, where nothing is reported and no step of the caller can be named.
    pub(super) fn inside_call<T>(
        &mut self,
        call: &Call<'a>,
        scope: Scope<'_>,
        work: impl FnOnce(&mut Self, Scope<'_>) -> T,
    ) -> T {
        self.calling.push((call.module, call.name));
        let steps = std::mem::take(&mut self.steps);
        let inner =
            Scope { module: call.module, locals: &call.locals, own: None, undone: None, procedure: true, ..scope };
        let reported = self.findings.len();
        let result = work(self, inner);
        self.steps = steps;
        self.calling.pop();
        self.keep_news(reported, call.name, call.head);
        result
    }

    /// Of what was found while a call was written out, keeps what only the call can have caused: what is wrong with the
    /// declaration itself has been said. The outermost call is where it is said, for there stands what somebody can change.
    fn keep_news(&mut self, reported: usize, name: &str, call: Span) {
        let is_outermost = self.calling.is_empty();
        let mut kept: Vec<Finding> = Vec::new();
        for finding in self.findings.split_off(reported) {
            let is_known = self.findings.iter().any(|known| {
                known.code == finding.code
                    && (known.span() == finding.span()
                        || known.span() == call
                        || known.code == codes::TOO_LARGE
                            && known.labels.iter().any(|label| label.span == finding.span()))
            });
            // One thing that is given can go wrong in many places.
            if is_known || kept.iter().any(|kept| kept.code == finding.code) {
                continue;
            }
            kept.push(if is_outermost { at_call(finding, name, call) } else { finding });
        }
        self.findings.append(&mut kept);
    }

    /// Whether one more call of a function is followed; reports where there are too many.
    fn may_follow_call(&mut self, span: Span) -> bool {
        self.followed = if self.following == 0 { 0 } else { self.followed + 1 };
        if self.followed == MAX_FOLLOWED {
            self.report(
                Finding::error(
                    codes::TOO_LARGE,
                    "this call leads to more calls than can be followed",
                    span,
                    format!("more than {MAX_FOLLOWED} with this one"),
                )
                .with_help("functions that call each other several times multiply; call fewer"),
            );
        }
        self.followed < MAX_FOLLOWED
    }

    fn report_procedure_calls_itself(&mut self, module: ModuleId, name: &str, call: Span) {
        let declared = self.declared.modules[module.0].procedures.get(name).map(|found| found.what.name.span);
        self.report_calls_itself(name, call, declared);
    }

    fn report_calls_itself(&mut self, name: &str, call: Span, declared: Option<Span>) {
        let finding =
            Finding::error(codes::CIRCULAR, format!("`{name}` leads back to itself"), call, "is called again here")
                .with_help("calls never go in circles; what is to be repeated stands in `each NAME in LIST { … }`");
        self.report(match declared {
            Some(declared) => finding.with_label(declared, "while this is worked out"),
            None => finding,
        });
    }

    fn report_too_many_calls(&mut self, span: Span) {
        self.report(Finding::error(
            codes::TOO_LARGE,
            "too many calls lead into each other",
            span,
            format!("is more than {MAX_CALLS} calls deep"),
        ));
    }

    /// A type that a parameter may have: those of data, and those of what a body is made of.
    fn parameter_type(&mut self, written: &syntax::TypeExpr, module: ModuleId) -> Type {
        let found = self.read_type(written, module);
        match found {
            Ok(ty) => ty,
            Err(name) => {
                self.report_unknown_type(&name.text, name.span, |_| true);
                Type::Error
            }
        }
    }

    fn default(&mut self, field: &'a syntax::Field, ty: &Type, module: ModuleId) -> Option<Expr> {
        field.default.as_ref().map(|default| self.value(default, ty, Phase::Const, Scope::file(module)))
    }

    /// A parameter that stands for nothing yet.
    fn opaque(&mut self, name: &Name, ty: Type, phase: Phase) -> Expr {
        if ty == Type::Error {
            return Expr::error(name.span);
        }
        let id = self.new_local();
        super::names::reference(Reference::Local(id, name.text.clone()), ty, phase, name.span)
    }

    /// Whether a name is free inside its file; nothing shadows anything.
    pub(super) fn is_unshadowed(&mut self, module: ModuleId, name: &Name) -> bool {
        if super::modules::ROOTS.contains(&name.text.as_str()) {
            self.report(super::modules::reserved_name(name));
            return false;
        }
        let earlier = self.declared.modules[module.0].lets.get(name.text.as_str()).map(|let_| let_.what.name.span);
        super::report_duplicate("name", name, earlier, &mut self.findings)
    }
}

/// What was found inside a call, as it is told to whoever calls.
fn at_call(finding: Finding, name: &str, call: Span) -> Finding {
    let mut told = if finding.code == codes::UNKNOWN_KIND {
        let message = format!("`{name}` cannot be called here");
        Finding::error(finding.code, message, call, "holds what has no meaning in this place")
            .with_label(finding.span(), finding.message.clone())
    } else {
        let mut told = Finding::error(finding.code, finding.message.clone(), call, format!("in this call of `{name}`"));
        for label in &finding.labels {
            let text = if label.text.is_empty() { "here, with what is given" } else { &label.text };
            told = told.with_label(label.span, text);
        }
        told
    };
    told.help = finding.help.filter(|_| finding.code != codes::UNKNOWN_KIND);
    told
}

/// A call that is written out.
pub(super) struct Call<'a> {
    pub module: ModuleId,
    pub name: &'a str,
    /// Where it is called.
    pub head: Span,
    pub body: &'a [Item],
    pub locals: Vec<Local>,
}

/// What is given for a parameter, as the type that the parameter has: inside, nothing else is known of it.
fn typed(value: Expr, ty: &Type) -> Expr {
    if value.is_error() || value.ty == *ty {
        return value;
    }
    Expr { ty: ty.clone(), ..value }
}
