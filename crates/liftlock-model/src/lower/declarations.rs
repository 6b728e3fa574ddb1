//! Settings, inputs, environments, groups, calendars, artifacts.

use liftlock_diagnostics::{Finding, Span};
use liftlock_syntax::{self as syntax, Attribute, Block, ItemKind};

use super::attributes::resolved;
use super::modules::ModuleId;
use super::names::Scope;
use super::{Declaration, Lowerer, codes, kind_text};
use crate::expr::{Expr, ExprKind, Reference};
use crate::kinds::{self, Kind};
use crate::model::{Calendar, Environment, EnvironmentId, Group, Input, Setting};
use crate::types::{Phase, Type};
use crate::{Map, near};

impl<'a> Lowerer<'a> {
    pub(super) fn declarations(&mut self) {
        self.inputs();
        self.settings();
        self.environments();
        for (name, declaration) in self.declared.groups.clone() {
            let group = self.group(name, declaration);
            self.model.groups.insert(name.to_owned(), group);
        }
        for (name, declaration) in self.declared.calendars.clone() {
            let calendar = self.calendar(name, declaration);
            self.model.calendars.insert(name.to_owned(), calendar);
        }
        for (name, declaration) in self.declared.artifacts.clone() {
            let artifact = self.artifact(name, declaration);
            self.model.artifacts.insert(name.to_owned(), artifact);
        }
        self.report_circles();
        // A `let` that nobody uses is checked all the same.
        for at in 0..self.declared.modules.len() {
            let lets = &self.declared.modules[at].lets;
            let lets: Vec<_> = lets.iter().map(|(name, let_)| (*name, let_.what.name.span)).collect();
            for (name, span) in lets {
                self.file_let(ModuleId(at), name, span);
            }
        }
    }

    fn inputs(&mut self) {
        for (name, (item, field, module)) in self.declared.inputs.clone() {
            let ty = self.data_type(&field.ty, module);
            // The types of all inputs are known before a default may name one.
            let input =
                Input { name: name.to_owned(), span: field.name.span, docs: item.docs.clone(), ty, default: None };
            self.model.inputs.insert(name.to_owned(), input);
        }
        for (name, (_, field, module)) in self.declared.inputs.clone() {
            let Some(written) = &field.default else { continue };
            let ty = self.model.inputs[name].ty.clone();
            let default = self.value(written, &ty, Phase::Const, Scope::file(module));
            self.model.inputs[name].default = Some(default);
        }
    }

    fn settings(&mut self) {
        for (block, module) in self.declared.settings.clone() {
            for item in &block.body {
                let ItemKind::Field(field) = &item.kind else {
                    self.report_misplaced(item, "settings");
                    continue;
                };
                let name = &field.name.text;
                let earlier = self.model.settings.get(name).map(|setting| setting.span);
                if !super::report_duplicate("setting", &field.name, earlier, &mut self.findings) {
                    continue;
                }
                if name == "name" || environment_kind().attributes.contains_key(name) {
                    self.report(
                        Finding::error(
                            codes::DUPLICATE,
                            format!("every environment has a `{name}` of its own meaning"),
                            field.name.span,
                            "",
                        )
                        .with_help("give the setting another name"),
                    );
                    continue;
                }
                let ty = self.data_type(&field.ty, module);
                let default = &field.default;
                let default =
                    default.as_ref().map(|default| self.value(default, &ty, Phase::Plan, Scope::file(module)));
                let setting =
                    Setting { name: name.clone(), span: field.name.span, docs: item.docs.clone(), ty, default };
                self.model.settings.insert(name.clone(), setting);
            }
        }
    }

    /// A type that settings and inputs may have.
    fn data_type(&mut self, written: &syntax::TypeExpr, module: ModuleId) -> Type {
        let found = self.read_type(written, module);
        let (name, span) = match found {
            Ok(ty) if kinds::is_data(&ty) => return ty,
            Ok(ty) => {
                self.report(
                    Finding::error(
                        codes::UNKNOWN_TYPE,
                        format!("a setting or an input is no `{ty}`"),
                        written.span,
                        "",
                    )
                    .with_help("it is data; commands and what is declared are handed to procedures by parameters"),
                );
                return Type::Error;
            }
            Err(name) => (name.text, name.span),
        };
        self.report_unknown_type(&name, span, kinds::is_data);
        Type::Error
    }

