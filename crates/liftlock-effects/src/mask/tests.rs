//! Whatever a program prints, and however it comes in blocks, no secret is seen.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use super::*;

/// A small generator with a seed (xorshift64*), so that a failure can be seen again.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    fn below(&mut self, limit: usize) -> usize {
        (self.next() % limit as u64) as usize
    }

    fn text(&mut self, alphabet: &str, length: usize) -> String {
        let alphabet: Vec<char> = alphabet.chars().collect();
        (0..length).map(|_| alphabet[self.below(alphabet.len())]).collect()
    }
}

fn mask(secrets: &[&str]) -> Mask {
    let mask = Mask::default();
    secrets.iter().for_each(|secret| mask.add(secret).unwrap());
    mask
}

/// The text as it is shown when it comes in these blocks, and the most that was ever held back.
fn shown<'a>(mask: &Mask, blocks: impl IntoIterator<Item = &'a [u8]>) -> (Vec<u8>, usize) {
    let (mut out, mut most) = (Vec::new(), 0);
    let mut stream = mask.stream();
    for block in blocks {
        stream.push(block, &mut |block| out.extend_from_slice(block));
        most = most.max(stream.held.len());
    }
    stream.finish(&mut |block| out.extend_from_slice(block));
    (out, most)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

#[test]
fn a_secret_is_hidden_in_every_encoding_and_the_rest_stays() {
    let secret = "pass/word+1 \"ä\" <&>";
    let mask = mask(&[secret]);
    let percent = "pass%2Fword%2B1%20%22%C3%A4%22%20%3C%26%3E";
    let cases = [
        secret.to_owned(),
        percent.to_owned(),
        percent.to_lowercase(),
        percent.replace("%20", "+"),
        percent.replace("%2F", "/"),
        "pass/word+1%20%22%C3%A4%22%20%3C&%3E".to_owned(),
        "pass/word+1 \\\"ä\\\" <&>".to_owned(),
        "pass\\/word+1 \\\"ä\\\" <&>".to_owned(),
        "pass/word+1 \\\"\\u00e4\\\" <&>".to_owned(),
        "pass/word+1 \\\"\\u00E4\\\" <&>".to_owned(),
        "pass/word+1 \\\"ä\\\" \\u003c\\u0026\\u003e".to_owned(),
        STANDARD.encode(secret),
        URL_SAFE_NO_PAD.encode(secret),
    ];
    for case in cases {
        assert_eq!(mask.hide(&format!("x={case};")), "x=***;", "{case}");
    }
}

#[test]
fn within_base64_at_most_one_character_is_left_at_each_end() {
    let secret = "correct horse battery";
    let mask = mask(&[secret]);
    for before in ["", "u", "us", "use", "user:"] {
        for after in ["", "\n", "@h", "@host", "@hosts"] {
            let text = format!("{before}{secret}{after}");
            for encoded in [STANDARD.encode(&text), URL_SAFE_NO_PAD.encode(&text)] {
                let hidden = mask.hide(&encoded);
                let (left, right) = hidden.split_once("***").unwrap_or_else(|| panic!("{text}: {hidden}"));
                let bytes = STANDARD.encode(before).trim_end_matches('=').len();
                assert!(left.len() <= bytes + 1, "{hidden}");
                let padding = 2;
                assert!(right.len() <= (after.len() * 8).div_ceil(6) + 1 + padding, "{hidden}");
            }
        }
    }
}

#[test]
fn each_line_of_a_secret_is_hidden_and_short_ones_are_not() {
    let mask = mask(&["-----BEGIN-----\n  MIIEvQIBADAN\nend\n-----END-----"]);
    assert_eq!(mask.hide("got MIIEvQIBADAN, and the end"), "got ***, and the end");
    assert_eq!(mask.hide("-----BEGIN-----\n  MIIEvQIBADAN\nend\n-----END-----\n"), "***\n");
}

#[test]
fn secrets_that_overlap_have_one_picture_and_neighbours_have_two() {
    let mask = mask(&["abcdef", "defghi", "cdef"]);
    assert_eq!(mask.hide("-abcdefghi-"), "-***-");
    assert_eq!(mask.hide("-abcdefabcdef-"), "-******-");
    let (out, _) = shown(&mask, "-abcdefghi-".as_bytes().chunks(1));
    assert_eq!(out, b"-***-");
}

#[test]
fn what_cannot_be_the_beginning_of_a_secret_is_shown_at_once() {
    let mask = mask(&["hunter22"]);
    let mut stream = mask.stream();
    let mut out = Vec::new();
    stream.push(b"Password (hun): ", &mut |block| out.extend_from_slice(block));
    assert_eq!(out, b"Password (hun): ");
    stream.push(b"hunter2", &mut |block| out.extend_from_slice(block));
    assert_eq!(out, b"Password (hun): ");
    stream.finish(&mut |block| out.extend_from_slice(block));
    assert_eq!(out, b"Password (hun): hunter2");
}

#[test]
fn a_secret_that_is_opened_meanwhile_is_hidden_from_then_on() {
    let mask = Mask::default();
    let mut stream = mask.stream();
    let mut out = Vec::new();
    stream.push(b"later\n", &mut |block| out.extend_from_slice(block));
    mask.add("later").unwrap();
    stream.push(b"later\n", &mut |block| out.extend_from_slice(block));
    stream.finish(&mut |block| out.extend_from_slice(block));
    assert_eq!(out, b"later\n***\n");
}

#[test]
fn what_cannot_be_hidden_is_refused() {
    let mask = Mask::default();
    assert_eq!(mask.add("äöü"), Err(Unmaskable::Short));
    assert_eq!(mask.add(&"x".repeat(64 * 1024 + 1)), Err(Unmaskable::Long));
    assert!(mask.is_empty());
}

#[test]
fn no_secret_is_ever_seen_however_the_output_is_cut() {
    // Few different characters, so that beginnings of secrets are everywhere; with line ends, and all encodings.
    const ALPHABET: &str = "ab/ \"ä\n";
    let mut chance = Chance(0x5eed);
    for round in 0..3000 {
        let count = 1 + chance.below(4);
        let secrets: Vec<String> = (0..count)
            .map(|_| {
                let length = 4 + chance.below(12);
                chance.text(ALPHABET, length)
            })
            .collect();
        let mask = mask(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
        let forms: Vec<Vec<u8>> = secrets.iter().flat_map(|secret| forms::of(secret)).collect();
        let longest = forms.iter().map(Vec::len).max().unwrap();

        let mut text = Vec::new();
        for _ in 0..chance.below(12) {
            if chance.below(3) == 0 {
                let length = chance.below(20);
                text.extend(chance.text(ALPHABET, length).into_bytes());
            } else {
                let form = &forms[chance.below(forms.len())];
                // Also the beginnings of forms, cut anywhere.
                let end = if chance.below(3) == 0 { chance.below(form.len()) } else { form.len() };
                text.extend_from_slice(&form[..end]);
            }
        }
        let mut blocks = Vec::new();
        let mut rest = text.as_slice();
        while !rest.is_empty() {
            let (block, after) = rest.split_at(1 + chance.below(rest.len().min(30)));
            blocks.push(block);
            rest = after;
        }
        let (cut, most) = shown(&mask, blocks);
        let (whole, _) = shown(&mask, [text.as_slice()]);
        assert_eq!(cut, whole, "round {round}: blocks make a difference");
        assert!(most < longest, "round {round}: {most} bytes were held back");
        for form in &forms {
            assert!(!contains(&whole, form), "round {round}: {:?} in {:?}", form, String::from_utf8_lossy(&whole));
        }
        // What is no secret is all there.
        let letters = |text: &[u8]| text.iter().filter(|byte| **byte != b'*').count();
        let mut left = vec![true; text.len()];
        for form in &forms {
            for at in 0..text.len() {
                if text[at..].starts_with(form) {
                    left[at..at + form.len()].fill(false);
                }
            }
        }
        assert_eq!(letters(&whole), left.iter().filter(|left| **left).count(), "round {round}");
    }
}

#[test]
fn with_many_secrets_all_are_found() {
    let secrets: Vec<String> = (0..200).map(|number| format!("{number:04}-secret")).collect();
    let mask = mask(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    for secret in &secrets {
        assert_eq!(mask.hide(&format!("<{secret}>")), "<***>");
    }
}
