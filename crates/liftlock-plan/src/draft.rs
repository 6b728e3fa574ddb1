//! From a checked model to a plan in which nothing has been observed yet.

use indexmap::IndexMap;
use liftlock_check::{Checked, coverage};
use liftlock_journal::Ledger;
use liftlock_model::evaluate::{Facts, evaluate, parse_input, text, value_text};
use liftlock_model::expr::Expr;
use liftlock_model::value::{Program, Text, Value};
use liftlock_model::{self as model, EnvironmentId, Model, Pipeline};
use liftlock_names::{Address, Digest, Part};

use crate::document::{
    ActionKind, ArtifactPlan, BuiltArtifactRef, Change, Check, CheckKind, Class, Coverage, Effect, EffectKind, FORMAT,
    Gate, GateKind, Invocation, Node, OnFailure, Plan, Stage, Step,
};
use crate::error::PlanError;

/// What is to be planned.
#[derive(Debug)]
pub struct Request<'a> {
    pub checked: &'a Checked,
    pub pipeline: &'a str,
    /// The inputs as they were given, as texts.
    pub inputs: &'a IndexMap<String, String>,
    /// The last environment to be entered; the whole path where there is none.
    pub to: Option<&'a str>,
    pub ledger: &'a Ledger,
    /// The state of the artifact's sources.
    pub sources: Option<SourceState>,
}

/// The sources of an artifact, as they are in the working folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceState {
    /// The digest of the paths and contents.
    pub digest: Digest,
    pub files: usize,
}

/// The artifact's source globs, which have to be looked at before a plan can be made. `None` where the pipeline has no
/// artifact.
///
/// # Errors
/// Those of the inputs.
pub fn artifact_inputs(
    checked: &Checked,
    pipeline: &str,
    inputs: &IndexMap<String, String>,
) -> Result<Option<Vec<String>>, PlanError> {
    let model = checked.model();
    let pipeline = find_pipeline(model, pipeline)?;
    let inputs = input_values(model, inputs)?;
    let facts = Facts { model, environment: None, inputs: &inputs, version: None, artifact: None, previous: None };
    Ok(pipeline.artifact.map(|id| texts(&evaluate(&model.artifact(id).sources, facts))))
}

/// The plan, before anything has been observed.
///
/// # Errors
/// What is wrong with the request; a checked model itself can always be planned.
pub fn draft(request: &Request<'_>) -> Result<Plan, PlanError> {
    let model = request.checked.model();
    let pipeline = find_pipeline(model, request.pipeline)?;
    let inputs = input_values(model, request.inputs)?;
    let mut facts = Facts { model, environment: None, inputs: &inputs, version: None, artifact: None, previous: None };

    let artifact = pipeline.artifact.map(|id| model.artifact(id));
    let version = match artifact {
        Some(artifact) => checked_version(&artifact.name, &text(&artifact.version, facts).to_string())?,
        None => String::new(),
    };
    facts.version = Some(&version);
    facts.artifact = artifact.map(|artifact| artifact.name.as_str());
    let artifact = artifact.map(|artifact| artifact_plan(artifact, request, &version, facts));

    let last = last_wave(model, pipeline, request.to)?;
    let mut waves = Vec::new();
    for wave in &pipeline.path[..=last] {
        let mut stages = Vec::new();
        for (id, _) in &wave.environments {
            let previous = request.ledger.current(&pipeline.name, &model.environment(*id).name);
            let facts = Facts { environment: Some(*id), previous: previous.map(|released| &released.release), ..facts };
            stages.push(Drafter { pipeline, facts, environment: *id }.stage(request.ledger)?);
        }
        waves.push(stages);
    }
    Ok(Plan {
        format: FORMAT,
        pipeline: pipeline.name.clone(),
        docs: pipeline.docs.clone(),
        action: ActionKind::Release,
        inputs: inputs.iter().map(|(name, value)| (name.clone(), value_text(value).to_string())).collect(),
        version: version.clone(),
        artifact,
        waves,
        on_failure: match pipeline.on_failure {
            model::OnFailure::Stage => OnFailure::Stage,
            model::OnFailure::Pipeline => OnFailure::Pipeline,
            model::OnFailure::None => OnFailure::None,
        },
        observed: false,
    })
}

