//! The forms in which a secret shows up: as it is, as Base64, percent-encoded, within JSON; and each of its lines.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::SHORTEST;

/// What RFC 3986 calls unreserved, which every encoder leaves as it is.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// What JavaScript's `encodeURIComponent` leaves besides.
const COMPONENT: &AsciiSet = &UNRESERVED.remove(b'!').remove(b'\'').remove(b'(').remove(b')').remove(b'*');
/// What encoders of paths leave: Python's `quote`, for one.
const PATH: &AsciiSet = &UNRESERVED.remove(b'/');
/// What an address as a whole keeps: JavaScript's `encodeURI`.
const ADDRESS: &AsciiSet = &COMPONENT
    .remove(b';')
    .remove(b',')
    .remove(b'/')
    .remove(b'?')
    .remove(b':')
    .remove(b'@')
    .remove(b'&')
    .remove(b'=')
    .remove(b'+')
    .remove(b'$')
    .remove(b'#');

/// Every form of a value, and of its lines. Each has at least four bytes.
pub(super) fn of(value: &str) -> BTreeSet<Vec<u8>> {
    let mut forms = BTreeSet::new();
    add(&mut forms, value);
    if value.contains('\n') {
        // A line that is printed by itself often has lost the white space around it.
        let lines = value.lines().map(str::trim).filter(|line| line.chars().count() >= SHORTEST);
        lines.for_each(|line| add(&mut forms, line));
    }
    forms.retain(|form| form.len() >= SHORTEST);
    forms
}

fn add(forms: &mut BTreeSet<Vec<u8>>, value: &str) {
    forms.insert(value.as_bytes().to_vec());
    for set in [UNRESERVED, COMPONENT, PATH, ADDRESS] {
        let upper = utf8_percent_encode(value, set).to_string();
        let lower = lower_escapes(&upper);
        // Forms of web pages write a space as a plus.
        for text in [upper, lower] {
            forms.insert(text.replace("%20", "+").into_bytes());
            forms.insert(text.into_bytes());
        }
    }
    json(forms, value);
    base64(forms, value.as_bytes());
}

/// `%2F` as `%2f`.
fn lower_escapes(text: &str) -> String {
    let mut escapes = 0;
    text.chars()
        .map(|char| {
            if char == '%' {
                escapes = 2;
                char
            } else if escapes > 0 {
                escapes -= 1;
                char.to_ascii_lowercase()
            } else {
                char
            }
        })
        .collect()
}

/// What stands between the quotes of a JSON string, as different writers put it.
fn json(forms: &mut BTreeSet<Vec<u8>>, value: &str) {
    let Ok(quoted) = serde_json::to_string(value) else { return };
    let plain = quoted[1..quoted.len() - 1].to_owned();
    let ascii = |upper: bool| {
        let mut text = String::new();
        for char in plain.chars() {
            if char.is_ascii() {
                text.push(char);
                continue;
            }
            let mut units = [0; 2];
            for unit in char.encode_utf16(&mut units) {
                text.push_str(&if upper { format!("\\u{unit:04X}") } else { format!("\\u{unit:04x}") });
            }
        }
        text
    };
    // Go's writer keeps what is special in HTML out of the text.
    let web = plain.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let slashes = plain.replace('/', "\\/");
    forms.extend([ascii(false), ascii(true), web, slashes, plain].map(String::into_bytes));
}

/// A value within Base64 begins at one of three places of a group of four characters. The characters at its ends that
/// also hold bits of what stands beside it are no part of the form, for they can be any.
fn base64(forms: &mut BTreeSet<Vec<u8>>, value: &[u8]) {
    for before in 0..3 {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(value);
        // 0, 1 and 2 bytes in front spoil 0, 2 and 3 characters.
        let first = [0, 2, 3][before];
        let last = bytes.len() * 8 / 6;
        for text in [STANDARD_NO_PAD.encode(&bytes), URL_SAFE_NO_PAD.encode(&bytes)] {
            forms.insert(text.as_bytes()[first..last].to_vec());
            // Where the value is the end of what is encoded, the last character is known, too.
            forms.insert(text.as_bytes()[first..].to_vec());
        }
        for text in [STANDARD.encode(&bytes), URL_SAFE.encode(&bytes)] {
            forms.insert(text.as_bytes()[first..].to_vec());
        }
    }
}
