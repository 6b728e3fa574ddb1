//! The body of a deployment: effects in phases and in parallel.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Block, Item, ItemKind};

use super::attributes::Attributes;
use super::declarations::built_in;
use super::names::Scope;
use super::{Lowerer, codes, kind_text};
use crate::model::{Effect, EffectKind, Node, Step};

pub(super) const EFFECTS: &[&str] = &["step", "file", "link", "directory", "refresh"];
const NODES: &[&str] = &["step", "file", "link", "directory", "refresh", "phase", "parallel"];

impl<'a> Lowerer<'a> {
    pub(super) fn body(&mut self, items: &'a [Item], inside: &str, scope: Scope<'_>) -> Vec<Node> {
        let locals = self.body_locals(items, scope.locals);
        let scope = Scope { locals: &locals, ..scope };
        let mut names = IndexMap::new();
        let mut nodes = Vec::new();
        for item in items {
            if inside == "phase" && is_cover(item) {
                continue;
            }
            let Some((kind, block)) = self.known_block(item, inside, NODES) else { continue };
            let Some(name) = self.block_name(block, &mut names) else { continue };
            let node = match kind {
                "phase" => self.phase(name, block, scope),
                "parallel" => {
                    let body = self.body(&block.body, "parallel", scope);
                    Some(Node::Parallel { name, span: block.head, body })
                }
                kind => self.effect(kind, name, item, block, scope),
            };
            nodes.extend(node);
        }
        nodes
    }

    fn phase(&mut self, name: String, block: &'a Block, scope: Scope<'_>) -> Option<Node> {
        if block.labels.is_empty() {
            self.report(
                Finding::error(codes::MISPLACED, "this `phase` has no name", block.head, "")
                    .with_help("name it: `phase NAME { … }`"),
            );
            return None;
        }
        let body = self.body(&block.body, "phase", scope);
        let mut covers = block.body.iter().filter(|item| is_cover(item)).filter_map(|item| match &item.kind {
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
        let locals = self.body_locals_silently(&block.body, scope.locals);
        let rollback = cover.map(|cover| self.cover(cover, Scope { locals: &locals, ..scope }));
        Some(Node::Phase { name, span: block.head, body, rollback })
    }

    /// The `let`s of a body whose findings have been reported already.
    fn body_locals_silently(
        &mut self,
        body: &'a [Item],
        around: &[(String, crate::expr::Expr, Span)],
    ) -> Vec<(String, crate::expr::Expr, Span)> {
        let reported = self.findings.len();
        let locals = self.body_locals(body, around);
        self.findings.truncate(reported);
        locals
    }

    fn effect(&mut self, kind: &str, name: String, item: &'a Item, block: &'a Block, scope: Scope<'_>) -> Option<Node> {
        let mut attributes = self.attributes(built_in(kind), block, scope)?;
        let kind = match kind {
            "step" => EffectKind::Step(Box::new(self.step(&mut attributes, block)?)),
            "file" => {
                let mode = attributes.optional("mode").and_then(|mode| self.mode(&mode));
                EffectKind::File { path: attributes.take("path"), content: attributes.take("content"), mode }
            }
            "link" => EffectKind::Link { path: attributes.take("path"), target: attributes.take("target") },
            "directory" => EffectKind::Directory { path: attributes.take("path") },
            _ => EffectKind::Refresh {
                run: attributes.take("run"),
                env: attributes.take("env"),
                cwd: attributes.take("cwd"),
                timeout: attributes.duration("timeout"),
            },
        };
        Some(Node::Effect(Box::new(Effect { name, span: block.head, docs: item.docs.clone(), kind })))
    }

    /// A step, unless what it says of itself does not go together.
    fn step(&mut self, attributes: &mut Attributes, block: &Block) -> Option<Step> {
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
            timeout: attributes.duration("timeout"),
        };
        let contradiction = match &step {
            Step { desired: Some(_), observe: None, .. } => {
                Some(("`desired` says what `observe` prints, and there is no `observe`", "add `observe = `…``"))
            }
            Step { irreversible: Some(_), rollback: Some(_), .. } => {
                Some(("a step that can be undone is not irreversible", "take out `rollback` or `irreversible`"))
            }
            Step { readonly: true, irreversible: Some(_), .. } | Step { readonly: true, rollback: Some(_), .. } => {
                Some(("a step that changes nothing has nothing to undo", "take out `readonly`, or what undoes it"))
            }
            Step { irreversible: Some(why), .. } if why.trim().is_empty() => {
                Some(("`irreversible` says why there is no way back", "write it down: `irreversible = \"…\"`"))
            }
            _ => None,
        };
        match contradiction {
            None => Some(step),
            Some((message, help)) => {
                self.report(Finding::error(codes::CONTRADICTION, message, block.head, "").with_help(help));
                None
            }
        }
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

/// Whether an item is the `rollback { … }` of a phase.
fn is_cover(item: &Item) -> bool {
    matches!(&item.kind, ItemKind::Block(block) if kind_text(block) == "rollback" && block.labels.is_empty())
}
