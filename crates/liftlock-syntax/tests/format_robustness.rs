//! Whatever is formatted keeps its meaning and its comments and comes to rest, which [`format`] asks of itself: here it
//! is given much to answer for, in linear time and on a small stack.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use liftlock_syntax::{Unformattable, format};

const CORPUS: &[&str] = &[
    include_str!("data/every-construct.release"),
    include_str!("data/storefront.release"),
    include_str!("data/environments.release"),
    include_str!("data/format/commented.release"),
];

/// Formats; how often a text was sound is counted, so that a test that asks nothing does not pass for one that does.
fn checked(text: &str, sound: &mut usize) {
    match format(text) {
        Ok(formatted) => {
            *sound += 1;
            assert!(formatted.is_empty() || formatted.ends_with('\n') && !formatted.ends_with("\n\n"), "{text:?}");
        }
        Err(Unformattable::Syntax(_)) => {}
        Err(Unformattable::Bug(damage)) => panic!("{damage:?}\n{}", text.chars().take(4_000).collect::<String>()),
    }
}

/// Marsaglia's xorshift: the same texts on every machine.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound as u64) as usize
    }
}

/// Words, gaps and signs, one after the other.
fn tokens(text: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = |character: char| character.is_alphanumeric() || character == '_' || character == '-';
        let length = if is_word(first) {
            rest.find(|character| !is_word(character)).unwrap_or(rest.len())
        } else if first == ' ' {
            rest.find(|character| character != ' ').unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        tokens.push(&rest[..length]);
        rest = &rest[length..];
    }
    tokens
}

#[test]
fn mutilated_lines_are_formatted_or_refused() {
    let mut sound = 0;
    for text in CORPUS {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        for at in 0..lines.len() {
            let mut without = lines.clone();
            without.remove(at);
            checked(&without.concat(), &mut sound);
            let mut doubled = lines.clone();
            doubled.insert(at, lines[at]);
            checked(&doubled.concat(), &mut sound);
            for other in at + 1..lines.len().min(at + 6) {
                let mut swapped = lines.clone();
                swapped.swap(at, other);
                checked(&swapped.concat(), &mut sound);
            }
        }
    }
    assert!(sound > 500, "{sound}");
}

#[test]
fn mutilated_tokens_are_formatted_or_refused() {
    let mut sound = 0;
    for text in CORPUS {
        let tokens = tokens(text);
        for at in 0..tokens.len() {
            let mut without = tokens.clone();
            without.remove(at);
            checked(&without.concat(), &mut sound);
            let mut doubled = tokens.clone();
            doubled.insert(at, tokens[at]);
            checked(&doubled.concat(), &mut sound);
            let mut swapped = tokens.clone();
            swapped.swap(at, (at + 2).min(tokens.len() - 1));
            checked(&swapped.concat(), &mut sound);
        }
    }
    assert!(sound > 1_000, "{sound}");
}

/// Line breaks, blanks, comments, commas and what is long, several at a time, wherever there is a gap or a bracket.
#[test]
fn any_gaps_are_formatted_or_refused() {
    const GAPS: &[&str] = &[
        " ",
        "  ",
        "\t",
        "\n",
        "\n\n\n",
        " # c\n",
        "\n# own\n",
        "\n\n  # far\n\n",
        ",",
        ", # c\n",
        "\n,\n",
        "\r\n",
        "     ",
        "",
        // What does not fit any more.
        " \"a text that is about half as long as a line may be\", ",
        " ?? a-name-that-is-about-half-as-long-as-a-line-may-be",
        " b = f(x, \"a text that is about half as long as a line may be\", y: [z]), ",
        " \"\"\"\n  block\n\n\t deeper\n  \"\"\", ",
    ];
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut sound = 0;
    for text in CORPUS {
        let tokens = tokens(text);
        for round in 0..4_000 {
            let mut mutated: Vec<&str> = tokens.clone();
            for _ in 0..=round % 3 {
                let at = random.below(mutated.len());
                let at = (at..mutated.len().min(at + 12))
                    .find(|&at| matches!(mutated[at].as_bytes()[0], b' ' | b'\n' | b',' | b'[' | b'(' | b'{'))
                    .unwrap_or(at);
                mutated.insert(at + random.below(2), GAPS[random.below(GAPS.len())]);
                mutated.retain(|token| !token.is_empty());
            }
            checked(&mutated.concat(), &mut sound);
        }
    }
    assert!(sound > 2_000, "{sound}");
}

#[test]
fn the_deepest_nesting_is_formatted_on_a_small_stack() {
    const DEEPEST: usize = 128;
    let nested =
        |open: &str, close: &str, levels: usize| format!("a = {}b{}\n", open.repeat(levels), close.repeat(levels));
    let texts = [
        nested("(", ")", DEEPEST),
        nested("[", "]", DEEPEST),
        nested("[\n", "]", DEEPEST),
        nested("{ A = ", " }", DEEPEST),
        nested("f(x: ", ")", DEEPEST),
        nested("(# c\n", ")", DEEPEST),
        // The deeper a row stands, the fewer operators it may have; a long one stands outermost.
        nested("(b ?? ", ")", DEEPEST),
        nested("[b ?? (", ")]", DEEPEST / 2),
        format!("a = {}{}", "b ?? ".repeat(60), &nested("(b ?? ", ")", DEEPEST - 1)["a = ".len()..]),
        format!("{}a = 1\n{}", "step a {\n".repeat(DEEPEST), "}\n".repeat(DEEPEST)),
        format!("{}a = 1{}\n", "step a { ".repeat(DEEPEST), " }".repeat(DEEPEST)),
        format!("a: {}b{}\n", "list<".repeat(DEEPEST), ">".repeat(DEEPEST)),
    ];
    for text in texts {
        let work = move || {
            let mut sound = 0;
            checked(&text, &mut sound);
            assert_eq!(sound, 1, "{text}");
        };
        std::thread::Builder::new().stack_size(2 << 20).spawn(work).unwrap().join().unwrap();
    }
}

#[test]
fn the_time_is_linear() {
    let nested = format!("a = {}1{}\n", "[".repeat(100), "]".repeat(100));
    let wide = "a = [ 1, 2, 3 ], b = ( c ?? d )\n";
    for piece in [CORPUS[0], CORPUS[3], &nested, wide, "# c\n", "\n", "a { b = 1, c = 2 } # d\n"] {
        let time = |count: usize| {
            let text = piece.replace("edition 2026\n", "").repeat(count);
            let start = Instant::now();
            let mut sound = 0;
            checked(&text, &mut sound);
            assert_eq!(sound, 1);
            start.elapsed()
        };
        let small = 100_000 / piece.len();
        let once = (0..3).map(|_| time(small)).min().unwrap();
        let tenfold = time(small * 10);
        // Generous, for busy machines: what is quadratic takes a hundred times as long.
        assert!(tenfold < once * 40 + Duration::from_millis(100), "{once:?} and {tenfold:?} for {piece:?}");
    }
}
