//! Files as modules: their `let`s, functions and procedures, and what they call those of other files.
//!
//! What a file declares for the model (environments, inputs, pipelines …) has one name everywhere. Its `let`s, functions and
//! procedures are its own: another file names them by the file they stand in, as `chat.say`.

use indexmap::IndexMap;
use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{Attribute, Block, Field, Function, Item, ItemKind, Name};

use super::{Lowerer, codes, report_duplicate};
use crate::Unit;
use crate::model::{Callable, ImportedModule, Let};

/// An index into the files of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(super) struct ModuleId(pub usize);

/// What one file declares for itself.
#[derive(Debug, Default)]
pub(super) struct Module<'a> {
    /// Whether it is part of the standard library.
    pub library: bool,
    pub lets: IndexMap<&'a str, Used<&'a Attribute>>,
    pub functions: IndexMap<&'a str, Used<(&'a Item, &'a Function)>>,
    pub procedures: IndexMap<&'a str, Used<Procedure<'a>>>,
    /// The files it imports, by what it calls them.
    pub imports: IndexMap<String, Used<Import>>,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Procedure<'a> {
    pub item: &'a Item,
    pub block: &'a Block,
    pub name: &'a Name,
}

#[derive(Debug, Clone)]
pub(super) struct Import {
    pub module: ModuleId,
    pub span: Span,
    /// Whether nothing but its name could make it useful.
    pub only_named: bool,
    /// Whether another import has the same name.
    pub ambiguous: bool,
}

/// Something declared, and whether anything names it.
#[derive(Debug, Clone)]
pub(super) struct Used<T> {
    pub what: T,
    pub used: bool,
}

impl<T> Used<T> {
    fn new(what: T) -> Self {
        Used { what, used: false }
    }
}

/// The first words of paths, which nothing else can be called.
pub(crate) const ROOTS: &[&str] = &[
    "env",
    "environment",
    "input",
    "artifact",
    "release",
    "previous",
    "group",
    "calendar",
    "step",
    "failure",
    "secret",
];

/// The modules of a model; what they declare is noted later.
pub(super) fn of<'a>(units: &[Unit<'a>], findings: &mut Vec<Finding>) -> Vec<Module<'a>> {
    let mut modules = Vec::with_capacity(units.len());
    for unit in units {
        let mut module = Module { library: unit.library, ..Module::default() };
        for imported in unit.imports {
            let target = units.iter().position(|other| other.file.source == imported.source).map(ModuleId);
            let (Some(name), Some(target)) = (&imported.name, target) else { continue };
            if ROOTS.contains(&name.text.as_str()) {
                if imported.named {
                    findings.push(reserved_name(name));
                }
                continue;
            }
            let import = Import {
                module: target,
                span: name.span,
                only_named: imported.named || imported.library,
                ambiguous: false,
            };
            match module.imports.get_mut(name.text.as_str()) {
                Some(earlier) if earlier.what.module != target => earlier.what.ambiguous = true,
                Some(_) => {}
                None => {
                    module.imports.insert(name.text.clone(), Used::new(import));
                }
            }
        }
        modules.push(module);
    }
    modules
}

/// Whether the language has a function of this name.
fn is_built_in(name: &str) -> bool {
    matches!(name, "window" | "freeze") || crate::functions::Function::ALL.iter().any(|(_, known, _)| *known == name)
}

pub(super) fn reserved_name(name: &Name) -> Finding {
    Finding::error(
        codes::DUPLICATE,
        format!("`{}` has a meaning of its own", name.text),
        name.span,
        "begins paths such as `env.url`",
    )
    .with_help("give it another name")
}

impl<'a> Module<'a> {
    pub fn declare_let(&mut self, attribute: &'a Attribute, findings: &mut Vec<Finding>) {
        let name = &attribute.name;
        if self.is_free("let", name, findings) {
            self.lets.insert(&name.text, Used::new(attribute));
        }
    }

