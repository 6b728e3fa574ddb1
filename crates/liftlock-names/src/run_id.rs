//! The name of a run: short, and sorting by the time at which the run began.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Crockford's base 32: no letter that is taken for a digit, and the order of the digits is that of the letters.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// How many digits a name has.
const LENGTH: usize = 10;

/// Seven digits of seconds and three of chance: `1tk8w0m3xq`. Only digits of the alphabet ever stand in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RunId([u8; LENGTH]);

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
        RunId(std::array::from_fn(|at| ALPHABET[(value >> (5 * (LENGTH - 1 - at)) & 31) as usize]))
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the digits of the alphabet are ASCII")
    }
}

/// So that a run is found by its text.
impl Borrow<str> for RunId {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// As the text does, which it can be found by.
impl Hash for RunId {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl fmt::Debug for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RunId").field(&self.as_str()).finish()
    }
}

impl fmt::Display for RunId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for RunId {
    type Err = RunIdError;

    fn from_str(text: &str) -> Result<Self, RunIdError> {
        let is_digit =
            |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'z') && !matches!(byte, b'i' | b'l' | b'o' | b'u');
        match <[u8; LENGTH]>::try_from(text.as_bytes()) {
            Ok(digits) if digits.iter().all(is_digit) => Ok(RunId(digits)),
            _ => Err(RunIdError(text.to_owned())),
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
        run.as_str().to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ten_digits_of_the_alphabet_are_a_name() {
        for byte in 0..=127_u8 {
            let text = format!("123456789{}", char::from(byte));
            assert_eq!(text.parse::<RunId>().is_ok(), ALPHABET.contains(&byte), "{text}");
        }
        for text in ["", "123456789", "12345678901", "12345678é"] {
            assert_eq!(text.parse::<RunId>(), Err(RunIdError(text.to_owned())));
        }
    }

    #[test]
    fn a_run_is_found_by_its_text() {
        let run = RunId::new(Timestamp::UNIX_EPOCH, 5);
        let runs = std::collections::HashMap::from([(run.clone(), 1)]);
        assert_eq!(runs.get(run.as_str()), Some(&1));
    }

    #[test]
    fn names_sort_by_time() {
        let name = |second, chance| RunId::new(Timestamp::from_second(second).unwrap(), chance);
        assert!(name(1_795_000_000, 0x7fff) < name(1_795_000_001, 0));
        assert!(name(1_795_000_000, 1) < name(1_795_000_000, 2));
        assert_eq!(name(1_795_000_000, 7).as_str().parse(), Ok(name(1_795_000_000, 7)));
    }
}
