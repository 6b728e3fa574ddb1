//! What is to be written, before it is known what fits on a line.
//!
//! The idea is Wadler's ("A prettier printer", 2003), with two differences: what stood on several lines stays so, and a
//! comment is a part of the document that no line may swallow. How wide a piece is on one line is settled when it is
//! made, so that writing looks at every piece once.

use std::borrow::Cow;

/// A piece of a document, and how wide it is on one line; `None` where it takes several.
#[derive(Debug)]
pub(super) struct Doc<'a> {
    pub kind: DocKind<'a>,
    pub flat: Option<usize>,
}

#[derive(Debug)]
pub(super) enum DocKind<'a> {
    /// Text without line breaks.
    Text(Cow<'a, str>),
    /// Blanks that line up the `=` of neighbours; nothing on one line.
    Pad(usize),
    /// Quoted text that spans lines.
    Quoted(Quoted<'a>),
    Joined(Vec<Doc<'a>>),
    /// A comment between two pieces of one value, which goes on below it.
    Comment(Comment<'a>),
    Group(Group<'a>),
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Comment<'a> {
    /// From its `#`, without blanks at the end.
    pub text: &'a str,
    /// Whether it stands on a line of its own.
    pub alone: bool,
}

/// A block string or a script.
#[derive(Debug)]
pub(super) struct Quoted<'a> {
    /// The line on which it opens.
    pub first: Cow<'a, str>,
    /// The lines below, without their common margin.
    pub lines: Vec<&'a str>,
    /// Whether the lines are written as they are: there is nothing but blanks on them, which have no margin.
    pub verbatim: bool,
    /// What closes it on a line of its own; empty where the last line does.
    pub close: Cow<'a, str>,
}

/// Members between brackets, or the items of a file.
#[derive(Debug)]
pub(super) struct Group<'a> {
    pub brackets: Brackets,
    /// A comment behind the opening bracket.
    pub opening: Option<&'a str>,
    pub members: Vec<Member<'a>>,
    /// Comments below the last member.
    pub closing: Vec<Note<'a>>,
    /// Whether it must take several lines.
    pub broken: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Brackets {
    File,
    Block,
    Map,
    List,
    Arguments,
    Parentheses,
    /// Of one value: a place in a list, or a key.
    Index,
}

#[derive(Debug)]
pub(super) struct Member<'a> {
    /// Comments on the lines above.
    pub notes: Vec<Note<'a>>,
    /// Whether a blank line stands above it, below its notes.
    pub blank: bool,
    pub doc: Doc<'a>,
    /// A comment at the end of its last line.
    pub trailing: Option<&'a str>,
}

/// A comment on a line of its own.
#[derive(Debug)]
pub(super) struct Note<'a> {
    pub text: &'a str,
    /// Whether a blank line stands above it.
    pub blank: bool,
}

impl Member<'_> {
    /// Whether a blank line or a comment parts it from what stands above.
    pub fn is_apart(&self) -> bool {
        self.blank || !self.notes.is_empty()
    }

    /// The blank line, or its absence, between the member above and this one with its notes.
    pub fn first_blank(&mut self) -> &mut bool {
        match self.notes.first_mut() {
            Some(note) => &mut note.blank,
            None => &mut self.blank,
        }
    }
}

impl Brackets {
    pub fn open(self) -> &'static str {
        match self {
            Brackets::File => "",
            Brackets::Block | Brackets::Map => "{",
            Brackets::List | Brackets::Index => "[",
            Brackets::Arguments | Brackets::Parentheses => "(",
        }
    }

    pub fn close(self) -> &'static str {
        match self {
            Brackets::File => "",
            Brackets::Block | Brackets::Map => "}",
            Brackets::List | Brackets::Index => "]",
            Brackets::Arguments | Brackets::Parentheses => ")",
        }
    }

    /// What stands between a bracket and a member on the same line.
    pub fn gap(self) -> &'static str {
        match self {
            Brackets::Block | Brackets::Map => " ",
            _ => "",
        }
    }

    /// What ends a member that has a line of its own.
    pub fn separator(self) -> &'static str {
        match self {
            Brackets::Map | Brackets::List | Brackets::Arguments => ",",
            Brackets::File | Brackets::Block | Brackets::Parentheses | Brackets::Index => "",
        }
    }
}

impl<'a> Doc<'a> {
    pub fn text(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        let flat = Some(text.chars().count());
        Doc { kind: DocKind::Text(text), flat }
    }

    pub fn pad(width: usize) -> Self {
        Doc { kind: DocKind::Pad(width), flat: Some(0) }
    }

    pub fn comment(comment: Comment<'a>) -> Self {
        Doc { kind: DocKind::Comment(comment), flat: None }
    }

    pub fn quoted(quoted: Quoted<'a>) -> Self {
        Doc { kind: DocKind::Quoted(quoted), flat: None }
    }

    pub fn joined(pieces: Vec<Doc<'a>>) -> Self {
        let flat = pieces.iter().map(|piece| piece.flat).sum();
        Doc { kind: DocKind::Joined(pieces), flat }
    }

    pub fn group(group: Group<'a>) -> Self {
        let flat = group.flat();
        Doc { kind: DocKind::Group(group), flat }
    }
}

impl Group<'_> {
    fn flat(&self) -> Option<usize> {
        if self.broken || self.opening.is_some() || !self.closing.is_empty() {
            return None;
        }
        let brackets = self.brackets.open().len() + self.brackets.close().len();
        if self.members.is_empty() {
            return Some(brackets);
        }
        let commas = (self.members.len() - 1) * ", ".len();
        let members: Option<usize> = self
            .members
            .iter()
            .map(|member| member.doc.flat.filter(|_| member.notes.is_empty() && member.trailing.is_none()))
            .sum();
        Some(members? + commas + brackets + 2 * self.brackets.gap().len())
    }

    /// The one member that takes several lines of its own, so that the brackets need none besides. Parentheses never ask
    /// for any: whether they had some is not asked, so their member must not decide by how it fits.
    pub fn hugged(&self) -> Option<&Doc<'_>> {
        match self.members.as_slice() {
            [Member { notes, doc, trailing: None, .. }]
                if notes.is_empty()
                    && (doc.flat.is_none() || self.brackets == Brackets::Parentheses)
                    && !self.broken
                    && self.opening.is_none()
                    && self.closing.is_empty()
                    && !matches!(self.brackets, Brackets::File | Brackets::Block) =>
            {
                Some(doc)
            }
            _ => None,
        }
    }
}
