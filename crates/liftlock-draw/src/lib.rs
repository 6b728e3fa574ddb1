//! What a pipeline looks like before there is a plan: its graph, what its rollback covers, and its runbook.
//!
//! Everything here is drawn from the model alone: no input is given, nothing is observed, and the same files give the same
//! drawing. How a *plan* looks is for `liftlock-report` to say.

pub mod coverage;
mod dot;
mod mermaid;
mod outline;
mod runbook;
mod svg;
mod text;
mod words;
mod written;

pub use dot::dot;
pub use mermaid::mermaid;
pub use outline::{Check, Deployment, Gate, Item, ItemKind, Outline, Stage};
pub use runbook::Runbook;
pub use svg::svg;
pub use text::text;
