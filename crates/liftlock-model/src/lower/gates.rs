//! Gates and checks.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Block, Item, ItemKind};

use super::attributes::{Attributes, resolved};
use super::body::Names;
use super::declarations::built_in;
use super::names::Scope;
use super::{Lowerer, codes, kind_text};
use crate::expr::{ExprKind, Reference};
use crate::model::{Check, CheckKind, EnvironmentId, Frame, Gate, GateKind, Metric, NoData, Timing};
use crate::near;

pub(super) const CHECKS: &[&str] = &["http", "tcp", "command", "metric"];
pub(super) const GATES: &[&str] = &["approval", "window", "soak", "http", "tcp", "command", "metric"];

impl<'a> Lowerer<'a> {
    /// The gates of `before ENV { … }`.
    pub(super) fn gates(
        &mut self,
        environment: Option<EnvironmentId>,
        items: &'a [Item],
        scope: Scope<'_>,
    ) -> Vec<Gate> {
        let mut gates = Vec::new();
        self.flat(items, "before", GATES, scope, (&[], &mut Names::new()), &mut |lowerer, found| {
            let Found { kind, name, item, block, scope, frames } = found;
            if let Some(kind) = lowerer.gate(kind, environment, block, scope) {
                gates.push(Gate { name, span: block.head, docs: item.docs.clone(), kind, frames: frames.to_vec() });
            }
        });
        gates
    }

    /// The checks of `verify { … }`.
    pub(super) fn checks(&mut self, items: &'a [Item], scope: Scope<'_>) -> Vec<Check> {
        let mut checks = Vec::new();
        self.flat(items, "verify", CHECKS, scope, (&[], &mut Names::new()), &mut |lowerer, found| {
            let Found { kind, name, item, block, scope, frames } = found;
            if let Some(kind) = lowerer.check_block(kind, block, scope) {
                checks.push(Check { name, span: block.head, docs: item.docs.clone(), kind, frames: frames.to_vec() });
            }
        });
        checks
    }

