//! The last lines of what a program prints, in bounded memory and safe to show on a terminal.

use std::collections::VecDeque;
use std::iter::Peekable;
use std::str::Chars;

/// How many lines are kept.
const LINES: usize = 20;
/// After how many bytes a line is cut.
const LINE: usize = 4096;

/// The last lines of two outputs, in the order in which they were ended.
#[derive(Default)]
pub(crate) struct Tail {
    lines: VecDeque<Vec<u8>>,
    /// The line of each output that has no end yet, up to one byte more than [`LINE`].
    open: [Vec<u8>; 2],
}

impl Tail {
    /// Takes a block of the output `source`, 0 or 1.
    pub(crate) fn push(&mut self, source: usize, block: &[u8]) {
        // A flood is mostly skipped: what lies before the last lines of a block cannot be in the tail, and what comes
        // after the end of a line that is cut cannot either.
        if !block.contains(&b'\n') {
            self.extend(source, block);
            return;
        }
        let ends = block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n');
        let block = match ends.map(|(at, _)| at).nth(LINES) {
            Some(end) => {
                self.open[source].clear();
                &block[end + 1..]
            }
            None => block,
        };
        for piece in block.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(text) => {
                    self.extend(source, text);
                    let line = std::mem::take(&mut self.open[source]);
                    self.keep(line);
                }
                None => self.extend(source, piece),
            }
        }
    }

    fn extend(&mut self, source: usize, text: &[u8]) {
        let open = &mut self.open[source];
        let room = (LINE + 1).saturating_sub(open.len());
        open.extend_from_slice(&text[..text.len().min(room)]);
    }

    fn keep(&mut self, line: Vec<u8>) {
        if self.lines.len() == LINES {
            self.lines.pop_front();
        }
        self.lines.push_back(line);
    }

    /// The lines, those without an end last.
    pub(crate) fn finish(mut self) -> Vec<String> {
        for open in std::mem::take(&mut self.open) {
            if !open.is_empty() {
                self.keep(open);
            }
        }
        self.lines.iter().map(|line| clean(line)).collect()
    }
}

/// The first lines of a text, as a tail would show them.
pub(crate) fn head(text: &str) -> Vec<String> {
    text.lines().take(LINES).map(|line| clean(line.as_bytes())).collect()
}

/// One line made safe: nothing in it moves a cursor, sets a title or turns the direction of writing.
///
/// Escape sequences are left out, other control characters become their visible pictures. Of a line that was
/// overwritten by carriage returns, as progress bars do, the last version stays.
fn clean(line: &[u8]) -> String {
    let (line, cut) = match line.get(..LINE) {
        Some(start) if line.len() > LINE => (start, true),
        _ => (line, false),
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    // A character that was cut in half reads as damaged, which the program's output was not.
    let text = if cut { text.trim_end_matches(char::REPLACEMENT_CHARACTER) } else { &text };

    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\x1b' => skip_escape(&mut chars),
            '\t' => shown.push(char),
            '\0'..' ' => shown.push(char::from_u32(0x2400 + char as u32).unwrap_or(char::REPLACEMENT_CHARACTER)),
            '\x7f' => shown.push('␡'),
            _ if char.is_control() || turns_direction(char) => shown.push(char::REPLACEMENT_CHARACTER),
            _ => shown.push(char),
        }
    }
    if cut {
        shown.push('…');
    }
    shown
}

/// Skips the rest of an escape sequence (ECMA-48, sections 5.3 to 5.6).
fn skip_escape(chars: &mut Peekable<Chars<'_>>) {
    match chars.peek() {
        Some('[') => {
            chars.next();
            while chars.next_if(|char| (' '..='?').contains(char)).is_some() {}
            chars.next_if(|char| ('@'..='~').contains(char));
        }
        // A string for the terminal, up to BEL or `ESC \`.
        Some(']' | 'P' | 'X' | '^' | '_') => {
            while let Some(char) = chars.next() {
                if char == '\x07' || (char == '\x1b' && chars.next_if_eq(&'\\').is_some()) {
                    break;
                }
            }
        }
        _ => {
            while chars.next_if(|char| (' '..='/').contains(char)).is_some() {}
            chars.next_if(|char| ('0'..='~').contains(char));
        }
    }
}

/// Unicode's marks for the direction of writing, which make a text read differently from what it says.
fn turns_direction(char: char) -> bool {
    matches!(char, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(blocks: &[(usize, &[u8])]) -> Vec<String> {
        let mut tail = Tail::default();
        for (source, block) in blocks {
            tail.push(*source, block);
        }
        tail.finish()
    }

    #[test]
    fn only_the_last_lines_stay() {
        let text: String = (0..1000).map(|number| format!("{number}\n")).collect();
        let expected: Vec<_> = (980..1000).map(|number| number.to_string()).collect();
        assert_eq!(tail(&[(0, text.as_bytes())]), expected);
        let bytes: Vec<_> = text.bytes().map(|byte| [byte]).collect();
        let blocks: Vec<_> = bytes.iter().map(|byte| (0, byte.as_slice())).collect();
        assert_eq!(tail(&blocks), expected);
    }

    #[test]
    fn lines_of_both_outputs_are_not_mixed_within() {
        let blocks: [(usize, &[u8]); 4] = [(0, b"one "), (1, b"warning\n"), (0, b"line\n"), (1, b"no end")];
        assert_eq!(tail(&blocks), ["warning", "one line", "no end"]);
    }

    #[test]
    fn a_long_line_is_cut_and_memory_is_bounded() {
        let mut tail = Tail::default();
        for _ in 0..1000 {
            tail.push(0, "ä".repeat(1000).as_bytes());
        }
        assert!(tail.open[0].capacity() < 16 * 1024);
        let lines = tail.finish();
        assert_eq!(lines, [format!("{}…", "ä".repeat(2048))]);
    }

    #[test]
    fn hostile_output_cannot_drive_a_terminal() {
        let line = b"\x1b[2J\x1b]0;title\x07\x1b[31mred\x1b[0m\x08\x7f\xc2\x9b1m \xe2\x80\xae \xff\ttab\x1bc";
        assert_eq!(clean(line), "red␈␡\u{fffd}1m \u{fffd} \u{fffd}\ttab");
    }

    #[test]
    fn of_an_overwritten_line_the_last_version_stays() {
        assert_eq!(clean(b"10%\r50%\r100%\r"), "100%");
    }
}
