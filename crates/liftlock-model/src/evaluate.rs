//! The value of an expression for one environment, as far as it is known when the release is planned.

use std::cell::RefCell;
use std::collections::HashMap;

use indexmap::IndexMap;
use liftlock_names::{Digest, ImageName, ReleaseRef};

use crate::expr::{EffectId, Expr, ExprKind, LocalId, Operator, Part, Reference, SecretSource, Word};
use crate::functions::Function;
use crate::model::{Artifact, ArtifactKind, EnvironmentId, ImageDigest, Model};
use crate::operate;
use crate::types::Type;
use crate::value::{FailureFact, Late, Program, Secret, Text, Value};

/// What the names of an expression stand for.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    pub model: &'a Model,
    /// The environment being entered; `None` outside a stage.
    pub environment: Option<EnvironmentId>,
    /// Every declared input has a value here.
    pub inputs: &'a IndexMap<String, Value>,
    /// The version that is released; `None` while it is being worked out.
    pub version: Option<&'a str>,
    /// The artifact that is released.
    pub artifact: Option<&'a str>,
    /// Its digest, where that is known when the release is planned: that of an image.
    pub digest: Option<Digest>,
    /// What the environment runs now.
    pub previous: Option<&'a ReleaseRef>,
    /// The loop variables, innermost last.
    pub locals: &'a [(LocalId, Value)],
    /// Where the steps stand that have given something out.
    pub steps: Option<&'a Steps>,
}

/// Where each step of a stage stands, as `deploy/create`; the latest, of a step that `each` repeats.
#[derive(Debug, Default)]
pub struct Steps(RefCell<HashMap<EffectId, String>>);

impl Steps {
    pub fn note(&self, step: EffectId, place: String) {
        self.0.borrow_mut().insert(step, place);
    }

    fn place(&self, step: EffectId) -> Option<String> {
        self.0.borrow().get(&step).cloned()
    }
}

impl<'a> Facts<'a> {
    /// What is known before anything is entered.
    pub fn new(model: &'a Model, inputs: &'a IndexMap<String, Value>) -> Self {
        Facts {
            model,
            environment: None,
            inputs,
            version: None,
            artifact: None,
            digest: None,
            previous: None,
            locals: &[],
            steps: None,
        }
    }
}

/// The value of an expression. One that lowering did not understand is [`Value::None`]; a model that has such is not planned.
pub fn evaluate(expr: &Expr, facts: Facts<'_>) -> Value {
    match &*expr.kind {
        ExprKind::Error | ExprKind::None => Value::None,
        ExprKind::Bool(value) => Value::Bool(*value),
        ExprKind::Int(value) => Value::Int(*value),
        ExprKind::Number(value) => Value::Number(*value),
        ExprKind::Duration(value) => Value::Duration(*value),
        ExprKind::Percent(value) => Value::Percent(*value),
        ExprKind::Bytes(value) => Value::Bytes(*value),
        ExprKind::Time(value) => Value::Time(*value),
        ExprKind::Date(value) => Value::Date(*value),
        ExprKind::DateTime(value) => Value::DateTime(*value),
        ExprKind::Text(parts) => Value::Text(text_of(parts, facts)),
        ExprKind::List(items) => Value::List(items.iter().map(|item| evaluate(item, facts)).collect()),
        ExprKind::Map(entries) => {
            Value::Map(entries.iter().map(|(key, value)| (key.clone(), evaluate(value, facts))).collect())
        }
        ExprKind::Command(words) => Value::Command(Program::Command(argv(words, facts))),
        ExprKind::Script { interpreter, text } => {
            Value::Command(Program::Script { interpreter: interpreter.clone(), text: text.clone() })
        }
        ExprKind::Fallback(value, fallback) => match evaluate(value, facts) {
            Value::None => evaluate(fallback, facts),
            value => value,
        },
        ExprKind::Named(inner) => evaluate(inner, facts),
        ExprKind::Binary(Operator::In, version, range) if range.ty.is_versions() => {
            Function::Satisfies.call(&[evaluate(version, facts), evaluate(range, facts)])
        }
        ExprKind::Binary(operator, left, right) => {
            let ordered_as = if left.ty == Type::Semver && right.ty == Type::Semver { &left.ty } else { &Type::Error };
            operate::binary(*operator, &evaluate(left, facts), || evaluate(right, facts), ordered_as)
        }
        ExprKind::Not(inner) => operate::not(&evaluate(inner, facts)),
        ExprKind::Index(of, at) => operate::index(&evaluate(of, facts), &evaluate(at, facts)),
        ExprKind::Member(of, name) => operate::member(&evaluate(of, facts), name),
        ExprKind::Call(function, arguments) => {
            let arguments: Vec<Value> = arguments.iter().map(|argument| evaluate(argument, facts)).collect();
            function.call(&arguments)
        }
        ExprKind::Range(from, to) => Value::Range(Box::new(evaluate(from, facts)), Box::new(evaluate(to, facts))),
        ExprKind::Secret(source) => Value::Secret(match source {
            SecretSource::Env(name) => Secret::Env(text(name, facts).to_string()),
            SecretSource::File(path) => Secret::File(text(path, facts).to_string()),
            SecretSource::Command(command) => Secret::Command(match evaluate(command, facts) {
                Value::Command(Program::Command(words)) => words.iter().map(Text::to_string).collect(),
                _ => Vec::new(),
            }),
        }),
        ExprKind::Window(window) => Value::Window(*window),
        ExprKind::Freeze(freeze) => Value::Freeze(freeze.clone()),
        ExprKind::Hours(hours) => Value::Range(Box::new(Value::Time(hours.from)), Box::new(Value::Time(hours.to))),
        // Days stand only in the arguments of `window`, which is a value of its own by now.
        ExprKind::Days(_) => Value::None,
        ExprKind::Reference(reference) => self::reference(reference, facts),
    }
}

