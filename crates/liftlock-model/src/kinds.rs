//! The signatures of the built-in kinds, read from `stdlib/kinds.release`.

use std::sync::OnceLock;

use indexmap::IndexMap;
use liftlock_diagnostics::SourceId;
use liftlock_syntax::{self as syntax, ItemKind, TypeExpr, TypeKind};

use crate::Map;
use crate::expr::{Expr, ExprKind};
use crate::types::{Phase, RecordField, Type};

const TEXT: &str = include_str!("../../../stdlib/kinds.release");

/// The source that spans of the signatures are in; it is never shown.
const SOURCE: SourceId = SourceId(u32::MAX);

/// What may stand in a block of one kind.
#[derive(Debug)]
pub struct Kind {
    pub name: String,
    pub attributes: Map<String, AttributeSignature>,
}

#[derive(Debug)]
pub struct AttributeSignature {
    pub ty: Type,
    /// The latest phase in which its value may become known.
    pub phase: Phase,
    /// `None` where the attribute must be given.
    pub default: Option<Expr>,
}

impl Kind {
    /// Every built-in kind.
    pub fn names() -> impl Iterator<Item = &'static str> {
        declared().iter().map(|declared| declared.name)
    }

    /// The signature of a built-in kind.
    pub fn built_in(name: &str) -> Option<&'static Kind> {
        let declared = declared().iter().find(|declared| declared.name == name)?;
        declared.kind.get_or_init(|| read(declared.text)).as_ref()
    }
}

/// The declaration of one kind.
struct Declared {
    name: &'static str,
    text: &'static str,
    /// Read when it is first asked for: a release uses few of the kinds, and reading all takes longer than reading itself.
    kind: OnceLock<Option<Kind>>,
}

fn declared() -> &'static [Declared] {
    static DECLARED: OnceLock<Vec<Declared>> = OnceLock::new();
    DECLARED.get_or_init(|| {
        let texts = TEXT.split("\nkind ").skip(1);
        let name = |text: &'static str| text.split(' ').next().unwrap_or(text);
        texts.map(|text| Declared { name: name(text), text, kind: OnceLock::new() }).collect()
    })
}

fn read(text: &str) -> Option<Kind> {
    let (file, _) = syntax::parse(SOURCE, &format!("kind {text}"));
    let ItemKind::Block(block) = &file.items.first()?.kind else { return None };
    let name = block.labels.first()?.text.clone();
    let attributes = block
        .body
        .iter()
        .filter_map(|item| match &item.kind {
            ItemKind::Field(field) => Some((field.name.text.clone(), signature(field))),
            _ => None,
        })
        .collect();
    Some(Kind { name, attributes })
}

fn signature(field: &syntax::Field) -> AttributeSignature {
    let ty = read_type(&field.ty, &mut literal).unwrap_or(Type::Error);
    let phase = match field.ty.phase {
        Some(syntax::Phase::Const) => Phase::Const,
        Some(syntax::Phase::Plan) => Phase::Plan,
        Some(syntax::Phase::Run) | None => Phase::Run,
    };
    let default = match (&field.default, &ty) {
        (Some(default), ty) => Some(literal(default, ty)),
        (None, Type::Optional(_)) => Some(Expr::new(ExprKind::None, ty.clone(), Phase::Const, field.ty.span)),
        (None, _) => None,
    };
    AttributeSignature { ty, phase, default }
}

