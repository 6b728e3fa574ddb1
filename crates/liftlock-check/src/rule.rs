//! What a rule is.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

/// One thing the checker knows.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub code: Code,
    /// What its findings weigh where nobody has given them another level.
    pub severity: Severity,
    /// Its page: what is wrong, why it hurts, how to mend it, with a bad and a good example.
    pub page: &'static str,
    /// Whether it says that something is nowhere to be found. It then asks only models that were understood completely,
    /// since what was not understood may be the very thing.
    pub absence: bool,
    pub check: fn(&Model, &mut Vec<Finding>),
}
