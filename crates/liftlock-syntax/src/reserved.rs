//! The words that are kept free.

/// Words that begin no item yet, so that those that later do break nobody's files.
pub(crate) const RESERVED: &[&str] =
    &["each", "when", "function", "procedure", "test", "policy", "train", "schedule", "template", "module"];

pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}
