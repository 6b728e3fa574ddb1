//! Quoted text: what spans lines is moved as a whole, so that what it says stays the same to the last blank.
//!
//! How the margin is found is the parser's business (`text.rs`); this is the same, line by line, in the source.

use std::borrow::Cow;

use super::doc::{Doc, Quoted};

const BLOCK: &str = "\"\"\"";

/// A string or a script as it is written.
pub(super) fn quoted(written: &str) -> Doc<'_> {
    if !written.contains('\n') {
        return Doc::text(written);
    }
    if written.starts_with("```") { script(written) } else { block_string(written) }
}

fn block_string(written: &str) -> Doc<'_> {
    let mut lines: Vec<&str> = written.split('\n').map(without_return).collect();
    let first = lines.remove(0);
    let opened = first.strip_prefix(BLOCK).unwrap_or(first);
    let first = if opened.trim().is_empty() { BLOCK } else { first };
    let last = lines.last().copied().unwrap_or("");
    let is_closed_alone = last.strip_suffix(BLOCK).is_some_and(|text| text.trim().is_empty());
    if is_closed_alone {
        lines.pop();
    }
    let margin = margin(&lines).unwrap_or(usize::MAX);
    dedent(&mut lines, margin);
    let close = if is_closed_alone { BLOCK } else { "" };
    Doc::quoted(Quoted { first: first.into(), lines, verbatim: false, close: close.into() })
}

fn script(written: &str) -> Doc<'_> {
    let mut lines: Vec<&str> = written.split('\n').map(without_return).collect();
    let first = lines.remove(0);
    lines.pop();
    let interpreter = first.trim_start_matches('`');
    let fence = &first[..first.len() - interpreter.len()];
    let margin = margin(&lines);
    dedent(&mut lines, margin.unwrap_or(0));
    let first = format!("{fence}{}", interpreter.trim());
    Doc::quoted(Quoted { first: first.into(), lines, verbatim: margin.is_none(), close: Cow::Borrowed(fence) })
}

fn without_return(line: &str) -> &str {
    line.strip_suffix('\r').unwrap_or(line)
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// The indentation that all lines have which are not blank.
fn margin(lines: &[&str]) -> Option<usize> {
    lines.iter().filter(|line| !line.trim().is_empty()).map(|line| indentation(line)).min()
}

fn dedent(lines: &mut [&str], margin: usize) {
    for line in lines {
        *line = &line[margin.min(indentation(line))..];
    }
}
