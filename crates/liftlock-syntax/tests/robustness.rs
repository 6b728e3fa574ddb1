//! Whatever is done to a text, it parses: in linear time, on a small stack, and with the healthy declarations found.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::time::{Duration, Instant};

use liftlock_diagnostics::{Finding, SourceId, Sources, human};
use liftlock_syntax::{ExprKind, File, Item, ItemKind, codes, parse};

const CORPUS: &[&str] = &[
    include_str!("data/every-construct.release"),
    include_str!("data/every-body.release"),
    include_str!("data/storefront.release"),
    include_str!("data/environments.release"),
];

const SOURCE: SourceId = SourceId(0);

/// Far less than a thread gets by default on any system.
const SMALL_STACK: usize = 2 << 20;

fn on_a_small_stack(work: impl FnOnce() + Send + 'static) {
    std::thread::Builder::new().stack_size(SMALL_STACK).spawn(work).unwrap().join().unwrap();
}

/// Parses, and checks what holds for every text.
fn checked(text: &str) -> (File, Vec<Finding>) {
    let (file, findings) = parse(SOURCE, text);
    for finding in &findings {
        for label in &finding.labels {
            let (start, end) = (label.span.start as usize, label.span.end as usize);
            assert!(text.get(start..end).is_some(), "{finding:?} lies in the text");
        }
        for edit in finding.fix.iter().flat_map(|fix| &fix.edits) {
            assert!(text.get(edit.span.start as usize..edit.span.end as usize).is_some(), "{edit:?} lies in the text");
        }
    }
    assert!(findings.is_sorted_by_key(|finding| finding.span().start));
    (file, findings)
}

/// Two words for each block at the top, which is enough to tell them apart.
fn declarations(file: &File) -> Vec<String> {
    let blocks = file.items.iter().filter_map(|item| match &item.kind {
        ItemKind::Block(block) => Some(block),
        _ => None,
    });
    blocks
        .map(|block| format!("{} {}", block.kind[0].text, block.labels.first().map_or("", |label| &label.text)))
        .collect()
}

#[test]
fn the_corpus_is_without_findings() {
    for text in CORPUS {
        let (_, findings) = checked(text);
        assert!(findings.is_empty(), "{findings:#?}");
    }
}

#[test]
fn a_text_cut_anywhere_parses() {
    for text in CORPUS {
        for at in (0..=text.len()).filter(|&at| text.is_char_boundary(at)) {
            checked(&text[..at]);
            checked(&text[at..]);
        }
    }
}

#[test]
fn one_broken_character_leaves_the_other_declarations() {
    for text in CORPUS {
        let whole = declarations(&parse(SOURCE, text).0);
        for (at, character) in text.char_indices() {
            let behind = at + character.len_utf8();
            let without = format!("{}{}", &text[..at], &text[behind..]);
            let doubled = format!("{}{}", &text[..behind], &text[at..]);
            for broken in [without, doubled] {
                let (file, _) = checked(&broken);
                let found = declarations(&file);
                let lost = whole.iter().filter(|name| !found.contains(name)).count();
                assert!(lost <= 1, "at {at} ({character:?}): {found:?}\n{broken}");
            }
        }
    }
}

