//! What will happen: the plan.
//!
//! [`draft`] makes a [`Plan`] from a checked model, inputs and the ledger; [`Plan::observe`] adds what was observed, and with
//! it every diff. Observing is not done here: observations come in as data, so that planning is pure. A plan is a
//! document: nothing that steers a run lives outside it, and [`Plan::hash`] is its identity.

mod artifact;
mod between;
mod describe;
mod diff;
mod document;
mod draft;
mod drift;
mod error;
mod observe;
mod outputs;
mod parity;
mod past;
mod rehearsal;
mod risk;
mod rollback;
mod saved;
mod stale;
mod structure;
mod window;

pub use artifact::{ArtifactPlan, BuiltArtifactRef, FileArtifact, ImageArtifact, ImageBuild, ImageSource};
pub use between::{Edit, EnvironmentDiff, How, PlanDiff, between};
pub use diff::{Marked, unified, words};
pub use document::{
    ActionKind, Change, Check, CheckKind, Class, Coverage, Effect, EffectKind, FORMAT, Gate, GateKind, Hooks,
    HttpEffect, HttpRequest, InDoubt, Invocation, NoData, Node, OnFailure, Plan, Retry, Stage, Step, Timing, checks_in,
    effects_of,
};
pub use draft::{ArtifactInput, Found, Request, SourceState, artifact_inputs, draft};
pub use drift::{Baseline, Drift, Drifted, baseline};
pub use error::PlanError;
pub use liftlock_model::expr::{Days, Freeze, Hours, Window};
pub use liftlock_model::value::{FailureFact, Late, Piece, Program, Secret, Text};
pub use observe::{Observation, Observations, look_alike};
pub use parity::{Parity, ParityKind, ParityRow, parity};
pub use past::Past;
pub use rehearsal::{Rehearsal, runs_beside_others};
pub use risk::{Risk, risks};
pub use rollback::{WayBack, foresee, way_back};
pub use saved::SavedPlan;
pub use stale::{Difference, differences};
pub use window::{WindowState, window_state};
