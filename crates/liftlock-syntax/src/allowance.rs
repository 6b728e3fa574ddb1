//! Which comments are addressed to the checker rather than to readers.

/// What a comment says behind `allow`, where it is an allowance: `rollback/missing -- the reason` of
/// `# allow rollback/missing -- the reason`. The word behind `allow` has the form `area/name`; anything else is prose.
pub fn allowance(comment: &str) -> Option<&str> {
    let said = comment.strip_prefix('#')?.trim_start().strip_prefix("allow")?.strip_prefix([' ', '\t'])?.trim_start();
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    let (area, name) = said.split_whitespace().next()?.split_once('/')?;
    (is_word(area) && is_word(name)).then_some(said)
}
