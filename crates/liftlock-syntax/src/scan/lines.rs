//! Line breaks: where one ends an item, where it is white space, and where a new declaration shows that a block was left
//! open.

use super::brackets::Report;
use super::{Bracket, Quote, RESUME, Scanner};

/// The declarations that stand at the top of a file and nowhere else. At the start of a line one of them ends every
/// block that is still open.
pub const DECLARATIONS: &[&str] = &[
    "environment",
    "artifact",
    "pipeline",
    "group",
    "calendar",
    "function",
    "procedure",
    "settings",
    "import",
    "edition",
    "input",
];

impl Scanner<'_> {
    pub(super) fn line_break(&mut self) {
        let next = self.at + 1;
        self.indent = self.indentation(next);
        if self.stack.is_empty() {
            self.last = b'\n';
            self.at = next;
            return;
        }
        if self.is_declaration(next) {
            self.close_everything(self.at);
            self.masked[next] = RESUME;
            self.last = b'\n';
            self.at = next + 1;
            return;
        }
        // An item that ends in an unfinished type ends all the same.
        while self.top() == Some(Bracket::Angle) {
            self.stack.pop();
        }
        match self.top() {
            None => self.end_of_item(next),
            Some(Bracket::Block) => {
                if self.distrustful {
                    self.close_by_indentation(next);
                }
                self.end_of_item(next);
            }
            Some(Bracket::Interpolation(_)) => self.end_of_quoted_line(),
            Some(_) if self.is_inside_interpolation() => self.end_of_quoted_line(),
            Some(bracket) if self.is_item(next, bracket) || self.is_outer_brace(next) || self.is_neighbour(next) => {
                self.leave_brackets(Report::Aloud);
                self.end_of_item(next);
            }
            Some(_) => self.blank(self.at, next),
        }
    }

    fn end_of_item(&mut self, next: usize) {
        if self.beyond == 0 {
            self.last = b'\n';
        }
        self.at = next;
    }

    pub(super) fn is_inside_interpolation(&self) -> bool {
        let innermost = self
            .stack
            .iter()
            .rev()
            .find(|opening| matches!(opening.bracket, Bracket::Block | Bracket::Interpolation(_)));
        innermost.is_some_and(|opening| opening.bracket != Bracket::Block)
    }

    /// Leaves the brackets of the item that ends here, down to the block around it.
    pub(super) fn leave_brackets(&mut self, report: Report) {
        let block = self.stack.iter().rposition(|opening| opening.bracket == Bracket::Block);
        self.close_down_to(block.map_or(0, |index| index + 1), self.at, report);
    }

    /// Neither quoted text on one line nor an interpolation goes on behind a line break, whatever is open inside.
    /// A block string does, as text.
    pub(super) fn end_of_quoted_line(&mut self) {
        while self.is_inside_interpolation() {
            let index = self
                .stack
                .iter()
                .rposition(|opening| matches!(opening.bracket, Bracket::Interpolation(_)))
                .expect("an interpolation is open");
            let opening = self.stack[index];
            self.close_down_to(index, self.at, Report::Aloud);
            if opening.bracket == Bracket::Interpolation(Quote::BlockString) {
                self.quoted(Quote::BlockString, opening.quote_at);
                return;
            }
        }
        self.leave_brackets(Report::Quietly);
        self.end_of_item(self.at + 1);
    }

    pub(super) fn indentation(&self, line: usize) -> usize {
        self.masked[line..].iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count()
    }

    /// Whether a top-level declaration begins at `line`, which is the start of a line.
    pub(super) fn is_declaration(&self, line: usize) -> bool {
        let rest = &self.masked[line..];
        if !rest.first().is_some_and(u8::is_ascii_lowercase) {
            return false;
        }
        let Some(word) = DECLARATIONS.iter().find(|word| rest.starts_with(word.as_bytes())) else { return false };
        let rest = &rest[word.len()..];
        let gap = blanks(rest);
        let rest = &rest[gap..];
        match *word {
            "settings" => rest.starts_with(b"{"),
            _ if gap == 0 => false,
            "import" => rest.starts_with(b"\""),
            "edition" => rest.first().is_some_and(u8::is_ascii_digit),
            "input" => rest[name_length(rest)..].starts_with(b":"),
            "function" | "procedure" => name_length(rest) > 0,
            _ => {
                let name = name_length(rest);
                let rest = &rest[name..];
                name > 0 && rest[blanks(rest)..].starts_with(b"{")
            }
        }
    }

    /// Whether the line begins with a word and is indented no further than the item whose brackets are open: what stands in
    /// brackets is indented further by everybody who indents at all.
    fn is_neighbour(&self, line: usize) -> bool {
        let first = self.masked.get(line + self.indent);
        let block = self.stack.iter().rposition(|opening| opening.bracket == Bracket::Block);
        let item = self.stack.get(block.map_or(0, |index| index + 1));
        self.distrustful
            && first.is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_')
            && item.is_some_and(|opening| self.indent <= opening.indent)
    }

    /// Whether the line at `line` looks like an item of a body, which cannot be inside `bracket`.
    fn is_item(&self, line: usize, bracket: Bracket) -> bool {
        let mut rest = &self.masked[line..];
        rest = &rest[blanks(rest)..];
        if rest.starts_with(b"promote artifact.") {
            return true;
        }
        let mut names = 0;
        loop {
            let name = name_length(rest);
            rest = &rest[name..];
            if name == 0 {
                break;
            }
            names += 1;
            rest = &rest[blanks(rest)..];
        }
        match rest.first() {
            // An entry of a map has one name, `let name = …` has two.
            // `==` compares, and begins nothing.
            Some(b'=') => rest.get(1) != Some(&b'=') && names > usize::from(bracket == Bracket::Map),
            Some(b'{') => names > 0,
            _ => false,
        }
    }

    /// Whether the line begins with a brace that the indentation shows to belong to a block further out.
    fn is_outer_brace(&self, line: usize) -> bool {
        self.distrustful
            && self.masked.get(line + self.indent) == Some(&b'}')
            && self.stack.last().is_some_and(|opening| self.indent < opening.indent)
    }

    /// Closes the blocks that a line which is indented no further than they are shows to be over. The brace that is
    /// missing takes the place of the white space in front of the line.
    fn close_by_indentation(&mut self, next: usize) {
        let first = self.masked.get(next + self.indent).copied();
        if matches!(first, None | Some(b'\n' | b'\r' | b'#')) {
            return;
        }
        let room = next - 1..next + self.indent;
        for place in room {
            let Some(opening) = self.stack.last() else { return };
            let over = match first {
                Some(b'}') => self.indent < opening.indent,
                _ => self.indent <= opening.indent,
            };
            if opening.bracket != Bracket::Block || !over {
                return;
            }
            self.close_down_to(self.stack.len() - 1, self.at, Report::Aloud);
            self.masked[place] = b'}';
        }
    }
}

fn blanks(text: &[u8]) -> usize {
    text.iter().take_while(|&&byte| byte == b' ' || byte == b'\t').count()
}

fn name_length(text: &[u8]) -> usize {
    if !text.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
        return 0;
    }
    text.iter().take_while(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')).count()
}
