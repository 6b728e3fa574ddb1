//! Telling people: views of plans, runs and history.
//!
//! Commands compute, views print: everything here takes what is known already and makes text of it, for people and, as a
//! peer, as JSON. What a record means is said in one place, [`words`], so that watching a run, replaying it and reading
//! last month's use the same sentences. No text from outside reaches a terminal as it is; see [`plain`].

pub mod drill;
pub mod history;
pub mod json;
pub mod log;
pub mod markdown;
pub mod outcome;
pub mod parity;
mod plain;
pub mod plan;
pub mod run;
pub mod status;
mod style;
pub mod table;
mod units;
pub mod words;

pub use plain::{plain, printed};
pub use style::{Style, Tone};
pub use units::{size, took};
