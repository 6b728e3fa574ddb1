//! What a rule is.

use liftlock_diagnostics::{Code, Finding};
use liftlock_model::Model;

/// One thing the checker knows.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    pub code: Code,
    /// Its page: what is wrong, why it hurts, how to mend it, with a bad and a good example.
    pub page: &'static str,
    /// Whether it says that something is nowhere to be found. It then asks only models that were understood completely,
    /// since what was not understood may be the very thing.
    pub absence: bool,
    pub check: fn(&Model, &mut Vec<Finding>),
}

impl Rule {
    /// The first sentence of its page.
    pub fn summary(&self) -> &'static str {
        let paragraph = self.page.split("\n\n").nth(1).unwrap_or("").trim();
        paragraph.lines().next().unwrap_or("")
    }
}
