//! Why a run could not go on. A release that failed is no error: it has an outcome.

use std::path::PathBuf;

use liftlock_journal::{BlobError, StoreError};
use liftlock_names::{Address, RunId};
use thiserror::Error;

#[derive(Debug, Error)]
pub enum EngineError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// The journal has failed before, so that nothing more may be done.
    #[error(
        "nothing more of run {run} can be recorded; go on with `liftlock resume {run}` when the journal can be written to"
    )]
    Unwritten { run: RunId },
    /// The run stands at closed gates, and is not to wait for them.
    #[error("run {run} waits: {}", waiting(.gates))]
    Waiting { run: RunId, gates: Vec<(Address, String)> },
    /// An effect was under way when the run was interrupted, or got no answer, and only a person can say how it stands.
    #[error("nothing tells whether {} was done in {} by run {run}", address.within_stage(), address.environment)]
    InDoubt { run: RunId, address: Address },
    /// A second interruption: what was running was killed, and the run can be resumed.
    #[error("run {run} was stopped where it stood; go on with `liftlock resume {run}`")]
    Killed { run: RunId },
    #[error("run {run} is under way in process {process} on {host}")]
    UnderWay { run: RunId, host: String, process: u32 },
    #[error("there is no run `{0}`")]
    NoSuchRun(RunId),
    #[error("run {run} is over: it {how}")]
    Finished { run: RunId, how: String },
    #[error("run {run} has nothing to settle at `{address}`: it is neither in doubt nor failed")]
    NothingToSettle { run: RunId, address: Address },
    #[error("run {run} leaves nothing: it does not need a person")]
    NothingToLeave { run: RunId },
    #[error("the plan of run {run} in the journal cannot be read: {why}")]
    Plan { run: RunId, why: String },
    #[error("`{path}` cannot be written: {source}")]
    Log { path: PathBuf, source: std::io::Error },
}

fn waiting(gates: &[(Address, String)]) -> String {
    let gates: Vec<String> = gates.iter().map(|(gate, why)| format!("{gate}: {why}")).collect();
    gates.join("; ")
}
