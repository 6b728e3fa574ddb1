//! Bodies and their items.

use super::align;
use super::doc::{Brackets, Doc, DocKind, Group};
use super::quoted::quoted;
use super::source::Source;
use super::value::{length, place};
use super::write::fits_at_the_top;
use crate::tree::{Block, Field, File, Function, Item, ItemKind, Name, Phase, Promote, TypeExpr, TypeKind, Wave};

impl<'a> Source<'a> {
    pub fn file(&mut self, file: &File) -> Doc<'a> {
        let mut doc = self.body(Brackets::File, 0, self.text.len(), &file.items);
        if let DocKind::Group(group) = &mut doc.kind {
            part_blocks(group, &file.items);
        }
        doc
    }

    fn body(&mut self, brackets: Brackets, open: usize, end: usize, items: &[Item]) -> Doc<'a> {
        let places = items.iter().map(|item| ((item.span.start as usize, item_end(item)), item));
        let mut doc = self.group(brackets, open, end, places, Source::item);
        if let DocKind::Group(group) = &mut doc.kind {
            keep_docs(group, items);
            // A file has no line of its own to stand on.
            group.broken |= brackets == Brackets::File;
        }
        let names = items.iter().map(|item| match &item.kind {
            ItemKind::Attribute(attribute) => Some(length(&attribute.name)),
            _ => None,
        });
        align::members(&mut doc, names);
        doc
    }

    fn item(&mut self, item: &Item) -> Doc<'a> {
        match &item.kind {
            ItemKind::Edition(edition) => {
                let year = edition.year.map(|year| year.to_string());
                Doc::text(format!("edition {}", year.unwrap_or_default()))
            }
            ItemKind::Import(import) => {
                let path = quoted(self.slice(import.path_span.start as usize, import.path_span.end as usize));
                let alias = import.alias.as_ref().map(|alias| format!(" as {}", alias.text));
                Doc::joined(vec![Doc::text("import "), path, Doc::text(alias.unwrap_or_default())])
            }
            ItemKind::Input(field) => self.field("input ", field),
            ItemKind::Field(field) => self.field("", field),
            ItemKind::Let(attribute) => {
                let head = Doc::text(format!("let {} = ", attribute.name.text));
                Doc::joined(vec![head, self.value(&attribute.value)])
            }
            ItemKind::Attribute(attribute) => {
                let name = Doc::text(attribute.name.text.clone());
                Doc::joined(vec![name, Doc::pad(0), Doc::text(" = "), self.value(&attribute.value)])
            }
            ItemKind::Promote(promote) => self.promotion(promote),
            ItemKind::Block(block) => self.block(block, item.span.end as usize),
            ItemKind::Each(each) => {
                let head = Doc::text(format!("each {} in ", each.name.text));
                let over = self.value(&each.over);
                self.headed(vec![head, over], each.head.end as usize, item.span.end as usize, &each.body)
            }
            ItemKind::When(when) => {
                let pieces = vec![Doc::text("when "), self.value(&when.condition)];
                self.headed(pieces, when.head.end as usize, item.span.end as usize, &when.body)
            }
            ItemKind::Function(function) => self.function(function),
        }
    }

    fn field(&mut self, word: &str, field: &Field) -> Doc<'a> {
        let mut pieces = vec![Doc::text(format!("{word}{}: ", field.name.text)), self.type_expression(&field.ty)];
        if let Some(default) = &field.default {
            pieces.push(Doc::text(" = "));
            pieces.push(self.value(default));
        }
        Doc::joined(pieces)
    }

    /// A body behind a head that holds a value.
    fn headed(&mut self, mut pieces: Vec<Doc<'a>>, head_end: usize, end: usize, body: &[Item]) -> Doc<'a> {
        let open = self.code_behind(head_end, end);
        pieces.push(Doc::text(" "));
        pieces.push(self.body(Brackets::Block, open, end, body));
        Doc::joined(pieces)
    }

    fn function(&mut self, function: &Function) -> Doc<'a> {
        let (open, end) = (function.brackets.start as usize, function.brackets.end as usize);
        let mut pieces = vec![Doc::text(format!("function {}", function.name.text))];
        pieces.push(self.fields(Brackets::Arguments, open, end, &function.parameters));
        if let Some(result) = &function.result {
            pieces.push(Doc::text(": "));
            pieces.push(self.type_expression(result));
        }
        pieces.push(Doc::text(" = "));
        pieces.push(self.value(&function.value));
        Doc::joined(pieces)
    }

    /// The fields of a record, or the parameters of a function.
    fn fields(&mut self, brackets: Brackets, open: usize, end: usize, fields: &[Field]) -> Doc<'a> {
        let places = fields.iter().map(|field| ((field.name.span.start as usize, field_end(field)), field));
        self.group(brackets, open, end, places, |source, field: &Field| source.field("", field))
    }

    fn type_expression(&mut self, ty: &TypeExpr) -> Doc<'a> {
        let phase = match ty.phase {
            None => "",
            Some(Phase::Const) => "const ",
            Some(Phase::Plan) => "plan ",
            Some(Phase::Run) => "run ",
        };
        let kind = match &ty.kind {
            TypeKind::Missing => Doc::text(""),
            TypeKind::Named { name, arguments } if arguments.is_empty() => Doc::text(name.text.clone()),
            TypeKind::Named { name, arguments } => {
                let mut pieces = vec![Doc::text(format!("{}<", name.text))];
                for (index, argument) in arguments.iter().enumerate() {
                    if index > 0 {
                        pieces.push(Doc::text(", "));
                    }
                    pieces.push(self.type_expression(argument));
                }
                pieces.push(Doc::text(">"));
                Doc::joined(pieces)
            }
            TypeKind::OneOf(alternatives) => {
                let alternatives: Vec<String> = alternatives.iter().map(|text| format!("\"{text}\"")).collect();
                Doc::text(alternatives.join(" | "))
            }
            TypeKind::Optional(inside) => Doc::joined(vec![self.type_expression(inside), Doc::text("?")]),
            TypeKind::Record(fields) => {
                self.fields(Brackets::Map, ty.span.start as usize, ty.span.end as usize, fields)
            }
        };
        Doc::joined(vec![Doc::text(phase), kind])
    }

    fn block(&mut self, block: &Block, end: usize) -> Doc<'a> {
        let mut head = joined_names(&block.kind, ".");
        for label in &block.labels {
            head.push(' ');
            head.push_str(&label.text);
        }
        head.push(' ');
        let open = self.code_behind(block.head.end as usize, end);
        Doc::joined(vec![Doc::text(head), self.body(Brackets::Block, open, end, &block.body)])
    }

    fn promotion(&mut self, promote: &Promote) -> Doc<'a> {
        let mut pieces = vec![Doc::text("promote "), self.value(&promote.artifact)];
        for (index, wave) in promote.waves.iter().enumerate() {
            pieces.push(Doc::text(if index == 0 { " through " } else { " -> " }));
            pieces.push(self.wave(wave));
        }
        Doc::joined(pieces)
    }

    fn wave(&mut self, wave: &Wave) -> Doc<'a> {
        let (start, end) = (wave.span.start as usize, wave.span.end as usize);
        if !self.is_at(start, b'[') {
            return Doc::text(self.slice(start, end));
        }
        let places = wave.environments.iter().map(|name| ((name.span.start as usize, name.span.end as usize), name));
        let doc = self.group(Brackets::List, start, end, places, |_, name: &Name| Doc::text(name.text.clone()));
        match doc.kind {
            // A path reads best on one line.
            DocKind::Group(group) => Doc::group(Group { broken: false, ..group }),
            _ => doc,
        }
    }
}

