//! From what the plan says to what the kinds take: open places filled in, scripts made into files.

use std::path::{Path, PathBuf};
use std::time::Duration;

use liftlock_effects::{
    Check, CheckKind, Command, Directory, Effect, FileEffect, Given, Host, HttpCheck, HttpEffect, HttpRequest, Link,
    MetricCheck, NoData, Notify, Refresh, Secret, SecretSource, Step, TcpCheck,
};
use liftlock_journal::{Contents, Failure, FailureKind, State, Stored};
use liftlock_names::{Digest, RunId};
use liftlock_plan::{self as plan, FailureFact, Invocation, Late, Program, Text};

use crate::Engine;
use crate::outputs::Wanted;

/// How many bytes of what `observe` printed are given as an environment variable; systems refuse one beyond 128 KiB.
const MOST_OBSERVED: usize = 64 * 1024;

/// What the open places of a plan are filled with.
#[derive(Debug, Clone, Default)]
pub struct Fill {
    pub artifact: Option<Released>,
    pub number: Option<u64>,
    /// What was observed before the effect.
    pub observed: Option<String>,
    /// The idempotency key of the effect, and the run.
    pub key: Option<(String, RunId)>,
    /// Where and why the release failed.
    pub failure: Option<FailureFacts>,
    /// The outputs of other steps that are used.
    pub outputs: Wanted,
    /// Where the program writes outputs of its own.
    pub output_file: Option<PathBuf>,
    /// Whether the effect is to be undone.
    pub undoing: bool,
}

/// The artifact that is released.
#[derive(Debug, Clone)]
pub struct Released {
    pub name: String,
    pub digest: Digest,
    pub stored: Stored,
}

/// What is told of a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureFacts {
    pub summary: String,
    pub environment: String,
    pub effect: String,
}

impl Fill {
    /// To undo an effect, with what it found before it.
    #[must_use]
    pub fn undoing(&self, before: &State) -> Fill {
        Fill { undoing: true, ..self.having_observed(before) }
    }

    /// With what was found before an effect.
    #[must_use]
    pub fn having_observed(&self, before: &State) -> Fill {
        let observed = match before {
            State::Output { text } => Some(text.clone()),
            _ => None,
        };
        Fill { observed, ..self.clone() }
    }

    #[must_use]
    pub fn with_outputs(&self, outputs: Wanted) -> Fill {
        Fill { outputs, ..self.clone() }
    }

    #[must_use]
    pub fn with_output_file(&self, file: Option<&Path>) -> Fill {
        Fill { output_file: file.map(Path::to_owned), ..self.clone() }
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

/// An effect with every input. The undo is left out on the way up, where what it uses may not be known yet, and where
/// `fill` does not say what was observed.
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
            let has_undo = fill.undoing && (fill.observed.is_some() || http.observe.is_none());
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
            run: with_observed(with_output_file(command(engine, &step.run, fill)?, fill), fill),
            rollback: match &step.rollback {
                Some(rollback) if fill.undoing && (fill.observed.is_some() || step.observe.is_none()) => {
                    Some(with_observed(command(engine, rollback, fill)?, fill))
                }
                _ => None,
            },
        }),
    })
}

/// Scripts take no `${observed}`. What no environment can hold is left out, so that a script which counts on it fails and
/// does not go back to a part of it.
fn with_observed(mut program: Command, fill: &Fill) -> Command {
    if let Some(text) = fill.observed.as_ref().filter(|text| text.len() <= MOST_OBSERVED && !text.contains('\0')) {
        program.env.push(("LIFTLOCK_OBSERVED".to_owned(), Given::Text(text.clone())));
    }
    program
}

fn with_output_file(mut run: Command, fill: &Fill) -> Command {
    if let Some(path) = &fill.output_file {
        run.env.push(("LIFTLOCK_OUTPUT".to_owned(), Given::Text(path.to_string_lossy().into_owned())));
    }
    run
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
    let given = |value: &Text| given(engine, value, fill);
    let mut headers = Vec::with_capacity(request.headers.len() + 1);
    for (name, value) in &request.headers {
        headers.push((name.clone(), given(value)?));
    }
    if !request.headers.keys().any(|name| name.eq_ignore_ascii_case(HttpRequest::KEY)) {
        headers.extend(key.map(|key| (HttpRequest::KEY.to_owned(), Given::Text(key))));
    }
    Ok(HttpRequest {
        method: request.method.clone(),
        url: resolve(engine.blobs, &request.url, fill)?,
        headers,
        body: request.body.as_ref().map(given).transpose()?,
        status: request.status.clone(),
        timeout: Duration::from_millis(request.timeout_ms),
    })
}

