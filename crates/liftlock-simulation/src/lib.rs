//! A world that is made up, and what is tried out in it.
//!
//! [`Simulation`] is time, processes, files, network, chance and the journal in memory, as data: days pass in no time, and
//! what happens follows from a seed. [`explore`] runs random pipelines in it, lets their runner die at every moment that
//! makes a difference, and holds what comes of it against a few [`laws`]. [`coverage`] holds what the checker says of
//! rollback coverage against what the engine does. Nothing of the program itself uses this crate.

mod chance;
mod contents;
pub mod coverage;
pub mod explore;
mod faults;
mod files;
mod incidents;
pub mod laws;
mod mishaps;
mod programs;
#[cfg(test)]
mod scenarios;
pub mod shape;
mod shrink;
mod simulation;
mod state;
mod store;
mod text;
mod trial;
mod world;

pub use chance::Chance;
pub use faults::{Fault, How};
pub use incidents::Incident;
pub use simulation::Simulation;
pub use state::State;
