//! Expressions as an author would write them, with the values of names such as `let`s and parameters in their place: what a
//! reader of a runbook needs who does not have the files open.

use liftlock_model::evaluate::value_text;
use liftlock_model::expr::{
    Days, Expr, ExprKind, Freeze, Hours, Operator, Part, Reference, SecretSource, Window, Word,
};
use liftlock_model::functions::Function;
use liftlock_model::{Model, Value};

/// An expression with more parts than this is not written out: nobody would read it, and names may make it grow without end.
const LARGEST: u32 = 2_000;

/// What a program is.
pub(crate) enum Program {
    Command(String),
    Script { interpreter: String, text: String },
}

/// A text without its quotes; everything else as it would be written.
pub(crate) fn bare(expr: &Expr, model: &Model) -> String {
    match &*expr.kind {
        ExprKind::Named(inner) => bare(inner, model),
        ExprKind::Text(parts) if expr.weight <= LARGEST => inside(parts, model),
        _ => written(expr, model),
    }
}

/// A command as its words, or a script.
pub(crate) fn program(expr: &Expr, model: &Model) -> Program {
    match &*expr.kind {
        ExprKind::Named(inner) => program(inner, model),
        ExprKind::Script { interpreter, text } => {
            Program::Script { interpreter: interpreter.clone(), text: text.clone() }
        }
        _ => Program::Command(bare(expr, model)),
    }
}

/// As it would be written in a file.
pub(crate) fn written(expr: &Expr, model: &Model) -> String {
    if expr.weight > LARGEST {
        return "…".to_owned();
    }
    let of = |expr: &Expr| written(expr, model);
    match &*expr.kind {
        ExprKind::Error => "…".to_owned(),
        ExprKind::None => "none".to_owned(),
        ExprKind::Bool(value) => scalar(&Value::Bool(*value)),
        ExprKind::Int(value) => scalar(&Value::Int(*value)),
        ExprKind::Number(value) => scalar(&Value::Number(*value)),
        ExprKind::Duration(ms) => scalar(&Value::Duration(*ms)),
        ExprKind::Percent(value) => scalar(&Value::Percent(*value)),
        ExprKind::Bytes(value) => scalar(&Value::Bytes(*value)),
        ExprKind::Time(time) => scalar(&Value::Time(*time)),
        ExprKind::Date(date) => scalar(&Value::Date(*date)),
        ExprKind::DateTime(moment) => scalar(&Value::DateTime(*moment)),
        ExprKind::Text(parts) => format!("\"{}\"", inside(parts, model)),
        ExprKind::List(items) => {
            let items: Vec<String> = items.iter().map(of).collect();
            format!("[{}]", items.join(", "))
        }
        ExprKind::Map(entries) => {
            let entries: Vec<String> = entries.iter().map(|(key, value)| format!("{key} = {}", of(value))).collect();
            format!("{{ {} }}", entries.join(", "))
        }
        ExprKind::Command(words) => {
            let words: Vec<String> = words.iter().map(|word| self::word(word, model)).collect();
            words.join(" ")
        }
        ExprKind::Script { interpreter, .. } => format!("a script for {interpreter}"),
        ExprKind::Fallback(value, fallback) => {
            format!("{} ?? {}", operand(value, 0, model), operand(fallback, 0, model))
        }
        ExprKind::Reference(reference) => self::reference(reference, model),
        ExprKind::Named(inner) => of(inner),
        ExprKind::Binary(operator, left, right) => {
            let rank = rank(*operator);
            // What stands on the left of an operator of its rank belongs together anyway.
            format!("{} {} {}", operand(left, rank, model), operator.sign(), operand(right, rank + 1, model))
        }
        ExprKind::Not(inner) => format!("not {}", operand(inner, TIGHTEST, model)),
        ExprKind::Index(list, at) => format!("{}[{}]", operand(list, TIGHTEST, model), of(at)),
        ExprKind::Member(record, name) => format!("{}.{name}", operand(record, TIGHTEST, model)),
        ExprKind::Call(function, arguments) => {
            let arguments: Vec<String> = arguments.iter().map(of).collect();
            format!("{}({})", function_name(*function), arguments.join(", "))
        }
        ExprKind::Range(from, to) => {
            format!("{}..{}", operand(from, TIGHTEST, model), operand(to, TIGHTEST, model))
        }
        ExprKind::Days(days) => self::days(*days),
        ExprKind::Hours(hours) => self::hours(*hours),
        ExprKind::Window(window) => self::window(*window),
        ExprKind::Freeze(freeze) => self::freeze(freeze),
        ExprKind::Secret(SecretSource::Env(name)) => format!("secret.env({})", of(name)),
        ExprKind::Secret(SecretSource::File(path)) => format!("secret.file({})", of(path)),
        ExprKind::Secret(SecretSource::Command(command)) => format!("secret.command(`{}`)", of(command)),
    }
}

/// What binds tighter than every operator between two values.
const TIGHTEST: u8 = 6;

