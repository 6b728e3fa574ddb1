//! What is wrong with a release file, and what its rollback covers.
//!
//! One rule is one file in [`rules`], with a page of the same name under `rules/` that says why it exists and holds the
//! examples which its test runs. What reading the files may find has its pages there, too ([`pages()`]). [`coverage()`] works out how each failure ends, [`descent()`] what is undone. Only a model without errors becomes
//! [`Checked`], and the planner takes nothing else.

mod allowances;
mod class;
pub mod codes;
mod coverage;
mod descent;
mod effects;
mod expansions;
mod floor;
mod levels;
mod pages;
mod pieces;
mod reached;
mod references;
mod rollout;
mod rule;
mod rules;
mod same;
mod scripts;
mod secret_shapes;
mod shell;
mod surely;

use liftlock_diagnostics::{Finding, Severity};
use liftlock_model::{Allowance, Model};

use crate::allowances::Accepted;

pub use class::{Class, class};
pub use codes::codes;
pub use coverage::{Coverage, Ending, FailurePoint, PointKind, coverage};
pub use descent::{Descent, Undo, UndoBy, descent, whole_descent};
pub use floor::below;
pub use levels::{Level, LevelError, Levels, Origin};
pub use pages::{Page, pages};
pub use rule::Rule;
pub use rules::RULES;
pub use surely::Here;

/// A model in which no error was found but those that its source accepts with a reason.
#[derive(Debug)]
pub struct Checked {
    model: Model,
}

impl Checked {
    pub fn model(&self) -> &Model {
        &self.model
    }
}

/// What is made of findings here.
#[derive(Debug, Clone, Default)]
pub struct Policy {
    pub levels: Levels,
    /// Those of the files of the model.
    pub allowances: Vec<Allowance>,
}

/// Runs every rule. `earlier` are the findings of parsing and lowering, which decide with those of the rules whether the
/// model may be planned; the result holds both, without what the source accepts.
pub fn check(model: Model, earlier: Vec<Finding>, policy: &Policy) -> (Option<Checked>, Vec<Finding>) {
    let is_understood = is_sound(&earlier);
    let mut findings = Vec::new();
    for rule in RULES.iter().filter(|rule| is_understood || !rule.absence) {
        (rule.check)(&model, &mut findings);
    }
    expansions::show_the_way_in(&model, &mut findings);
    let mut beside = earlier;
    let mut accepted = Accepted::of(&policy.allowances, &mut beside);
    findings.retain(|finding| !accepted.accepts(finding, &model.expansions));
    if is_understood {
        // In a file that is half understood, a rule may not have seen what it would find.
        beside.extend(accepted.unused());
    }
    beside.append(&mut findings);
    let findings: Vec<Finding> = beside.into_iter().filter_map(|finding| policy.levels.apply(finding)).collect();
    (is_sound(&findings).then_some(Checked { model }), findings)
}

fn is_sound(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.severity != Severity::Error)
}
