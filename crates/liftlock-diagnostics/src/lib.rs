//! What a finding is, and how it is shown.
//!
//! A [`Finding`] is plain data: a rule's code, a sentence, labelled places, and what to do next. Passes make
//! findings; the renderers in [`human`] and [`json`] show them. Nothing here knows the language: a finding about a
//! gate and one about a missing brace look alike from here.

mod finding;
pub mod human;
pub mod json;
mod source;

pub use finding::{Code, Edit, Finding, Fix, Label, Safety, Severity, sort};
pub use source::{Position, Source, SourceId, Sources, Span};
