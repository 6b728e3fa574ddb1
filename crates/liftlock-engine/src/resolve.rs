//! From what the plan says to what the kinds take: open places filled in, scripts made into files.

use std::time::Duration;

use liftlock_effects::{
    Check, CheckKind, Command, Directory, Effect, FileEffect, HttpCheck, HttpEffect, HttpRequest, Link, MetricCheck,
    NoData, Notify, Refresh, Step, TcpCheck,
};
use liftlock_journal::{Blobs, Failure, FailureKind, State};
use liftlock_names::{Digest, RunId};
use liftlock_plan::{self as plan, FailureFact, Invocation, Late, Program, Text};

use crate::Engine;

/// What the open places of a plan are filled with.
#[derive(Debug, Clone, Default)]
pub struct Fill {
    /// The artifact's name, digest and file name.
    pub artifact: Option<(String, Digest, String)>,
    pub number: Option<u64>,
    /// What was observed before the effect.
    pub observed: Option<String>,
    /// The idempotency key of the effect, and the run.
    pub key: Option<(String, RunId)>,
    /// Where and why the release failed.
    pub failure: Option<FailureFacts>,
}

/// What is told of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureFacts {
    pub summary: String,
    pub environment: String,
    pub effect: String,
}

impl Fill {
    /// With what an effect found before it.
    #[must_use]
    pub fn with_observed(&self, before: &State) -> Fill {
        let observed = match before {
            State::Output { text } => Some(text.clone()),
            _ => None,
        };
        Fill { observed, ..self.clone() }
    }

    #[must_use]
    pub fn with_key(&self, key: String, run: &RunId) -> Fill {
        Fill { key: Some((key, run.clone())), ..self.clone() }
    }
}

/// What went wrong before anything was begun.
fn failure(message: String) -> Failure {
    Failure { kind: FailureKind::NotStarted, message, tail: Vec::new() }
}

/// An effect with every input. The undo is left out while `fill` does not say what was observed.
pub fn effect(engine: &Engine<'_>, effect: &plan::Effect, fill: &Fill) -> Result<Effect, Failure> {
    Ok(match &effect.kind {
        plan::EffectKind::File { path, content, mode } => {
            Effect::File(FileEffect { path: path.clone(), content: content.clone(), mode: *mode })
        }
        plan::EffectKind::Link { path, target } => Effect::Link(Link { path: path.clone(), target: target.clone() }),
        plan::EffectKind::Directory { path } => Effect::Directory(Directory { path: path.clone() }),
        plan::EffectKind::Refresh { run } => Effect::Refresh(Refresh { run: command(engine, run, fill)? }),
        plan::EffectKind::Http(http) => {
            // One key for each time that the request is sent again, and another for the way back.
            let key = |way: &str| fill.key.as_ref().map(|(_, run)| format!("{run}/{}{way}", effect.address));
            let has_undo = fill.observed.is_some() || http.observe.is_none();
            Effect::Http(HttpEffect {
                request: request(engine, &http.request, key(""), fill)?,
                undo: match &http.undo {
                    Some(undo) if has_undo => Some(request(engine, undo, key("/undo"), fill)?),
                    _ => None,
                },
                observe: http.observe.as_ref().map(|observe| command(engine, observe, fill)).transpose()?,
                desired: http.desired.clone(),
            })
        }
        plan::EffectKind::Manual { .. } => return Err(failure("only a person can do it".to_owned())),
        plan::EffectKind::Notify { run } => Effect::Notify(Notify { run: command(engine, run, fill)? }),
        plan::EffectKind::Step(step) => Effect::Step(Step {
            observe: step.observe.as_ref().map(|observe| command(engine, observe, fill)).transpose()?,
            desired: step.desired.clone(),
            run: command(engine, &step.run, fill)?,
            rollback: match &step.rollback {
                Some(rollback) if fill.observed.is_some() || step.observe.is_none() => {
                    Some(command(engine, rollback, fill)?)
                }
                _ => None,
            },
        }),
    })
}

/// A check with every input.
pub fn check(engine: &Engine<'_>, kind: &plan::CheckKind, fill: &Fill) -> Result<Check, Failure> {
    let timing = kind.timing();
    let kind = match kind {
        plan::CheckKind::Http { url, status, contains, .. } => {
            CheckKind::Http(HttpCheck { url: url.clone(), status: *status, contains: contains.clone() })
        }
        plan::CheckKind::Tcp { host, port, .. } => CheckKind::Tcp(TcpCheck { host: host.clone(), port: *port }),
        plan::CheckKind::Command { run, .. } => CheckKind::Command(command(engine, run, fill)?),
        plan::CheckKind::Metric { server, query, above, below, samples, samples_query, no_data, .. } => {
            CheckKind::Metric(MetricCheck {
                server: server.clone(),
                query: query.clone(),
                above: *above,
                below: *below,
                samples: *samples,
                samples_query: samples_query.clone(),
                no_data: match no_data {
                    plan::NoData::Fail => NoData::Fail,
                    plan::NoData::Pass => NoData::Pass,
                    plan::NoData::Wait => NoData::Wait,
                },
            })
        }
    };
    Ok(Check {
        kind,
        within: Duration::from_millis(timing.within_ms),
        every: Duration::from_millis(timing.every_ms),
        lasts: Duration::from_millis(timing.lasts_ms),
    })
}

