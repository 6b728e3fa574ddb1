//! How much a rule's findings weigh here: `deny`, `warn` or `allow`, given on the command line or by the project.
//!
//! A level raises whatever it is given for, and lowers only what is no error: what is an error by itself is allowed by a
//! comment in the source, with its reason ([`Allowance`](crate::Allowance)), where everyone who reads the file sees it.

use liftlock_diagnostics::{Code, Finding, Severity};

use crate::codes;

/// What is made of the findings of a rule; the strictest is the greatest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// They are not reported.
    Allow,
    /// They are warnings.
    Warn,
    /// They are errors.
    Deny,
}

/// Who gave a level; the greater goes before the lesser.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    Project,
    CommandLine,
}

/// Why a level cannot be given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LevelError {
    /// No rule and no area has the name.
    Unknown,
    /// All that the name stands for are errors by themselves.
    AlwaysError,
}

/// The levels that were given.
#[derive(Debug, Clone, Default)]
pub struct Levels {
    given: Vec<(Origin, String, Level)>,
}

impl Levels {
    /// Gives a level to a rule by its code, or to all rules of an area.
    ///
    /// # Errors
    /// The name stands for nothing, or for what cannot be lowered.
    pub fn give(&mut self, origin: Origin, name: &str, level: Level) -> Result<(), LevelError> {
        let mut meant = codes().filter(|(code, _)| is_meant(name, *code)).peekable();
        if meant.peek().is_none() {
            return Err(LevelError::Unknown);
        }
        if level != Level::Deny && meant.all(|(_, severity)| severity == Severity::Error) {
            return Err(LevelError::AlwaysError);
        }
        self.given.push((origin, name.to_owned(), level));
        Ok(())
    }

    /// The finding as the levels make it; `None` where it is allowed.
    pub fn apply(&self, mut finding: Finding) -> Option<Finding> {
        if finding.severity == Severity::Error {
            return Some(finding);
        }
        match self.of(finding.code) {
            None => Some(finding),
            Some(Level::Allow) => None,
            Some(Level::Warn) => {
                finding.severity = Severity::Warning;
                Some(finding)
            }
            Some(Level::Deny) => {
                finding.severity = Severity::Error;
                Some(finding)
            }
        }
    }

    /// The command line goes before the project, a rule before its area, the strict before the lenient.
    fn of(&self, code: Code) -> Option<Level> {
        let meant = self.given.iter().filter(|(_, name, _)| is_meant(name, code));
        meant.map(|(origin, name, level)| (*origin, name == code.0, *level)).max().map(|(.., level)| level)
    }
}

fn is_meant(name: &str, code: Code) -> bool {
    name == code.0 || code.0.split_once('/').is_some_and(|(area, _)| area == name)
}

#[cfg(test)]
mod tests {
    use liftlock_diagnostics::{SourceId, Span};

    use super::*;

    const UNUSED: Code = Code("names/allowance-unused");

    fn severity(levels: &Levels) -> Option<Severity> {
        let finding = Finding::warning(UNUSED, "m", Span::new(SourceId(0), 0, 0), "");
        levels.apply(finding).map(|finding| finding.severity)
    }

    #[test]
    fn the_command_line_goes_before_the_project_and_a_rule_before_its_area() {
        let mut levels = Levels::default();
        assert_eq!(severity(&levels), Some(Severity::Warning));
        levels.give(Origin::Project, "names", Level::Deny).unwrap();
        assert_eq!(severity(&levels), Some(Severity::Error));
        levels.give(Origin::Project, UNUSED.0, Level::Warn).unwrap();
        assert_eq!(severity(&levels), Some(Severity::Warning));
        levels.give(Origin::CommandLine, "names", Level::Allow).unwrap();
        assert_eq!(severity(&levels), None);
        levels.give(Origin::CommandLine, "names", Level::Deny).unwrap();
        assert_eq!(severity(&levels), Some(Severity::Error));
    }

    #[test]
    fn what_is_an_error_by_itself_stays_one() {
        let mut levels = Levels::default();
        assert_eq!(levels.give(Origin::Project, "rollback/missing", Level::Allow), Err(LevelError::AlwaysError));
        assert_eq!(levels.give(Origin::Project, "syntax", Level::Warn), Err(LevelError::AlwaysError));
        assert_eq!(levels.give(Origin::Project, "rolback", Level::Deny), Err(LevelError::Unknown));
        levels.give(Origin::Project, "rollback/missing", Level::Deny).unwrap();
        // An area may be lowered as far as it can be.
        levels.give(Origin::Project, "names", Level::Allow).unwrap();
        let finding = Finding::error(Code("names/duplicate"), "m", Span::new(SourceId(0), 0, 0), "");
        assert_eq!(levels.apply(finding.clone()), Some(finding));
    }
}
