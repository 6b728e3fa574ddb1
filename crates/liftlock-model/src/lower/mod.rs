//! From trees to the model.
//!
//! First every declaration is noted by its name, so that order does not matter; then each is lowered. A pass may meet a
//! thing that was not understood: it leaves an [`ExprKind::Error`](crate::expr::ExprKind::Error) or leaves the thing out,
//! and whoever meets that says nothing more.

mod artifacts;
mod attributes;
mod body;
mod callables;
mod circles;
mod declarations;
mod expression;
mod gates;
mod literals;
mod modules;
mod names;
mod operators;
mod pipeline;

pub(crate) use body::WORDS as BODIES;
pub(crate) use literals::check_text;
pub(crate) use modules::ROOTS;

use std::collections::{HashMap, HashSet};

use indexmap::IndexMap;
use liftlock_diagnostics::{Code, Finding, Span};
use liftlock_syntax as syntax;
use liftlock_syntax::{Attribute, Block, Field, Item, ItemKind, Name};

use self::callables::{FunctionInfo, ProcedureInfo};
use self::modules::{Module, ModuleId};
use crate::expr::{EffectId, Expr, LocalId};
use crate::model::{ArtifactId, Model};
use crate::{Unit, near};

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
        MUTABLE_ARTIFACT = "promotion/mutable-artifact";
        MISSING_SETTING = "parity/missing-setting";
        SECRET_MISUSED = "secrets/misused";
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

/// How many items the calls of procedures may write out in one model.
const MAX_EXPANSION: usize = 20_000;

/// What a file and all it imports mean.
pub fn lower(units: &[Unit<'_>]) -> (Model, Vec<Finding>) {
    let mut findings = Vec::new();
    let declared = Declared::collect(units, &mut findings);
    let mut lowerer = Lowerer {
        declared,
        model: Model::default(),
        findings,
        lets: HashMap::new(),
        named: HashSet::new(),
        local_lets: IndexMap::new(),
        functions: HashMap::new(),
        procedures: HashMap::new(),
        calling: Vec::new(),
        steps: Vec::new(),
        next_local: 0,
        next_effect: 0,
        expanded: 0,
        following: 0,
        followed: 0,
        depth: 0,
        settings_known: false,
        promoted: None,
    };
    lowerer.declarations();
    lowerer.pipelines();
    lowerer.callables();
    lowerer.note_use();
    let Lowerer { model, mut findings, .. } = lowerer;
    if !units.iter().all(Unit::is_whole) {
        findings.retain(|finding| !may_be_in_what_is_missing(finding));
    }
    (model, findings)
}

/// Whether a finding says that there is no such name, and nothing is near that could have been meant: where an import leads
/// nowhere, it may be declared there, and one mistake is one finding.
fn may_be_in_what_is_missing(finding: &Finding) -> bool {
    let is_about_a_name = [codes::UNKNOWN_NAME, codes::UNKNOWN_ATTRIBUTE, codes::UNKNOWN_KIND].contains(&finding.code);
    is_about_a_name && finding.fix.is_none()
}

/// Everything that is declared, by name.
#[derive(Debug, Default)]
struct Declared<'a> {
    settings: Vec<(&'a Block, ModuleId)>,
    environments: Blocks<'a>,
    groups: Blocks<'a>,
    calendars: Blocks<'a>,
    artifacts: Blocks<'a>,
    pipelines: Blocks<'a>,
    inputs: IndexMap<&'a str, (&'a Item, &'a Field, ModuleId)>,
    /// The files.
    modules: Vec<Module<'a>>,
}

type Blocks<'a> = IndexMap<&'a str, Declaration<'a>>;

#[derive(Debug, Clone, Copy)]
struct Declaration<'a> {
    item: &'a Item,
    block: &'a Block,
    name: &'a Name,
    module: ModuleId,
}

/// The kinds that may stand at the top of a file.
const TOP_LEVEL: &[&str] =
    &["settings", "environment", "group", "calendar", "artifact", "pipeline", "procedure", "function", "input", "let"];

