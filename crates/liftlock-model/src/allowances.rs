//! Comments that accept findings: `# allow rollback/missing -- the reason`.
//!
//! Here it is settled what such a comment says and which text it covers. Whether there is such a rule, and whether it
//! finds anything there, is for the checker to say.

use liftlock_diagnostics::{Sources, Span};
use liftlock_syntax::{File, Item, ItemKind, allowance};

/// One allowance, as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Allowance {
    /// `rollback/missing`
    pub rule: String,
    pub rule_span: Span,
    /// `None` where the author gives none.
    pub reason: Option<String>,
    /// The whole comment.
    pub span: Span,
    /// The item above or beside which it stands; `None` where there is no item.
    pub covers: Option<Span>,
}

/// The allowances of a file.
pub fn allowances(file: &File, sources: &Sources) -> Vec<Allowance> {
    let text = &*sources.get(file.source).text;
    let mut found: Vec<Allowance> = file.comments.iter().filter_map(|span| read(*span, sources.text(*span))).collect();
    if found.is_empty() {
        return found;
    }
    // Outer items come before what they hold: of several that begin on one line, the first is the outermost.
    let mut items = Vec::new();
    collect(&file.items, &mut items);
    let line_of = |offset: u32| sources.get(file.source).position(offset).line;
    let starts: Vec<(usize, Span)> = items.iter().map(|span| (line_of(span.start), *span)).collect();
    let begins_on = |line: usize| starts.iter().find(|(start, _)| *start == line).map(|(_, span)| *span);
    let comment_lines: Vec<usize> = file
        .comments
        .iter()
        .filter(|comment| stands_alone(text, comment.start as usize))
        .map(|comment| line_of(comment.start))
        .collect();
    for allowance in &mut found {
        let mut line = line_of(allowance.span.start);
        if stands_alone(text, allowance.span.start as usize) {
            while comment_lines.binary_search(&line).is_ok() {
                line += 1;
            }
        }
        allowance.covers = begins_on(line);
    }
    found
}

/// What a comment says, if it is an allowance.
fn read(comment: Span, text: &str) -> Option<Allowance> {
    let said = allowance(text)?;
    let rule = said.split_whitespace().next()?;
    let start = comment.start as usize + (text.len() - said.len());
    let reason = said[rule.len()..].trim().strip_prefix("--").map(str::trim).filter(|reason| !reason.is_empty());
    Some(Allowance {
        rule: rule.to_owned(),
        rule_span: Span::new(comment.source, start, start + rule.len()),
        reason: reason.map(str::to_owned),
        span: comment,
        covers: None,
    })
}

/// Whether nothing but space stands before `at` on its line.
fn stands_alone(text: &str, at: usize) -> bool {
    text[..at].bytes().rev().take_while(|byte| *byte != b'\n').all(|byte| byte.is_ascii_whitespace())
}

/// The items and all they hold, the outer ones first. The parser bounds how deep they can be.
fn collect(items: &[Item], spans: &mut Vec<Span>) {
    for item in items {
        spans.push(item.span);
        match &item.kind {
            ItemKind::Block(block) => collect(&block.body, spans),
            ItemKind::Each(each) => collect(&each.body, spans),
            ItemKind::When(when) => collect(&when.body, spans),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each allowance of the text: its rule, its reason and the first line of what it covers.
    fn of(text: &str) -> Vec<(String, Option<String>, Option<String>)> {
        let mut sources = Sources::default();
        let id = sources.add("a.release", text);
        let (file, _) = liftlock_syntax::parse(id, text);
        let covered = |span: Span| sources.text(span).lines().next().unwrap_or("").to_owned();
        let told = |found: Allowance| (found.rule, found.reason, found.covers.map(covered));
        allowances(&file, &sources).into_iter().map(told).collect()
    }

    fn one(rule: &str, reason: Option<&str>, covers: Option<&str>) -> (String, Option<String>, Option<String>) {
        (rule.to_owned(), reason.map(str::to_owned), covers.map(str::to_owned))
    }

    #[test]
    fn a_comment_covers_the_item_below_it_or_on_its_line() {
        let text = "# allow a/b -- why\n# a word\nstep x {\n  run = `y` # allow c/d -- -- so\n}\n";
        assert_eq!(of(text), [one("a/b", Some("why"), Some("step x {")), one("c/d", Some("-- so"), Some("run = `y`"))]);
    }

    #[test]
    fn what_is_repeated_or_conditional_is_covered_as_well() {
        let text = "each x in [1] {\n  when true {\n    # allow a/b -- why\n    step x { run = `y` }\n  }\n}\n";
        assert_eq!(of(text), [one("a/b", Some("why"), Some("step x { run = `y` }"))]);
    }

    #[test]
    fn a_comment_with_a_gap_below_it_covers_nothing() {
        assert_eq!(of("# allow a/b -- why\n\nlet x = 1\n"), [one("a/b", Some("why"), None)]);
    }

    #[test]
    fn a_reason_stands_behind_two_dashes() {
        assert_eq!(of("let x = 1 # allow a/b\n"), [one("a/b", None, Some("let x = 1"))]);
        assert_eq!(of("let x = 1 # allow a/b --\n"), [one("a/b", None, Some("let x = 1"))]);
        assert_eq!(of("let x = 1 # allow a/b why\n"), [one("a/b", None, Some("let x = 1"))]);
    }

    #[test]
    fn an_allowance_is_no_documentation() {
        let text = "# what it does\n# allow a/b -- why\nstep x {}\n# allow a/b -- why\nstep y {}\n";
        let mut sources = Sources::default();
        let (file, _) = liftlock_syntax::parse(sources.add("a.release", text), text);
        let docs: Vec<Option<&str>> = file.items.iter().map(|item| item.docs.as_deref()).collect();
        assert_eq!(docs, [Some("what it does"), None]);
    }

    #[test]
    fn prose_is_no_allowance_and_neither_is_a_text() {
        assert_eq!(of("# allow traffic from n/a\n# allowed a/b -- c\nlet x = \"# allow a/b -- c\"\n"), []);
    }
}
