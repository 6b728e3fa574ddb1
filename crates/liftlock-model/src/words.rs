//! Every word that has a meaning of its own, for whoever draws release files: editors, and what their grammars are made of.
//!
//! Nothing is listed here that is not taken from the table by which it is understood.

use crate::functions::Function;
use crate::kinds::{Kind, NAMED};
use crate::lower::{BODIES, ROOTS};

/// The words, by what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// What begins an item that is no block: `let`, `promote`.
    pub items: Vec<&'static str>,
    /// What a block can be: the kinds, and the bodies around them.
    pub blocks: Vec<&'static str>,
    /// What no item may begin with yet.
    pub reserved: Vec<&'static str>,
    pub types: Vec<&'static str>,
    pub phases: Vec<&'static str>,
    pub functions: Vec<&'static str>,
    /// The first words of paths: `env`, `artifact`.
    pub roots: Vec<&'static str>,
    /// Operators that are words.
    pub operators: Vec<&'static str>,
    /// What stands directly behind a number, the longer ones first.
    pub units: Vec<&'static str>,
}

/// Every word of edition 2026.
pub fn words() -> Words {
    let declarations = liftlock_syntax::DECLARATIONS.iter().copied();
    let is_item = |word: &&str| matches!(*word, "import" | "edition" | "input" | "function");
    let mut blocks: Vec<&str> = declarations.clone().filter(|word| !is_item(word)).collect();
    blocks.extend(BODIES.iter().copied().filter(|word| !matches!(*word, "each" | "when")));
    blocks.extend(Kind::names());
    blocks.sort_unstable();
    blocks.dedup();
    let mut items: Vec<&str> = declarations.filter(is_item).chain(["let", "promote", "each", "when"]).collect();
    items.sort_unstable();
    let functions = Function::ALL.iter().map(|(_, name, _)| *name).chain(["window", "freeze"]);
    let types = NAMED.iter().map(|(name, _)| *name).chain(["list", "map", "range"]);
    let mut units: Vec<&str> = liftlock_syntax::units().collect();
    units.sort_by_key(|unit| (std::cmp::Reverse(unit.len()), *unit));
    Words {
        items,
        blocks,
        reserved: liftlock_syntax::RESERVED.to_vec(),
        types: types.collect(),
        phases: vec!["const", "plan", "run"],
        functions: functions.collect(),
        roots: ROOTS.to_vec(),
        operators: vec!["and", "or", "not", "in"],
        units,
    }
}
