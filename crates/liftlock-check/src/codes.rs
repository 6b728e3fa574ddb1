//! Every code that a finding about release files may have, and how much it weighs by itself.

use liftlock_diagnostics::{Code, Severity};

use crate::RULES;

/// A comment allows a finding without saying why.
pub const ALLOWANCE_WITHOUT_REASON: Code = Code("names/allowance-without-reason");
/// A comment allows what is not found.
pub const ALLOWANCE_UNUSED: Code = Code("names/allowance-unused");
/// A comment allows what nobody can allow.
pub const ALLOWANCE_IMPOSSIBLE: Code = Code("names/allowance-impossible");
/// A comment allows findings of a rule that there is not.
pub const UNKNOWN_RULE: Code = Code("names/unknown-rule");
/// `liftlock.toml` cannot be understood.
pub const BAD_PROJECT_FILE: Code = Code("names/bad-project-file");
/// Too few failure points end restored.
pub const COVERAGE: Code = Code("rollback/coverage");

/// The codes of all rules, of reading the files, and of what is said beside them.
pub fn codes() -> impl Iterator<Item = (Code, Severity)> {
    let of_rules = RULES.iter().map(|rule| (rule.code, rule.severity));
    // Whatever keeps a file from being understood is an error.
    let of_reading = liftlock_model::codes().map(|code| (code, Severity::Error));
    let beside = [
        (ALLOWANCE_WITHOUT_REASON, Severity::Error),
        (ALLOWANCE_UNUSED, Severity::Warning),
        (ALLOWANCE_IMPOSSIBLE, Severity::Error),
        (UNKNOWN_RULE, Severity::Error),
        (BAD_PROJECT_FILE, Severity::Error),
        (COVERAGE, Severity::Error),
    ];
    of_rules.chain(of_reading).chain(beside)
}

/// The names that a level can be given to: every code, and every area.
pub fn names() -> Vec<&'static str> {
    let mut names: Vec<&str> = codes().map(|(code, _)| code.0).collect();
    names.extend(codes().filter_map(|(code, _)| code.0.split_once('/')).map(|(area, _)| area));
    names.sort_unstable();
    names.dedup();
    names
}
