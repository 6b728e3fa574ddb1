//! What a program prints, in whole lines.

use crate::plain::printed;

/// After how many bytes a line is cut. The whole of it is in the log.
const LONGEST: usize = 4096;

/// The line that a program has begun and not ended.
#[derive(Debug, Default)]
pub(super) struct OpenLine {
    bytes: Vec<u8>,
    is_cut: bool,
}

impl OpenLine {
    /// Takes a block and hands every line that it ends to `each`.
    pub fn push(&mut self, block: &[u8], mut each: impl FnMut(&str)) {
        for piece in block.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                None => self.extend(piece),
                Some(end) => match simple(end).filter(|_| self.bytes.is_empty()) {
                    Some(line) => each(line),
                    None => {
                        self.extend(end);
                        each(&self.take());
                    }
                },
            }
        }
    }

    /// The line as far as it has come, where there is any.
    pub fn flush(&mut self) -> Option<String> {
        (!self.bytes.is_empty()).then(|| self.take())
    }

    /// The line as far as it has come, without ending it.
    pub fn so_far(&self) -> Option<String> {
        (!self.bytes.is_empty()).then(|| printed(&self.bytes))
    }

    fn extend(&mut self, piece: &[u8]) {
        if piece.is_empty() {
            return;
        }
        // A carriage return before anything but the line's end begins the line anew, as progress bars do.
        let overwritten = self.bytes.last() == Some(&b'\r');
        let inner = &piece[..piece.len() - 1];
        let piece = match inner.iter().rposition(|byte| *byte == b'\r') {
            None if !overwritten || piece == b"\r" => piece,
            None => {
                self.clear();
                piece
            }
            Some(at) => {
                self.clear();
                &piece[at + 1..]
            }
        };
        let room = LONGEST.saturating_sub(self.bytes.len());
        self.is_cut |= piece.len() > room;
        self.bytes.extend_from_slice(&piece[..piece.len().min(room)]);
    }

    fn take(&mut self) -> String {
        let mut line = printed(&self.bytes);
        if self.is_cut {
            // A character that was cut in half reads as damaged, which the program's output was not.
            line.truncate(line.trim_end_matches(char::REPLACEMENT_CHARACTER).len());
            line.push_str(" [cut]");
        }
        self.clear();
        line
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.is_cut = false;
    }
}

/// A whole line in which nothing has to be changed, as are nearly all lines of a flood.
fn simple(line: &[u8]) -> Option<&str> {
    let is_shown = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t');
    if line.len() > LONGEST || !line.iter().all(is_shown) {
        return None;
    }
    std::str::from_utf8(line).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(blocks: &[&[u8]]) -> Vec<String> {
        let (mut open, mut lines) = (OpenLine::default(), Vec::new());
        blocks.iter().for_each(|block| open.push(block, |line| lines.push(line.to_owned())));
        lines.extend(open.flush());
        lines
    }

    #[test]
    fn lines_are_whole_however_they_come() {
        assert_eq!(lines(&[b"on", b"e\ntwo\n\nthr", b"ee"]), ["one", "two", "", "three"]);
    }

    #[test]
    fn a_line_that_needs_nothing_comes_as_any_other() {
        for line in ["plain words", "\ttab", "", "  ", "ä", "\u{1b}[1mbold", "a\rb", "\u{7f}", &"x".repeat(5000)] {
            let mut slowly = OpenLine::default();
            slowly.extend(line.as_bytes());
            let expected = slowly.take();
            assert_eq!(lines(&[format!("{line}\n").as_bytes()]), std::slice::from_ref(&expected), "{line:?}");
            // Behind the beginning of a line it is the end of that one.
            assert_eq!(lines(&[b"> ", format!("{line}\n").as_bytes()]).len(), 1, "{line:?}");
        }
    }

    #[test]
    fn of_an_overwritten_line_the_last_version_stays() {
        assert_eq!(lines(&[b"10%\r", b"50%\r100%", b"\r", b"\nnext\r\n"]), ["100%", "next"]);
    }

    #[test]
    fn a_flood_without_a_line_end_is_cut() {
        let blocks = vec!["ä".repeat(1000); 100];
        let blocks: Vec<&[u8]> = blocks.iter().map(String::as_bytes).collect();
        assert_eq!(lines(&blocks), [format!("{} [cut]", "ä".repeat(2048))]);
    }
}
