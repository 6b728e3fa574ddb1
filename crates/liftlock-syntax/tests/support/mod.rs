//! A compact notation for trees, for expectations that are read like code.

use std::fmt::Write as _;

use liftlock_syntax::{Argument, Expr, ExprKind, File, Item, ItemKind, Name, Part, Segment, TypeExpr, TypeKind};

pub fn dump(file: &File) -> String {
    let mut text = String::new();
    items(&mut text, &file.items, 0);
    text
}

fn items(text: &mut String, all: &[Item], depth: usize) {
    let indent = "  ".repeat(depth);
    for item in all {
        for line in item.docs.iter().flat_map(|docs| docs.split('\n')) {
            writeln!(text, "{indent}# {line}").unwrap();
        }
        match &item.kind {
            ItemKind::Edition(edition) => writeln!(text, "{indent}edition {:?}", edition.year),
            ItemKind::Import(import) => {
                let alias = import.alias.as_ref().map(|alias| format!(" as {}", alias.text));
                writeln!(text, "{indent}import {:?}{}", import.path, alias.unwrap_or_default())
            }
            ItemKind::Input(field) => writeln!(text, "{indent}input {}", self::field(field)),
            ItemKind::Field(field) => writeln!(text, "{indent}field {}", self::field(field)),
            ItemKind::Let(let_) => writeln!(text, "{indent}let {} = {}", let_.name.text, expr(&let_.value)),
            ItemKind::Attribute(attribute) => {
                writeln!(text, "{indent}{} = {}", attribute.name.text, expr(&attribute.value))
            }
            ItemKind::Promote(promote) => {
                let waves = promote.waves.iter().map(|wave| format!("[{}]", names(&wave.environments, " ")));
                let waves = waves.collect::<Vec<_>>().join(" -> ");
                writeln!(text, "{indent}promote {} through {waves}", expr(&promote.artifact))
            }
            ItemKind::Each(each) => {
                writeln!(text, "{indent}each {} in {} {{", each.name.text, expr(&each.over)).unwrap();
                items(text, &each.body, depth + 1);
                writeln!(text, "{indent}}}")
            }
            ItemKind::When(when) => {
                writeln!(text, "{indent}when {} {{", expr(&when.condition)).unwrap();
                items(text, &when.body, depth + 1);
                writeln!(text, "{indent}}}")
            }
            ItemKind::Function(function) => {
                let parameters: Vec<String> = function.parameters.iter().map(self::field).collect();
                let result = function.result.as_ref().map(|result| format!(": {}", ty(result))).unwrap_or_default();
                let (name, value) = (&function.name.text, expr(&function.value));
                writeln!(text, "{indent}function {name}({}){result} = {value}", parameters.join(", "))
            }
            ItemKind::Block(block) => {
                let labels: String = block.labels.iter().map(|label| format!(" {}", label.text)).collect();
                writeln!(text, "{indent}{}{labels} {{", names(&block.kind, ".")).unwrap();
                items(text, &block.body, depth + 1);
                writeln!(text, "{indent}}}")
            }
        }
        .unwrap();
    }
}

fn field(field: &liftlock_syntax::Field) -> String {
    let default = field.default.as_ref().map(|default| format!(" = {}", expr(default)));
    format!("{}: {}{}", field.name.text, ty(&field.ty), default.unwrap_or_default())
}

fn ty(ty: &TypeExpr) -> String {
    let phase = ty.phase.map(|phase| format!("{phase:?} ").to_lowercase()).unwrap_or_default();
    let kind = match &ty.kind {
        TypeKind::Missing => "<missing>".to_owned(),
        TypeKind::Named { name, arguments } if arguments.is_empty() => name.text.clone(),
        TypeKind::Named { name, arguments } => {
            format!("{}<{}>", name.text, arguments.iter().map(self::ty).collect::<Vec<_>>().join(", "))
        }
        TypeKind::OneOf(alternatives) => alternatives.join("|"),
        TypeKind::Optional(inner) => format!("({})?", self::ty(inner)),
        TypeKind::Record(fields) => {
            format!("{{{}}}", fields.iter().map(self::field).collect::<Vec<_>>().join(", "))
        }
    };
    format!("{phase}{kind}")
}

fn names(names: &[Name], separator: &str) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(separator)
}

fn expr(expr: &Expr) -> String {
    match &expr.kind {
        ExprKind::Missing => "<missing>".to_owned(),
        ExprKind::Bool(value) => value.to_string(),
        ExprKind::Int(value) => format!("int {value}"),
        ExprKind::Number(value) => format!("number {value}"),
        ExprKind::Duration(milliseconds) => format!("{milliseconds}ms"),
        ExprKind::Percent(value) => format!("{value}%"),
        ExprKind::Bytes(value) => format!("{value}B"),
        ExprKind::Time(value) => format!("time {value}"),
        ExprKind::Date(value) => format!("date {value}"),
        ExprKind::DateTime(value) => format!("datetime {value}"),
        ExprKind::Digest(hex) => format!("digest {hex}"),
        ExprKind::String(all) => format!("\"{}\"", parts(all)),
        ExprKind::Command(words) => {
            format!("`{}`", words.iter().map(|word| format!("‹{}›", parts(&word.parts))).collect::<Vec<_>>().join(" "))
        }
        ExprKind::Script(script) => format!("script {} {:?}", script.interpreter.text, script.text),
        ExprKind::Reference(segments) => reference(segments),
        ExprKind::List(elements) => format!("[{}]", elements.iter().map(self::expr).collect::<Vec<_>>().join(", ")),
        ExprKind::Map(entries) => {
            let entries = entries.iter().map(|entry| format!("{} = {}", entry.key.text, self::expr(&entry.value)));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(", "))
        }
        ExprKind::Range(from, to) => format!("({} .. {})", self::expr(from), self::expr(to)),
        ExprKind::Binary(operator, left, right) => {
            format!("({} {} {})", self::expr(left), operator.sign(), self::expr(right))
        }
        ExprKind::Not(inner) => format!("(not {})", self::expr(inner)),
        ExprKind::Index(of, at) => format!("{}[{}]", self::expr(of), self::expr(at)),
        ExprKind::Member(of, segment) => {
            let sign = if segment.optional { "?." } else { "." };
            format!("{}{sign}{}", self::expr(of), segment.name.text)
        }
        ExprKind::Fallback(value, other) => format!("({} ?? {})", self::expr(value), self::expr(other)),
        ExprKind::Call { function, arguments } => {
            format!("{}({})", names(function, "."), arguments.iter().map(argument).collect::<Vec<_>>().join(", "))
        }
    }
}

fn argument(argument: &Argument) -> String {
    match &argument.name {
        Some(name) => format!("{}: {}", name.text, expr(&argument.value)),
        None => expr(&argument.value),
    }
}

fn reference(segments: &[Segment]) -> String {
    let mut text = String::new();
    for (index, segment) in segments.iter().enumerate() {
        if index > 0 {
            text.push_str(if segment.optional { "?." } else { "." });
        }
        text.push_str(&segment.name.text);
    }
    text
}

fn parts(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(text) => text.escape_debug().to_string(),
            Part::Interpolation(value) => format!("${{{}}}", expr(value)),
        })
        .collect()
}