/// The text of an expression, its open places left open.
pub fn text(expr: &Expr, facts: Facts<'_>) -> Text {
    value_text(&evaluate(expr, facts))
}

fn reference(reference: &Reference, facts: Facts<'_>) -> Value {
    let optional = |text: Option<String>| text.map_or(Value::None, |text| Value::Text(text.into()));
    let setting = |id: EnvironmentId, name: &str| {
        facts.model.environment(id).settings.get(name).map_or(Value::None, |value| evaluate(value, facts))
    };
    match reference {
        Reference::Environment(id) => Value::Environment(*id),
        Reference::Group(id) => Value::Group(*id),
        Reference::Calendar(id) => Value::Calendar(*id),
        Reference::Artifact(id) => Value::Artifact(*id),
        Reference::CurrentName => optional(facts.environment.map(|id| facts.model.environment(id).name.clone())),
        Reference::CurrentSetting(name) => facts.environment.map_or(Value::None, |id| setting(id, name)),
        Reference::Setting(id, name) => setting(*id, name),
        Reference::Input(name) => facts.inputs.get(name).cloned().unwrap_or(Value::None),
        Reference::ArtifactVersion(id) => evaluate(&facts.model.artifact(*id).version, facts),
        Reference::ArtifactFile(id) => {
            Value::Text(Text::late(Late::ArtifactFile(facts.model.artifact(*id).name.clone())))
        }
        Reference::ArtifactDigest(id) => {
            let late = || Text::late(Late::ArtifactDigest(facts.model.artifact(*id).name.clone()));
            let image = known_image(facts.model.artifact(*id), facts);
            Value::Text(image.map_or_else(late, |(_, digest)| digest.into()))
        }
        Reference::ArtifactImage(id) => {
            let late = || Text::late(Late::ArtifactImage(facts.model.artifact(*id).name.clone()));
            let image = known_image(facts.model.artifact(*id), facts);
            Value::Text(image.map_or_else(late, |(name, digest)| name.pinned(&digest).into()))
        }
        Reference::ReleaseVersion => optional(facts.version.map(str::to_owned)),
        Reference::ReleaseDigest => {
            facts.artifact.map_or(Value::None, |name| Value::Text(Text::late(Late::ArtifactDigest(name.to_owned()))))
        }
        Reference::ReleaseNumber => Value::Text(Text::late(Late::ReleaseNumber)),
        Reference::PreviousVersion => optional(facts.previous.map(|release| release.version.clone())),
        Reference::PreviousDigest => {
            optional(facts.previous.and_then(|release| release.digest).map(|digest| digest.to_string()))
        }
        Reference::Observed => Value::Text(Text::late(Late::Observed)),
        Reference::Local(id, _) => {
            let found = facts.locals.iter().rev().find(|(local, _)| local == id);
            found.map_or(Value::None, |(_, value)| value.clone())
        }
        Reference::Output(step, name) => {
            let place = facts.steps.and_then(|steps| steps.place(*step)).unwrap_or_default();
            Value::Text(Text::late(Late::Output { step: place, name: name.clone() }))
        }
        Reference::FailureSummary => Value::Text(Text::late(Late::Failure(FailureFact::Summary))),
        Reference::FailureEnvironment => Value::Text(Text::late(Late::Failure(FailureFact::Environment))),
        Reference::FailureEffect => Value::Text(Text::late(Late::Failure(FailureFact::Effect))),
    }
}

