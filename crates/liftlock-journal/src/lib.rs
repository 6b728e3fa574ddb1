//! What has happened.
//!
//! A journal is an append-only sequence of [`Record`]s, each carrying the hash of the one before it. Everything that is
//! known of runs and environments is a fold over records: [`RunState`] for one run, [`Ledger`] for what is where. There
//! is no column that is updated, and so nothing that can drift from the history.

mod blobs;
mod chain;
mod contents;
mod draft;
mod drill;
mod effect_state;
mod empty;
mod event;
mod gate_state;
mod kept_ledger;
mod ledger;
#[cfg(feature = "postgres")]
mod postgres;
mod run_state;
mod run_summary;
mod sketch;
mod sqlite;
mod store;
mod stored;

pub use blobs::{BlobError, Blobs};
pub use contents::Contents;
pub use drill::{DRILL_FORMAT, Differs, Drill, DrillResult, Drilled, Fault, FaultKind};
pub use effect_state::{EffectState, EffectStatus};
pub use empty::EmptyStore;
pub use event::{Action, End, Event, Failure, FailureKind, Outcome, Record, Settlement, State, Way};
pub use gate_state::{Approval, GateState, GateStatus};
pub use ledger::{BuiltArtifact, EnvironmentState, Ledger, Released, Trouble};
#[cfg(feature = "postgres")]
pub use postgres::PostgresStore;
pub use run_state::{ArtifactState, Asked, RunState, StageState};
pub use run_summary::{RunSummary, WaitingGate};
pub use sqlite::SqliteStore;
pub use store::{Guard, Lease, LeaseRequest, Leased, Query, Store, StoreError, Verification};
pub use stored::Stored;
