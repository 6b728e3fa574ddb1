//! The pages of every finding: what is wrong, why it hurts, how to mend it, with examples that are true.
//!
//! A rule holds its page itself. Those of reading the files, and of what is said beside the rules, are listed here.

use liftlock_diagnostics::Code;

use crate::RULES;

/// What `liftlock explain` shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    pub code: Code,
    /// In Markdown.
    pub text: &'static str,
    /// Whether its findings are those of a rule: they can be allowed in the source.
    pub is_rule: bool,
}

/// Every page, in the order of their codes; there is one for each of [`codes`](crate::codes()).
pub fn pages() -> Vec<Page> {
    let of_rules = RULES.iter().map(|rule| Page { code: rule.code, text: rule.page, is_rule: true });
    let mut pages: Vec<Page> = of_rules.chain(OTHERS.iter().copied()).collect();
    pages.sort_by_key(|page| page.code);
    pages
}

impl Page {
    /// Its first sentence, in one line.
    pub fn summary(&self) -> String {
        let paragraph = self.text.split("\n\n").nth(1).unwrap_or("").trim().replace('\n', " ");
        match paragraph.split_once(". ") {
            Some((sentence, _)) => sentence.to_owned(),
            None => paragraph.trim_end_matches('.').to_owned(),
        }
    }
}

macro_rules! pages {
    ($($code:literal,)*) => {
        &[$(Page { code: Code($code), text: include_str!(concat!("../rules/", $code, ".md")), is_rule: false }),*]
    };
}

/// In the order of their codes.
const OTHERS: &[Page] = pages![
    "names/allowance-impossible",
    "names/allowance-unused",
    "names/allowance-without-reason",
    "names/bad-project-file",
    "names/circular",
    "names/duplicate",
    "names/misplaced",
    "names/missing-attribute",
    "names/missing-file",
    "names/too-large",
    "names/unknown-attribute",
    "names/unknown-edition",
    "names/unknown-kind",
    "names/unknown-name",
    "names/unknown-rule",
    "parity/missing-setting",
    "phase/too-late",
    "promotion/mutable-artifact",
    "rollback/coverage",
    "secrets/misused",
    "steps/contradiction",
    "syntax/bad-date",
    "syntax/bad-digest",
    "syntax/bad-escape",
    "syntax/bad-line",
    "syntax/bad-name",
    "syntax/bad-number",
    "syntax/bad-promote",
    "syntax/bad-script",
    "syntax/bad-type",
    "syntax/bad-value",
    "syntax/bidirectional-control",
    "syntax/brace-on-next-line",
    "syntax/chained-comparison",
    "syntax/colon-for-equals",
    "syntax/control-character",
    "syntax/empty-command",
    "syntax/equals-before-brace",
    "syntax/foreign-operator",
    "syntax/foreign-word",
    "syntax/incomplete-head",
    "syntax/long-text-inside",
    "syntax/missing-brace",
    "syntax/missing-bracket",
    "syntax/missing-comma",
    "syntax/missing-equals-or-brace",
    "syntax/missing-name",
    "syntax/missing-value",
    "syntax/quoted-label",
    "syntax/reserved-word",
    "syntax/shell-in-command",
    "syntax/single-quotes",
    "syntax/stray-brace",
    "syntax/too-deep",
    "syntax/unclosed-command",
    "syntax/unclosed-interpolation",
    "syntax/unclosed-script",
    "syntax/unclosed-string",
    "syntax/unknown-unit",
    "type/bad-text",
    "type/may-be-missing",
    "type/mismatch",
    "type/out-of-range",
    "type/unknown",
];