fn find_pipeline<'a>(model: &'a Model, name: &str) -> Result<&'a Pipeline, PlanError> {
    model
        .pipelines
        .get(name)
        .ok_or_else(|| PlanError::UnknownPipeline { name: name.to_owned(), known: list(model.pipelines.keys()) })
}

fn list<'a>(names: impl Iterator<Item = &'a String>) -> String {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// The last wave to be entered.
fn last_wave(model: &Model, pipeline: &Pipeline, to: Option<&str>) -> Result<usize, PlanError> {
    let Some(to) = to else { return Ok(pipeline.path.len().saturating_sub(1)) };
    let enters = |wave: &model::Wave| wave.environments.iter().any(|(id, _)| model.environment(*id).name == to);
    pipeline.path.iter().position(enters).ok_or_else(|| PlanError::UnknownEnvironment {
        pipeline: pipeline.name.clone(),
        environment: to.to_owned(),
        known: list(pipeline.stages().map(|(id, _)| &model.environment(id).name)),
    })
}

/// Every declared input with its value.
fn input_values(model: &Model, given: &IndexMap<String, String>) -> Result<IndexMap<String, Value>, PlanError> {
    if let Some(name) = given.keys().find(|name| !model.inputs.contains_key(*name)) {
        let known = model.inputs.keys().map(String::as_str);
        return Err(PlanError::UnknownInput { name: name.clone(), help: model::near::help(name, known, "input") });
    }
    let mut values = IndexMap::new();
    for input in model.inputs.values() {
        let facts =
            Facts { model, environment: None, inputs: &IndexMap::new(), version: None, artifact: None, previous: None };
        let value = match (given.get(&input.name), &input.default) {
            (Some(text), _) => parse_input(text, &input.ty).map_err(|help| PlanError::BadInput {
                name: input.name.clone(),
                ty: input.ty.to_string(),
                value: text.clone(),
                help,
            })?,
            (None, Some(default)) => evaluate(default, facts),
            (None, None) if matches!(input.ty, model::Type::Optional(_)) => Value::None,
            (None, None) => {
                return Err(PlanError::MissingInput { name: input.name.clone(), ty: input.ty.to_string() });
            }
        };
        values.insert(input.name.clone(), value);
    }
    Ok(values)
}

/// A version that was put together is checked once it is known: it names folders and files.
fn checked_version(artifact: &str, version: &str) -> Result<String, PlanError> {
    match semver::Version::parse(version) {
        Ok(_) => Ok(version.to_owned()),
        Err(error) => Err(PlanError::BadValue {
            what: format!("the version of artifact `{artifact}`"),
            value: version.to_owned(),
            help: format!("{error}; a version looks like `1.5.0`"),
        }),
    }
}

fn artifact_plan(artifact: &model::Artifact, request: &Request<'_>, version: &str, facts: Facts<'_>) -> ArtifactPlan {
    let build = invocation(&artifact.build, &artifact.env, &artifact.cwd, None, artifact.timeout, facts);
    let file = known(&artifact.file, facts);
    let (sources, files) = match &request.sources {
        Some(state) => (state.digest, state.files),
        None => (Digest::of(b""), 0),
    };
    let mut plan = ArtifactPlan {
        name: artifact.name.clone(),
        version: version.to_owned(),
        sources: texts(&evaluate(&artifact.sources, facts)),
        source_digest: sources,
        source_files: files,
        build,
        file,
        built: None,
    };
    plan.source_digest = plan.digest_of(&sources);
    let built = request.ledger.built(request.pipeline, &plan.name, &plan.source_digest);
    plan.built =
        built.map(|built| BuiltArtifactRef { digest: built.digest, name: built.name.clone(), bytes: built.bytes });
    plan
}

/// Makes the stage of one environment.
struct Drafter<'a> {
    pipeline: &'a Pipeline,
    facts: Facts<'a>,
    environment: EnvironmentId,
}

