//! A script that hides that a command has failed.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;
use crate::scripts::scripts;

pub const RULE: Rule = Rule {
    code: Code("steps/swallowed-failure"),
    severity: Severity::Warning,
    page: include_str!("../../rules/steps/swallowed-failure.md"),
    absence: false,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    // What observes may well find nothing, and say so by its output.
    for script in scripts(model).into_iter().filter(|script| !script.reads) {
        let Some(how) = script.shell.swallows() else { continue };
        findings.push(
            Finding::warning(
                RULE.code,
                format!("the `{}` of `{}` succeeds even where a command in it fails", script.attribute, script.owner),
                script.span,
                format!("its script says `{how}`"),
            )
            .with_help("let it fail, or ask for the case that may be: `if [ -e file ]; then …; fi`"),
        );
    }
}