/// A program with every argument.
pub fn command(engine: &Engine<'_>, invocation: &Invocation, fill: &Fill) -> Result<Command, Failure> {
    let text = |text: &Text| resolve(engine.blobs, text, fill);
    let given = |value: &Text| given(engine, value, fill);
    let on = match &invocation.on {
        None => None,
        Some(name) => Some(Host {
            name: text(name)?,
            script: match &invocation.program {
                Program::Script { text, .. } => Some(text.clone()),
                Program::Command(_) => None,
            },
        }),
    };
    let argv = match &invocation.program {
        Program::Command(words) => words.iter().map(text).collect::<Result<Vec<_>, _>>()?,
        Program::Script { interpreter, .. } if on.is_some() => interpreted(interpreter),
        Program::Script { interpreter, text } => script(engine.blobs, interpreter, text)?,
    };
    if argv.is_empty() {
        return Err(failure("the command is empty".to_owned()));
    }
    let mut env = Vec::with_capacity(invocation.env.len() + 2);
    for (name, value) in &invocation.env {
        env.push((name.clone(), given(value)?));
    }
    if let Some((key, run)) = &fill.key {
        env.push(("LIFTLOCK_KEY".to_owned(), Given::Text(key.clone())));
        env.push(("LIFTLOCK_RUN".to_owned(), Given::Text(run.to_string())));
    }
    Ok(Command {
        argv,
        env,
        cwd: if on.is_some() { invocation.cwd.clone().into() } else { engine.root.join(&invocation.cwd) },
        stdin: invocation.stdin.as_ref().map(given).transpose()?,
        timeout: Duration::from_millis(invocation.timeout_ms),
        on,
    })
}

/// A value that may be a secret, which nobody opens before it is used.
fn given(engine: &Engine<'_>, value: &Text, fill: &Fill) -> Result<Given, Failure> {
    match value.secret() {
        Some(secret) => Ok(Given::Secret(handle(secret))),
        None => resolve(engine.blobs, value, fill).map(Given::Text),
    }
}

fn handle(secret: &plan::Secret) -> Secret {
    let source = match secret {
        plan::Secret::Env(name) => SecretSource::Variable(name.clone()),
        plan::Secret::File(path) => SecretSource::File(path.clone()),
        plan::Secret::Command(words) => SecretSource::Program(words.clone()),
    };
    Secret { name: secret.to_string(), source }
}

fn resolve(blobs: &dyn Contents, text: &Text, fill: &Fill) -> Result<String, Failure> {
    let mut problem = None;
    let resolved = text.resolve(|late| late_value(blobs, late, fill).map_err(|failure| problem = Some(failure)).ok());
    match (resolved, problem) {
        (Some(text), _) => Ok(text),
        (None, Some(failure)) => Err(failure),
        (None, None) => Err(failure(format!("`{text}` has no value"))),
    }
}

fn late_value(blobs: &dyn Contents, late: &Late, fill: &Fill) -> Result<String, Failure> {
    let missing = || failure(format!("`{late}` has no value yet"));
    match late {
        Late::ArtifactFile(name) | Late::ArtifactDigest(name) | Late::ArtifactImage(name) => {
            let artifact = fill.artifact.as_ref().filter(|artifact| artifact.name == *name);
            let Released { digest, stored, .. } = artifact.ok_or_else(missing)?;
            let file = match (late, stored) {
                (Late::ArtifactDigest(_), _) => return Ok(digest.to_string()),
                (Late::ArtifactImage(_), Stored::Image { image }) => return Ok(image.clone()),
                (Late::ArtifactFile(_), Stored::File { name, .. }) => name,
                _ => return Err(missing()),
            };
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
        // Its value is handed over whole, to a program or in a request, and to nothing else.
        Late::Secret(secret) => Err(failure(format!("{secret} cannot be a part of a text"))),
        Late::Output { step, name } => match fill.outputs.get(&(step.clone(), name.clone())) {
            Some(Ok(value)) => Ok(value.clone()),
            Some(Err(why)) => Err(failure(why.clone())),
            None => Err(missing()),
        },
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
fn script(blobs: &dyn Contents, interpreter: &str, text: &str) -> Result<Vec<String>, Failure> {
    let kept = blobs.put(text.as_bytes()).and_then(|digest| blobs.path(&digest, "script"));
    let path = kept.map_err(|error| failure(format!("the script cannot be kept: {error}")))?;
    let path = path.to_string_lossy().into_owned();
    let mut words = interpreted(interpreter);
    words.push(path);
    Ok(words)
}

/// An interpreter, told to stop at the first failure where that can be told.
fn interpreted(interpreter: &str) -> Vec<String> {
    let words: &[&str] = match interpreter {
        "sh" => &["sh", "-eu"],
        "bash" => &["bash", "-eu", "-o", "pipefail"],
        other => &[other],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}
