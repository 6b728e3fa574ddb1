//! A secret that every user of the machine can read.

use std::collections::HashSet;

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;
use liftlock_model::expr::{Expr, ExprKind, Part, Word};

use crate::Rule;
use crate::references::expressions;
use crate::same::resolved;

pub const RULE: Rule = Rule {
    code: Code("secrets/in-command-line"),
    severity: Severity::Warning,
    page: include_str!("../../rules/secrets/in-command-line.md"),
    absence: false,
    check,
};

/// Options by which programs are handed a secret itself, and not the name of a file with it.
const OPTIONS: &[&str] = &[
    "--access-token",
    "--api-key",
    "--auth-token",
    "--client-secret",
    "--passphrase",
    "--passwd",
    "--password",
    "--secret",
    "--secret-key",
    "--token",
];

fn check(model: &Model, findings: &mut Vec<Finding>) {
    let mut seen = HashSet::new();
    expressions(model, &mut |_, expr| {
        let command = resolved(expr);
        let ExprKind::Command(words) = &*command.kind else { return };
        let Some(option) = handed_over(words).filter(|_| seen.insert(command.span)) else { return };
        findings.push(finding(command, option));
    });
}

fn finding(command: &Expr, option: &str) -> Finding {
    Finding::warning(
        RULE.code,
        format!("what follows `{option}` can be read by everyone on the machine"),
        command.span,
        "the arguments of a program are no secret",
    )
    .with_help("hand it over as a `secret`, by `env` or `stdin`: `env = { TOKEN = secret.env(\"TOKEN\") }`")
}

/// The first option with a secret behind it.
fn handed_over(words: &[Word]) -> Option<&'static str> {
    words.iter().enumerate().find_map(|(at, word)| {
        let Word::One(parts) = word else { return None };
        let Some(Part::Literal(text)) = parts.first() else { return None };
        let (name, value) = text.split_once('=').map_or((text.as_str(), None), |(name, value)| (name, Some(value)));
        let option = OPTIONS.iter().copied().find(|option| *option == name)?;
        let is_secret = match value {
            // The value is in this word, and may go on with what is put in.
            Some(value) => (!value.is_empty() || parts.len() > 1) && !is_place(value),
            None if parts.len() == 1 => words.get(at + 1).is_some_and(is_value),
            None => false,
        };
        is_secret.then_some(option)
    })
}

fn is_value(word: &Word) -> bool {
    match word {
        Word::One(parts) => match parts.first() {
            Some(Part::Literal(text)) => !text.starts_with('-') && !is_place(text),
            Some(Part::Value(_)) => true,
            None => false,
        },
        Word::Several(_) => false,
    }
}

/// Whether this says where the secret is.
fn is_place(text: &str) -> bool {
    text.starts_with(['/', '.', '@']) || text.starts_with("env:") || text.starts_with("file:")
}