impl<'a> Drafter<'a> {
    fn stage(&self, ledger: &Ledger) -> Result<Stage, PlanError> {
        let model = self.facts.model;
        let environment = model.environment(self.environment);
        let previous = ledger.current(&self.pipeline.name, &environment.name);
        let coverage = coverage(self.pipeline, self.environment);
        let gates = self.pipeline.before.get(&self.environment);
        Ok(Stage {
            environment: environment.name.clone(),
            protected: environment.protected,
            lock: environment.lock().to_owned(),
            requires: environment.requires.iter().map(|(id, _)| model.environment(*id).name.clone()).collect(),
            previous: previous.map(|released| released.release.clone()),
            gates: gates.into_iter().flatten().map(|gate| self.gate(gate)).collect::<Result<_, _>>()?,
            body: self.nodes(&self.pipeline.deploy, &mut Vec::new(), false),
            verify: self.checks(self.environment)?,
            verify_restored: Vec::new(),
            coverage: Coverage { restored: coverage.restored(), total: coverage.total() },
        })
    }

    fn address(&self, part: Part, path: &[String], name: &str) -> Address {
        let mut path = path.to_vec();
        path.push(name.to_owned());
        Address {
            pipeline: self.pipeline.name.clone(),
            environment: self.facts.model.environment(self.environment).name.clone(),
            part,
            path,
        }
    }

    fn nodes(&self, nodes: &[model::Node], path: &mut Vec<String>, covered: bool) -> Vec<Node> {
        nodes
            .iter()
            .map(|node| match node {
                model::Node::Effect(effect) => Node::Effect(Box::new(self.effect(effect, path, covered))),
                model::Node::Phase { name, body, rollback, .. } => {
                    path.push(name.clone());
                    let body = self.nodes(body, path, covered || rollback.is_some());
                    path.push("rollback".to_owned());
                    let rollback = rollback
                        .as_ref()
                        .map(|effects| effects.iter().map(|effect| self.effect(effect, path, true)).collect());
                    path.truncate(path.len() - 2);
                    Node::Phase { name: name.clone(), body, rollback }
                }
                model::Node::Parallel { name, body, .. } => {
                    path.push(name.clone());
                    let body = self.nodes(body, path, covered);
                    path.pop();
                    Node::Parallel { name: name.clone(), body }
                }
            })
            .collect()
    }

    fn effect(&self, effect: &model::Effect, path: &[String], covered: bool) -> Effect {
        let facts = self.facts;
        let kind = match &effect.kind {
            model::EffectKind::Step(step) => EffectKind::Step(Box::new(self.step(step))),
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
        };
        let class = match (liftlock_check::class(effect, covered), &effect.kind) {
            (liftlock_check::Class::Irreversible, model::EffectKind::Step(step)) => {
                Class::Irreversible { why: step.irreversible.clone().unwrap_or_default() }
            }
            (liftlock_check::Class::Covered, _) => Class::Covered,
            (liftlock_check::Class::ReadOnly, _) => Class::ReadOnly,
            (liftlock_check::Class::Reversible | liftlock_check::Class::Irreversible, _) => Class::Reversible,
            // A checked model has none; if it had, nothing could take it back.
            (liftlock_check::Class::Uncovered, _) => Class::Irreversible { why: "nothing takes it back".to_owned() },
        };
        Effect {
            address: self.address(Part::Deploy, path, &effect.name),
            docs: effect.docs.clone(),
            kind,
            class,
            observed: None,
            change: Change::Unobserved,
            applied_over: None,
        }
    }

    fn step(&self, step: &model::Step) -> Step {
        let facts = self.facts;
        let program =
            |run: &Expr, stdin: Option<&Expr>| invocation(run, &step.env, &step.cwd, stdin, step.timeout, facts);
        Step {
            observe: step.observe.as_ref().map(|observe| program(observe, None)),
            desired: step.desired.as_ref().map(|desired| known(desired, facts)),
            preview: step.preview.as_ref().map(|preview| program(preview, None)),
            run: program(&step.run, step.stdin.as_ref()),
            rollback: step.rollback.as_ref().map(|rollback| program(rollback, None)),
            idempotent: step.idempotent,
            atomic: step.atomic,
            retry: None,
            outputs: Vec::new(),
        }
    }

