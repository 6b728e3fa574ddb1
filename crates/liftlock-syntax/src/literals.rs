//! Literals that begin with a digit, and digests.

use jiff::civil;
use liftlock_diagnostics::{Code, Edit, Finding, Safety};

use crate::codes;
use crate::nodes::Node;
use crate::parse::{Converter, excerpt};
use crate::tree::ExprKind;

const DURATIONS: &[(&str, u64)] =
    &[("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

const BYTES: &[(&str, u64)] = &[
    ("B", 1),
    ("kB", 1_000),
    ("MB", 1_000_000),
    ("GB", 1_000_000_000),
    ("TB", 1_000_000_000_000),
    ("KiB", 1 << 10),
    ("MiB", 1 << 20),
    ("GiB", 1 << 30),
    ("TiB", 1 << 40),
];

/// Every unit, which stands directly behind its number.
pub fn units() -> impl Iterator<Item = &'static str> {
    DURATIONS.iter().chain(BYTES).map(|(unit, _)| *unit).chain(["%"])
}

/// What people write for a unit, and the unit.
const HABITS: &[(&[&str], &str)] = &[
    (&["ms", "msec", "msecs", "millis", "millisecond", "milliseconds"], "ms"),
    (&["s", "sec", "secs", "second", "seconds"], "s"),
    (&["m", "min", "mins", "minute", "minutes"], "m"),
    (&["h", "hr", "hrs", "hour", "hours"], "h"),
    (&["d", "day", "days"], "d"),
    (&["w", "week", "weeks"], "w"),
    (&["B", "byte", "bytes"], "B"),
    (&["kb", "KB", "k", "K"], "kB"),
    (&["mb", "Mb", "MB"], "MB"),
    (&["gb", "Gb", "GB", "g", "G"], "GB"),
    (&["kib", "KIB", "Kib", "KiB", "Ki"], "KiB"),
    (&["mib", "MIB", "Mib", "MiB", "Mi"], "MiB"),
    (&["gib", "GIB", "Gib", "GiB", "Gi"], "GiB"),
    (&["percent", "pct"], "%"),
];

/// The unit that a word such as `seconds` means.
pub(crate) fn unit_of_word(word: &str) -> Option<&'static str> {
    HABITS.iter().find(|(words, _)| words.contains(&word)).map(|(_, unit)| *unit)
}

/// What is wrong with a literal.
struct Fault {
    code: Code,
    message: String,
    help: String,
    /// What certainly was meant.
    right: Option<String>,
}

impl Fault {
    fn new(code: Code, message: impl Into<String>, help: impl Into<String>) -> Self {
        Fault { code, message: message.into(), help: help.into(), right: None }
    }

    fn meant(code: Code, message: impl Into<String>, right: String) -> Self {
        Fault { code, message: message.into(), help: format!("write `{right}`"), right: Some(right) }
    }
}

impl Converter<'_> {
    pub fn literal(&mut self, node: Node<'_>) -> ExprKind {
        let text = self.text_of(node);
        match literal(text) {
            Ok(kind) => kind,
            Err(fault) => {
                let span = self.span_of(node);
                let mut finding = Finding::error(fault.code, fault.message, span, "here").with_help(fault.help.clone());
                if let Some(right) = fault.right {
                    finding = finding.with_fix(Safety::Safe, fault.help, vec![Edit { span, text: right }]);
                }
                self.report(finding);
                ExprKind::Missing
            }
        }
    }

    pub fn digest(&mut self, node: Node<'_>) -> ExprKind {
        let text = self.text_of(node);
        let hex = text.trim_start_matches("sha256:");
        if hex.len() == 64 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return ExprKind::Digest(hex.to_ascii_lowercase());
        }
        let message = format!("`{}` is no digest", excerpt(text));
        let finding = Finding::error(codes::BAD_DIGEST, message, self.span_of(node), "here")
            .with_help("a digest is `sha256:` and 64 hexadecimal digits");
        self.report(finding);
        ExprKind::Missing
    }
}

fn literal(text: &str) -> Result<ExprKind, Fault> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    if unsigned.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return int(text);
    }
    if unsigned.contains('-') {
        return date_or_datetime(text);
    }
    if unsigned.contains(':') {
        return time(text).map(ExprKind::Time);
    }
    if let Some(number) = text.strip_suffix('%') {
        return float(number, text).map(ExprKind::Percent);
    }
    if unsigned.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'_' | b'.')) {
        return float(text, text).map(ExprKind::Number);
    }
    with_unit(text)
}

fn int(text: &str) -> Result<ExprKind, Fault> {
    if text.ends_with('_') {
        return Err(not_a_number(text));
    }
    let digits = text.replace('_', "");
    let too_large = || {
        Fault::new(
            codes::BAD_NUMBER,
            format!("`{}` is too large", excerpt(text)),
            "the largest number is 9223372036854775807",
        )
    };
    digits.parse().map(ExprKind::Int).map_err(|_| too_large())
}

fn float(number: &str, text: &str) -> Result<f64, Fault> {
    if number.matches('.').count() > 1 {
        let right = format!("\"{text}\"");
        let mut fault = Fault::meant(codes::BAD_NUMBER, format!("`{}` is no number", excerpt(text)), right.clone());
        fault.help = format!("a version stands in quotes: `{right}`");
        return Err(fault);
    }
    let parsed = number.replace('_', "").parse::<f64>().ok().filter(|value| value.is_finite());
    parsed.ok_or_else(|| not_a_number(text))
}

