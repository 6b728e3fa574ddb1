//! The body of a deployment: effects and checks, in phases, in parallel, for each of a list, under conditions.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Attribute, Block, Each, Item, ItemKind, When};

use super::attributes::{Attributes, number_of, resolved};
use super::declarations::built_in;
use super::gates::CHECKS;
use super::names::{Scope, reference};
use super::{GivingStep, Lowerer, codes, kind_text};
use crate::expr::{Expr, ExprKind, LocalId, Reference};
use crate::model::{Check, Effect, EffectKind, HttpEffect, HttpRequest, Manual, Node, Retry, Step};
use crate::types::{Phase, Type};

pub(super) const EFFECTS: &[&str] =
    &["step", "file", "link", "directory", "refresh", "notify", "http_request", "manual"];

/// Every word that begins a block of a body; no procedure is called so.
pub(crate) const WORDS: &[&str] =
    &["phase", "parallel", "rollback", "each", "when", "deploy", "verify", "before", "on"];

/// Where a body stands, which says what may stand in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Deploy,
    /// The body of one environment alone, which says why it differs.
    OwnDeploy,
    Phase,
    Parallel,
    Each,
    When,
    Procedure,
    /// The `rollback { … }` of a phase.
    Cover,
    /// `on success { … }` and its like.
    Hook,
    /// What stands in that.
    InHook,
}

impl Place {
    fn word(self) -> &'static str {
        match self {
            Place::Deploy | Place::OwnDeploy => "deploy",
            Place::Phase => "phase",
            Place::Parallel => "parallel",
            Place::Each => "each",
            Place::When => "when",
            Place::Procedure => "procedure",
            Place::Cover => "rollback",
            Place::Hook | Place::InHook => "on",
        }
    }

    /// Whether nothing but notices stands there.
    fn tells(self) -> bool {
        matches!(self, Place::Hook | Place::InHook)
    }

    /// The kinds that the binary itself knows there.
    fn kinds(self) -> Vec<&'static str> {
        match self {
            Place::Hook | Place::InHook => vec!["notify"],
            _ => EFFECTS.iter().chain(&["phase", "parallel"]).chain(CHECKS).copied().collect(),
        }
    }
}

/// The names that stand in a body.
pub(super) type Names = IndexMap<String, Span>;

impl<'a> Lowerer<'a> {
    pub(super) fn body(&mut self, items: &'a [Item], place: Place, scope: Scope<'_>, names: &mut Names) -> Vec<Node> {
        let locals = self.body_locals(items, scope);
        self.body_among(items, place, Scope { locals: &locals, ..scope }, names)
    }

    /// As [`Self::body`], where the `let`s of the body are among the names already.
    fn body_among(&mut self, items: &'a [Item], place: Place, scope: Scope<'_>, names: &mut Names) -> Vec<Node> {
        let holds_parameters = scope.procedure;
        let scope = Scope { procedure: false, ..scope };
        let mut nodes = Vec::new();
        // What one member of `parallel` gives out is not there yet for the others.
        let (shown, mut hidden) = (self.steps.len(), Vec::new());
        for item in items {
            let is_apart = match &item.kind {
                ItemKind::Field(_) => holds_parameters,
                ItemKind::Attribute(attribute) => match place {
                    Place::Each => attribute.name.text == "at_most",
                    Place::OwnDeploy => attribute.name.text == "differs",
                    // Those of `on failure` and its like have been looked at.
                    Place::Hook => true,
                    Place::InHook => attribute.name.text == "at_most",
                    _ => false,
                },
                _ => matches!(place, Place::Phase | Place::Procedure) && is_cover(item),
            };
            if !is_apart {
                self.node(item, place, scope, names, &mut nodes);
            }
            if place == Place::Parallel {
                hidden.extend(self.steps.drain(shown..));
            }
        }
        self.steps.append(&mut hidden);
        nodes
    }

    fn node(&mut self, item: &'a Item, place: Place, scope: Scope<'_>, names: &mut Names, nodes: &mut Vec<Node>) {
        match &item.kind {
            ItemKind::Each(each) => nodes.extend(self.each(each, place, scope, names)),
            ItemKind::When(when) => nodes.extend(self.when(when, place, scope, names)),
            ItemKind::Block(block) if self.procedure_named(block, scope.module).is_some() => {
                nodes.extend(self.call_in_body(block, place, scope, names));
            }
            _ => {
                let Some((kind, block)) = self.known_block(item, place.word(), &place.kinds(), scope) else { return };
                let Some(name) = self.block_name(block, names) else { return };
                nodes.extend(match kind {
                    "phase" => self.phase(name, block, scope),
                    "parallel" => {
                        let body = self.body(&block.body, Place::Parallel, scope, &mut Names::new());
                        Some(Node::Parallel { name, span: block.head, body })
                    }
                    kind if CHECKS.contains(&kind) => self.check_block(kind, block, scope).map(|kind| {
                        let (span, docs) = (block.head, item.docs.clone());
                        Node::Check(Box::new(Check { name, span, docs, kind, frames: Vec::new() }))
                    }),
                    kind => self.effect(kind, name, item, block, scope),
                });
            }
        }
    }

