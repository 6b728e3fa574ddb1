//! The masked text without what the grammar has no use for.
//!
//! The grammar wants to know where a word is, and that it is none of its own; which one it is, the tree reads from the text
//! as it was written. So a word becomes its first letter, and a gap one space, wherever they stand: inside quoted text, too,
//! where the grammar only looks for the end. What is left is less than half as long, and the grammar that much faster.
//! No decision of the grammar depends on what is left out: a word is cut only behind its first character, which says whether
//! it is a name or a number, and no rule begins or ends within one.

/// The words that the grammar knows.
const WORDS: &[&[u8]] = &[
    b"in",
    b"or",
    b"let",
    b"and",
    b"not",
    b"run",
    b"each",
    b"when",
    b"plan",
    b"const",
    b"sha256",
    b"promote",
    b"through",
    b"function",
];

pub(crate) struct Compact {
    pub text: String,
    /// Where each byte of it stood, and last the length of what was there. A byte stands for all up to the next one's place.
    places: Vec<u32>,
}

impl Compact {
    /// Shortens a masked text.
    pub fn of(masked: &str) -> Self {
        let bytes = masked.as_bytes();
        let mut text = Vec::with_capacity(bytes.len() / 2);
        let mut places = Vec::with_capacity(bytes.len() / 2 + 1);
        let mut at = 0;
        while let Some(&byte) = bytes.get(at) {
            let start = at;
            let mut keep = |byte: u8, place: usize| {
                text.push(byte);
                places.push(offset(place));
            };
            match CLASSES[usize::from(byte)] {
                Class::Word => {
                    at = end_of_word(bytes, at);
                    let word = &bytes[start..at];
                    let kept = if is_known(word) { word } else { &word[..1] };
                    kept.iter().enumerate().for_each(|(index, byte)| keep(*byte, start + index));
                }
                Class::Space => {
                    at += run(&bytes[at..], |class| class == Class::Space);
                    keep(byte, start);
                }
                Class::LineBreak => {
                    keep(byte, start);
                    at += 1 + run(&bytes[start + 1..], |class| class == Class::Space);
                    // Whether a line is empty matters to a brace that has slipped to a later one.
                    if bytes.get(at) == Some(&b'\n') {
                        keep(byte, at);
                        at += run(&bytes[at..], |class| class != Class::Word && class != Class::Other);
                    }
                }
                Class::Other => {
                    keep(byte, start);
                    at += 1;
                }
            }
        }
        places.push(offset(bytes.len()));
        Compact { text: String::from_utf8(text).expect("only ASCII is left out"), places }
    }

    /// Where a place of the shortened text is in the whole one.
    pub fn place(&self, at: usize) -> u32 {
        self.places[at]
    }
}

fn offset(at: usize) -> u32 {
    u32::try_from(at).expect("files over 4 GiB are refused when they are read")
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Word,
    Space,
    LineBreak,
    Other,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Other; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        if byte.is_ascii_alphanumeric() || byte == b'_' {
            classes[byte as usize] = Class::Word;
        }
        byte += 1;
    }
    classes[b' ' as usize] = Class::Space;
    classes[b'\n' as usize] = Class::LineBreak;
    classes
};

/// How many bytes at the start belong to such classes.
fn run(bytes: &[u8], belongs: impl Fn(Class) -> bool) -> usize {
    bytes.iter().take_while(|byte| belongs(CLASSES[usize::from(**byte)])).count()
}

/// Where the word that begins at `start` ends. The hyphens in a name belong to it.
fn end_of_word(bytes: &[u8], start: usize) -> usize {
    let is_word = |at: usize| bytes.get(at).is_some_and(|byte| CLASSES[usize::from(*byte)] == Class::Word);
    let is_name = !bytes[start].is_ascii_digit();
    let mut at = start + 1;
    loop {
        while is_word(at) {
            at += 1;
        }
        if !(is_name && bytes.get(at) == Some(&b'-') && is_word(at + 1)) {
            return at;
        }
        at += 1;
    }
}

fn is_known(word: &[u8]) -> bool {
    (2..=8).contains(&word.len()) && WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compact(text: &str) -> String {
        Compact::of(text).text
    }

    #[test]
    fn words_are_cut_unless_the_grammar_knows_them() {
        assert_eq!(compact("let name-of = when2 + 1h30m ?? in"), "let n = w + 1 ?? in");
        assert_eq!(compact("let-in in-2 run- a--b"), "l i run- a--b");
        assert_eq!(compact("2026-12-18T09:00 ..  sha256:ab"), "2-1-1:0 .. sha256:a");
    }

    #[test]
    fn gaps_and_empty_lines_are_cut() {
        assert_eq!(compact("a   =  b  \n    c\n\n  \n   d\n  {"), "a = b \nc\n\nd\n{");
    }

    #[test]
    fn other_characters_stay_whole() {
        assert_eq!(compact("é  ü\u{c}environment"), "é ü\u{c}e");
    }

    #[test]
    fn every_place_leads_back() {
        let text = "let  abc =\n\n   \"x  é\"\n";
        let compact = Compact::of(text);
        for (at, character) in compact.text.char_indices() {
            assert!(text[compact.place(at) as usize..].starts_with(character), "{at}");
        }
        assert_eq!(compact.place(compact.text.len()) as usize, text.len());
    }

    #[test]
    fn the_words_are_those_of_the_grammar() {
        let grammar = include_str!("../../../grammar/release.pest");
        let code = grammar.lines().map(|line| line.split("//").next().unwrap_or(""));
        // What is left when quoted quotes are gone stands between the others.
        let code: String = code.map(|line| line.replace("\\\"", "").replace("'\"'", "")).collect();
        let literals = code.split('"').skip(1).step_by(2).filter(|literal| !literal.contains('\\'));
        let words = literals.flat_map(|text| text.split(|c: char| !c.is_ascii_alphanumeric()));
        let found: Vec<&str> = words.filter(|word| word.len() > 1).collect();
        for word in &found {
            let begins = WORDS.iter().any(|known| word.len() == 2 && known.starts_with(word.as_bytes()));
            assert!(begins || is_known(word.as_bytes()), "`{word}` stands in the grammar");
        }
        for word in WORDS {
            assert!(found.iter().any(|found| found.as_bytes() == *word), "{word:?} does not stand in the grammar");
        }
    }
}
