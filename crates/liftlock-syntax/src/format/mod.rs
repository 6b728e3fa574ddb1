//! Tree to text: the one style of release files.
//!
//! [`format`] makes a document of the tree and the source, and writes it (`items.rs` and `value.rs` make it, `write.rs`
//! decides what fits on a line). Literals, strings, commands and scripts are copied from the source; comments are taken
//! from the gaps between the pieces, in order. There are no options.

mod align;
mod doc;
mod items;
mod quoted;
mod shape;
mod source;
mod value;
mod write;

use liftlock_diagnostics::{Finding, SourceId};

use crate::parse;
use crate::tree::File;
use source::Source;

/// Why a text was not formatted.
#[derive(Debug, thiserror::Error)]
pub enum Unformattable {
    /// What is broken has no style. The findings are about `SourceId(0)`.
    #[error("the file has syntax errors")]
    Syntax(Vec<Finding>),
    #[error("formatting would {0}, which is a bug in liftlock; the text is left as it is")]
    Bug(Damage),
}

/// What formatting must never do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("change what the file means")]
    Meaning,
    #[error("lose, change or reorder a comment")]
    Comments,
    #[error("not come to rest: formatting the result would change it again")]
    Restless,
}

const SOURCE: SourceId = SourceId(0);

/// A byte order mark is allowed in front of a text; a formatted one has none.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// The text in the one style: two blanks an indentation, at most 100 columns where lines can be broken.
///
/// The time is linear in the length of the text.
///
/// # Errors
/// [`Unformattable::Syntax`] where the text has syntax errors. [`Unformattable::Bug`] where the result would not mean the
/// same, would not have the same comments or would itself be formatted differently, which is asked of every result.
pub fn format(text: &str) -> Result<String, Unformattable> {
    let (mut file, findings) = parse(SOURCE, text);
    if !findings.is_empty() {
        return Err(Unformattable::Syntax(findings));
    }
    let marked = text;
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    if text.len() < marked.len() {
        file = parse(SOURCE, text).0;
    }
    let formatted = formatted(text, &file);
    let (result, findings) = parse(SOURCE, &formatted);
    if !findings.is_empty() || shape::shape(&file) != shape::shape(&result) {
        return Err(Unformattable::Bug(Damage::Meaning));
    }
    if !comments(text, &file).eq(comments(&formatted, &result)) {
        return Err(Unformattable::Bug(Damage::Comments));
    }
    if self::formatted(&formatted, &result) != formatted {
        return Err(Unformattable::Bug(Damage::Restless));
    }
    Ok(formatted)
}

fn formatted(text: &str, file: &File) -> String {
    let doc = Source::new(text, &file.comments).file(file);
    write::write(&doc, text.len())
}

/// The comments without the blanks at their ends.
fn comments<'t>(text: &'t str, file: &'t File) -> impl Iterator<Item = &'t str> {
    file.comments.iter().filter_map(|span| text.get(span.start as usize..span.end as usize)).map(str::trim_end)
}