    fn phase(&mut self, name: String, block: &'a Block, scope: Scope<'_>) -> Option<Node> {
        if block.labels.is_empty() {
            self.report(
                Finding::error(codes::MISPLACED, "this `phase` has no name", block.head, "")
                    .with_help("name it: `phase NAME { … }`"),
            );
            return None;
        }
        let (body, rollback) = self.phase_body(&block.body, Place::Phase, scope);
        Some(Node::Phase { name, span: block.head, body, rollback })
    }

    /// A body that may hold a `rollback { … }` for all of it.
    pub(super) fn phase_body(
        &mut self,
        items: &'a [Item],
        place: Place,
        scope: Scope<'_>,
    ) -> (Vec<Node>, Option<Vec<Effect>>) {
        let locals = self.body_locals(items, scope);
        let scope = Scope { locals: &locals, ..scope };
        let body = self.body_among(items, place, scope, &mut Names::new());
        let mut covers = items.iter().filter(|item| is_cover(item)).filter_map(|item| match &item.kind {
            ItemKind::Block(cover) => Some(cover),
            _ => None,
        });
        let cover = covers.next();
        if let (Some(first), Some(second)) = (cover, covers.next()) {
            self.report(
                Finding::error(codes::DUPLICATE, "this phase has `rollback` twice", second.head, "again here")
                    .with_label(first.head, "first here"),
            );
        }
        let rollback = cover.map(|cover| self.cover(cover, scope));
        (body, rollback)
    }

    /// A call of a procedure: a sequence with the name of the call.
    fn call_in_body(&mut self, block: &'a Block, place: Place, scope: Scope<'_>, names: &mut Names) -> Option<Node> {
        let name = self.block_name(block, names)?;
        let call = self.open_call(block, scope)?;
        let inner = if place.tells() { Place::InHook } else { Place::Procedure };
        let (body, rollback) =
            self.inside_call(&call, scope, |lowerer, scope| lowerer.phase_body(call.body, inner, scope));
        Some(Node::Phase { name, span: block.head, body, rollback })
    }

    /// `each NAME in LIST { … }`
    fn each(&mut self, each: &'a Each, place: Place, scope: Scope<'_>, names: &mut Names) -> Option<Node> {
        let (variable, over, local) = self.loop_variable(each, scope, names)?;
        let mut locals = scope.locals.to_vec();
        locals.push(local);
        let inner = Scope { locals: &locals, ..scope };
        let mut limits = each.body.iter().filter_map(|item| match &item.kind {
            ItemKind::Attribute(attribute) if attribute.name.text == "at_most" => Some(attribute),
            _ => None,
        });
        let at_most = limits.next();
        if let (Some(first), Some(second)) = (at_most, limits.next()) {
            super::report_duplicate("attribute", &second.name, Some(first.name.span), &mut self.findings);
        }
        let at_most = at_most.and_then(|attribute| self.at_most(attribute, scope));
        let shown = self.steps.len();
        let place = if place.tells() { Place::InHook } else { Place::Each };
        let body = self.body(&each.body, place, inner, &mut Names::new());
        // Outside, it would not be clear whose output is meant.
        self.steps.truncate(shown);
        Some(Node::Each { variable, name: each.name.text.clone(), span: each.head, over, at_most, body })
    }

