//! Values: what each is written as.

use super::align;
use super::doc::{Brackets, Comment, Doc, Group, Member};
use super::quoted::quoted;
use super::source::Source;
use crate::tree::{Argument, Entry, Expr, ExprKind, Name};

impl<'a> Source<'a> {
    /// A value, with the parentheses around it.
    pub fn value(&mut self, expr: &Expr) -> Doc<'a> {
        let (start, end) = (expr.span.start as usize, expr.span.end as usize);
        if self.is_parenthesised(expr) { self.parentheses(expr, start, end) } else { self.bare(expr, start, end) }
    }

    fn is_parenthesised(&self, expr: &Expr) -> bool {
        self.is_at(expr.span.start as usize, b'(') && leftmost(expr) != Some(expr.span.start as usize)
    }

    /// The tree keeps only the outermost parentheses of a value; more say nothing, and one pair is written.
    fn parentheses(&mut self, expr: &Expr, start: usize, end: usize) -> Doc<'a> {
        let (mut from, mut to) = (start, end);
        loop {
            from = self.code_behind(from + 1, to - 1);
            to = self.code_in_front(to - 1, from);
            if !self.is_at(from, b'(') || leftmost(expr) == Some(from) || to <= from {
                break;
            }
        }
        let above = self.gap(start + 1, from);
        let doc = self.bare(expr, from, to);
        let below = self.gap(to, end - 1);
        let broken = !above.notes.is_empty() || !below.notes.is_empty() || below.trailing.is_some();
        let member = Member { notes: above.notes, blank: false, doc, trailing: below.trailing };
        Doc::group(Group {
            brackets: Brackets::Parentheses,
            opening: above.trailing,
            members: vec![member],
            closing: below.notes,
            broken,
        })
    }

    /// A value that stands at `start..end`, without parentheses around it.
    fn bare(&mut self, expr: &Expr, start: usize, end: usize) -> Doc<'a> {
        match &expr.kind {
            ExprKind::String(_) | ExprKind::Script(_) => quoted(self.slice(start, end)),
            ExprKind::List(elements) => {
                let places = elements.iter().map(|element| (place(element), element));
                self.group(Brackets::List, start, end, places, Source::value)
            }
            ExprKind::Map(entries) => {
                let places = entries.iter().map(|entry| ((name_start(&entry.key), place(&entry.value).1), entry));
                let mut doc = self.group(Brackets::Map, start, end, places, Source::entry);
                align::members(&mut doc, entries.iter().map(|entry| Some(length(&entry.key))));
                doc
            }
            ExprKind::Call { function, arguments } => {
                let open = function.last().map_or(start, |name| name.span.end as usize);
                let places = arguments.iter().map(|argument| {
                    let (from, to) = place(&argument.value);
                    ((argument.name.as_ref().map_or(from, name_start), to), argument)
                });
                let name = Doc::text(self.slice(start, open));
                let arguments = self.group(Brackets::Arguments, open, end, places, Source::argument);
                Doc::joined(vec![name, arguments])
            }
            ExprKind::Fallback(..) | ExprKind::Range(..) | ExprKind::Binary(..) => self.chain(expr),
            ExprKind::Not(inner) => Doc::joined(vec![Doc::text("not "), self.value(inner)]),
            ExprKind::Index(of, at) => {
                let (_, open) = place(of);
                let open = self.code_behind(open, end);
                let at = std::iter::once((place(at), &**at));
                let of = self.value(of);
                let at = self.group(Brackets::Index, open, end, at, Source::value);
                Doc::joined(vec![of, at])
            }
            ExprKind::Member(of, segment) => {
                let sign = if segment.optional { "?." } else { "." };
                Doc::joined(vec![self.value(of), Doc::text(format!("{sign}{}", segment.name.text))])
            }
            _ => Doc::text(self.slice(start, end)),
        }
    }

    /// `a ?? b ?? c` or `a + b`, which leans to the left in the tree.
    fn chain(&mut self, expr: &Expr) -> Doc<'a> {
        let mut links = Vec::new();
        let mut first = expr;
        loop {
            first = match &first.kind {
                // Parentheses on the left begin a value of their own.
                _ if !std::ptr::eq(first, expr) && self.is_parenthesised(first) => break,
                ExprKind::Fallback(left, right) => {
                    links.push((" ??".to_owned(), " ", place(left).1, right));
                    left
                }
                ExprKind::Range(left, right) => {
                    links.push(("..".to_owned(), "", place(left).1, right));
                    left
                }
                ExprKind::Binary(operator, left, right) => {
                    links.push((format!(" {}", operator.sign()), " ", place(left).1, right));
                    left
                }
                _ => break,
            };
        }
        let mut pieces = vec![self.value(first)];
        for (sign, gap, end, right) in links.into_iter().rev() {
            let comments = self.comments(end, place(right).0);
            pieces.push(Doc::text(sign));
            if comments.is_empty() && !gap.is_empty() {
                pieces.push(Doc::text(gap));
            }
            pieces.extend(comments.into_iter().map(Doc::comment));
            pieces.push(self.value(right));
        }
        Doc::joined(pieces)
    }

    fn entry(&mut self, entry: &Entry) -> Doc<'a> {
        let key = quoted(self.slice(entry.key.span.start as usize, entry.key.span.end as usize));
        let comments = self.comments(entry.key.span.end as usize, place(&entry.value).0);
        let mut pieces = vec![key, Doc::pad(0), Doc::text(" =")];
        self.push_value(&mut pieces, comments, &entry.value);
        Doc::joined(pieces)
    }

    fn argument(&mut self, argument: &Argument) -> Doc<'a> {
        let Some(name) = &argument.name else { return self.value(&argument.value) };
        let comments = self.comments(name.span.end as usize, place(&argument.value).0);
        let mut pieces = vec![Doc::text(format!("{}:", name.text))];
        self.push_value(&mut pieces, comments, &argument.value);
        Doc::joined(pieces)
    }

    fn push_value(&mut self, pieces: &mut Vec<Doc<'a>>, comments: Vec<Comment<'a>>, value: &Expr) {
        if comments.is_empty() {
            pieces.push(Doc::text(" "));
        }
        pieces.extend(comments.into_iter().map(Doc::comment));
        pieces.push(self.value(value));
    }

    /// Members between the brackets at `open` and in front of `end`.
    pub fn group<'t, T: 't>(
        &mut self,
        brackets: Brackets,
        open: usize,
        end: usize,
        members: impl Iterator<Item = ((usize, usize), &'t T)>,
        mut doc: impl FnMut(&mut Self, &'t T) -> Doc<'a>,
    ) -> Doc<'a> {
        let mut group = Group { brackets, opening: None, members: Vec::new(), closing: Vec::new(), broken: false };
        let mut above = open + brackets.open().len();
        let mut is_wrapped = false;
        for ((start, stop), member) in members {
            is_wrapped |= !self.is_on_one_line(above, start);
            let gap = self.gap(above, start);
            match group.members.last_mut() {
                Some(Member { trailing, .. }) => *trailing = gap.trailing,
                None => group.opening = gap.trailing,
            }
            let doc = doc(self, member);
            group.members.push(Member { notes: gap.notes, blank: gap.blank, doc, trailing: None });
            above = stop;
        }
        let close = end - brackets.close().len();
        let gap = self.gap(above, close);
        match group.members.last_mut() {
            Some(member) => {
                member.trailing = gap.trailing;
                group.broken = is_wrapped || !self.is_on_one_line(above, close);
            }
            None => group.opening = gap.trailing,
        }
        group.closing = gap.notes;
        Doc::group(group)
    }
}

/// Where a value begins and ends, with its parentheses.
pub(super) fn place(expr: &Expr) -> (usize, usize) {
    (expr.span.start as usize, expr.span.end as usize)
}

fn name_start(name: &Name) -> usize {
    name.span.start as usize
}

/// How wide a name is as it is written, in bytes: quotes and escapes included.
pub(super) fn length(name: &Name) -> usize {
    (name.span.end - name.span.start) as usize
}

/// Where the left one of two joined values begins.
fn leftmost(expr: &Expr) -> Option<usize> {
    match &expr.kind {
        ExprKind::Fallback(left, _)
        | ExprKind::Range(left, _)
        | ExprKind::Binary(_, left, _)
        | ExprKind::Index(left, _)
        | ExprKind::Member(left, _) => Some(place(left).0),
        _ => None,
    }
}