#[test]
fn swapped_lines_parse() {
    for text in CORPUS {
        let lines: Vec<&str> = text.lines().collect();
        for first in 0..lines.len() {
            for second in first + 1..lines.len().min(first + 12) {
                let mut lines = lines.clone();
                lines.swap(first, second);
                checked(&lines.join("\n"));
            }
        }
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

#[test]
fn random_bytes_parse() {
    on_a_small_stack(|| {
        let mut random = Random(0x9e37_79b9_7f4a_7c15);
        for length in 0..2_000 {
            let bytes: Vec<u8> = (0..length % 400).map(|_| random.below(256) as u8).collect();
            checked(&String::from_utf8_lossy(&bytes));
        }
    });
}

/// Texts that are made of the language's own words go much further than random bytes.
#[test]
fn random_words_parse_and_can_be_drawn() {
    const WORDS: &[&str] = &[
        "{",
        "}",
        "[",
        "]",
        "(",
        ")",
        "\"",
        "\"\"\"",
        "`",
        "```",
        "```bash\n",
        "${",
        "'",
        "\\",
        "\n",
        "\n",
        "\n  ",
        " ",
        " ",
        ",",
        "=",
        ":",
        "->",
        "<",
        ">",
        "?",
        "??",
        "..",
        ".",
        "#",
        "|",
        "a",
        "b.c",
        "step x {",
        "environment dev {",
        "\nenvironment dev {",
        "let x =",
        "promote",
        "through",
        "input v:",
        "each",
        "settings {",
        "30s",
        "1.5",
        "2026-12-18",
        "sha256:ab",
        "f(",
        "é",
        "\r\n",
        "\t",
        "\u{202e}",
        "\0",
        "\u{c}",
        "plan",
        "string",
        "\"a\" | \"b\"",
        "true",
        "- 1",
        "import \"x\"",
        "edition 2026",
        "each h in x {",
        "when a == b {",
        "function f(a: int): string =",
        "procedure p {",
        "\nfunction f(",
        "parallel {",
        "rollback {",
        "and",
        "not ",
        "in",
        "==",
        "<=",
        "+",
        "*",
        "[0]",
        "x?.y",
        "{ host: host, port: int = 5432 }",
    ];
    on_a_small_stack(|| {
        let mut random = Random(0x2545_f491_4f6c_dd1d);
        for round in 0..20_000 {
            let length = random.below(if round % 100 == 0 { 2_000 } else { 40 });
            let text: String = (0..length).map(|_| WORDS[random.below(WORDS.len())]).collect();
            let (_, findings) = checked(&text);
            if round % 50 == 0 {
                let mut sources = Sources::default();
                sources.add("random.release", text.as_str());
                human::render(&findings, &sources, &human::Options::default());
            }
        }
    });
}

/// Few words, long texts: what is left open piles up.
#[test]
fn the_nesting_the_grammar_sees_is_bounded() {
    const WORDS: &[&str] =
        &["{", "[", "(", "${", "\"", "\"\"\"", "`", "'", "\\", "a", "=", "x {", "\n", ")", "]", "}", "```", "\u{c}"];
    on_a_small_stack(|| {
        let mut random = Random(0xdead_beef_cafe_f00d);
        for _ in 0..300 {
            // Each text favours other words, so that all kinds of nesting come to be.
            let favourites: Vec<usize> = (0..5).map(|_| random.below(WORDS.len())).collect();
            let text: String = (0..4_000)
                .map(|_| {
                    let favourite = favourites[random.below(favourites.len())];
                    WORDS[if random.below(5) == 0 { random.below(WORDS.len()) } else { favourite }]
                })
                .collect();
            checked(&text);
        }
    });
}

#[test]
fn hostile_nesting_neither_overflows_nor_takes_long() {
    let texts = [
        ("parentheses", format!("a = {}", "(".repeat(100_000)), true),
        ("closed parentheses", format!("a = {}1{}", "(".repeat(100_000), ")".repeat(100_000)), true),
        ("lists", format!("a = {}", "[".repeat(100_000)), true),
        ("maps", format!("a = {}", "{ A = ".repeat(50_000)), true),
        ("calls", format!("a = {}", "f(x: ".repeat(50_000)), true),
        ("strings in strings", format!("a = {}", "\"${".repeat(50_000)), true),
        ("commands in strings", format!("a = {}", "\"${`${".repeat(50_000)), true),
        ("blocks", "step a {\n".repeat(2_000), true),
        ("rounds", "each a in b {\n".repeat(2_000), true),
        ("conditions", "when a == b {\n".repeat(2_000), true),
        ("conditions on a line", "when a { ".repeat(50_000), true),
        ("procedures left open", "procedure a {\n  when b {\n".repeat(20_000), false),
        ("functions left open", "function a(b: c = (\n".repeat(20_000), false),
        ("functions in parameters", format!("function a(b: {{ {}", "c: { ".repeat(50_000)), true),
        ("records", format!("a: {}", "{ b: ".repeat(50_000)), true),
        ("indices", format!("a = {}", "b[".repeat(50_000)), true),
        ("indices in a row", format!("a = b{}", "[0]".repeat(50_000)), true),
        ("members", format!("a = b(){}", ".c".repeat(50_000)), true),
        ("operators", format!("a = b{}", " + b".repeat(50_000)), true),
        ("comparisons", format!("a = b{}", " == b".repeat(50_000)), true),
        ("negations", format!("a = {}b", "not ".repeat(50_000)), true),
        ("exclamations", format!("a = {}b", "!".repeat(50_000)), true),
        ("operators without sides", format!("a = {}", "and or in ".repeat(30_000)), false),
        ("blocks on a line", "step a { ".repeat(50_000), true),
        ("types", format!("a: {}", "list<".repeat(50_000)), true),
        ("declarations left open", "environment a {\n  b = [(\n".repeat(20_000), false),
        ("fallbacks", format!("a = b{}", " ?? b".repeat(50_000)), true),
        ("optional marks", format!("a: b{}", "?".repeat(100_000)), false),
        ("dots", format!("a = b{}", ".b".repeat(50_000)), false),
        ("closing brackets", ")]}".repeat(50_000), false),
        ("crossed brackets", format!("a = {}", "([)]".repeat(50_000)), false),
        ("open brackets, foreign ones closed", format!("a = {}{}", "(".repeat(127), "]".repeat(100_000)), false),
        ("block quotes", "a = \"\"\"\n${".repeat(30_000), false),
        ("fences", "a = ```bash\n".repeat(30_001), false),
        ("quotes", "\"".repeat(100_001), false),
        ("backticks", "` ".repeat(50_001), false),
        ("apostrophes", "'".repeat(100_001), false),
        ("commas", ",".repeat(200_000), false),
        ("empty lines in a list", format!("a = [{}]", "\n".repeat(200_000)), false),
        ("words", "a ".repeat(100_000), false),
        ("equals and braces on one line", "a b = {} ".repeat(30_000), false),
        ("comments", "# c\n".repeat(50_000), false),
        ("unclosed on every line", "a = \"${[(\n".repeat(30_000), false),
    ];
    for (what, text, is_too_deep) in texts {
        on_a_small_stack(move || {
            let start = Instant::now();
            let (_, findings) = checked(&text);
            let took = start.elapsed();
            assert!(took < Duration::from_secs(5), "{what} took {took:?}");
            if is_too_deep {
                assert!(findings.iter().any(|finding| finding.code == codes::TOO_DEEP), "{what}: {}", findings.len());
            }
        });
    }
}

/// The deepest nesting that is allowed fits on the stack, whatever it is made of.
#[test]
fn allowed_nesting_is_read() {
    const DEEPEST: usize = 128;
    let nested =
        |open: &str, close: &str, levels: usize| format!("a = {}b{}\n", open.repeat(levels), close.repeat(levels));
    let texts = [
        nested("(", ")", DEEPEST),
        nested("[", "]", DEEPEST),
        nested("{ A = ", " }", DEEPEST),
        nested("f(x: ", ")", DEEPEST),
        nested("\"${", "}\"", DEEPEST),
        nested("`a ${", "}`", DEEPEST),
        nested("f(\"${", "}\")", DEEPEST / 2),
        nested("[{ A = f(x: \"${", "}\") }]", DEEPEST / 4),
        format!("a: {}b{}\n", "list<".repeat(DEEPEST), ">".repeat(DEEPEST)),
        format!("{}a = 1\n{}", "step a {\n".repeat(DEEPEST), "}\n".repeat(DEEPEST)),
        format!("{}a = 1{}\n", "step a { ".repeat(DEEPEST), " }".repeat(DEEPEST)),
    ];
    for text in texts {
        on_a_small_stack(move || {
            let (_, findings) = checked(&text);
            assert!(findings.is_empty(), "{findings:#?}\n{text}");
        });
    }
}

/// Ten times the text takes about ten times as long, broken or not.
#[test]
fn the_time_is_linear() {
    let broken = "artifact a {\n  b = [1, 2\n  c = \"x\n  step d {\n    e = `x ${y`\n}\nfoo ( bar\n";
    for piece in [CORPUS[0], broken, "step a {\n", "x = [\n", "a: \"b\n"] {
        let time = |count: usize| {
            let text = piece.repeat(count);
            let start = Instant::now();
            checked(&text);
            start.elapsed()
        };
        let small = 40_000 / piece.len();
        let once = (0..3).map(|_| time(small)).min().unwrap();
        let tenfold = time(small * 10);
        // Generous, for busy machines: what is quadratic takes a hundred times as long.
        assert!(tenfold < once * 40 + Duration::from_millis(50), "{once:?} and {tenfold:?} for {piece:?}");
    }
}

/// What a line can be broken by; none of it is more than one line.
fn broken_lines() -> impl Iterator<Item = &'static str> {
    include_str!("data/broken-lines.txt").lines().chain(["\u{202e}\u{0}"])
}

#[test]
fn a_broken_line_leaves_all_declarations_around_it() {
    let healthy = [
        "environment dev {\n  url = \"http://127.0.0.1\"\n}\n",
        "procedure restart {\n  host: host\n\n  refresh it { run = `restart ${host}` }\n}\n",
        "group people { members = [\"ada\"] }\n",
        "pipeline shop {\n  deploy {\n    each host in env.hosts {\n      restart it { host = host }\n    }\n  }\n}\n",
    ];
    let names = declarations(&parse(SOURCE, &healthy.concat()).0);
    assert_eq!(names.len(), healthy.len());
    for broken in broken_lines() {
        for at in 0..=healthy.len() {
            let text = format!("{}{broken}\n{}", healthy[..at].concat(), healthy[at..].concat());
            let (file, findings) = checked(&text);
            let found = declarations(&file);
            assert!(names.iter().all(|name| found.contains(name)), "{broken:?} at {at}: {found:?}");
            assert!(!findings.is_empty(), "{broken:?} at {at}");
        }
    }
}

/// A body with what bodies hold: values, maps, lists, commands, scripts, and bodies inside.
const BODY: &str = r#"pipeline shop {
  promote artifact.shop through dev -> production
  let home = "srv/${env.name}"
  before production {
    approval go { from = people, need = 2 }
  }
  deploy {
    step unpack {
      env      = { A = "1", B = "2" }
      run      = `tar -xzf ${artifact.shop.file}`
      rollback = ```sh
        rm -rf "$A"
      ```
    }
    each host in env.hosts {
      at_most = 25%
      refresh it { run = `restart ${host}` }
      when host == "a" {
        directory logs { path = "logs" }
      }
    }
    file config {
      path    = "config"
      content = """
        a = 1
      """
    }
  }
  verify {
    http health { url = "http://127.0.0.1", status = 200 }
  }
}
settings {
  hosts: list<host>
  database: { host: host, port: int = 5432 }
  tags: map<string> = {}
}
procedure restart {
  host: host
  refresh it { run = `restart ${host}` }
}
environment dev {
  url = "http://127.0.0.1"
}
"#;

