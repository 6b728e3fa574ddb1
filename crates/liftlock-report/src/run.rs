//! Watching a run: its records, and what its programs print.
//!
//! [`Lines`] is for pipes and logs, [`Tree`] for terminals; both say the same of a record. Neither ever fails: who watches
//! a release must not be able to stop it.

mod lines;
mod output;
mod tree;

pub use lines::Lines;
pub use tree::Tree;