/// A type as it is written; the name that is not known where there is one. `default` makes the defaults of the fields of
/// records.
pub fn read_type(
    written: &TypeExpr,
    default: &mut dyn FnMut(&syntax::Expr, &Type) -> Expr,
) -> Result<Type, syntax::Name> {
    let (name, arguments) = match &written.kind {
        TypeKind::Missing => return Ok(Type::Error),
        TypeKind::Optional(inner) => return Ok(Type::Optional(Box::new(read_type(inner, default)?))),
        TypeKind::OneOf(texts) => return Ok(Type::OneOf(texts.clone())),
        TypeKind::Record(fields) => {
            let fields = fields.iter().map(|field| {
                let ty = read_type(&field.ty, default)?;
                let default = match (&field.default, &ty) {
                    (Some(written), ty) => Some(default(written, ty)),
                    (None, Type::Optional(_)) => {
                        Some(Expr::new(ExprKind::None, ty.clone(), Phase::Const, field.ty.span))
                    }
                    (None, _) => None,
                };
                Ok(RecordField { name: field.name.text.clone(), ty, default })
            });
            return Ok(Type::Record(fields.collect::<Result<_, _>>()?));
        }
        TypeKind::Named { name, arguments } => (name, arguments),
    };
    let argument = |default: &mut dyn FnMut(&syntax::Expr, &Type) -> Expr| {
        arguments.first().map_or(Ok(Type::String), |argument| read_type(argument, default)).map(Box::new)
    };
    Ok(match name.text.as_str() {
        "list" => Type::List(argument(default)?),
        "map" => Type::Map(argument(default)?),
        "range" => match arguments.first().map(|argument| &argument.kind) {
            Some(TypeKind::Named { name, .. }) if name.text == "day" => Type::Days,
            _ => match *argument(default)? {
                Type::Time => Type::Hours,
                item if item.is_ordered() => Type::Range(Box::new(item)),
                _ => return Err(name.clone()),
            },
        },
        text => match NAMED.iter().find(|(known, _)| *known == text) {
            Some((_, ty)) if arguments.is_empty() => ty.clone(),
            _ => return Err(name.clone()),
        },
    })
}

/// The types that have a name and no argument.
pub const NAMED: &[(&str, Type)] = &[
    ("bool", Type::Bool),
    ("int", Type::Int),
    ("number", Type::Number),
    ("string", Type::String),
    ("duration", Type::Duration),
    ("percent", Type::Percent),
    ("bytes", Type::Bytes),
    ("time", Type::Time),
    ("date", Type::Date),
    ("datetime", Type::DateTime),
    ("semver", Type::Semver),
    ("digest", Type::Digest),
    ("url", Type::Url),
    ("path", Type::Path),
    ("host", Type::Host),
    ("zone", Type::Zone),
    ("secret", Type::Secret),
    ("variable", Type::Variable),
    ("command", Type::Command),
    ("window", Type::Window),
    ("freeze", Type::Freeze),
    ("environment", Type::Environment),
    ("group", Type::Group),
    ("calendar", Type::Calendar),
    ("artifact", Type::Artifact),
];

/// The types that a setting or an input may have.
pub fn is_data(ty: &Type) -> bool {
    match ty {
        Type::Variable
        | Type::Command
        | Type::Window
        | Type::Freeze
        | Type::Environment
        | Type::Group
        | Type::Calendar
        | Type::Artifact => false,
        Type::List(inner) | Type::Map(inner) | Type::Optional(inner) => is_data(inner),
        Type::Record(fields) => fields.iter().all(|field| is_data(&field.ty)),
        _ => true,
    }
}

/// A default of a signature: a literal.
fn literal(written: &syntax::Expr, ty: &Type) -> Expr {
    let kind = match &written.kind {
        syntax::ExprKind::Bool(value) => ExprKind::Bool(*value),
        syntax::ExprKind::Int(value) => ExprKind::Int(*value),
        syntax::ExprKind::Number(value) => ExprKind::Number(*value),
        syntax::ExprKind::Duration(value) => ExprKind::Duration(*value),
        syntax::ExprKind::List(_) => ExprKind::List(Vec::new()),
        syntax::ExprKind::Map(_) => ExprKind::Map(IndexMap::new()),
        syntax::ExprKind::String(parts) => ExprKind::Text(
            parts
                .iter()
                .filter_map(|part| match part {
                    syntax::Part::Text(text) => Some(crate::expr::Part::Literal(text.clone())),
                    syntax::Part::Interpolation(_) => None,
                })
                .collect(),
        ),
        _ => ExprKind::Error,
    };
    Expr::new(kind, ty.clone(), Phase::Const, written.span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_signature_is_understood() {
        let (file, findings) = syntax::parse(SOURCE, TEXT);
        assert_eq!(findings, []);
        assert_eq!(file.items.len(), declared().len() + 1, "the edition, and the kinds");
        for declared in declared() {
            let kind = Kind::built_in(declared.name).expect("it is declared");
            assert_eq!(kind.name, declared.name);
            assert!(!kind.attributes.is_empty(), "{}", kind.name);
            for (name, signature) in &kind.attributes {
                assert_ne!(signature.ty, Type::Error, "{}.{name}", kind.name);
                let understood = signature.default.as_ref().is_none_or(|default| !default.is_error());
                assert!(understood, "{}.{name}", kind.name);
            }
        }
    }
}