/// Every item with those that it stands in: `pipeline shop/deploy/step unpack/run`. A value that was not understood does not
/// count.
fn places(items: &[Item], around: &str, found: &mut Vec<String>) {
    for item in items {
        let (name, body): (String, &[Item]) = match &item.kind {
            ItemKind::Block(block) => {
                let words: Vec<&str> = block.kind.iter().chain(&block.labels).map(|name| name.text.as_str()).collect();
                (words.join(" "), &block.body)
            }
            ItemKind::Each(each) => (format!("each {}", each.name.text), &each.body),
            ItemKind::When(when) => ("when".to_owned(), &when.body),
            ItemKind::Attribute(of) | ItemKind::Let(of) if of.value.kind == ExprKind::Missing => continue,
            ItemKind::Attribute(of) | ItemKind::Let(of) => (of.name.text.clone(), &[]),
            ItemKind::Field(field) | ItemKind::Input(field) => (format!("{}:", field.name.text), &[]),
            ItemKind::Promote(_) => ("promote".to_owned(), &[]),
            ItemKind::Function(function) => (function.name.text.clone(), &[]),
            ItemKind::Edition(_) | ItemKind::Import(_) => continue,
        };
        let place = format!("{around}/{name}");
        places(body, &place, found);
        found.push(place);
    }
}

