//! The masked text without what the grammar has no use for.
//!
//! The grammar wants to know where a word is, and that it is none of its own; which one it is, the tree reads from the text
//! as it was written. So a gap becomes one space, and one character stands for what certainly is a whole word, path, literal
//! or plain string ([`Whole`]). A word that may go on, as `a` does in `a.` or `a?.b`, becomes its first letter. All this
//! holds inside quoted text, too, where the grammar only looks for the end. What is left is a third as long, and the grammar
//! that much faster.
//!
//! No decision of the grammar depends on what is left out: no rule begins or ends within a word or a literal, and a path is
//! taken for one only where no rule would take its first name alone.

use std::ops::Range;

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

/// What one character stands for; no other character looks like it, since control characters have been masked.
#[derive(Debug, Clone, Copy)]
enum Whole {
    Literal,
    String,
    Path,
    Word,
}

impl Whole {
    /// The character where the value ends behind it, and where it may go on.
    fn signs(self) -> (u8, u8) {
        match self {
            Whole::Literal => (0x02, 0x01),
            Whole::String => (0x03, 0x08),
            Whole::Path => (0x04, 0x07),
            Whole::Word => (0x05, 0x06),
        }
    }
}

pub(crate) struct Compact {
    pub text: String,
    /// Where each byte of it stood, and last the length of what was there. A byte stands for all up to the next one's place.
    places: Vec<u32>,
}

impl Compact {
    /// Shortens a masked text, in which `plain_strings` are into which nothing is put.
    pub fn of(masked: &str, plain_strings: &[Range<usize>]) -> Self {
        let bytes = masked.as_bytes();
        let mut shortening = Shortening {
            bytes,
            at: 0,
            wanted: Wanted::Item,
            previous: b'\n',
            text: Vec::with_capacity(bytes.len() / 2),
            places: Vec::with_capacity(bytes.len() / 2 + 1),
        };
        shortening.whole(plain_strings);
        let Shortening { text, mut places, .. } = shortening;
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

/// What the grammar wants at a place, as far as it is certain without the grammar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    /// An item of a body: at the start of a line.
    Item,
    /// Its first name, or a key of a map.
    ItemOrKey,
    /// Behind the first word of one of these: an `=` may come.
    Equals,
    Value,
    /// Who knows.
    Anything,
}

struct Shortening<'a> {
    bytes: &'a [u8],
    at: usize,
    wanted: Wanted,
    /// The last byte that was kept.
    previous: u8,
    text: Vec<u8>,
    places: Vec<u32>,
}

