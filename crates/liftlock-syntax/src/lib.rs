//! Text to tree, and tree to formatted text.
//!
//! [`parse`] never fails: whatever it is given, it returns the tree of what could be understood and a finding for each
//! thing that could not. This is the only crate that knows pest; what leaves it is an owned [`tree`](crate::File).
//!
//! Passes over a text, each linear: the scan settles quotes, comments and brackets, what is left is shortened, the grammar
//! (`grammar/release.pest`) finds the shapes, and the conversion makes the tree of them and says what is wrong.

// The parser that pest generates without `std` names its box by this crate.
extern crate alloc;

mod allowance;
pub mod codes;
mod command;
mod compact;
mod format;
mod heads;
mod items;
mod literals;
mod nodes;
mod operators;
mod parse;
mod promote;
mod reserved;
mod scan;
mod statements;
mod text;
mod tree;
mod types;
mod values;

pub use allowance::allowance;
pub use format::{Damage, Unformattable, format};
pub use literals::units;
pub use parse::parse;
pub use reserved::RESERVED;
pub use scan::DECLARATIONS;
pub use tree::*;
