//! JSON that is as safe to look at on a terminal as it is to parse.

use serde::Serialize;

/// The version of every JSON view. It rises when a reader of the old one could misunderstand the new one.
pub const FORMAT: u32 = 1;

/// One line without its end. Control characters that JSON allows in strings, and the marks that turn the direction of
/// writing, are escaped: they occur in strings only, and parse back to themselves.
pub fn line(value: &impl Serialize) -> String {
    // The views hold only maps with text keys and finite numbers, so this does not fail.
    let text = serde_json::to_string(value).unwrap_or_default();
    let mut safe = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\x7f'..='\u{9f}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(char)))
            }
            _ => safe.push(char),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_drive_a_terminal_is_escaped_and_parses_back() {
        let text = "\x1b[2J\u{9b}2J\x7f\u{202e}ä";
        let line = line(&text);
        assert!(line.chars().all(|char| !char.is_control() && char != '\u{202e}'), "{line}");
        assert_eq!(serde_json::from_str::<String>(&line).unwrap(), text);
    }
}