    pub fn declare_function(&mut self, item: &'a Item, function: &'a Function, findings: &mut Vec<Finding>) {
        let name = &function.name;
        if is_built_in(&name.text) {
            findings.push(
                Finding::error(
                    codes::DUPLICATE,
                    format!("`{}` is a function of the language", name.text),
                    name.span,
                    "means the same in every file",
                )
                .with_help(format!("give it another name, such as `my_{}`", name.text)),
            );
        } else if self.is_free("function", name, findings) {
            self.functions.insert(&name.text, Used::new((item, function)));
        }
    }

    pub fn declare_procedure(&mut self, item: &'a Item, block: &'a Block, name: &'a Name, findings: &mut Vec<Finding>) {
        if crate::kinds::Kind::built_in(&name.text).is_some() || super::body::WORDS.contains(&name.text.as_str()) {
            findings.push(
                Finding::error(codes::DUPLICATE, format!("`{}` is a kind of its own", name.text), name.span, "")
                    .with_help("give the procedure another name"),
            );
        } else if self.is_free("procedure", name, findings) {
            self.procedures.insert(&name.text, Used::new(Procedure { item, block, name }));
        }
    }

    /// Whether nothing else in the file has this name; reports that something has.
    fn is_free(&self, what: &str, name: &Name, findings: &mut Vec<Finding>) -> bool {
        let text = name.text.as_str();
        if ROOTS.contains(&text) {
            findings.push(reserved_name(name));
            return false;
        }
        let earlier = self.lets.get(text).map(|let_| let_.what.name.span);
        let earlier = earlier.or_else(|| self.functions.get(text).map(|function| function.what.1.name.span));
        let earlier = earlier.or_else(|| self.procedures.get(text).map(|procedure| procedure.what.name.span));
        report_duplicate(what, name, earlier, findings)
    }
}

impl<'a> Lowerer<'a> {
    /// The module that `name` stands for in a file, which is used by that.
    pub(super) fn imported(&mut self, module: ModuleId, name: &Name) -> Option<ModuleId> {
        let import = self.declared.modules[module.0].imports.get_mut(name.text.as_str())?;
        import.used = true;
        let Import { module: target, span, ambiguous, .. } = import.what.clone();
        if ambiguous {
            self.report(
                Finding::error(
                    codes::DUPLICATE,
                    format!("`{}` is the name of two imports", name.text),
                    name.span,
                    "which one is not clear",
                )
                .with_label(span, "the first")
                .with_help("give one another name: `import \"…\" as NAME`"),
            );
        }
        Some(target)
    }

    /// Notes what is used, once everything that could name something has been lowered.
    pub(super) fn note_use(&mut self) {
        for (span, name) in &self.local_lets {
            self.model.lets.push(Let { name: (*name).to_owned(), span: *span, used: self.named.contains(span) });
        }
        for module in &self.declared.modules {
            for (name, import) in &module.imports {
                if import.what.only_named && !module.library {
                    let Import { span, .. } = import.what;
                    self.model.imports.push(ImportedModule { name: name.clone(), span, used: import.used });
                }
            }
            if module.library {
                continue;
            }
            for (name, let_) in &module.lets {
                let noted = Let { name: (*name).to_owned(), span: let_.what.name.span, used: let_.used };
                self.model.lets.push(noted);
            }
            for (name, function) in &module.functions {
                let (item, written) = function.what;
                let parameters = written.parameters.iter().map(|field| self.parameter(field)).collect();
                self.model.callables.push(Callable {
                    what: "function",
                    name: (*name).to_owned(),
                    span: written.name.span,
                    docs: item.docs.clone(),
                    used: function.used,
                    parameters,
                });
            }
            for (name, procedure) in &module.procedures {
                let fields = procedure.what.block.body.iter().filter_map(|item| match &item.kind {
                    ItemKind::Field(field) => Some(self.parameter(field)),
                    _ => None,
                });
                let parameters = fields.collect();
                self.model.callables.push(Callable {
                    what: "procedure",
                    name: (*name).to_owned(),
                    span: procedure.what.name.span,
                    docs: procedure.what.item.docs.clone(),
                    used: procedure.used,
                    parameters,
                });
            }
        }
    }

    fn parameter(&self, field: &Field) -> Let {
        let Name { text, span } = &field.name;
        Let { name: text.clone(), span: *span, used: self.named.contains(span) }
    }
}