impl<'a> Declared<'a> {
    fn collect(units: &[Unit<'a>], findings: &mut Vec<Finding>) -> Self {
        let mut declared = Declared { modules: modules::of(units, findings), ..Declared::default() };
        for (at, unit) in units.iter().enumerate() {
            for (index, item) in unit.file.items.iter().enumerate() {
                declared.note(item, ModuleId(at), index == 0, findings);
            }
        }
        declared
    }

    fn note(&mut self, item: &'a Item, module: ModuleId, first: bool, findings: &mut Vec<Finding>) {
        let here = &mut self.modules[module.0];
        match &item.kind {
            ItemKind::Edition(edition) => check_edition(edition, first, findings),
            ItemKind::Import(_) => {}
            ItemKind::Input(field) => {
                let earlier = self.inputs.get(field.name.text.as_str()).map(|(_, field, _)| field.name.span);
                if report_duplicate("input", &field.name, earlier, findings) {
                    self.inputs.insert(&field.name.text, (item, field, module));
                }
            }
            ItemKind::Let(attribute) => here.declare_let(attribute, findings),
            ItemKind::Function(function) => here.declare_function(item, function, findings),
            ItemKind::Block(block) => self.note_block(item, block, module, findings),
            ItemKind::Promote(_) => findings.push(
                Finding::error(codes::MISPLACED, "`promote` stands outside a pipeline", item.span, "")
                    .with_help("put it into `pipeline NAME { … }`"),
            ),
            ItemKind::Each(each) => findings.push(misplaced_at_the_top("each", each.head)),
            ItemKind::When(when) => findings.push(misplaced_at_the_top("when", when.head)),
            ItemKind::Attribute(Attribute { name, .. }) | ItemKind::Field(Field { name, .. }) => findings.push(
                Finding::error(codes::MISPLACED, format!("`{}` stands outside a block", name.text), item.span, "")
                    .with_help(format!("a value for the whole file is named by `let {} = …`", name.text)),
            ),
        }
    }

    fn note_block(&mut self, item: &'a Item, block: &'a Block, module: ModuleId, findings: &mut Vec<Finding>) {
        let kind = kind_text(block);
        let blocks = match kind.as_str() {
            "settings" => {
                self.settings.push((block, module));
                return;
            }
            "procedure" => {
                if let Some(name) = the_name(block, findings) {
                    self.modules[module.0].declare_procedure(item, block, name, findings);
                }
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
                        .with_help(meant_declaration(&kind)),
                );
                return;
            }
        };
        let Some(name) = the_name(block, findings) else { return };
        let earlier = blocks.get(name.text.as_str()).map(|declaration| declaration.name.span);
        if report_duplicate(&kind, name, earlier, findings) {
            blocks.insert(&name.text, Declaration { item, block, name, module });
        }
    }
}

/// What to write for a declaration that there is not: words of other languages have a meaning here as well.
fn meant_declaration(kind: &str) -> String {
    match kind {
        "variable" | "inputs" | "parameters" => "an input is declared by `input NAME: TYPE`".to_owned(),
        "locals" | "vars" | "variables" => "a value is named by `let NAME = …`".to_owned(),
        "job" | "jobs" | "stage" | "stages" | "steps" | "workflow" => {
            "what is done stands in `pipeline NAME { … }`, at each environment of its path".to_owned()
        }
        "before" | "deploy" | "verify" | "on" => format!("`{kind}` stands in `pipeline NAME {{ … }}`"),
        _ if body::EFFECTS.contains(&kind) || matches!(kind, "phase" | "parallel") => {
            format!("`{kind}` stands in the `deploy {{ … }}` of a pipeline, or in a procedure")
        }
        _ if gates::CHECKS.contains(&kind) => format!("`{kind}` stands in the `verify {{ … }}` of a pipeline"),
        _ if gates::GATES.contains(&kind) => format!("`{kind}` stands in the `before ENV {{ … }}` of a pipeline"),
        _ => near::help(kind, TOP_LEVEL.iter().copied(), "kind"),
    }
}

fn misplaced_at_the_top(word: &str, span: Span) -> Finding {
    Finding::error(codes::MISPLACED, format!("`{word}` stands outside a body"), span, "")
        .with_help("it may stand in `deploy`, `before` and `verify`, in what stands in these, and in procedures")
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
    if what == "name" {
        let message = format!("`{}` has a meaning here already", name.text);
        let finding = Finding::error(codes::DUPLICATE, message, name.span, "is given another here")
            .with_label(earlier, "the first")
            .with_help("nothing shadows anything; give one of them another name");
        findings.push(finding);
        return false;
    }
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
    lets: HashMap<(ModuleId, &'a str), Option<Expr>>,
    /// The parameters that something names, by where they are declared.
    named: HashSet<Span>,
    /// The `let`s of bodies, by where they are declared, but for those of the standard library.
    local_lets: IndexMap<Span, &'a str>,
    /// The functions and procedures whose own text has been checked; `None` while one is.
    functions: HashMap<(ModuleId, &'a str), Option<FunctionInfo>>,
    procedures: HashMap<(ModuleId, &'a str), Option<ProcedureInfo>>,
    /// The functions and procedures that are being written out, the innermost last.
    calling: Vec<(ModuleId, &'a str)>,
    /// The steps that have given something out by now, as far as they can be named here.
    steps: Vec<GivingStep>,
    next_local: u32,
    next_effect: u32,
    /// How many items calls have written out.
    expanded: usize,
    /// How many calls of functions one stands in, and how many the outermost has led to.
    following: u32,
    followed: u32,
    /// How many `let`s are being lowered, each on behalf of the one before.
    depth: u32,
    /// Whether [`Model::settings`] is complete.
    settings_known: bool,
    /// The pipeline that is being lowered, and what it promotes.
    promoted: Option<(String, ArtifactId)>,
}

/// A step with outputs.
#[derive(Debug, Clone)]
struct GivingStep {
    id: EffectId,
    name: String,
    outputs: Vec<String>,
}

impl Lowerer<'_> {
    fn report(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    fn new_local(&mut self) -> LocalId {
        self.next_local += 1;
        LocalId(self.next_local)
    }

    fn new_effect(&mut self) -> EffectId {
        self.next_effect += 1;
        EffectId(self.next_effect)
    }
}