    /// What an `each` goes over, and its variable.
    pub(super) fn loop_variable(
        &mut self,
        each: &'a Each,
        scope: Scope<'_>,
        names: &mut Names,
    ) -> Option<(LocalId, Expr, super::names::Local)> {
        let name = &each.name;
        let over = self.value(&each.over, &Type::Error, Phase::Plan, scope);
        let earlier = scope.locals.iter().find(|(local, ..)| *local == name.text).map(|(_, _, span)| *span);
        if !self.is_unshadowed(scope.module, name)
            || !super::report_duplicate("name", name, earlier, &mut self.findings)
        {
            return None;
        }
        if let Some(earlier) = names.insert(name.text.clone(), name.span) {
            self.report(
                Finding::error(
                    codes::DUPLICATE,
                    format!("`{}` stands twice in one body", name.text),
                    name.span,
                    "again here",
                )
                .with_label(earlier, "first here")
                .with_help("give the loop variable another name: what is made of it is named by it"),
            );
            return None;
        }
        let item = match &over.ty {
            _ if over.is_error() => Type::Error,
            Type::List(item) => (**item).clone(),
            Type::Range(item) if **item == Type::Int => Type::Int,
            ty => {
                let finding = Finding::error(
                    codes::TYPE_MISMATCH,
                    format!("`each` goes over a list, and this is `{ty}`"),
                    over.span,
                    format!("is `{ty}`"),
                );
                self.report(match ty {
                    Type::Optional(_) => finding.with_help("say what is meant where it is missing: `… ?? []`"),
                    Type::Map(_) => finding.with_help("go over its keys: `keys(…)`"),
                    Type::Int => finding.with_help("numbers are gone over as a range: `1..3`"),
                    ty if ty.is_text() => finding.with_help("a list stands in brackets: `[ … ]`"),
                    _ => finding,
                });
                Type::Error
            }
        };
        let id = self.new_local();
        let expr = match item {
            Type::Error => Expr::error(name.span),
            item => reference(Reference::Local(id, name.text.clone()), item, Phase::Plan, name.span),
        };
        Some((id, over, (name.text.clone(), expr, name.span)))
    }

    /// How many members of an `each` are worked on at once: a number or a share.
    fn at_most(&mut self, attribute: &'a Attribute, scope: Scope<'_>) -> Option<Expr> {
        let value = self.value(&attribute.value, &Type::Error, Phase::Plan, scope);
        let fits = match resolved(&value) {
            ExprKind::Int(count) => *count >= 1,
            ExprKind::Percent(share) => *share > 0.0 && *share <= 100.0,
            ExprKind::Error => return None,
            _ => matches!(value.ty, Type::Int | Type::Percent),
        };
        if !fits {
            self.report(
                Finding::error(
                    codes::TYPE_RANGE,
                    "`at_most` is a number of members or a share of them",
                    attribute.value.span,
                    "",
                )
                .with_help("write `at_most = 2`, or `at_most = 25%`"),
            );
            return None;
        }
        Some(value)
    }

    /// `when CONDITION { … }`
    fn when(&mut self, when: &'a When, place: Place, scope: Scope<'_>, names: &mut Names) -> Option<Node> {
        let condition = self.condition(when, scope);
        let shown = self.steps.len();
        let place = if place.tells() { Place::InHook } else { Place::When };
        let body = self.body(&when.body, place, scope, names);
        // Behind it, nobody knows whether the steps in it have run.
        self.steps.truncate(shown);
        Some(Node::When { condition, span: when.head, body })
    }

    pub(super) fn condition(&mut self, when: &'a When, scope: Scope<'_>) -> Expr {
        self.value(&when.condition, &Type::Bool, Phase::Plan, scope)
    }

    fn effect(&mut self, kind: &str, name: String, item: &'a Item, block: &'a Block, scope: Scope<'_>) -> Option<Node> {
        let id = self.new_effect();
        let outputs = written_outputs(block);
        let giving = GivingStep { id, name: name.clone(), outputs };
        let undone = Some(&giving).filter(|giving| !giving.outputs.is_empty());
        let mut attributes = self.attributes(built_in(kind), block, Scope { undone, ..scope })?;
        let kind = match kind {
            "step" => EffectKind::Step(Box::new(self.step(&mut attributes, block)?)),
            "file" => {
                let mode = attributes.optional("mode").and_then(|mode| self.mode(&mode));
                EffectKind::File { path: attributes.take("path"), content: attributes.take("content"), mode }
            }
            "link" => EffectKind::Link { path: attributes.take("path"), target: attributes.take("target") },
            "directory" => EffectKind::Directory { path: attributes.take("path") },
            "notify" => EffectKind::Notify {
                run: attributes.take("run"),
                env: attributes.take("env"),
                cwd: attributes.take("cwd"),
                stdin: attributes.optional("stdin"),
                timeout: attributes.duration("timeout"),
            },
            "http_request" => EffectKind::Http(Box::new(self.http_request(&mut attributes, block)?)),
            "manual" => EffectKind::Manual(Box::new(self.manual(&mut attributes, block)?)),
            _ => EffectKind::Refresh {
                run: attributes.take("run"),
                env: attributes.take("env"),
                cwd: attributes.take("cwd"),
                timeout: attributes.duration("timeout"),
            },
        };
        if !giving.outputs.is_empty() {
            self.steps.push(giving);
        }
        Some(Node::Effect(Box::new(Effect { id, name, span: block.head, docs: item.docs.clone(), kind })))
    }

