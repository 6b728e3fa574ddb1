//! From trees to the model.
//!
//! First every declaration is noted by its name, so that order does not matter; then each is lowered. A pass may meet a
//! thing that was not understood: it leaves an [`ExprKind::Error`](crate::expr::ExprKind::Error) or leaves the thing out,
//! and whoever meets that says nothing more.

mod attributes;
mod body;
mod declarations;
mod expression;
mod gates;
mod literals;
mod names;
mod pipeline;

pub(crate) use literals::check_text;

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use liftlock_diagnostics::{Code, Finding, Span};
use liftlock_syntax as syntax;
use liftlock_syntax::{Attribute, Block, Field, File, Item, ItemKind, Name};

use crate::expr::Expr;
use crate::model::{Let, Model};
use crate::near;

/// The codes of the findings that lowering makes.
pub(crate) mod codes {
    use super::Code;

    macro_rules! codes {
        ($($name:ident = $code:literal;)*) => {
            $(pub const $name: Code = Code($code);)*

            /// Every one of them.
            pub const ALL: &[Code] = &[$($name),*];
        };
    }

    codes! {
        CIRCULAR = "names/circular";
        DUPLICATE = "names/duplicate";
        MISPLACED = "names/misplaced";
        CONTRADICTION = "steps/contradiction";
        MISSING_ATTRIBUTE = "names/missing-attribute";
        MISSING_SETTING = "parity/missing-setting";
        TOO_LARGE = "names/too-large";
        TOO_LATE = "phase/too-late";
        TYPE_MISMATCH = "type/mismatch";
        TYPE_OPTIONAL = "type/may-be-missing";
        TYPE_RANGE = "type/out-of-range";
        TYPE_TEXT = "type/bad-text";
        UNKNOWN_ATTRIBUTE = "names/unknown-attribute";
        UNKNOWN_EDITION = "names/unknown-edition";
        UNKNOWN_KIND = "names/unknown-kind";
        UNKNOWN_NAME = "names/unknown-name";
        UNKNOWN_TYPE = "type/unknown";
    }
}

/// How many parts an expression may have when every name in it is written out.
const MAX_WEIGHT: u32 = 65_536;

/// How many names may lead from an expression to a value. Evaluation follows them by recursion, within the stack of a
/// thread in a build without optimisation.
const MAX_DEPTH: u32 = 100;

/// What `files`, a file and all it imports, mean.
pub fn lower(files: &[&File]) -> (Model, Vec<Finding>) {
    let mut findings = Vec::new();
    let declared = Declared::collect(files, &mut findings);
    let mut lowerer = Lowerer {
        declared,
        model: Model::default(),
        findings,
        lets: HashMap::new(),
        used_lets: HashSet::new(),
        depth: 0,
        settings_known: false,
    };
    lowerer.declarations();
    lowerer.pipelines();
    lowerer.note_lets();
    (lowerer.model, lowerer.findings)
}

/// Everything that is declared, by name.
#[derive(Debug, Default)]
struct Declared<'a> {
    settings: Vec<&'a Block>,
    environments: Blocks<'a>,
    groups: Blocks<'a>,
    calendars: Blocks<'a>,
    artifacts: Blocks<'a>,
    pipelines: Blocks<'a>,
    inputs: IndexMap<&'a str, (&'a Item, &'a Field)>,
    lets: IndexMap<&'a str, &'a Attribute>,
}

type Blocks<'a> = IndexMap<&'a str, Declaration<'a>>;

#[derive(Debug, Clone, Copy)]
struct Declaration<'a> {
    item: &'a Item,
    block: &'a Block,
    name: &'a Name,
}

/// The kinds that may stand at the top of a file.
const TOP_LEVEL: &[&str] = &["settings", "environment", "group", "calendar", "artifact", "pipeline"];