    /// Says that a type as it is written is none, and what could be meant.
    pub(super) fn report_unknown_type(&mut self, name: &str, span: Span, offered: impl Fn(&Type) -> bool) {
        let meant = match name {
            "integer" | "long" => Some("int"),
            "boolean" => Some("bool"),
            "text" | "str" | "any" => Some("string"),
            "float" | "double" => Some("number"),
            "array" | "set" => Some("list"),
            "object" | "dict" => Some("map"),
            "version" => Some("semver"),
            "date_time" | "timestamp" => Some("datetime"),
            _ => None,
        };
        let (message, help) = if name == "range" {
            let help = "ranges are of days, times, numbers, durations, dates, sizes, shares or versions";
            ("there is no such range".to_owned(), help.to_owned())
        } else if kinds::NAMED.iter().any(|(known, _)| *known == name) {
            (format!("`{name}` holds no other type"), format!("write `{name}`; it is `list<…>` and `map<…>` that do"))
        } else {
            let known = kinds::NAMED.iter().filter(|(_, ty)| offered(ty)).map(|(name, _)| *name);
            let help = match meant {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => near::help(name, known.chain(["list", "map", "range"]), "type"),
            };
            (format!("there is no type `{name}`"), help)
        };
        self.report(Finding::error(codes::UNKNOWN_TYPE, message, span, "").with_help(help));
    }

    /// A type as it is written, with the defaults of the fields of records; the name that is not known where there is one.
    pub(super) fn read_type(&mut self, written: &syntax::TypeExpr, module: ModuleId) -> Result<Type, syntax::Name> {
        self.report_fields_named_twice(written);
        kinds::read_type(written, &mut |default, ty| self.value(default, ty, Phase::Const, Scope::file(module)))
    }

    fn report_fields_named_twice(&mut self, written: &syntax::TypeExpr) {
        match &written.kind {
            syntax::TypeKind::Record(fields) => {
                for (at, field) in fields.iter().enumerate() {
                    let earlier = fields[..at].iter().find(|earlier| earlier.name.text == field.name.text);
                    let earlier = earlier.map(|earlier| earlier.name.span);
                    super::report_duplicate("field", &field.name, earlier, &mut self.findings);
                    self.report_fields_named_twice(&field.ty);
                }
            }
            syntax::TypeKind::Named { name, arguments } => {
                if arguments.len() > 1 && matches!(name.text.as_str(), "list" | "map" | "range") {
                    self.report_surplus_arguments(name, arguments);
                }
                arguments.iter().for_each(|argument| self.report_fields_named_twice(argument));
            }
            syntax::TypeKind::Optional(inner) => self.report_fields_named_twice(inner),
            syntax::TypeKind::Missing | syntax::TypeKind::OneOf(_) => {}
        }
    }

    /// A `map<string, int>`, as other languages write it.
    fn report_surplus_arguments(&mut self, name: &syntax::Name, arguments: &[syntax::TypeExpr]) {
        let (Some(first), Some(last)) = (arguments.get(1), arguments.last()) else { return };
        let of_last = match &last.kind {
            syntax::TypeKind::Named { name, arguments } if arguments.is_empty() => name.text.as_str(),
            _ => "…",
        };
        let help = match name.text.as_str() {
            "map" => format!("keys are texts always, so write the type of the values alone: `map<{of_last}>`"),
            "list" => "all members are of one type; what has several named values is a record: `{ name: T, other: T }`"
                .to_owned(),
            _ => "both ends are of one type: `range<int>`".to_owned(),
        };
        let message = format!("`{}<…>` takes one type", name.text);
        self.report(Finding::error(codes::UNKNOWN_TYPE, message, first.span, "one too many").with_help(help));
    }

    fn environments(&mut self) {
        let all = self.declared.environments.clone();
        for (name, declaration) in &all {
            let environment = self.environment(name, *declaration);
            self.model.environments.insert((*name).to_owned(), environment);
        }
        self.settings_known = true;
    }