fn request(
    engine: &Engine<'_>,
    request: &plan::HttpRequest,
    key: Option<String>,
    fill: &Fill,
) -> Result<HttpRequest, Failure> {
    let text = |text: &Text| resolve(engine.blobs, text, fill);
    let mut headers = Vec::with_capacity(request.headers.len() + 1);
    for (name, value) in &request.headers {
        headers.push((name.clone(), text(value)?));
    }
    if !request.headers.keys().any(|name| name.eq_ignore_ascii_case(HttpRequest::KEY)) {
        headers.extend(key.map(|key| (HttpRequest::KEY.to_owned(), key)));
    }
    Ok(HttpRequest {
        method: request.method.clone(),
        url: text(&request.url)?,
        headers,
        body: request.body.as_ref().map(text).transpose()?,
        status: request.status.clone(),
        timeout: Duration::from_millis(request.timeout_ms),
    })
}

/// A program with every argument.
pub fn command(engine: &Engine<'_>, invocation: &Invocation, fill: &Fill) -> Result<Command, Failure> {
    let text = |text: &Text| resolve(engine.blobs, text, fill);
    let argv = match &invocation.program {
        Program::Command(words) => words.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        Program::Script { interpreter, text } => script(engine.blobs, interpreter, text)?,
    };
    if argv.is_empty() {
        return Err(failure("the command is empty".to_owned()));
    }
    let mut env = Vec::with_capacity(invocation.env.len() + 2);
    for (name, value) in &invocation.env {
        env.push((name.clone(), text(value)?));
    }
    if let Some((key, run)) = &fill.key {
        env.push(("LIFTLOCK_KEY".to_owned(), key.clone()));
        env.push(("LIFTLOCK_RUN".to_owned(), run.to_string()));
    }
    Ok(Command {
        argv,
        env,
        cwd: engine.root.join(&invocation.cwd),
        stdin: invocation.stdin.as_ref().map(|stdin| text(stdin).map(String::into_bytes)).transpose()?,
        timeout: Duration::from_millis(invocation.timeout_ms),
    })
}

fn resolve(blobs: &Blobs, text: &Text, fill: &Fill) -> Result<String, Failure> {
    let mut problem = None;
    let resolved = text.resolve(|late| late_value(blobs, late, fill).map_err(|failure| problem = Some(failure)).ok());
    match (resolved, problem) {
        (Some(text), _) => Ok(text),
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(failure(format!("`{text}` has no value"))),
    }
}

fn late_value(blobs: &Blobs, late: &Late, fill: &Fill) -> Result<String, Failure> {
    let missing = || failure(format!("`{late}` has no value yet"));
    match late {
        Late::ArtifactFile(name) | Late::ArtifactDigest(name) => {
            let artifact = fill.artifact.as_ref().filter(|(artifact, ..)| artifact == name);
            let (_, digest, file) = artifact.ok_or_else(missing)?;
            if let Late::ArtifactDigest(_) = late {
                return Ok(digest.to_string());
            }
            let path = blobs.path(digest, file).map_err(|error| Failure {
                kind: FailureKind::Artifact,
                message: error.to_string(),
                tail: Vec::new(),
            })?;
            path.into_os_string()
                .into_string()
                .map_err(|path| failure(format!("the path {} is not UTF-8", path.display())))
        }
        Late::ReleaseNumber => fill.number.map(|number| number.to_string()).ok_or_else(missing),
        Late::Observed => fill.observed.clone().ok_or_else(missing),
        Late::Failure(fact) => {
            let facts = fill.failure.as_ref().ok_or_else(missing)?;
            Ok(match fact {
                FailureFact::Summary => facts.summary.clone(),
                FailureFact::Environment => facts.environment.clone(),
                FailureFact::Effect => facts.effect.clone(),
            })
        }
    }
}

/// A script as a command: its text is kept as a file, and its interpreter is told to stop at the first failure where
/// that can be told.
fn script(blobs: &Blobs, interpreter: &str, text: &str) -> Result<Vec<String>, Failure> {
    let kept = blobs.put(text.as_bytes()).and_then(|digest| blobs.path(&digest, "script"));
    let path = kept.map_err(|error| failure(format!("the script cannot be kept: {error}")))?;
    let path = path.to_string_lossy().into_owned();
    let words: &[&str] = match interpreter {
        "sh" => &["sh", "-eu"],
        "bash" => &["bash", "-eu", "-o", "pipefail"],
        other => &[other],
    };
    Ok(words.iter().map(|word| (*word).to_owned()).chain([path]).collect())
}