fn places_in(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    places(&checked(text).0.items, "", &mut found);
    found
}

/// One broken line stands in a body, indented as its neighbours are: every item around it is understood as if it were not
/// there. Lines of quoted text are not broken here, since there a line may be anything.
#[test]
fn a_broken_line_in_a_body_leaves_all_items_around_it() {
    let whole = places_in(BODY);
    assert!(whole.len() > 35, "{whole:#?}");
    let lines: Vec<&str> = BODY.lines().collect();
    let is_quoted = |at: usize| {
        let before = lines[..at].join("\n");
        before.matches("\"\"\"").count() % 2 == 1 || before.matches("```").count() % 2 == 1
    };
    let indent = |line: &str| line.len() - line.trim_start().len();
    let mut failures = String::new();
    // A brace more that closes a body looks like one that was meant.
    for broken in broken_lines().filter(|broken| *broken != "}") {
        for at in (0..=lines.len()).filter(|&at| !is_quoted(at)) {
            // As far as the line above, or further where that opens a body.
            let margin = at
                .checked_sub(1)
                .map_or(0, |above| indent(lines[above]) + if lines[above].ends_with('{') { 2 } else { 0 });
            let line = format!("{}{broken}", " ".repeat(margin));
            let text = [&lines[..at], &[line.as_str()], &lines[at..], &[""]].concat().join("\n");
            let found = places_in(&text);
            let lost: Vec<&String> = whole.iter().filter(|place| !found.contains(place)).collect();
            if !lost.is_empty() {
                failures += &format!("{broken:?} behind line {at} ({:?}): {lost:?}\n", lines.get(at.wrapping_sub(1)));
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

#[test]
fn a_file_of_fifty_megabytes_is_read() {
    const LENGTH: usize = 50 << 20;
    let fill = |piece: &str| piece.repeat(LENGTH / piece.len());
    let texts = [
        format!("let a = 1\n{}let b = 2\n", fill("# nothing of note\n")),
        format!("let a = 1{}\nlet b = 2\n", fill("\n \n")),
        format!("let a = \"\"\"\n{}\"\"\"\nlet b = 2\n", fill("  a line ${x} of text\n").replace("${x}", "$ x ")),
        format!("let a = \"{}\"\nlet b = 2\n", fill("text")),
        format!("let a = {}\nlet b = 2\n", fill("name-of-what")),
    ];
    for text in texts {
        let start = Instant::now();
        let (file, findings) = parse(SOURCE, &text);
        let took = start.elapsed();
        assert_eq!(findings.len(), 0, "{:?}", findings.first());
        assert_eq!(file.items.len(), 2);
        assert!(took < Duration::from_secs(60), "{took:?}");
    }
}
