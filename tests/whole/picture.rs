//! The picture of a run that the README shows: `examples/storefront/run.svg` is what the program prints, and nobody draws it.

use std::fs;

use anstyle::{AnsiColor, Color, RgbColor};
use anstyle_svg::{Palette, Term};

use crate::project::{Project, repository};

/// What a reader would type. Neither the gate nor the approval in front of production is ever reached.
const BAD: &[&str] = &["run", "--values", "releases/1.2.0.toml", "--as", "ada@example.com", "--yes"];

/// Wider, and a README would show it too small to be read.
const COLUMNS: usize = 118;

/// A dark terminal. It brings its background along, so that it stands out on a white page as on a black one; each colour
/// has a contrast of more than 4.5 to it.
const BACKGROUND: Color = rgb(0x0d, 0x11, 0x17);
const TEXT: Color = rgb(0xe6, 0xed, 0xf3);
const RED: RgbColor = RgbColor(0xff, 0x7b, 0x72);
const GREEN: RgbColor = RgbColor(0x56, 0xd3, 0x64);
const YELLOW: RgbColor = RgbColor(0xe3, 0xb3, 0x41);
const GREY: RgbColor = RgbColor(0x8b, 0x94, 0x9e);

#[test]
fn the_picture_in_the_readme_is_what_a_run_prints() {
    let file = repository().join("examples/storefront/run.svg");
    let drawn = draw(&failing_run());
    if std::env::var_os("BLESS").is_some() {
        fs::write(&file, &drawn).unwrap();
    }
    let there = fs::read_to_string(&file).unwrap_or_default();
    let (there, drawn) = (masked(&there), masked(&drawn));
    let different = there.lines().zip(drawn.lines()).find(|(old, new)| old != new);
    assert!(
        there == drawn,
        "runs look different now; draw the picture again, and look at it:\n  BLESS=1 cargo test -p liftlock-tests \
         picture\nfirst difference: {different:#?}"
    );
}

/// A release that breaks in staging and is taken back there, from the moment it enters staging.
fn failing_run() -> String {
    let project = Project::storefront();
    let good = ["run", "--values", "releases/1.0.0.toml", "--as", "ada@example.com", "--approve", "go", "--yes"];
    project.liftlock(&good).expect(0);
    let bad = project.liftlock(&[BAD, &["--color", "always"]].concat()).expect(1);

    let told = bad.stderr.lines().map(without_time);
    let mut lines = vec![format!("$ liftlock {}", BAD.join(" ")), "\u{1b}[2m...\u{1b}[0m".to_owned()];
    lines.extend(told.skip_while(|line| !(line.starts_with("staging") && line.contains("entered"))).map(str::to_owned));
    lines.push(String::new());
    lines.extend(bad.stdout.lines().map(str::to_owned));
    assert!(lines.len() > 25, "staging was never entered:\n{}", bad.stderr);
    for line in &lines {
        assert!(columns(line) <= COLUMNS, "wider than {COLUMNS} columns: {line}");
    }
    lines.join("\n")
}

/// A line without the time of day in front: ten columns that say nothing to somebody who looks at a picture.
fn without_time(line: &str) -> &str {
    let rest = line.strip_prefix("\u{1b}[2m").and_then(|line| line.split_once("\u{1b}[0m  "));
    match rest {
        Some((time, rest)) if time.len() == "23:59:59".len() && time.matches(':').count() == 2 => rest,
        _ => line,
    }
}

/// How many columns of a terminal a line takes, without the codes for its colours.
fn columns(line: &str) -> usize {
    let codes = line.split('\u{1b}').skip(1).map(|piece| piece.find('m').map_or(0, |end| end + 2));
    line.chars().count() - codes.sum::<usize>()
}

fn draw(text: &str) -> String {
    // Dimmed text is given a grey of its own: half transparent, as it would be drawn, not everybody could read it.
    let text = text.replace("\u{1b}[2m", "\u{1b}[90m");
    Term::new().palette(palette()).fg_color(TEXT).bg_color(BACKGROUND).render_svg(&text)
}

/// The colours by their numbers. Those that no line of the picture has are as the text.
fn palette() -> Palette {
    let Color::Rgb(text) = TEXT else { unreachable!("it is written as red, green and blue above") };
    let mut colours = [text; 16];
    let given =
        [(AnsiColor::Red, RED), (AnsiColor::Green, GREEN), (AnsiColor::Yellow, YELLOW), (AnsiColor::BrightBlack, GREY)];
    for (name, colour) in given {
        colours[name as usize] = colour;
    }
    Palette(colours)
}

/// A picture without what is different in every run, however little has changed: how long things took, ports, digests, the
/// run's name, the try at which a service that had just been started answered, and how wide all of that is.
fn masked(picture: &str) -> String {
    let mut masked = String::new();
    let mut rest = picture;
    while let Some(first) = rest.chars().next() {
        let word = word_at(rest);
        if word.is_empty() {
            masked.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        rest = &rest[word.len()..];
        let unit = rest.strip_prefix(' ').map(word_at).filter(|unit| ["ms", "s"].contains(unit));
        let is_name = ["sha256 ", "log ", "run "].iter().any(|before| masked.ends_with(before)) && has_digit(word);
        if masked.ends_with(" at try ") {
            masked.truncate(masked.len() - " at try ".len());
        } else if masked.ends_with(", took ") {
            // A run that has to compile first takes minutes and seconds.
            masked.push_str("TIME");
            rest = rest.find('<').map_or("", |end| &rest[end..]);
        } else if let Some(unit) = unit.filter(|_| word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')) {
            masked.push_str("TIME");
            rest = &rest[1 + unit.len()..];
        } else if masked.ends_with("127.0.0.1:") {
            masked.push_str("PORT");
        } else if masked.ends_with("<svg width=\"") {
            masked.push_str("WIDTH");
        } else {
            masked.push_str(if is_name { "NAME" } else { word });
        }
    }
    masked
}

/// The letters, digits and dots that a text begins with.
fn word_at(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').next().unwrap_or_default()
}

fn has_digit(word: &str) -> bool {
    word.bytes().any(|byte| byte.is_ascii_digit())
}

const fn rgb(red: u8, green: u8, blue: u8) -> Color {
    Color::Rgb(RgbColor(red, green, blue))
}

#[test]
fn what_is_masked_is_what_differs_between_runs() {
    let one = "<svg width=\"940px\"> done in 254 ms, not observed http://127.0.0.1:12044/health for 3s (release 1, \
               sha256 ccd47beca15f) log 1ng9wmf86n passed: 200 in 3 ms</tspan> by ada, took 5.3 s</tspan>";
    let other = "<svg width=\"952px\"> done in 1.2 s, not observed http://127.0.0.1:4102/health for 3s (release 1, \
                 sha256 0123456789ab) log 1ng9zzzzzz passed: 200 in 31 ms at try 2</tspan> by ada, took 1 min 4 s</tspan>";
    assert_eq!(masked(one), masked(other));
    for changed in [one.replace("release 1", "release 2"), one.replace("200", "503"), one.replace("done", "undone")] {
        assert_ne!(masked(one), masked(&changed));
    }
}