    fn environment(&mut self, name: &str, declaration: Declaration<'a>) -> Environment {
        let block = declaration.block;
        let mut own: Map<&str, &Attribute> = Map::default();
        for item in &block.body {
            match &item.kind {
                ItemKind::Attribute(attribute) => {
                    let earlier = own.get(attribute.name.text.as_str()).map(|earlier| earlier.name.span);
                    if super::report_duplicate("attribute", &attribute.name, earlier, &mut self.findings) {
                        own.insert(&attribute.name.text, attribute);
                    }
                }
                _ => self.report_misplaced(item, "environment"),
            }
        }

        let kind = environment_kind();
        let mut built_in: Map<&str, Expr> = Map::default();
        for (attribute_name, signature) in &kind.attributes {
            if let Some(attribute) = own.shift_remove(attribute_name.as_str()) {
                let value =
                    self.value(&attribute.value, &signature.ty, signature.phase, Scope::file(declaration.module));
                built_in.insert(attribute_name, value);
            }
        }
        let settings = self.environment_settings(name, declaration, &mut own);
        for (attribute_name, attribute) in &own {
            self.report_unknown_setting(name, attribute_name, attribute, kind);
        }

        let requires = match built_in.get("requires").map(resolved) {
            Some(ExprKind::List(items)) => items.iter().filter_map(environment_of).collect(),
            _ => Vec::new(),
        };
        Environment {
            name: name.to_owned(),
            span: declaration.name.span,
            docs: declaration.item.docs.clone(),
            requires,
            protected: matches!(built_in.get("protected").map(resolved), Some(ExprKind::Bool(true))),
            lock: built_in.get("lock").and_then(|lock| lock.literal().map(str::to_owned)),
            drill: matches!(built_in.get("drill").map(resolved), Some(ExprKind::Bool(true))),
            drill_within: built_in.get("drill_within").and_then(|within| match resolved(within) {
                ExprKind::Duration(milliseconds) => Some((*milliseconds, within.span)),
                _ => None,
            }),
            settings,
        }
    }

    fn environment_settings(
        &mut self,
        name: &str,
        declaration: Declaration<'a>,
        own: &mut Map<&str, &Attribute>,
    ) -> Map<String, Expr> {
        let declared: Vec<Setting> = self.model.settings.values().cloned().collect();
        let mut settings = Map::default();
        for setting in declared {
            let value = if let Some(attribute) = own.shift_remove(setting.name.as_str()) {
                self.value(&attribute.value, &setting.ty, Phase::Plan, Scope::file(declaration.module))
            } else if let Some(default) = &setting.default {
                default.clone()
            } else if let Type::Optional(_) = setting.ty {
                Expr::new(ExprKind::None, setting.ty.clone(), Phase::Const, setting.span)
            } else if setting.ty == Type::Error {
                // Nobody can give a value of a type that is not known, and that has been said.
                Expr::error(declaration.name.span)
            } else if own.keys().any(|name| self.is_setting_misspelt(name, &setting.name)) {
                // The name that is not known is reported, and it is this one that is meant.
                Expr::error(declaration.name.span)
            } else {
                self.report(
                    Finding::error(
                        codes::MISSING_SETTING,
                        format!("`{name}` lacks the setting `{}`", setting.name),
                        declaration.name.span,
                        format!("says nothing about `{}`", setting.name),
                    )
                    .with_label(setting.span, "every environment must say it")
                    .with_help(format!("add `{} = …`, a `{}`", setting.name, setting.ty)),
                );
                Expr::error(declaration.name.span)
            };
            settings.insert(setting.name, value);
        }
        settings
    }

    /// Whether `name`, which is no setting, is nearest to `setting`.
    fn is_setting_misspelt(&self, name: &str, setting: &str) -> bool {
        let declared = self.model.settings.keys().map(String::as_str);
        !self.model.settings.contains_key(name)
            && near::nearest(name, environment_kind().attributes.keys().map(String::as_str).chain(declared))
                == Some(setting)
    }

    fn report_unknown_setting(&mut self, environment: &str, name: &str, attribute: &Attribute, kind: &Kind) {
        let declared: Vec<String> = self.model.settings.keys().cloned().collect();
        let known = kind.attributes.keys().map(String::as_str).chain(declared.iter().map(String::as_str));
        let help = match near::nearest(name, known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("declare it for all environments: `settings {{ {name}: TYPE }}`"),
        };
        self.report(
            Finding::error(
                codes::UNKNOWN_ATTRIBUTE,
                format!("`{environment}` sets `{name}`, which is no setting"),
                attribute.name.span,
                "not declared in `settings`",
            )
            .with_help(help),
        );
    }