    fn gate(&self, gate: &model::Gate) -> Result<Gate, PlanError> {
        let model = self.facts.model;
        let kind = match &gate.kind {
            model::GateKind::Approval { from, need, own, expires } => {
                let group = model.group(*from);
                GateKind::Approval {
                    group: group.name.clone(),
                    members: group.members.clone(),
                    need: *need,
                    own: *own,
                    expires_ms: *expires,
                }
            }
            model::GateKind::Window { calendar } => {
                let calendar = model.calendar(*calendar);
                GateKind::Window {
                    calendar: calendar.name.clone(),
                    zone: calendar.zone.clone(),
                    allow: calendar.allow.clone(),
                    deny: calendar.deny.clone(),
                }
            }
            model::GateKind::Soak { environment, lasts, every } => GateKind::Soak {
                environment: model.environment(*environment).name.clone(),
                lasts_ms: *lasts,
                every_ms: *every,
                checks: self.checks(*environment)?,
            },
            model::GateKind::Check(kind) => GateKind::Check(check_kind(kind, &gate.name, self.facts)?),
        };
        Ok(Gate { address: self.address(Part::Before, &[], &gate.name), docs: gate.docs.clone(), kind })
    }

    /// The pipeline's checks, as they are for an environment.
    fn checks(&self, environment: EnvironmentId) -> Result<Vec<Check>, PlanError> {
        let facts = Facts { environment: Some(environment), ..self.facts };
        let drafter = Drafter { environment, facts, pipeline: self.pipeline };
        self.pipeline
            .verify
            .iter()
            .map(|check| {
                Ok(Check {
                    address: drafter.address(Part::Verify, &[], &check.name),
                    docs: check.docs.clone(),
                    kind: check_kind(&check.kind, &check.name, facts)?,
                })
            })
            .collect()
    }
}

fn check_kind(kind: &model::CheckKind, name: &str, facts: Facts<'_>) -> Result<CheckKind, PlanError> {
    let number = |expr: &Expr, what: &str| match evaluate(expr, facts) {
        Value::Int(value) if (1..=65_535).contains(&value) => Ok(value as u16),
        value => Err(PlanError::BadValue {
            what: format!("{what} of the check `{name}`"),
            value: value_text(&value).to_string(),
            help: "a number from 1 to 65535 is wanted".to_owned(),
        }),
    };
    Ok(match kind {
        model::CheckKind::Http { url, status, contains, within, every } => CheckKind::Http {
            url: known(url, facts),
            status: number(status, "the status")?,
            contains: contains.as_ref().map(|contains| known(contains, facts)),
            within_ms: *within,
            every_ms: *every,
        },
        model::CheckKind::Tcp { host, port, within, every } => CheckKind::Tcp {
            host: known(host, facts),
            port: number(port, "the port")?,
            within_ms: *within,
            every_ms: *every,
        },
        model::CheckKind::Command { run, env, cwd, within, every, timeout } => CheckKind::Command {
            run: invocation(run, env, cwd, None, *timeout, facts),
            within_ms: *within,
            every_ms: *every,
        },
    })
}

fn invocation(
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
    let env = match evaluate(env, facts) {
        Value::Map(entries) => entries.iter().map(|(name, value)| (name.clone(), value_text(value))).collect(),
        _ => IndexMap::new(),
    };
    let stdin = stdin.map(|stdin| text(stdin, facts));
    Invocation { program, env, cwd: known(cwd, facts), stdin, timeout_ms, on: None }
}

/// The text of an expression that, as its phase says, is known when the release is planned.
fn known(expr: &Expr, facts: Facts<'_>) -> String {
    let text: Text = text(expr, facts);
    debug_assert!(text.known().is_some(), "phases keep late values out of attributes that are known when planned");
    text.to_string()
}

fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::List(items) => items.iter().map(|item| value_text(item).to_string()).collect(),
        _ => Vec::new(),
    }
}
