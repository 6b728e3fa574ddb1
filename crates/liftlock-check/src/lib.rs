//! What is wrong with a release file, and what its rollback covers.
//!
//! One rule is one file in [`rules`], with a page of the same name under `rules/` that says why it exists and holds the
//! examples which its test runs. [`coverage`] works out how each failure ends. Only a model without errors becomes
//! [`Checked`], and the planner takes nothing else.

mod class;
mod coverage;
mod effects;
mod pieces;
mod references;
mod rule;
mod rules;
mod same;
mod scripts;
mod shell;

use liftlock_diagnostics::{Finding, Severity};
use liftlock_model::Model;

pub use class::{Class, class};
pub use coverage::{Coverage, Ending, FailurePoint, coverage};
pub use rule::Rule;
pub use rules::RULES;

/// A model in which no error was found.
#[derive(Debug)]
pub struct Checked {
    model: Model,
}

impl Checked {
    pub fn model(&self) -> &Model {
        &self.model
    }
}

/// Runs every rule. `earlier` are the findings of parsing and lowering, which decide with those of the rules whether the
/// model may be planned; the result holds both.
pub fn check(model: Model, earlier: Vec<Finding>) -> (Option<Checked>, Vec<Finding>) {
    let mut findings = earlier;
    let understood = is_sound(&findings);
    for rule in RULES.iter().filter(|rule| understood || !rule.absence) {
        (rule.check)(&model, &mut findings);
    }
    (is_sound(&findings).then_some(Checked { model }), findings)
}

fn is_sound(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}