    fn group(&mut self, name: &str, declaration: Declaration<'a>) -> Group {
        let attributes = self.attributes(built_in("group"), declaration.block, Scope::file(declaration.module));
        let members = attributes.map(|mut attributes| attributes.items("members")).unwrap_or_default();
        let members = members.iter().filter_map(|member| member.literal().map(str::to_owned)).collect();
        Group { name: name.to_owned(), span: declaration.name.span, members }
    }

    fn calendar(&mut self, name: &str, declaration: Declaration<'a>) -> Calendar {
        let mut calendar = Calendar {
            name: name.to_owned(),
            span: declaration.name.span,
            zone: "UTC".to_owned(),
            allow: Vec::new(),
            deny: Vec::new(),
        };
        let Some(mut attributes) =
            self.attributes(built_in("calendar"), declaration.block, Scope::file(declaration.module))
        else {
            return calendar;
        };
        if let Some((zone, _)) = attributes.text("zone") {
            calendar.zone = zone;
        }
        for item in attributes.items("allow") {
            if let ExprKind::Window(window) = resolved(&item) {
                calendar.allow.push(*window);
            }
        }
        for item in attributes.items("deny") {
            if let ExprKind::Freeze(freeze) = resolved(&item) {
                calendar.deny.push(freeze.clone());
            }
        }
        calendar
    }

    /// Says that an item has no meaning where it stands.
    pub(super) fn report_misplaced(&mut self, item: &syntax::Item, inside: &str) {
        let what = match &item.kind {
            ItemKind::Block(Block { kind, .. }) if kind.is_empty() => return,
            ItemKind::Block(block) => kind_text(block),
            ItemKind::Attribute(attribute) => attribute.name.text.clone(),
            ItemKind::Field(field) => field.name.text.clone(),
            ItemKind::Let(_) => "let".to_owned(),
            ItemKind::Promote(_) => "promote".to_owned(),
            ItemKind::Edition(_) => "edition".to_owned(),
            ItemKind::Import(_) => "import".to_owned(),
            ItemKind::Input(_) => "input".to_owned(),
            ItemKind::Each(_) => "each".to_owned(),
            ItemKind::When(_) => "when".to_owned(),
            ItemKind::Function(_) => "function".to_owned(),
        };
        let span = match &item.kind {
            ItemKind::Block(block) => block.head,
            ItemKind::Attribute(attribute) => attribute.name.span,
            ItemKind::Field(field) => field.name.span,
            ItemKind::Each(each) => each.head,
            ItemKind::When(when) => when.head,
            ItemKind::Function(function) => function.name.span,
            _ => item.span,
        };
        let help = match (&item.kind, what.as_str(), inside) {
            (_, "at_most", _) => "it stands in `each NAME in LIST { … }`".to_owned(),
            (_, "differs", _) => "it stands in the body of one environment: `deploy ENV { … }`".to_owned(),
            (_, "promote", _) => "it stands in `pipeline NAME { … }` itself".to_owned(),
            (_, "edition" | "import" | "input" | "function", _) => "it stands at the top of a file".to_owned(),
            (ItemKind::Attribute(_), _, "each") => "an `each` has one attribute, `at_most`".to_owned(),
            (ItemKind::Attribute(_), name, _) => format!("a value is named by `let {name} = …`"),
            (_, _, "settings") => "a setting is declared by its name and its type: `NAME: TYPE`".to_owned(),
            (_, _, "environment") => "an environment holds values: `NAME = …`".to_owned(),
            (ItemKind::Field(_), _, _) => {
                "types stand in `settings`, in inputs and in the head of procedures".to_owned()
            }
            (ItemKind::Let(_), _, _) => "name it outside of this block".to_owned(),
            _ => "it stands in a body of its own: `deploy`, `before`, `verify`, or a procedure".to_owned(),
        };
        let message = format!("`{what}` has no meaning inside `{inside}`");
        self.report(Finding::error(codes::MISPLACED, message, span, "").with_help(help));
    }
}

/// The signature of a kind that the binary itself names.
pub(super) fn built_in(name: &str) -> &'static Kind {
    Kind::built_in(name).expect("stdlib/kinds.release declares every kind that lowering names")
}

fn environment_kind() -> &'static Kind {
    built_in("environment")
}

fn environment_of(expr: &Expr) -> Option<(EnvironmentId, liftlock_diagnostics::Span)> {
    match resolved(expr) {
        ExprKind::Reference(Reference::Environment(id)) => Some((*id, expr.span)),
        _ => None,
    }
}
