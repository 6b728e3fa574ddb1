//! The words that are kept free.

/// Words that begin no item yet, so that those that later do break nobody's files.
pub(crate) const RESERVED: &[&str] = &["test", "policy", "train", "schedule", "template", "module"];

pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// How the items are written that begin with a word of their own and have a shape of their own.
pub(crate) fn shape_of(word: &str) -> Option<&'static str> {
    Some(match word {
        "each" => "each NAME in LIST { … }",
        "when" => "when CONDITION { … }",
        "function" => "function NAME(PARAMETER: TYPE) = VALUE",
        _ => return None,
    })
}
