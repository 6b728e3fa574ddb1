//! Shares of the traffic, or of anything else, that do not grow.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::expr::Expr;
use liftlock_model::value::Value;
use liftlock_model::{EnvironmentId, Model, Node, Type};

use crate::effects::effects;
use crate::same::resolved;
use crate::surely::{Here, value};
use crate::{Class, Rule, class};

pub const RULE: Rule = Rule {
    code: Code("strategy/weights"),
    severity: Severity::Error,
    page: include_str!("../../rules/strategy/weights.md"),
    absence: false,
    check,
};

/// What a loop variable is called that holds a share without its `%`.
const SHARES: &[&str] = &["percent", "percentage", "share"];

fn check(model: &Model, findings: &mut Vec<Finding>) {
    let mut reported: Vec<Span> = Vec::new();
    for pipeline in model.pipelines.values() {
        for (id, _) in pipeline.stages() {
            let mut report = |over: &Expr, what: String, label: String| {
                let place = resolved(over).span;
                if reported.contains(&place) {
                    return;
                }
                reported.push(place);
                findings.push(
                    Finding::error(RULE.code, what, place, label)
                        .with_help("let each be larger than the one before it, up to all: `[5%, 25%, 100%]`"),
                );
            };
            visit(Here { model, environment: id }, pipeline.deploy_in(id), &mut report);
        }
    }
}

fn visit(here: Here<'_>, nodes: &[Node], report: &mut impl FnMut(&Expr, String, String)) {
    for node in nodes.iter().filter(|node| !here.is_never(node)) {
        match node {
            Node::Effect(_) | Node::Check(_) => {}
            Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::When { body, .. } => {
                visit(here, body, report);
            }
            Node::Each { name, over, body, .. } => {
                let changes = effects(body).into_iter().any(|effect| class(effect, true) != Class::ReadOnly);
                let weights = weights(here.model, here.environment, name, over).filter(|_| changes);
                if let Some((what, label)) = weights.and_then(|weights| wrong(name, &weights)) {
                    report(over, what, label);
                }
                visit(here, body, report);
            }
        }
    }
}

/// The shares that an `each` goes over, in percent, where the files say them.
fn weights(model: &Model, environment: EnvironmentId, name: &str, over: &Expr) -> Option<Vec<f64>> {
    let are_shares = match &over.ty {
        Type::List(item) => match **item {
            Type::Percent => true,
            Type::Int | Type::Number => SHARES.contains(&name),
            _ => false,
        },
        _ => false,
    };
    let Some(Value::List(members)) = are_shares.then(|| value(model, environment, over)).flatten() else { return None };
    let share = |member: &Value| match member {
        Value::Percent(share) | Value::Number(share) => Some(*share),
        Value::Int(share) => Some(*share as f64),
        _ => None,
    };
    members.iter().map(share).collect()
}

fn wrong(name: &str, weights: &[f64]) -> Option<(String, String)> {
    if let Some(beyond) = weights.iter().find(|share| !(0.0..=100.0).contains(*share)) {
        let what = format!("a `{name}` is a share of the whole, and {beyond}% is none");
        return Some((what, "a share is from 0% to 100%".to_owned()));
    }
    // What drains goes down all the way, and is meant to.
    if weights.windows(2).all(|pair| matches!(pair, [first, second] if second < first)) {
        return None;
    }
    let falls = weights.windows(2).find_map(|pair| match pair {
        [first, second] if second <= first => Some((*first, *second)),
        _ => None,
    });
    let (first, second) = falls?;
    Some((
        format!("the shares of `{name}` do not grow: {second}% comes behind {first}%"),
        "goes back before it goes on".to_owned(),
    ))
}
