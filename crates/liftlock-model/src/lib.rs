//! What release files mean.
//!
//! [`load`] reads a file with what it imports; [`lower`] turns the trees into a [`Model`]: every name resolved, every value
//! typed, every block checked against the signature that `stdlib/kinds.release` declares for its kind. What cannot be
//! understood becomes a finding and [`expr::ExprKind::Error`], and is never reported twice. Whether the model is *wise* is for
//! the checker to say. [`evaluate`] computes a value for one environment. Nothing here reads a clock, a process or the network.

mod allowances;
pub mod evaluate;
pub mod expr;
pub mod functions;
mod kinds;
mod load;
mod lower;
mod model;
pub mod near;
mod operate;
mod side_by_side;
mod stdlib;
pub mod types;
pub mod value;
mod words;

pub use allowances::{Allowance, allowances};
pub use load::{Loaded, ReadFiles, Unit, load, load_shared};
pub use lower::lower;
pub use model::*;
pub use side_by_side::side_by_side;
pub use types::{Phase, Type};
pub use value::{Late, Piece, Text, Value};
pub use words::{Words, words};

/// A map in the order in which it was filled, for names that are asked for again and again: its hashes are a fraction of the
/// work that those of the standard library are, and seeded all the same.
pub type Map<K, V> = indexmap::IndexMap<K, V, foldhash::fast::RandomState>;

/// Every code that [`load`] and [`lower`] may report, those of parsing included.
pub fn codes() -> impl Iterator<Item = liftlock_diagnostics::Code> {
    liftlock_syntax::codes::ALL.iter().chain(lower::codes::ALL).copied().chain([load::MISSING_FILE])
}
