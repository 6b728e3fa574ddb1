//! Gates and checks.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Block, Item, ItemKind};

use super::attributes::{Attributes, resolved};
use super::declarations::built_in;
use super::names::Scope;
use super::{Lowerer, codes, kind_text};
use crate::expr::{ExprKind, Reference};
use crate::model::{Check, CheckKind, Gate, GateKind};
use crate::near;

const CHECKS: &[&str] = &["http", "tcp", "command"];
const GATES: &[&str] = &["approval", "window", "soak", "http", "tcp", "command"];

impl<'a> Lowerer<'a> {
    /// The gates of `before ENV { … }`.
    pub(super) fn gates(&mut self, block: &'a Block, scope: Scope<'_>) -> Vec<Gate> {
        let locals = self.body_locals(&block.body, scope.locals);
        let scope = Scope { locals: &locals, ..scope };
        let mut names = IndexMap::new();
        let mut gates = Vec::new();
        for item in &block.body {
            let Some((kind, inner)) = self.known_block(item, "before", GATES) else { continue };
            let Some(name) = self.block_name(inner, &mut names) else { continue };
            let Some(mut attributes) = self.attributes(built_in(kind), inner, scope) else { continue };
            let kind = match kind {
                "approval" => {
                    let ExprKind::Reference(Reference::Group(from)) = *resolved(&attributes.take("from")) else {
                        continue;
                    };
                    GateKind::Approval {
                        from,
                        need: attributes.count("need"),
                        own: attributes.bool("self"),
                        expires: attributes.duration("expires"),
                    }
                }
                "window" => match *resolved(&attributes.take("calendar")) {
                    ExprKind::Reference(Reference::Calendar(calendar)) => GateKind::Window { calendar },
                    _ => continue,
                },
                "soak" => match *resolved(&attributes.take("environment")) {
                    ExprKind::Reference(Reference::Environment(environment)) => GateKind::Soak {
                        environment,
                        lasts: attributes.duration("for"),
                        every: attributes.duration("every"),
                    },
                    _ => continue,
                },
                kind => GateKind::Check(check(kind, &mut attributes)),
            };
            gates.push(Gate { name, span: inner.head, docs: item.docs.clone(), kind });
        }
        gates
    }

    /// The checks of `verify { … }`.
    pub(super) fn checks(&mut self, block: &'a Block, scope: Scope<'_>) -> Vec<Check> {
        let locals = self.body_locals(&block.body, scope.locals);
        let scope = Scope { locals: &locals, ..scope };
        let mut names = IndexMap::new();
        let mut checks = Vec::new();
        for item in &block.body {
            let Some((kind, inner)) = self.known_block(item, "verify", CHECKS) else { continue };
            let Some(name) = self.block_name(inner, &mut names) else { continue };
            let Some(mut attributes) = self.attributes(built_in(kind), inner, scope) else { continue };
            let kind = check(kind, &mut attributes);
            checks.push(Check { name, span: inner.head, docs: item.docs.clone(), kind });
        }
        checks
    }

    /// The block of an item whose kind is one of `known`.
    pub(super) fn known_block(
        &mut self,
        item: &'a Item,
        inside: &str,
        known: &[&'static str],
    ) -> Option<(&'static str, &'a Block)> {
        let block = match &item.kind {
            ItemKind::Block(block) => block,
            ItemKind::Let(_) => return None,
            _ => {
                self.report_misplaced(item, inside);
                return None;
            }
        };
        let kind = kind_text(block);
        if let Some(found) = known.iter().find(|known| **known == kind) {
            return Some((found, block));
        }
        self.report(
            Finding::error(codes::UNKNOWN_KIND, format!("`{kind}` has no meaning inside `{inside}`"), block.head, "")
                .with_help(near::help(&kind, known.iter().copied(), "kind")),
        );
        None
    }

    /// The name of a block in a body: the one it is given, or that of its kind where it has none.
    pub(super) fn block_name(&mut self, block: &Block, names: &mut IndexMap<String, Span>) -> Option<String> {
        let kind = kind_text(block);
        let (name, span) = match block.labels.as_slice() {
            [] => (kind.clone(), block.head),
            [name] => (name.text.clone(), name.span),
            [_, second, ..] => {
                self.report(Finding::error(
                    codes::MISPLACED,
                    format!("a `{kind}` has one name"),
                    second.span,
                    "one too many",
                ));
                return None;
            }
        };
        if let Some(earlier) = names.insert(name.clone(), span) {
            self.report(
                Finding::error(codes::DUPLICATE, format!("`{name}` stands twice in one body"), span, "again here")
                    .with_label(earlier, "first here")
                    .with_help(format!("give each a name of its own: `{kind} NAME {{ … }}`")),
            );
            return None;
        }
        Some(name)
    }
}

fn check(kind: &str, attributes: &mut Attributes) -> CheckKind {
    let (within, every) = (attributes.duration("within"), attributes.duration("every"));
    match kind {
        "http" => CheckKind::Http {
            url: attributes.take("url"),
            status: attributes.take("status"),
            contains: attributes.optional("contains"),
            within,
            every,
        },
        "tcp" => CheckKind::Tcp { host: attributes.take("host"), port: attributes.take("port"), within, every },
        _ => CheckKind::Command {
            run: attributes.take("run"),
            env: attributes.take("env"),
            cwd: attributes.take("cwd"),
            within,
            every,
            timeout: attributes.duration("timeout"),
        },
    }
}
