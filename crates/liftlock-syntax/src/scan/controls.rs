//! Characters that have no business in a release file: those that reorder or hide what a reader sees.

use liftlock_diagnostics::Finding;

use super::Scanner;
use crate::codes;

/// Bytes with which a character may begin that is looked at more closely.
const SUSPICIOUS: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = byte != b'\t' as usize && byte != b'\n' as usize;
        byte += 1;
    }
    table[0x7f] = true;
    table[0xc2] = true; // C1 control characters
    table[0xd8] = true; // Arabic letter mark
    table[0xe2] = true; // the other bidirectional controls
    table[0xef] = true; // byte order mark
    table
};

/// The next byte of such a character from `from` on.
fn next_suspicious(bytes: &[u8], from: usize) -> Option<usize> {
    // Without a way out in the middle, and without a table, many bytes are compared at once.
    const AT_ONCE: usize = 64;
    let is_plain = |byte: u8| (b' '..0x7f).contains(&byte) | (byte == b'\n');
    let is_suspicious = |byte: &u8| SUSPICIOUS[usize::from(*byte)];
    bytes[from..].chunks(AT_ONCE).enumerate().find_map(|(index, chunk)| {
        if chunk.iter().fold(true, |plain, byte| plain & is_plain(*byte)) {
            return None;
        }
        chunk.iter().position(is_suspicious).map(|at| from + index * AT_ONCE + at)
    })
}

impl Scanner<'_> {
    /// Reports control characters and masks them by spaces, wherever they stand.
    pub(super) fn mask_controls(&mut self) {
        let mut at = 0;
        while let Some(start) = next_suspicious(&self.masked, at) {
            let Some(character) = self.text[start..].chars().next() else { return };
            let end = start + character.len_utf8();
            at = end;
            let (code, message) = match character {
                '\u{feff}' if start == 0 => {
                    self.masked[start..end].fill(b' ');
                    continue;
                }
                '\r' if self.masked.get(end).is_none_or(|&next| next == b'\n') => continue,
                '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => (
                    codes::BIDIRECTIONAL_CONTROL,
                    format!(
                        "the invisible character U+{:04X} changes the order in which text is shown",
                        character as u32
                    ),
                ),
                '\u{feff}' => (codes::CONTROL_CHARACTER, "a byte order mark in the middle of the file".to_owned()),
                _ if character.is_control() => (
                    codes::CONTROL_CHARACTER,
                    format!("the control character U+{:04X} is in the text", character as u32),
                ),
                _ => continue,
            };
            self.masked[start..end].fill(b' ');
            let finding = Finding::error(code, message, self.span(start, end), "here").with_help(
                if code == codes::BIDIRECTIONAL_CONTROL {
                    "remove it; what is shown must be what is run"
                } else {
                    "remove it, or write it as an escape such as `\\u{1b}` in a string"
                },
            );
            self.findings.push(finding);
        }
    }
}
