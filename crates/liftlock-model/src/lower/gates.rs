//! Gates and checks.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Block, Item, ItemKind};

use super::attributes::{Attributes, resolved};
use super::declarations::built_in;
use super::names::Scope;
use super::{Lowerer, codes, kind_text};
use crate::expr::{ExprKind, Reference};
use crate::model::{Check, CheckKind, EnvironmentId, Gate, GateKind};
use crate::near;

const CHECKS: &[&str] = &["http", "tcp", "command"];
const GATES: &[&str] = &["approval", "window", "soak", "http", "tcp", "command"];

impl<'a> Lowerer<'a> {
    /// The gates of `before ENV { … }`.
    pub(super) fn gates(
        &mut self,
        environment: Option<EnvironmentId>,
        block: &'a Block,
        scope: Scope<'_>,
    ) -> Vec<Gate> {
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
                    let Some(need) = self.need(&mut attributes) else { continue };
                    GateKind::Approval {
                        from,
                        need,
                        own: attributes.bool("self"),
                        expires: attributes.duration("expires"),
                    }
                }
                "window" => match *resolved(&attributes.take("calendar")) {
                    ExprKind::Reference(Reference::Calendar(calendar)) => GateKind::Window { calendar },
                    _ => continue,
                },
                "soak" => match *resolved(&attributes.take("environment")) {
                    ExprKind::Reference(Reference::Environment(inside)) if Some(inside) == environment => {
                        self.report(
                            Finding::error(
                                codes::MISPLACED,
                                "a release cannot stand in an environment before it enters it",
                                inner.head,
                                "soaks where it is not yet",
                            )
                            .with_help("name an environment that comes earlier on the path"),
                        );
                        continue;
                    }
                    ExprKind::Reference(Reference::Environment(environment)) => GateKind::Soak {
                        environment,
                        lasts: attributes.duration("for"),
                        every: attributes.duration("every"),
                    },
                    _ => continue,
                },
                kind => {
                    let kind = check(kind, &mut attributes);
                    self.check_numbers(&kind);
                    GateKind::Check(kind)
                }
            };
            gates.push(Gate { name, span: inner.head, docs: item.docs.clone(), kind });
        }
        gates
    }

    /// How many people have to approve: at least one.
    fn need(&mut self, attributes: &mut Attributes) -> Option<u32> {
        let (need, span) = attributes.int("need")?;
        let count = u32::try_from(need).ok().filter(|count| *count > 0);
        if count.is_none() {
            self.report(
                Finding::error(codes::TYPE_RANGE, format!("`{need}` people cannot approve"), span, "")
                    .with_help("an approval needs one person or more; leave the gate out where it needs nobody"),
            );
        }
        count
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
            self.check_numbers(&kind);
            checks.push(Check { name, span: inner.head, docs: item.docs.clone(), kind });
        }
        checks
    }

    /// A status or a port that stands in the files is known to be none before any release.
    fn check_numbers(&mut self, kind: &CheckKind) {
        let (number, range, what) = match kind {
            CheckKind::Http { status, .. } => (status, 100..=599, "a status is a number from 100 to 599"),
            CheckKind::Tcp { port, .. } => (port, 1..=65_535, "a port is a number from 1 to 65535"),
            CheckKind::Command { .. } => return,
        };
        if let ExprKind::Int(value) = resolved(number)
            && !range.contains(value)
        {
            self.report(
                Finding::error(codes::TYPE_RANGE, format!("`{value}` is out of range"), number.span, "")
                    .with_help(what),
            );
        }
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
        if name == "rollback" {
            self.report(
                Finding::error(codes::MISPLACED, "`rollback` cannot be a name here", span, "names the undo of a phase")
                    .with_help("give it another name"),
            );
            return None;
        }
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
