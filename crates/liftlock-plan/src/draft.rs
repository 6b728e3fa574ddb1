//! From a checked model to a plan in which nothing has been observed yet.

mod artifact;
mod kinds;
mod stage;

use indexmap::IndexMap;
use liftlock_check::Checked;
use liftlock_journal::Ledger;
use liftlock_model::evaluate::{Facts, evaluate, parse_input, text, value_text};
use liftlock_model::value::Value;
use liftlock_model::{self as model, Model, Pipeline};

pub use self::artifact::{ArtifactInput, Found, SourceState, artifact_inputs};
use self::stage::Drafter;
use crate::artifact::ArtifactPlan;
use crate::document::{ActionKind, FORMAT, OnFailure, Plan};
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
    /// What was found where [`artifact_inputs`] says to look; `None` where nobody looked.
    pub found: Option<Found>,
}

/// The plan, before anything has been observed.
///
/// # Errors
/// What is wrong with the request; a checked model itself can always be planned.
pub fn draft(request: &Request<'_>) -> Result<Plan, PlanError> {
    let model = request.checked.model();
    let pipeline = find_pipeline(model, request.pipeline)?;
    let inputs = input_values(model, request.inputs)?;
    let mut facts = Facts::new(model, &inputs);

    let artifact = pipeline.artifact.map(|id| model.artifact(id));
    let version = match artifact {
        Some(artifact) => checked_version(&artifact.name, &text(&artifact.version, facts).to_string())?,
        None => String::new(),
    };
    facts.version = Some(&version);
    facts.artifact = artifact.map(|artifact| artifact.name.as_str());
    let artifact = artifact.map(|artifact| artifact::plan(artifact, request, &version, facts)).transpose()?;
    facts.digest = artifact.as_ref().and_then(ArtifactPlan::digest);

    let last = last_wave(model, pipeline, request.to)?;
    let mut waves = Vec::new();
    for wave in &pipeline.path[..=last] {
        let mut stages = Vec::new();
        for (id, _) in &wave.environments {
            let previous = request.ledger.current(&pipeline.name, &model.environment(*id).name);
            let facts = Facts { environment: Some(*id), previous: previous.map(|released| &released.release), ..facts };
            stages.push(Drafter::new(pipeline, facts, *id).stage(request.ledger)?);
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
        on: Drafter::hooks(pipeline, facts)?,
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
        let nothing = IndexMap::new();
        let facts = Facts::new(model, &nothing);
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
