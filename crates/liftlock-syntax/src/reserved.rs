//! The words that are kept free.

/// Words that begin no item yet, so that those that later do break nobody's files.
pub const RESERVED: &[&str] = &["test", "policy", "train", "schedule", "template", "module"];

pub(crate) fn is_reserved(word: &str) -> bool {
    RESERVED.contains(&word)
}

/// What is written here for a word by which other languages begin a body: the word that takes its place, where one does,
/// and the shape of the whole.
pub(crate) fn foreign(word: &str) -> Option<(Option<&'static str>, &'static str)> {
    Some(match word {
        "if" => (Some("when"), "when CONDITION { … }"),
        // `not` binds tighter than what may stand in the condition, so that no word alone takes its place.
        "unless" => (None, "when not (CONDITION) { … }"),
        "else" | "elif" | "elsif" => (None, "when not CONDITION { … }"),
        "for" | "foreach" => (Some("each"), "each NAME in LIST { … }"),
        _ => return None,
    })
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
