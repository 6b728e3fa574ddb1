//! Writing a document: what fits on a line stays on it.

use super::doc::{Brackets, Doc, DocKind, Group, Quoted};

/// The columns that a line may have.
const WIDTH: usize = 100;

const INDENT: usize = 2;

pub(super) fn write(doc: &Doc<'_>, capacity: usize) -> String {
    let mut writer = Writer { text: String::with_capacity(capacity), column: 0 };
    writer.doc(doc, 0, 0);
    if !writer.text.is_empty() {
        writer.text.push('\n');
    }
    writer.text
}

/// Whether a piece at the beginning of a line at the top of a file takes one line.
pub(super) fn fits_at_the_top(doc: &Doc<'_>) -> bool {
    doc.flat.is_some_and(|flat| flat <= WIDTH)
}

struct Writer {
    text: String,
    /// How many characters the last line has.
    column: usize,
}

impl Writer {
    /// Writes a piece of which lines begin at `indent`; `reserve` columns are wanted behind it.
    fn doc(&mut self, doc: &Doc<'_>, indent: usize, reserve: usize) {
        match &doc.kind {
            DocKind::Text(text) => self.push(text),
            DocKind::Pad(width) => self.blanks(*width),
            DocKind::Quoted(quoted) => self.quoted(quoted, indent),
            DocKind::Comment(comment) => {
                if comment.alone {
                    self.line(indent + INDENT);
                } else {
                    self.push(" ");
                }
                self.push(comment.text);
            }
            DocKind::Joined(pieces) => self.joined(pieces, indent, reserve),
            DocKind::Group(group) => match group.hugged() {
                _ if doc.flat.is_some_and(|flat| self.column + flat + reserve <= WIDTH) => self.flat(doc),
                Some(member) => self.hugged(group, member, indent, reserve),
                None => self.broken(group, indent),
            },
        }
    }

    fn joined(&mut self, pieces: &[Doc<'_>], mut indent: usize, reserve: usize) {
        let mut behind = vec![reserve; pieces.len()];
        for (index, next) in pieces.iter().enumerate().skip(1).rev() {
            behind[index - 1] = match &next.kind {
                DocKind::Text(_) => next.flat.unwrap_or(0) + behind[index],
                DocKind::Pad(width) => width + behind[index],
                DocKind::Comment(_) => 0,
                // Its bracket; what is inside may go to the next line.
                DocKind::Quoted(_) | DocKind::Joined(_) | DocKind::Group(_) => 1,
            };
        }
        for (index, piece) in pieces.iter().enumerate() {
            self.doc(piece, indent, behind[index]);
            let is_comment = |piece: &Doc<'_>| matches!(piece.kind, DocKind::Comment(_));
            if is_comment(piece) && pieces.get(index + 1).is_some_and(|next| !is_comment(next)) {
                indent += INDENT;
                self.line(indent);
            }
        }
    }

    fn flat(&mut self, doc: &Doc<'_>) {
        match &doc.kind {
            DocKind::Text(text) => self.push(text),
            DocKind::Joined(pieces) => pieces.iter().for_each(|piece| self.flat(piece)),
            DocKind::Group(group) => {
                let gap = if group.members.is_empty() { "" } else { group.brackets.gap() };
                self.push(group.brackets.open());
                self.push(gap);
                for (index, member) in group.members.iter().enumerate() {
                    if index > 0 {
                        self.push(", ");
                    }
                    self.flat(&member.doc);
                }
                self.push(gap);
                self.push(group.brackets.close());
            }
            // Nothing on one line; the others are never flat.
            DocKind::Pad(_) | DocKind::Quoted(_) | DocKind::Comment(_) => {}
        }
    }

    fn hugged(&mut self, group: &Group<'_>, member: &Doc<'_>, indent: usize, reserve: usize) {
        let (gap, close) = (group.brackets.gap(), group.brackets.close());
        self.push(group.brackets.open());
        self.push(gap);
        self.doc(member, indent, gap.len() + close.len() + reserve);
        self.push(gap);
        self.push(close);
    }

    fn broken(&mut self, group: &Group<'_>, indent: usize) {
        let is_file = group.brackets == Brackets::File;
        let inside = if is_file { indent } else { indent + INDENT };
        self.push(group.brackets.open());
        if let Some(comment) = group.opening {
            self.push(" ");
            self.push(comment);
        }
        let mut is_first = true;
        let mut begin = |writer: &mut Writer, blank: bool| {
            let (first, top) = (is_first, writer.text.is_empty());
            is_first = false;
            if blank && !first {
                writer.text.push('\n');
            }
            if !top {
                writer.line(inside);
            }
        };
        for member in &group.members {
            for note in &member.notes {
                begin(self, note.blank);
                self.push(note.text);
            }
            begin(self, member.blank);
            let separator = group.brackets.separator();
            self.doc(&member.doc, inside, separator.len());
            self.push(separator);
            if let Some(comment) = member.trailing {
                self.push(" ");
                self.push(comment);
            }
        }
        for note in &group.closing {
            begin(self, note.blank);
            self.push(note.text);
        }
        if !is_file {
            self.line(indent);
            self.push(group.brackets.close());
        }
    }

    fn quoted(&mut self, quoted: &Quoted<'_>, indent: usize) {
        self.push(&quoted.first);
        for line in &quoted.lines {
            let margin = if line.is_empty() || quoted.verbatim { 0 } else { indent + INDENT };
            self.line(margin);
            self.push(line);
        }
        if !quoted.close.is_empty() {
            self.line(indent);
            self.push(&quoted.close);
        }
    }

    fn push(&mut self, text: &str) {
        self.text.push_str(text);
        self.column += text.chars().count();
    }

    fn line(&mut self, indent: usize) {
        self.text.push('\n');
        self.column = 0;
        self.blanks(indent);
    }

    fn blanks(&mut self, count: usize) {
        self.text.extend(std::iter::repeat_n(' ', count));
        self.column += count;
    }
}
