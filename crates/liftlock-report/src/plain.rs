//! Text from outside, made safe to show: names, contents of files, what programs print.
//!
//! Nothing that passes here moves a cursor, sets a title, or makes a line read differently from what it says
//! (ECMA-48 on control functions; "Trojan Source", CVE-2021-42574, on the marks that turn the direction of writing).

use std::borrow::Cow;
use std::iter::Peekable;
use std::str::Chars;

/// One line in which every control character, line ends too, is shown as a picture of itself. A tab stays.
pub fn plain(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_unsafe) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().map(visible).collect())
}

/// A line that a program printed. Colours and other escape sequences, which are a program's manners rather than what it
/// says, are left out; of a line that was overwritten, as progress bars do, the last version stays.
pub fn printed(line: &[u8]) -> String {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let line = line.rsplit(|byte| *byte == b'\r').next().unwrap_or(line);
    let text = String::from_utf8_lossy(line);
    let mut shown = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(char) = chars.next() {
        match char {
            '\x1b' => skip_escape(&mut chars),
            _ => shown.push(visible(char)),
        }
    }
    shown
}

fn is_unsafe(char: char) -> bool {
    (char.is_control() && char != '\t')
        || matches!(char, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn visible(char: char) -> char {
    match char {
        '\t' => char,
        '\0'..' ' => char::from_u32(0x2400 + char as u32).unwrap_or(char::REPLACEMENT_CHARACTER),
        '\x7f' => '␡',
        _ if is_unsafe(char) => char::REPLACEMENT_CHARACTER,
        _ => char,
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_shown_and_do_nothing() {
        assert_eq!(plain("a\x1b[2Jb\nc\x07\u{9b}\u{202e}\td"), "a␛[2Jb␊c␇\u{fffd}\u{fffd}\td");
        assert!(matches!(plain("nothing to do here"), Cow::Borrowed(_)));
    }

    #[test]
    fn colours_of_a_program_are_left_out() {
        assert_eq!(printed(b"\x1b[1;31merror\x1b[0m: \x1b]0;title\x07no\x08\xff\n"), "error: no␈\u{fffd}");
        assert_eq!(printed(b"10%\r50%\r100%\r\n"), "100%");
    }
}