impl Shortening<'_> {
    fn whole(&mut self, plain_strings: &[Range<usize>]) {
        let mut plain_strings = plain_strings.iter().peekable();
        while let Some(&byte) = self.bytes.get(self.at) {
            match CLASSES[usize::from(byte)] {
                Class::Letter => self.word(),
                Class::Digit => self.literal(),
                Class::Space => {
                    let length = self.run(self.at, |class| class == Class::Space);
                    self.keep(byte, length);
                }
                Class::LineBreak => self.line_break(),
                Class::Quote => match plain_strings.next_if(|string| string.start == self.at) {
                    Some(string) => {
                        self.keep_whole(Whole::String, string.end);
                        self.wanted = self.wanted.behind_a_word();
                    }
                    None => self.sign(byte),
                },
                Class::Sign => self.sign(byte),
            }
        }
    }

    /// Keeps one byte for the next `length`.
    fn keep(&mut self, byte: u8, length: usize) {
        self.text.push(byte);
        self.places.push(offset(self.at));
        self.previous = byte;
        self.at += length;
    }

    /// Keeps what ends at `end` as one character.
    fn keep_whole(&mut self, whole: Whole, end: usize) {
        let next = end + self.run(end, |class| class == Class::Space);
        let (closed, open) = whole.signs();
        let is_closed = matches!(self.bytes.get(next), None | Some(b'\n' | b',' | b'}' | b')' | b']'));
        self.keep(if is_closed { closed } else { open }, end - self.at);
    }

    fn sign(&mut self, byte: u8) {
        self.wanted = match byte {
            b'=' if self.wanted == Wanted::Equals => Wanted::Value,
            b'(' | b'[' => Wanted::Value,
            b'{' if self.previous == b'$' => Wanted::Value,
            b'{' | b',' => Wanted::ItemOrKey,
            _ => Wanted::Anything,
        };
        self.keep(byte, 1);
    }

    fn line_break(&mut self) {
        self.keep(b'\n', 1);
        self.at += self.run(self.at, |class| class == Class::Space);
        // Whether a line is empty matters to a brace that has slipped to a later one.
        if self.bytes.get(self.at) == Some(&b'\n') {
            let length = self.run(self.at, |class| matches!(class, Class::Space | Class::LineBreak));
            self.keep(b'\n', length);
        }
        self.wanted = Wanted::Item;
    }

    fn word(&mut self) {
        let end = end_of_name(self.bytes, self.at);
        let is_known = is_known(&self.bytes[self.at..end]);
        if is_known && !(self.wanted == Wanted::Item && self.is_assigned(end)) {
            let is_let = self.wanted == Wanted::Item && &self.bytes[self.at..end] == b"let";
            self.wanted = if is_let { Wanted::ItemOrKey } else { Wanted::Anything };
            for at in self.at..end {
                self.keep(self.bytes[at], 1);
            }
            return;
        }
        if !self.goes_on(end) {
            self.keep_whole(Whole::Word, end);
        } else if let Some(end) = self.end_of_path(end) {
            self.keep_whole(Whole::Path, end);
        } else {
            self.keep(self.bytes[self.at], end - self.at);
        }
        self.wanted = self.wanted.behind_a_word();
    }

    /// Whether a single `=` follows, so that a word of the grammar is a name like any other.
    fn is_assigned(&self, end: usize) -> bool {
        let at = end + self.run(end, |class| class == Class::Space);
        self.bytes.get(at) == Some(&b'=') && self.bytes.get(at + 1) != Some(&b'=')
    }

    /// Whether a reference may go on at `end`.
    fn goes_on(&self, end: usize) -> bool {
        match self.bytes.get(end) {
            // Two dots make a range.
            Some(b'.') => self.bytes.get(end + 1) != Some(&b'.'),
            Some(b'?') => self.bytes.get(end + 1) == Some(&b'.'),
            _ => false,
        }
    }

    /// Where the path ends whose first name ends at `end`, where it certainly is one and nothing goes on behind it.
    fn end_of_path(&self, mut end: usize) -> Option<usize> {
        if !matches!(self.wanted, Wanted::Item | Wanted::Value) {
            return None;
        }
        while self.goes_on(end) {
            let is_name = |byte: &u8| CLASSES[usize::from(*byte)] == Class::Letter;
            if self.bytes[end] != b'.' || !self.bytes.get(end + 1).is_some_and(is_name) {
                return None;
            }
            end = end_of_name(self.bytes, end + 1);
        }
        Some(end)
    }

    /// What begins with a digit; as a whole, where it certainly is a literal.
    fn literal(&mut self) {
        if matches!(self.previous, b' ' | b'(' | b'[' | b'\n') {
            self.keep_whole(Whole::Literal, end_of_literal(self.bytes, self.at));
        } else {
            self.keep(self.bytes[self.at], self.run(self.at, is_of_word));
        }
        self.wanted = Wanted::Anything;
    }

    /// How many bytes from `start` on belong to such classes.
    fn run(&self, start: usize, belongs: impl Fn(Class) -> bool) -> usize {
        self.bytes[start..].iter().take_while(|byte| belongs(CLASSES[usize::from(**byte)])).count()
    }
}