    fn http_request(&mut self, attributes: &mut Attributes<'_>, block: &Block) -> Option<HttpEffect> {
        let request = HttpRequest {
            method: attributes.take("method"),
            url: attributes.take("url"),
            headers: attributes.take("headers"),
            body: attributes.optional("body"),
            status: attributes.take("status"),
        };
        let written = attributes.optional("rollback");
        if let Some(rollback) = written.as_ref().filter(|rollback| !matches!(resolved(rollback), ExprKind::Map(_))) {
            self.report(
                Finding::error(
                    codes::TYPE_MISMATCH,
                    "the request that takes this back is not written out",
                    rollback.span,
                    "stands elsewhere",
                )
                .with_help("write the record here: `rollback = { url = \"…\" }`"),
            );
            return None;
        }
        let rollback = written.and_then(|rollback| match resolved(&rollback) {
            ExprKind::Map(fields) => {
                let field = |name: &str| fields.get(name).cloned().unwrap_or_else(|| Expr::error(rollback.span));
                let body = Some(field("body")).filter(|body| !matches!(*body.kind, ExprKind::None));
                Some(HttpRequest {
                    method: field("method"),
                    url: field("url"),
                    headers: field("headers"),
                    body,
                    status: field("status"),
                })
            }
            _ => None,
        });
        let effect = HttpEffect {
            request,
            rollback,
            observe: attributes.optional("observe"),
            desired: attributes.optional("desired"),
            env: attributes.take("env"),
            cwd: attributes.take("cwd"),
            irreversible: attributes.optional("irreversible").and_then(|why| why.literal().map(str::to_owned)),
            readonly: attributes.bool("readonly"),
            idempotent: attributes.bool("idempotent"),
            timeout: attributes.duration("timeout"),
        };
        let said = Said {
            observes: effect.observe.is_some(),
            desires: effect.desired.is_some(),
            undoes: effect.rollback.is_some(),
            irreversible: effect.irreversible.as_deref(),
            readonly: effect.readonly,
        };
        self.is_consistent(said, block).then_some(effect)
    }

    fn manual(&mut self, attributes: &mut Attributes<'_>, block: &Block) -> Option<Manual> {
        let effect = Manual {
            instructions: attributes.take("instructions"),
            rollback: attributes.optional("rollback"),
            irreversible: attributes.optional("irreversible").and_then(|why| why.literal().map(str::to_owned)),
            readonly: attributes.bool("readonly"),
            atomic: attributes.bool("atomic"),
        };
        let said = Said {
            observes: false,
            desires: false,
            undoes: effect.rollback.is_some(),
            irreversible: effect.irreversible.as_deref(),
            readonly: effect.readonly,
        };
        self.is_consistent(said, block).then_some(effect)
    }

    /// A step, unless what it says of itself does not go together.
    fn step(&mut self, attributes: &mut Attributes<'_>, block: &Block) -> Option<Step> {
        let step = Step {
            observe: attributes.optional("observe"),
            desired: attributes.optional("desired"),
            preview: attributes.optional("preview"),
            run: attributes.take("run"),
            rollback: attributes.optional("rollback"),
            irreversible: attributes.optional("irreversible").and_then(|why| why.literal().map(str::to_owned)),
            readonly: attributes.bool("readonly"),
            idempotent: attributes.bool("idempotent"),
            atomic: attributes.bool("atomic"),
            env: attributes.take("env"),
            cwd: attributes.take("cwd"),
            stdin: attributes.optional("stdin"),
            on: attributes.optional("on"),
            retry: attributes.optional("retry").and_then(|retry| self.retry(&retry)),
            outputs: self.outputs(attributes),
            timeout: attributes.duration("timeout"),
        };
        let said = Said {
            observes: step.observe.is_some(),
            desires: step.desired.is_some(),
            undoes: step.rollback.is_some(),
            irreversible: step.irreversible.as_deref(),
            readonly: step.readonly,
        };
        self.is_consistent(said, block).then_some(step)
    }