fn not_a_number(text: &str) -> Fault {
    Fault::new(
        codes::BAD_NUMBER,
        format!("`{}` is no number", excerpt(text)),
        "write a number such as `8`, `1.5` or `25%`, or put a text in double quotes",
    )
}

/// `1h30m`, `512MiB`: digits and a unit, one or more times.
fn with_unit(text: &str) -> Result<ExprKind, Fault> {
    if text.starts_with('-') {
        let message = format!("`{}` is negative", excerpt(text));
        return Err(Fault::new(codes::BAD_NUMBER, message, "durations and sizes count from zero"));
    }
    let mut rest = text;
    let mut total: u64 = 0;
    let mut last_unit = u64::MAX;
    let mut pieces = 0;
    while !rest.is_empty() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_' || c == '.').len();
        let (number, behind) = rest.split_at(digits);
        let letters = behind.bytes().take_while(u8::is_ascii_alphabetic).count();
        let (unit, behind) = behind.split_at(letters);
        rest = behind;
        if unit.is_empty() || number.is_empty() {
            return Err(not_a_number(text));
        }
        pieces += 1;
        if let Some((_, factor)) = BYTES.iter().find(|(name, _)| *name == unit) {
            if pieces > 1 || !rest.is_empty() {
                return Err(Fault::new(
                    codes::BAD_NUMBER,
                    format!("`{}` has more than one unit", excerpt(text)),
                    "write a size as one number and one unit, as in `512MiB`",
                ));
            }
            return Ok(ExprKind::Bytes(scaled(text, number, *factor)?));
        }
        let Some((_, factor)) = DURATIONS.iter().find(|(name, _)| *name == unit) else {
            return Err(unknown_unit(text, number, unit, pieces == 1 && rest.is_empty()));
        };
        if *factor >= last_unit {
            return Err(Fault::new(
                codes::BAD_NUMBER,
                format!("the units of `{}` are not in order", excerpt(text)),
                "write the larger unit first, and each one once, as in `1h30m`",
            ));
        }
        last_unit = *factor;
        total = total.checked_add(scaled(text, number, *factor)?).ok_or_else(|| too_long(text))?;
    }
    Ok(ExprKind::Duration(total))
}

fn unknown_unit(text: &str, number: &str, unit: &str, alone: bool) -> Fault {
    let message = format!("`{unit}` is no unit");
    match unit_of_word(unit) {
        Some(right) if alone => Fault::meant(codes::UNKNOWN_UNIT, message, format!("{number}{right}")),
        _ => Fault::new(
            codes::UNKNOWN_UNIT,
            format!("{message}: `{}`", excerpt(text)),
            "durations have `ms`, `s`, `m`, `h`, `d` and `w`; sizes have `B`, `kB`, `MB`, `GB`, `KiB`, `MiB` and `GiB`",
        ),
    }
}

fn too_long(text: &str) -> Fault {
    let message = format!("`{}` is too large", excerpt(text));
    Fault::new(codes::BAD_NUMBER, message, "write a smaller number")
}

fn scaled(text: &str, number: &str, factor: u64) -> Result<u64, Fault> {
    if number.contains('.') {
        let message = format!("`{}` has a fraction", excerpt(text));
        return Err(Fault::new(codes::BAD_NUMBER, message, "write whole numbers, as in `1h30m` or `1536MiB`"));
    }
    let value: u64 = number.replace('_', "").parse().map_err(|_| too_long(text))?;
    value.checked_mul(factor).ok_or_else(|| too_long(text))
}

fn date_or_datetime(text: &str) -> Result<ExprKind, Fault> {
    let (date_text, time_text) = match text.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (text, None),
    };
    let fault = || {
        let message = format!("`{}` is no date", excerpt(text));
        Fault::new(codes::BAD_DATE, message, "write `2026-12-18`, or `2026-12-18T22:00` with a time")
    };
    let pieces: Vec<&str> = date_text.split('-').collect();
    let [year, month, day] = pieces.as_slice() else { return Err(fault()) };
    if year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return Err(fault());
    }
    let (Ok(year), Ok(month), Ok(day)) = (year.parse(), month.parse(), day.parse()) else { return Err(fault()) };
    let date = civil::Date::new(year, month, day).map_err(|_| fault())?;
    match time_text {
        None => Ok(ExprKind::Date(date)),
        Some(time_text) => Ok(ExprKind::DateTime(date.to_datetime(time(time_text).map_err(|_| fault())?))),
    }
}

fn time(text: &str) -> Result<civil::Time, Fault> {
    let fault = || {
        let message = format!("`{}` is no time of day", excerpt(text));
        Fault::new(codes::BAD_DATE, message, "write `09:00`, or `09:00:30` with seconds")
    };
    let pieces: Vec<&str> = text.split(':').collect();
    if !(2..=3).contains(&pieces.len()) || pieces.iter().any(|piece| piece.len() != 2) {
        return Err(fault());
    }
    let mut numbers = [0_i8; 3];
    for (number, piece) in numbers.iter_mut().zip(&pieces) {
        *number = piece.parse().map_err(|_| fault())?;
    }
    civil::Time::new(numbers[0], numbers[1], numbers[2], 0).map_err(|_| fault())
}
