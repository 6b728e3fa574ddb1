//! Effects and checks with every value put in.

use indexmap::IndexMap;
use liftlock_model as model;
use liftlock_model::evaluate::{Facts, evaluate, text, value_text};
use liftlock_model::expr::Expr;
use liftlock_model::value::{Late, Program, Text, Value};

use crate::document::{CheckKind, EffectKind, HttpEffect, HttpRequest, Invocation, NoData, Retry, Step, Timing};
use crate::error::PlanError;

pub(super) fn effect_kind(effect: &model::Effect, facts: Facts<'_>) -> Result<EffectKind, PlanError> {
    Ok(match &effect.kind {
        model::EffectKind::Step(step) => EffectKind::Step(Box::new(self::step(step, facts))),
        model::EffectKind::File { path, content, mode } => {
            EffectKind::File { path: known(path, facts), content: known(content, facts), mode: *mode }
        }
        model::EffectKind::Link { path, target } => {
            EffectKind::Link { path: known(path, facts), target: known(target, facts) }
        }
        model::EffectKind::Directory { path } => EffectKind::Directory { path: known(path, facts) },
        model::EffectKind::Refresh { run, env, cwd, timeout } => {
            EffectKind::Refresh { run: invocation(run, env, cwd, None, *timeout, facts) }
        }
        model::EffectKind::Notify { run, env, cwd, stdin, timeout } => {
            EffectKind::Notify { run: invocation(run, env, cwd, stdin.as_ref(), *timeout, facts) }
        }
        model::EffectKind::Http(http) => EffectKind::Http(Box::new(http_effect(http, &effect.name, facts)?)),
        model::EffectKind::Manual(manual) => EffectKind::Manual {
            instructions: known(&manual.instructions, facts),
            undo: manual.rollback.as_ref().map(|rollback| known(rollback, facts)),
            atomic: manual.atomic,
        },
    })
}

fn http_effect(http: &model::HttpEffect, name: &str, facts: Facts<'_>) -> Result<HttpEffect, PlanError> {
    let request = |request: &model::HttpRequest| {
        let status = match evaluate(&request.status, facts) {
            Value::List(statuses) => statuses.iter().map(|status| welcome(status, name)).collect::<Result<_, _>>()?,
            _ => Vec::new(),
        };
        Ok(HttpRequest {
            method: known(&request.method, facts),
            url: text(&request.url, facts),
            headers: entries(&request.headers, facts),
            body: request.body.as_ref().map(|body| text(body, facts)),
            status,
            timeout_ms: http.timeout,
        })
    };
    Ok(HttpEffect {
        request: request(&http.request)?,
        undo: http.rollback.as_ref().map(request).transpose()?,
        observe: http.observe.as_ref().map(|run| invocation(run, &http.env, &http.cwd, None, http.timeout, facts)),
        desired: http.desired.as_ref().map(|desired| known(desired, facts)),
        idempotent: http.idempotent,
    })
}

fn welcome(status: &Value, name: &str) -> Result<u16, PlanError> {
    match status {
        Value::Int(status) if (100..=599).contains(status) => Ok(*status as u16),
        status => Err(PlanError::BadValue {
            what: format!("a status of the request `{name}`"),
            value: value_text(status).to_string(),
            help: "a number from 100 to 599 is wanted".to_owned(),
        }),
    }
}

fn step(step: &model::Step, facts: Facts<'_>) -> Step {
    let program = |run: &Expr, stdin: Option<&Expr>| {
        let on = step.on.as_ref().map(|host| text(host, facts));
        Invocation { on, ..invocation(run, &step.env, &step.cwd, stdin, step.timeout, facts) }
    };
    Step {
        observe: step.observe.as_ref().map(|observe| program(observe, None)),
        desired: step.desired.as_ref().map(|desired| known(desired, facts)),
        preview: step.preview.as_ref().map(|preview| program(preview, None)),
        run: program(&step.run, step.stdin.as_ref()),
        rollback: step.rollback.as_ref().map(|rollback| program(rollback, None)),
        idempotent: step.idempotent,
        atomic: step.atomic,
        retry: step.retry.map(|retry| Retry {
            times: retry.times,
            wait_ms: retry.wait,
            factor: retry.factor,
            most_ms: retry.most,
        }),
        outputs: step.outputs.clone(),
    }
}