/// Where an item ends, or a place on the same line.
fn item_end(item: &Item) -> usize {
    match &item.kind {
        ItemKind::Edition(_) => item.span.start as usize + "edition".len(),
        ItemKind::Import(import) => import.alias.as_ref().map_or(import.path_span, |alias| alias.span).end as usize,
        ItemKind::Input(field) | ItemKind::Field(field) => field_end(field),
        ItemKind::Let(attribute) | ItemKind::Attribute(attribute) => place(&attribute.value).1,
        ItemKind::Promote(promote) => promote.waves.last().map_or(promote.artifact.span, |wave| wave.span).end as usize,
        ItemKind::Function(function) => place(&function.value).1,
        ItemKind::Block(_) | ItemKind::Each(_) | ItemKind::When(_) => item.span.end as usize,
    }
}

fn field_end(field: &Field) -> usize {
    field.default.as_ref().map_or(field.ty.span, |default| default.span).end as usize
}

/// Comments that document an item stand directly above it, and no others may come to stand there: those in front of a
/// comma, for example, which is not written.
fn keep_docs(group: &mut Group<'_>, items: &[Item]) {
    for (member, item) in group.members.iter_mut().zip(items) {
        let lines = item.docs.as_ref().map_or(0, |docs| docs.split('\n').count());
        if member.notes.len() <= lines {
            continue;
        }
        let at = member.notes.len() - lines;
        match member.notes.get_mut(at) {
            Some(note) => note.blank = true,
            None => member.blank = true,
        }
    }
}

/// A blank line between what takes several lines at the top of a file and its neighbours.
fn part_blocks(group: &mut Group<'_>, items: &[Item]) {
    let mut above_is_long = false;
    for (index, (member, item)) in group.members.iter_mut().zip(items).enumerate() {
        let is_long = matches!(item.kind, ItemKind::Block(_) | ItemKind::Function(_)) && !fits_at_the_top(&member.doc);
        let is_parted = member.blank || member.notes.iter().any(|note| note.blank);
        if index > 0 && (is_long || above_is_long) && !is_parted {
            *member.first_blank() = true;
        }
        above_is_long = is_long;
    }
}

fn joined_names(names: &[Name], sign: &str) -> String {
    names.iter().map(|name| name.text.as_str()).collect::<Vec<_>>().join(sign)
}
