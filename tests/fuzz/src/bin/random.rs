//! The same claims without a fuzzer, on any toolchain: release files in which pieces are doubled, moved, left out and put
//! in, for so many seconds. `cargo run --release --bin random -- SECONDS FILE…`

use std::time::{Duration, Instant};

const WORDS: &[&str] = &[
    "{", "}", "[", "]", "(", ")", "\"", "\"\"\"", "`", "```sh\n", "${", "'", "\\", "\n", "  ", ",", "=", ":", "->", "<", ">",
    "?", "??", "..", ".", "?.", "#", "|", "==", "!=", "<=", "and", "or", "not", "in", "+", "-", "*", "each h in x {",
    "when a {", "function f(a: int) =", "procedure p {", "let x =", "input v: semver", "step s {", "parallel {", "phase p {",
    "rollback {", "import \"./x.release\"", "30s", "1.5", "50%", "2026-12-18", "\u{202e}", "\u{c}", "\r\n", "\t", "\0", "é",
];

fn main() {
    let mut arguments = std::env::args().skip(1);
    let seconds = arguments.next().and_then(|seconds| seconds.parse().ok()).expect("the first argument is a number");
    let texts: Vec<String> =
        arguments.map(|path| std::fs::read_to_string(&path).expect("the others name files that can be read")).collect();
    assert!(!texts.is_empty(), "name release files to begin with");
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    let begun = Instant::now();
    let mut count = 0_u64;
    while begun.elapsed() < Duration::from_secs(seconds) {
        let mut text = texts[random.below(texts.len())].clone().into_bytes();
        for _ in 0..1 + random.below(6) {
            random.mutilate(&mut text);
        }
        liftlock_fuzz::parse(&text);
        liftlock_fuzz::format(&text);
        liftlock_fuzz::lower(&text);
        count += 1;
    }
    println!("{count} texts, and all claims hold");
}

/// Marsaglia's xorshift.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }

    fn mutilate(&mut self, text: &mut Vec<u8>) {
        let start = self.below(text.len());
        let end = (start + self.below(60)).min(text.len());
        match self.below(5) {
            0 => drop(text.drain(start..end)),
            1 => {
                let piece = text[start..end].to_vec();
                let at = self.below(text.len());
                text.splice(at..at, piece);
            }
            2 if start < text.len() => text[start] = self.below(256) as u8,
            3 => text.truncate(start),
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                text.splice(start..start, word.bytes());
            }
        }
    }
}
