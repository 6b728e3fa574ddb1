//! What a finding is, and how it is shown.
//!
//! A [`Finding`] is plain data: a rule's code, a sentence, labelled places, and what to do next. Passes make
//! findings; the renderers show them: [`human`] and [`concise`] to people, [`json`] to programs, and [`github`], [`gitlab`],
//! [`sarif`] and [`checkstyle`] to what reads findings beside a change. Nothing here knows the language: a finding about a
//! gate and one about a missing brace look alike from here.

mod baseline;
pub mod checkstyle;
pub mod concise;
mod finding;
mod fingerprint;
pub mod github;
pub mod gitlab;
pub mod human;
pub mod json;
mod mend;
pub mod sarif;
mod source;

pub use baseline::{Baseline, BaselineError, Entry};
pub use finding::{Code, Edit, Finding, Fix, Label, Safety, Severity, sort};
pub use fingerprint::fingerprints;
pub use mend::{Mended, mend};
pub use source::{Position, Source, SourceId, Sources, Span};