impl<'a> Declared<'a> {
    fn collect(files: &[&'a File], findings: &mut Vec<Finding>) -> Self {
        let mut declared = Declared::default();
        for file in files {
            for (at, item) in file.items.iter().enumerate() {
                declared.note(item, at == 0, findings);
            }
        }
        declared
    }

    fn note(&mut self, item: &'a Item, first: bool, findings: &mut Vec<Finding>) {
        match &item.kind {
            ItemKind::Edition(edition) => check_edition(edition, first, findings),
            ItemKind::Import(_) => {}
            ItemKind::Input(field) => {
                let earlier = self.inputs.get(field.name.text.as_str()).map(|(_, field)| field.name.span);
                if report_duplicate("input", &field.name, earlier, findings) {
                    self.inputs.insert(&field.name.text, (item, field));
                }
            }
            ItemKind::Let(attribute) => {
                let earlier = self.lets.get(attribute.name.text.as_str()).map(|attribute| attribute.name.span);
                if report_duplicate("let", &attribute.name, earlier, findings) {
                    self.lets.insert(&attribute.name.text, attribute);
                }
            }
            ItemKind::Block(block) => self.note_block(item, block, findings),
            ItemKind::Promote(_) => findings.push(
                Finding::error(codes::MISPLACED, "`promote` stands outside a pipeline", item.span, "")
                    .with_help("put it into `pipeline NAME { … }`"),
            ),
            ItemKind::Attribute(Attribute { name, .. }) | ItemKind::Field(Field { name, .. }) => findings.push(
                Finding::error(codes::MISPLACED, format!("`{}` stands outside a block", name.text), item.span, "")
                    .with_help(format!("a value for the whole file is named by `let {} = …`", name.text)),
            ),
        }
    }

    fn note_block(&mut self, item: &'a Item, block: &'a Block, findings: &mut Vec<Finding>) {
        let kind = kind_text(block);
        let blocks = match kind.as_str() {
            "settings" => {
                self.settings.push(block);
                return;
            }
            "environment" => &mut self.environments,
            "group" => &mut self.groups,
            "calendar" => &mut self.calendars,
            "artifact" => &mut self.artifacts,
            "pipeline" => &mut self.pipelines,
            _ => {
                findings.push(
                    Finding::error(codes::UNKNOWN_KIND, format!("there is no declaration `{kind}`"), block.head, "")
                        .with_help(near::help(&kind, TOP_LEVEL.iter().copied(), "kind")),
                );
                return;
            }
        };
        let Some(name) = the_name(block, findings) else { return };
        let earlier = blocks.get(name.text.as_str()).map(|declaration| declaration.name.span);
        if report_duplicate(&kind, name, earlier, findings) {
            blocks.insert(&name.text, Declaration { item, block, name });
        }
    }
}

/// The kind of a block as it is written: `step`, `notify.chat`.
fn kind_text(block: &Block) -> String {
    block.kind.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(".")
}

/// The one name of a block that must have one.
fn the_name<'a>(block: &'a Block, findings: &mut Vec<Finding>) -> Option<&'a Name> {
    let kind = kind_text(block);
    match block.labels.as_slice() {
        [name] => Some(name),
        [] => {
            findings.push(
                Finding::error(codes::MISPLACED, format!("this `{kind}` has no name"), block.head, "")
                    .with_help(format!("name it: `{kind} NAME {{ … }}`")),
            );
            None
        }
        [_, second, ..] => {
            findings.push(Finding::error(
                codes::MISPLACED,
                format!("a `{kind}` has one name"),
                second.span,
                "one too many",
            ));
            None
        }
    }
}

/// Whether `name` is new; reports that it is not.
fn report_duplicate(what: &str, name: &Name, earlier: Option<Span>, findings: &mut Vec<Finding>) -> bool {
    let Some(earlier) = earlier else { return true };
    findings.push(
        Finding::error(
            codes::DUPLICATE,
            format!("`{}` is declared twice as {what}", name.text),
            name.span,
            "declared again here",
        )
        .with_label(earlier, "first declared here")
        .with_help("rename or remove one of them"),
    );
    false
}

fn check_edition(edition: &syntax::Edition, first: bool, findings: &mut Vec<Finding>) {
    match edition.year {
        Some(2026) if first => {}
        Some(2026) => findings.push(Finding::error(
            codes::MISPLACED,
            "`edition` is not the first line",
            edition.span,
            "stands behind something else",
        )),
        Some(year) => findings.push(
            Finding::error(codes::UNKNOWN_EDITION, format!("this liftlock knows no edition {year}"), edition.span, "")
                .with_help("write `edition 2026`, or take a newer liftlock"),
        ),
        None => {}
    }
}

/// The pass itself: what is declared, what is made of it, and what is wrong.
struct Lowerer<'a> {
    declared: Declared<'a>,
    model: Model,
    findings: Vec<Finding>,
    /// The `let`s of the files; `None` while one is being lowered, so that a circle is noticed.
    lets: HashMap<&'a str, Option<Expr>>,
    /// Those among them that something names.
    used_lets: HashSet<&'a str>,
    /// How many `let`s are being lowered, each on behalf of the one before.
    depth: u32,
    /// Whether [`Model::settings`] is complete.
    settings_known: bool,
}

impl Lowerer<'_> {
    /// Notes which `let`s are used, once everything that could name one has been lowered.
    fn note_lets(&mut self) {
        for (name, attribute) in &self.declared.lets {
            let used = self.used_lets.contains(name);
            let noted = Let { name: (*name).to_owned(), span: attribute.name.span, used };
            self.model.lets.insert((*name).to_owned(), noted);
        }
    }

    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}
