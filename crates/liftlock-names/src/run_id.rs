//! The name of a run: short, and sorting by the time at which the run began.

use std::borrow::Borrow;
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Crockford's base 32: no letter that is taken for a digit, and the order of the digits is that of the letters.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Seven digits of seconds and three of chance: `1tk8w0m3xq`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId(String);

/// A text that names no run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunIdError(String);

impl fmt::Display for RunIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` names no run; a run is named by ten digits and letters", self.0)
    }
}

impl std::error::Error for RunIdError {}

impl RunId {
    /// The name of a run that begins at `at`; `chance` tells apart the runs of one second.
    pub fn new(at: Timestamp, chance: u32) -> Self {
        let seconds = u64::try_from(at.as_second()).unwrap_or(0);
        let value = (seconds & 0x7_ffff_ffff) << 15 | u64::from(chance & 0x7fff);
        let digit = |at: u32| char::from(ALPHABET[(value >> (5 * at) & 31) as usize]);
        RunId((0..10).rev().map(digit).collect())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// So that a run is found by its text.
impl Borrow<str> for RunId {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        if text.len() == 10 && text.bytes().all(|byte| ALPHABET.contains(&byte)) {
            Ok(RunId(text.to_owned()))
        } else {
            Err(RunIdError(text.to_owned()))
        }
    }
}

impl TryFrom<String> for RunId {
    type Error = RunIdError;

    fn try_from(text: String) -> Result<Self, RunIdError> {
        text.parse()
    }
}

impl From<RunId> for String {
    fn from(run: RunId) -> String {
        run.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_sort_by_time() {
        let name = |second, chance| RunId::new(Timestamp::from_second(second).unwrap(), chance);
        assert!(name(1_795_000_000, 0x7fff) < name(1_795_000_001, 0));
        assert!(name(1_795_000_000, 1) < name(1_795_000_000, 2));
        assert_eq!(name(1_795_000_000, 7).as_str().parse(), Ok(name(1_795_000_000, 7)));
    }
}
