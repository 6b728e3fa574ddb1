//! A script that prints a secret.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;
use crate::scripts::{Script, scripts};

pub const RULE: Rule = Rule {
    code: Code("secrets/in-output"),
    severity: Severity::Warning,
    page: include_str!("../../rules/secrets/in-output.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for script in scripts(model) {
        let shown = script.secrets().into_iter().find_map(|name| Some((name, shown(script.text, name)?)));
        let Some((name, line)) = shown else { continue };
        findings.push(finding(&script, name, line));
    }
}

fn finding(script: &Script<'_>, name: &str, line: &str) -> Finding {
    let finding = Finding::warning(
        RULE.code,
        format!("the `{}` of `{}` prints the secret `${name}`", script.attribute, script.owner),
        script.span,
        format!("its script says `{line}`"),
    );
    match line.contains(OUTPUT) {
        true => finding
            .with_help("hand the secret itself to the step that needs it: what is given out is masked, and no use"),
        false => finding.with_help("take the line out, or hand the secret to the program that needs it, by `stdin`"),
    }
}

/// The file that a step gives out its outputs by.
const OUTPUT: &str = "LIFTLOCK_OUTPUT";

/// The line of a script that puts the value of a variable where it is shown and kept. Where it goes on to another program or
/// into a file, it is for those to say who reads it.
fn shown<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.lines().map(str::trim).find(|line| {
        let mut words = line.split_whitespace();
        match words.next() {
            Some("echo" | "printf") => uses(line, name) && !is_handed_on(line),
            // Every command is shown, with all that it is given.
            Some("set") => words.any(|word| word.starts_with('-') && word.contains('x') && uses(text, name)),
            _ => false,
        }
    })
}

fn is_handed_on(line: &str) -> bool {
    let goes_to_file = line.contains('>') && !line.contains(">&2") && !line.contains(OUTPUT);
    line.contains('|') || line.contains("<(") || goes_to_file
}

/// Whether a text names a variable: `$NAME`, `${NAME}`, not `$NAMED`.
fn uses(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = &text[..at];
        let is_end = !text[at + name.len()..].starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        is_end && (before.ends_with('$') || before.ends_with("${"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_shown_or_given_out_is_found() {
        let shows = |text: &str| shown(text, "TOKEN").is_some();
        for text in [
            "echo $TOKEN",
            "  echo \"the token is ${TOKEN}\" >&2",
            "printf '%s' \"$TOKEN\"",
            "echo \"token=$TOKEN\" >> \"$LIFTLOCK_OUTPUT\"",
            "set -x\ncurl --config - <<< \"$TOKEN\"",
            "set -eux\nuse \"$TOKEN\"",
        ] {
            assert!(shows(text), "{text}");
        }
        for text in [
            "echo \"$TOKEN\" | docker login --password-stdin",
            "printf '%s' \"$TOKEN\" > \"$HOME/token\"",
            "echo $TOKENS",
            "echo TOKEN",
            "# echo $TOKEN",
            "set -x\necho hello",
            "use \"$TOKEN\"",
        ] {
            assert!(!shows(text), "{text}");
        }
    }
}