    fn outputs(&mut self, attributes: &mut Attributes<'_>) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for item in attributes.items("outputs") {
            let Some(text) = item.literal() else { continue };
            let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
                && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
            if !is_name {
                self.report(
                    Finding::error(codes::TYPE_TEXT, format!("`{text}` cannot name an output"), item.span, "")
                        .with_help("a name begins with a letter and goes on with letters, digits, `_` and `-`"),
                );
            } else if names.iter().any(|name| name == text) {
                self.report(Finding::error(
                    codes::DUPLICATE,
                    format!("the output `{text}` is named twice"),
                    item.span,
                    "again here",
                ));
            } else {
                names.push(text.to_owned());
            }
        }
        names
    }

    fn retry(&mut self, retry: &Expr) -> Option<Retry> {
        let ExprKind::Map(fields) = resolved(retry) else { return None };
        // A parameter of a procedure that is checked by itself; what it is given is looked at in each call.
        let is_open = |value: &Expr| matches!(resolved(value), ExprKind::Reference(Reference::Local(..)));
        if fields.values().any(is_open) {
            return None;
        }
        let duration = |name: &str| match fields.get(name).map(resolved) {
            Some(ExprKind::Duration(value)) => *value,
            _ => 0,
        };
        let times = fields.get("times").and_then(number_of);
        let factor = fields.get("factor").and_then(number_of).unwrap_or(1.0);
        let times = times.filter(|times| (1.0..=100.0).contains(times));
        let factor = Some(factor).filter(|factor| (1.0..=10.0).contains(factor));
        let (Some(times), Some(factor)) = (times, factor) else {
            self.report(
                Finding::error(codes::TYPE_RANGE, "this does not say how often to try again", retry.span, "")
                    .with_help("`times` is from 1 to 100, and `factor` from 1 to 10: `retry = { times = 3 }`"),
            );
            return None;
        };
        Some(Retry { times: times as u32, wait: duration("wait"), factor, most: duration("most") })
    }

    /// Whether what an effect says of itself goes together; reports where it does not.
    fn is_consistent(&mut self, said: Said<'_>, block: &Block) -> bool {
        let contradiction = match said {
            Said { desires: true, observes: false, .. } => {
                Some(("`desired` says what `observe` prints, and there is no `observe`", "add `observe = `…``"))
            }
            Said { irreversible: Some(_), undoes: true, .. } => {
                Some(("what can be undone is not irreversible", "take out `rollback` or `irreversible`"))
            }
            Said { readonly: true, irreversible: Some(_), .. } | Said { readonly: true, undoes: true, .. } => {
                Some(("what changes nothing has nothing to undo", "take out `readonly`, or what undoes it"))
            }
            Said { irreversible: Some(why), .. } if why.trim().is_empty() => {
                Some(("`irreversible` says why there is no way back", "write it down: `irreversible = \"…\"`"))
            }
            _ => None,
        };
        let Some((message, help)) = contradiction else { return true };
        self.report(Finding::error(codes::CONTRADICTION, message, block.head, "").with_help(help));
        false
    }

    /// Permission bits in octal.
    fn mode(&mut self, mode: &crate::expr::Expr) -> Option<u32> {
        let text = mode.literal()?;
        let bits = u32::from_str_radix(text, 8).ok().filter(|bits| *bits <= 0o7777);
        if bits.is_none() {
            self.report(
                Finding::error(codes::TYPE_TEXT, format!("`{text}` are no permission bits"), mode.span, "")
                    .with_help("permission bits are octal: `\"0644\"`"),
            );
        }
        bits
    }
}

/// What an effect says of itself.
#[derive(Debug, Clone, Copy)]
struct Said<'a> {
    observes: bool,
    desires: bool,
    undoes: bool,
    irreversible: Option<&'a str>,
    readonly: bool,
}

/// The names in the `outputs` of a block, before anything in it is understood.
fn written_outputs(block: &Block) -> Vec<String> {
    let outputs = block.body.iter().find_map(|item| match &item.kind {
        ItemKind::Attribute(attribute) if attribute.name.text == "outputs" => Some(&attribute.value.kind),
        _ => None,
    });
    let Some(liftlock_syntax::ExprKind::List(items)) = outputs else { return Vec::new() };
    let text = |item: &liftlock_syntax::Expr| match &item.kind {
        liftlock_syntax::ExprKind::String(parts) => match parts.as_slice() {
            [liftlock_syntax::Part::Text(text)] => Some(text.clone()),
            _ => None,
        },
        _ => None,
    };
    items.iter().filter_map(text).collect()
}

/// Whether an item is the `rollback { … }` of a phase.
fn is_cover(item: &Item) -> bool {
    matches!(&item.kind, ItemKind::Block(block) if kind_text(block) == "rollback" && block.labels.is_empty())
}