/// An image whose digest is known by now.
fn known_image(artifact: &Artifact, facts: Facts<'_>) -> Option<(ImageName, Digest)> {
    let ArtifactKind::Image { image, digest } = &artifact.kind else { return None };
    let name: ImageName = text(image, facts).known()?.parse().ok()?;
    let digest = match digest {
        ImageDigest::Written => name.digest,
        ImageDigest::Resolved { .. } => facts.digest.filter(|_| facts.artifact == Some(artifact.name.as_str())),
        ImageDigest::Built { .. } => None,
    };
    digest.map(|digest| (name, digest))
}

fn text_of(parts: &[Part], facts: Facts<'_>) -> Text {
    let mut text = Text::default();
    for part in parts {
        match part {
            Part::Literal(literal) => text.push(literal.as_str().into()),
            Part::Value(expr) => text.push(value_text(&evaluate(expr, facts))),
        }
    }
    text
}

fn argv(words: &[Word], facts: Facts<'_>) -> Vec<Text> {
    let mut argv = Vec::new();
    for word in words {
        match word {
            Word::One(parts) => argv.push(text_of(parts, facts)),
            Word::Several(expr) => match evaluate(expr, facts) {
                Value::List(items) => argv.extend(items.iter().map(value_text)),
                value => argv.push(value_text(&value)),
            },
        }
    }
    argv
}

/// A value as it is put into a text.
pub fn value_text(value: &Value) -> Text {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => value.to_string().into(),
        Value::Int(value) => value.to_string().into(),
        Value::Number(value) => value.to_string().into(),
        Value::Duration(milliseconds) => duration_text(*milliseconds).into(),
        Value::Percent(value) => format!("{value}%").into(),
        Value::Bytes(value) => value.to_string().into(),
        Value::Time(value) => format!("{:02}:{:02}", value.hour(), value.minute()).into(),
        Value::Date(value) => value.to_string().into(),
        Value::DateTime(value) => value.to_string().into(),
        Value::Secret(secret) => Text::late(Late::Secret(secret.clone())),
        // The types of these cannot be put into a text, which lowering has checked.
        Value::None
        | Value::List(_)
        | Value::Map(_)
        | Value::Range(..)
        | Value::Command(_)
        | Value::Window(_)
        | Value::Freeze(_)
        | Value::Environment(_)
        | Value::Group(_)
        | Value::Calendar(_)
        | Value::Artifact(_) => Text::default(),
    }
}

/// A duration as it is written in the language: `1h30m`, `500ms`, `0s`.
pub fn duration_text(milliseconds: u64) -> String {
    if milliseconds == 0 {
        return "0s".to_owned();
    }
    let units = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];
    let mut rest = milliseconds;
    let mut text = String::new();
    for (unit, length) in units {
        if rest >= length {
            text.push_str(&format!("{}{unit}", rest / length));
            rest %= length;
        }
    }
    text
}

/// The value that a text given from outside, by `--set` or a values file, has as an input of type `ty`.
///
/// # Errors
/// What it should look like.
pub fn parse_input(text: &str, ty: &Type) -> Result<Value, String> {
    match ty {
        Type::Optional(inner) => parse_input(text, inner),
        Type::Bool => text.parse().map(Value::Bool).map_err(|_| "`true` or `false`".to_owned()),
        Type::Int => text.parse().map(Value::Int).map_err(|_| "a whole number".to_owned()),
        Type::Number => match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Value::Number(number)),
            _ => Err("a number".to_owned()),
        },
        ty if ty.is_text() => {
            crate::lower::check_text(text, ty)?;
            Ok(Value::Text(text.into()))
        }
        ty => Err(format!("a `{ty}`, which cannot be given from outside yet")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_written_as_in_the_language() {
        assert_eq!(duration_text(5_400_000), "1h30m");
        assert_eq!(duration_text(500), "500ms");
        assert_eq!(duration_text(0), "0s");
        assert_eq!(duration_text(604_800_000), "7d");
    }
}