/// How tightly an operator binds its values, as the reference has it.
fn rank(operator: Operator) -> u8 {
    match operator {
        Operator::Or => 1,
        Operator::And => 2,
        Operator::Equal
        | Operator::Unequal
        | Operator::Less
        | Operator::AtMost
        | Operator::Greater
        | Operator::AtLeast
        | Operator::In => 3,
        Operator::Plus | Operator::Minus => 4,
        Operator::Times => 5,
    }
}

/// A value beside an operator, in parentheses where it would fall apart without.
fn operand(expr: &Expr, least: u8, model: &Model) -> String {
    let binds = match &*expr.kind {
        ExprKind::Named(inner) => return operand(inner, least, model),
        ExprKind::Binary(operator, ..) => rank(*operator),
        ExprKind::Fallback(..) | ExprKind::Range(..) | ExprKind::Not(_) => 0,
        _ => TIGHTEST,
    };
    let text = written(expr, model);
    if binds < least { format!("({text})") } else { text }
}

/// `mon..fri 09:00..16:00`
pub(crate) fn window(window: Window) -> String {
    format!("{} {}", days(window.days), hours(window.hours))
}

/// `2026-12-18 to 2027-01-04: year-end freeze`
pub(crate) fn freeze(freeze: &Freeze) -> String {
    format!("{} to {}: {}", freeze.from, freeze.to, freeze.reason)
}

fn days(days: Days) -> String {
    const NAMES: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let name = |day: u8| NAMES.get(usize::from(day).wrapping_sub(1)).copied().unwrap_or("?");
    if days.from == days.to { name(days.from).to_owned() } else { format!("{}..{}", name(days.from), name(days.to)) }
}

fn hours(hours: Hours) -> String {
    format!("{}..{}", scalar(&Value::Time(hours.from)), scalar(&Value::Time(hours.to)))
}

/// A value that has a text.
fn scalar(value: &Value) -> String {
    value_text(value).to_string()
}

fn function_name(function: Function) -> &'static str {
    Function::ALL.iter().find(|(known, ..)| *known == function).map_or("?", |(_, name, _)| name)
}

fn inside(parts: &[Part], model: &Model) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Value(value) => put_in(value, model),
        })
        .collect()
}

/// What `${…}` puts into a text: a text that is put together is told by its parts, not within another `${…}`.
fn put_in(value: &Expr, model: &Model) -> String {
    match &*value.kind {
        ExprKind::Named(inner) => put_in(inner, model),
        ExprKind::Text(parts) if value.weight <= LARGEST => inside(parts, model),
        ExprKind::Int(_) | ExprKind::Duration(_) | ExprKind::Percent(_) | ExprKind::Bool(_) => written(value, model),
        _ => format!("${{{}}}", written(value, model)),
    }
}

fn word(word: &Word, model: &Model) -> String {
    match word {
        Word::One(parts) => {
            let text = inside(parts, model);
            // What a shell would take for something else is quoted, since people paste it.
            let is_bare = |part: &Part| match part {
                Part::Literal(text) => text.chars().all(|char| char.is_alphanumeric() || "_./:=@%+,-".contains(char)),
                Part::Value(_) => true,
            };
            if !text.is_empty() && parts.iter().all(is_bare) {
                text
            } else {
                format!("'{}'", text.replace('\'', "'\\''"))
            }
        }
        Word::Several(list) => format!("${{{}}}", written(list, model)),
    }
}

fn reference(reference: &Reference, model: &Model) -> String {
    let artifact = |id, what: &str| format!("artifact.{}.{what}", model.artifact(id).name);
    match reference {
        Reference::Environment(id) => format!("environment.{}", model.environment(*id).name),
        Reference::Group(id) => format!("group.{}", model.group(*id).name),
        Reference::Calendar(id) => format!("calendar.{}", model.calendar(*id).name),
        Reference::Artifact(id) => format!("artifact.{}", model.artifact(*id).name),
        Reference::CurrentName => "env.name".to_owned(),
        Reference::CurrentSetting(name) => format!("env.{name}"),
        Reference::Setting(id, name) => format!("environment.{}.{name}", model.environment(*id).name),
        Reference::Input(name) => format!("input.{name}"),
        Reference::ArtifactVersion(id) => artifact(*id, "version"),
        Reference::ArtifactFile(id) => artifact(*id, "file"),
        Reference::ArtifactDigest(id) => artifact(*id, "digest"),
        Reference::ArtifactImage(id) => artifact(*id, "image"),
        Reference::ReleaseVersion => "release.version".to_owned(),
        Reference::ReleaseDigest => "release.digest".to_owned(),
        Reference::ReleaseNumber => "release.number".to_owned(),
        Reference::PreviousVersion => "previous.version".to_owned(),
        Reference::PreviousDigest => "previous.digest".to_owned(),
        Reference::Observed => "observed".to_owned(),
        Reference::Local(_, name) => name.clone(),
        Reference::Output(_, name) => format!("step.….{name}"),
        Reference::FailureSummary => "failure.summary".to_owned(),
        Reference::FailureEnvironment => "failure.environment".to_owned(),
        Reference::FailureEffect => "failure.effect".to_owned(),
    }
}