pub(super) fn check_kind(kind: &model::CheckKind, name: &str, facts: Facts<'_>) -> Result<CheckKind, PlanError> {
    let number = |expr: &Expr, what: &str| match evaluate(expr, facts) {
        Value::Int(value) if (1..=65_535).contains(&value) => Ok(value as u16),
        value => Err(PlanError::BadValue {
            what: format!("{what} of the check `{name}`"),
            value: value_text(&value).to_string(),
            help: "a number from 1 to 65535 is wanted".to_owned(),
        }),
    };
    let model::Timing { within, every, lasts } = kind.timing();
    let timing = Timing { within_ms: within, every_ms: every, lasts_ms: lasts };
    Ok(match kind {
        model::CheckKind::Http { url, status, contains, .. } => CheckKind::Http {
            url: known(url, facts),
            status: number(status, "the status")?,
            contains: contains.as_ref().map(|contains| known(contains, facts)),
            timing,
        },
        model::CheckKind::Tcp { host, port, .. } => {
            CheckKind::Tcp { host: known(host, facts), port: number(port, "the port")?, timing }
        }
        model::CheckKind::Command { run, env, cwd, timeout, .. } => {
            CheckKind::Command { run: invocation(run, env, cwd, None, *timeout, facts), timing }
        }
        model::CheckKind::Metric(metric) => CheckKind::Metric {
            server: known(&metric.server, facts),
            query: known(&metric.query, facts),
            above: metric.above.as_ref().and_then(|bound| float(bound, facts)),
            below: metric.below.as_ref().and_then(|bound| float(bound, facts)),
            samples: metric.at_least,
            samples_query: metric.samples.as_ref().map(|query| known(query, facts)),
            no_data: match metric.no_data {
                model::NoData::Fail => NoData::Fail,
                model::NoData::Pass => NoData::Pass,
                model::NoData::Wait => NoData::Wait,
            },
            timing,
        },
    })
}

fn float(expr: &Expr, facts: Facts<'_>) -> Option<f64> {
    match evaluate(expr, facts) {
        Value::Int(value) => Some(value as f64),
        Value::Number(value) => Some(value),
        _ => None,
    }
}

pub(super) fn invocation(
    run: &Expr,
    env: &Expr,
    cwd: &Expr,
    stdin: Option<&Expr>,
    timeout_ms: u64,
    facts: Facts<'_>,
) -> Invocation {
    let program = match evaluate(run, facts) {
        Value::Command(program) => program,
        _ => Program::Command(Vec::new()),
    };
    let env = entries(env, facts);
    Invocation {
        program,
        env,
        cwd: known(cwd, facts),
        stdin: stdin.map(|stdin| text(stdin, facts)),
        timeout_ms,
        on: None,
    }
}

fn entries(map: &Expr, facts: Facts<'_>) -> IndexMap<String, Text> {
    match evaluate(map, facts) {
        Value::Map(entries) => entries.iter().map(|(name, value)| (name.clone(), value_text(value))).collect(),
        _ => IndexMap::new(),
    }
}

/// The text of an expression that, as its phase says, is known when the release is planned. Where nobody has looked up the
/// digest of the image, its place is shown, and the plan is not run.
pub(super) fn known(expr: &Expr, facts: Facts<'_>) -> String {
    let text: Text = text(expr, facts);
    let is_of_image = |late: &Late| matches!(late, Late::ArtifactImage(_) | Late::ArtifactDigest(_));
    let known = text.resolve(|late| is_of_image(late).then(String::new));
    debug_assert!(known.is_some(), "phases keep late values out of attributes that are known when planned");
    text.to_string()
}

pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(|item| value_text(item).to_string()).collect(),
        _ => Vec::new(),
    }
}