impl Wanted {
    fn behind_a_word(self) -> Self {
        match self {
            Wanted::Item | Wanted::ItemOrKey => Wanted::Equals,
            Wanted::Equals | Wanted::Value | Wanted::Anything => Wanted::Anything,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    /// And `_`.
    Letter,
    Digit,
    Space,
    LineBreak,
    Quote,
    Sign,
}

const CLASSES: [Class; 256] = {
    let mut classes = [Class::Sign; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        if byte.is_ascii_alphabetic() {
            classes[byte as usize] = Class::Letter;
        } else if byte.is_ascii_digit() {
            classes[byte as usize] = Class::Digit;
        }
        byte += 1;
    }
    classes[b'_' as usize] = Class::Letter;
    classes[b' ' as usize] = Class::Space;
    classes[b'\n' as usize] = Class::LineBreak;
    classes[b'"' as usize] = Class::Quote;
    classes
};

fn is_of_word(class: Class) -> bool {
    matches!(class, Class::Letter | Class::Digit)
}

/// Where the name that begins at `start` ends. The hyphens inside belong to it.
fn end_of_name(bytes: &[u8], start: usize) -> usize {
    let is_word = |at: usize| bytes.get(at).is_some_and(|byte| is_of_word(CLASSES[usize::from(*byte)]));
    let mut at = start + 1;
    loop {
        while is_word(at) {
            at += 1;
        }
        if !(bytes.get(at) == Some(&b'-') && is_word(at + 1)) {
            return at;
        }
        at += 1;
    }
}

/// Where the literal that begins at `start` ends, as the grammar says.
fn end_of_literal(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        let class = CLASSES[usize::from(*byte)];
        let belongs = match byte {
            b'.' | b':' | b'-' | b'+' => bytes.get(at + 1).is_some_and(u8::is_ascii_digit),
            b'%' => true,
            // A name behind a share is one word, too.
            _ if class == Class::Letter && bytes[at - 1] == b'%' => {
                at = end_of_name(bytes, at);
                continue;
            }
            _ => is_of_word(class),
        };
        if !belongs {
            break;
        }
        at += 1;
    }
    at
}

fn is_known(word: &[u8]) -> bool {
    (2..=8).contains(&word.len()) && WORDS.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The text as the grammar would see it, with letters for what stands for a whole; capital ones where a value ends.
    fn compact(text: &str) -> String {
        let quote = text.find('"').map(|start| start..text.rfind('"').unwrap_or(start) + 1);
        let text = Compact::of(text, quote.as_slice()).text;
        let mut text = text.into_bytes();
        for (whole, letter) in [(Whole::Literal, b'L'), (Whole::String, b'S'), (Whole::Path, b'P'), (Whole::Word, b'W')]
        {
            let (closed, open) = whole.signs();
            for byte in &mut text {
                *byte = match *byte {
                    byte if byte == closed => letter,
                    byte if byte == open => letter.to_ascii_lowercase(),
                    byte => byte,
                };
            }
        }
        String::from_utf8(text).unwrap()
    }

    #[test]
    fn a_word_is_one_character_unless_the_grammar_knows_it() {
        assert_eq!(compact("let name-of = when2 + 1h30m ?? in"), "let w = w + l ?? in");
        assert_eq!(compact("let-in in-2 run- a--b"), "w w run- w--W");
        assert_eq!(compact("run = 1\nrun == 1\nplan  = 1"), "w = L\nrun == L\nw = L");
    }

    #[test]
    fn literals_and_plain_strings_are_one_character() {
        assert_eq!(compact("2026-12-18T09:00 ..  sha256:ab 25%x 1..2 -3 1.x"), "l .. sha256:w l l..2 -3 l.W");
        assert_eq!(compact("25%us-west 25-west"), "l l-W");
        assert_eq!(compact("a = \"b c.d\" , e"), "w = S , W");
    }

    #[test]
    fn a_path_is_one_character_only_where_no_rule_takes_its_first_name_alone() {
        assert_eq!(compact("a.b.c {\n  d = e.f\n}"), "p {\nw = P\n}");
        assert_eq!(compact("f(a.b, c.d)[e.f].g.h"), "w(P, c.W)[P].g.W");
        assert_eq!(compact("a = { b.c = 1, d = e.f = g.h }"), "w = { b.w = L, w = p = g.W }");
        assert_eq!(compact("let a.b = c.d"), "let a.w = c.W");
        assert_eq!(compact("a: b.c\nstep d.e {"), "w: b.W\nw d.w {");
        assert_eq!(compact("a = b.c?.d\ne = f.\ng = h.2i\nj = k.l..m.n"), "w = b.c?.W\nw = f.\nw = h.2\nw = p..m.W");
    }

    #[test]
    fn gaps_and_empty_lines_are_cut() {
        assert_eq!(compact("a   =  b  \n    c\n\n  \n   d\n  {"), "w = W \nW\n\nW\n{");
    }

    #[test]
    fn other_characters_stay_whole() {
        assert_eq!(compact("é  ü\u{c}environment"), "é ü\u{c}W");
    }

    #[test]
    fn every_place_leads_back() {
        let text = "let  abc =\n\n   \"x  é\"\n";
        let compact = Compact::of(text, &[]);
        for (at, character) in compact.text.char_indices() {
            let stood = text[compact.place(at) as usize..].chars().next();
            let is_word = matches!(character, '\u{5}' | '\u{6}');
            let stood = stood.map(|stood| if is_word && stood.is_ascii_alphabetic() { character } else { stood });
            assert_eq!(stood, Some(character), "{at}");
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