    /// Goes over a body that has no order of its own but that of its lines: `each`, `when` and calls are frames around what
    /// stands in them.
    fn flat(
        &mut self,
        items: &'a [Item],
        inside: &str,
        kinds: &[&'static str],
        scope: Scope<'_>,
        (frames, names): (&[Frame], &mut Names),
        visit: &mut dyn FnMut(&mut Self, Found<'a, '_>),
    ) {
        let locals = self.body_locals(items, scope);
        let holds_parameters = scope.procedure;
        let scope = Scope { locals: &locals, procedure: false, ..scope };
        for item in items {
            match &item.kind {
                // The parameters of a procedure, of which the call has taken care.
                ItemKind::Field(_) if holds_parameters => {}
                ItemKind::When(when) => {
                    let condition = self.condition(when, scope);
                    let frames = [frames, &[Frame::When { condition }]].concat();
                    self.flat(&when.body, inside, kinds, scope, (&frames, &mut *names), visit);
                }
                ItemKind::Each(each) => {
                    let Some((variable, over, local)) = self.loop_variable(each, scope, names) else { continue };
                    let locals = [scope.locals, &[local]].concat();
                    let frame = Frame::Each { variable, name: each.name.text.clone(), over };
                    let frames = [frames, &[frame]].concat();
                    let inner = Scope { locals: &locals, ..scope };
                    self.flat(&each.body, inside, kinds, inner, (&frames, &mut Names::new()), visit);
                }
                ItemKind::Block(block) if self.procedure_named(block, scope.module).is_some() => {
                    let Some(name) = self.block_name(block, names) else { continue };
                    let Some(call) = self.open_call(block, scope) else { continue };
                    let frames = [frames, &[Frame::Call { name }]].concat();
                    self.inside_call(&call, scope, |lowerer, scope| {
                        lowerer.flat(call.body, inside, kinds, scope, (&frames, &mut Names::new()), visit);
                    });
                }
                _ => {
                    let Some((kind, block)) = self.known_block(item, inside, kinds, scope) else { continue };
                    let Some(name) = self.block_name(block, names) else { continue };
                    visit(self, Found { kind, name, item, block, scope, frames });
                }
            }
        }
    }

    fn gate(
        &mut self,
        kind: &str,
        environment: Option<EnvironmentId>,
        block: &'a Block,
        scope: Scope<'_>,
    ) -> Option<GateKind> {
        if CHECKS.contains(&kind) {
            return self.check_block(kind, block, scope).map(GateKind::Check);
        }
        let mut attributes = self.attributes(built_in(kind), block, scope)?;
        match kind {
            "approval" => {
                let ExprKind::Reference(Reference::Group(from)) = *resolved(&attributes.take("from")) else {
                    return None;
                };
                Some(GateKind::Approval {
                    from,
                    need: self.need(&mut attributes)?,
                    own: attributes.bool("self"),
                    expires: attributes.duration("expires"),
                })
            }
            "window" => match *resolved(&attributes.take("calendar")) {
                ExprKind::Reference(Reference::Calendar(calendar)) => Some(GateKind::Window { calendar }),
                _ => None,
            },
            _ => match *resolved(&attributes.take("environment")) {
                ExprKind::Reference(Reference::Environment(inside)) if Some(inside) == environment => {
                    self.report(
                        Finding::error(
                            codes::MISPLACED,
                            "a release cannot stand in an environment before it enters it",
                            block.head,
                            "soaks where it is not yet",
                        )
                        .with_help("name an environment that comes earlier on the path"),
                    );
                    None
                }
                ExprKind::Reference(Reference::Environment(environment)) => Some(GateKind::Soak {
                    environment,
                    lasts: attributes.duration("for"),
                    every: attributes.duration("every"),
                }),
                _ => None,
            },
        }
    }

    /// A check, wherever it stands.
    pub(super) fn check_block(&mut self, kind: &str, block: &'a Block, scope: Scope<'_>) -> Option<CheckKind> {
        let mut attributes = self.attributes(built_in(kind), block, scope)?;
        let kind = self.check(kind, &mut attributes, block)?;
        self.check_numbers(&kind);
        Some(kind)
    }

    /// How many people have to approve: at least one.
    fn need(&mut self, attributes: &mut Attributes<'_>) -> Option<u32> {
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

    /// A status or a port that stands in the files is known to be none before any release.
    fn check_numbers(&mut self, kind: &CheckKind) {
        let (number, range, what) = match kind {
            CheckKind::Http { status, .. } => (status, 100..=599, "a status is a number from 100 to 599"),
            CheckKind::Tcp { port, .. } => (port, 1..=65_535, "a port is a number from 1 to 65535"),
            CheckKind::Command { .. } | CheckKind::Metric(_) => return,
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
        scope: Scope<'_>,
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
        let message = format!("`{kind}` has no meaning inside `{inside}`");
        let help = self.meant_kind(&kind, inside, known, scope);
        self.report(Finding::error(codes::UNKNOWN_KIND, message, block.head, "").with_help(help));
        None
    }

    /// What to write for a kind that has no meaning in a body.
    fn meant_kind(&self, kind: &str, inside: &str, known: &[&'static str], scope: Scope<'_>) -> String {
        if let Some((module, _)) = kind.split_once('.')
            && !self.declared.modules[scope.module.0].imports.contains_key(module)
        {
            return match crate::stdlib::module(module) {
                Some(_) => format!("import the module: `import \"std/{module}\"`"),
                None => format!("no file is imported as `{module}`: `import \"./{module}.release\"`"),
            };
        }
        if let Some(path) = self.elsewhere(scope.module, kind) {
            return format!("it is `{path}`, for it stands in another file");
        }
        if self.declared.modules[scope.module.0].functions.contains_key(kind) {
            return format!("a function is called in a value: `{kind}(…)`");
        }
        if inside == "on" && (super::body::EFFECTS.contains(&kind) || GATES.contains(&kind)) {
            return "at the end of a run people are told, and nothing is changed: `notify NAME { … }`".to_owned();
        }
        if super::body::EFFECTS.contains(&kind) || matches!(kind, "phase" | "parallel") {
            return format!("`{inside}` changes nothing; what does stands in `deploy {{ … }}`");
        }
        if GATES.contains(&kind) && !CHECKS.contains(&kind) {
            return "it is a gate, and stands in `before ENV { … }`".to_owned();
        }
        let procedures = self.procedures_in_reach(scope.module);
        let known: Vec<&str> = known.iter().copied().chain(procedures.iter().map(String::as_str)).collect();
        near::help(kind, known, "kind")
    }

    /// The name of a block in a body: the one it is given, or that of its kind where it has none.
    pub(super) fn block_name(&mut self, block: &Block, names: &mut IndexMap<String, Span>) -> Option<String> {
        let kind = kind_text(block);
        let (name, span) = match block.labels.as_slice() {
            [] => (block.kind.last().map(|name| name.text.clone()).unwrap_or_default(), block.head),
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

    fn check(&mut self, kind: &str, attributes: &mut Attributes<'_>, block: &Block) -> Option<CheckKind> {
        let timing = Timing {
            within: attributes.duration("within"),
            every: attributes.duration("every"),
            lasts: attributes.duration("for"),
        };
        Some(match kind {
            "http" => CheckKind::Http {
                url: attributes.take("url"),
                status: attributes.take("status"),
                contains: attributes.optional("contains"),
                timing,
            },
            "tcp" => CheckKind::Tcp { host: attributes.take("host"), port: attributes.take("port"), timing },
            "metric" => {
                let (above, below) = (attributes.optional("above"), attributes.optional("below"));
                if above.is_none() && below.is_none() {
                    self.report(
                        Finding::error(codes::MISSING_ATTRIBUTE, "this `metric` has no bound", block.head, "")
                            .with_help("say what is good: `below = 0.01`, or `above = 100`, or both"),
                    );
                    return None;
                }
                let at_least = attributes.int("at_least").and_then(|(count, _)| u32::try_from(count).ok()).unwrap_or(0);
                let samples = attributes.optional("samples");
                if at_least > 0 && samples.is_none() {
                    self.report(
                        Finding::error(
                            codes::MISSING_ATTRIBUTE,
                            "`at_least` counts samples, and nothing says what they are",
                            block.head,
                            "",
                        )
                        .with_help("add the query that counts them: `samples = \"sum(increase(requests_total[5m]))\"`"),
                    );
                    return None;
                }
                CheckKind::Metric(Box::new(Metric {
                    server: attributes.take("server"),
                    query: attributes.take("query"),
                    above,
                    below,
                    samples,
                    at_least,
                    no_data: match attributes.take("no_data").literal() {
                        Some("pass") => NoData::Pass,
                        Some("wait") => NoData::Wait,
                        _ => NoData::Fail,
                    },
                    timing,
                }))
            }
            _ => CheckKind::Command {
                run: attributes.take("run"),
                env: attributes.take("env"),
                cwd: attributes.take("cwd"),
                timeout: attributes.duration("timeout"),
                timing,
            },
        })
    }
}

/// A block that a flat body holds.
struct Found<'a, 'f> {
    kind: &'static str,
    name: String,
    item: &'a Item,
    block: &'a Block,
    scope: Scope<'f>,
    frames: &'f [Frame],
}
