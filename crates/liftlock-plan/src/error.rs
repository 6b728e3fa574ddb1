//! Why there is no plan.

use std::path::PathBuf;

use thiserror::Error;

#[derive(Debug, Error)]
pub enum PlanError {
    #[error("there is no pipeline `{name}`; there is {known}")]
    UnknownPipeline { name: String, known: String },
    #[error("the path of `{pipeline}` does not enter `{environment}`; it enters {known}")]
    UnknownEnvironment { pipeline: String, environment: String, known: String },
    #[error("the input `{name}` has no value; give it one: `--set {name}=…`, a `{ty}`")]
    MissingInput { name: String, ty: String },
    #[error("there is no input `{name}`; {help}")]
    UnknownInput { name: String, help: String },
    #[error("`{value}` is no `{ty}`, which the input `{name}` takes: {help}")]
    BadInput { name: String, ty: String, value: String, help: String },
    #[error("{what} is `{value}`: {help}")]
    BadValue { what: String, value: String, help: String },
    #[error("the file is no saved plan: {0}; `liftlock plan --out FILE` saves one")]
    NotAPlan(String),
    #[error("the plan has format {found}, and this liftlock knows {known}; plan again with this one")]
    OtherFormat { found: u32, known: u32 },
    #[error("the plan was changed after it was made: it says {said} and is {found}; plan again")]
    Tampered { said: String, found: String },
    #[error("`{environment}` has no release of `{pipeline}`")]
    NoRelease { pipeline: String, environment: String },
    #[error("`{environment}` has no release of `{pipeline}` to go back from")]
    NothingToRollBack { pipeline: String, environment: String },
    #[error("the plan expired at {expired}: it was made at {made}; plan again")]
    Expired { made: String, expired: String },
    #[error("the release of `{environment}` cannot be undone: {obstacles}; release forward instead")]
    NoWayBack { environment: String, obstacles: String },
    #[error("`{to}` {why}; `{environment}` can go back to {known}")]
    NotBelow { environment: String, to: String, why: &'static str, known: String },
    #[error("the plan of run {run} in the journal cannot be read: {why}")]
    Journal { run: String, why: String },
    #[error("`{path}`: {why}")]
    File { path: PathBuf, why: String },
}
