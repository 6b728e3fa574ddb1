//! Where something stands in a release: `storefront/production/deploy/switch/config`.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The place of an effect, a check or a gate: pipeline, environment, part, and the names of the blocks that lead there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    pub pipeline: String,
    pub environment: String,
    pub part: Part,
    pub path: Vec<String>,
}

/// The parts of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Part {
    /// The gates in front of the environment.
    Before,
    /// The body that changes it.
    Deploy,
    /// The checks behind the body.
    Verify,
    /// What is done when the run ends; it belongs to the run, and its environment is [`Address::RUN`].
    On,
}

/// A text that is no address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AddressError(String);

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no address; one looks like `storefront/production/deploy/migrate`", self.0)
    }
}

impl std::error::Error for AddressError {}

impl Address {
    /// In the place of an environment: the run as a whole. No environment can have this name.
    pub const RUN: &str = "*";

    /// Whether it is of the run as a whole, and of no environment.
    pub fn is_of_run(&self) -> bool {
        self.part == Part::On
    }

    /// The last name: that of the effect, the check or the gate itself.
    pub fn name(&self) -> &str {
        self.path.last().map_or("", String::as_str)
    }

    /// The address without its pipeline and environment, for a reader who knows both: `deploy/switch/config`.
    pub fn within_stage(&self) -> String {
        format!("{}/{}", self.part.as_str(), self.path.join("/"))
    }
}

impl Part {
    pub fn as_str(self) -> &'static str {
        match self {
            Part::Before => "before",
            Part::Deploy => "deploy",
            Part::Verify => "verify",
            Part::On => "on",
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.pipeline, self.environment, self.within_stage())
    }
}

impl FromStr for Address {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, AddressError> {
        let error = || AddressError(text.to_owned());
        let mut names = split(text).map(str::to_owned);
        let mut next = || names.next().filter(|name| !name.is_empty()).ok_or_else(error);
        let (pipeline, environment) = (next()?, next()?);
        let part = match next()?.as_str() {
            "before" => Part::Before,
            "deploy" => Part::Deploy,
            "verify" => Part::Verify,
            "on" => Part::On,
            _ => return Err(error()),
        };
        let path: Vec<String> = names.collect();
        if path.is_empty() || path.iter().any(String::is_empty) {
            return Err(error());
        }
        Ok(Address { pipeline, environment, part, path })
    }
}

/// The parts between slashes; what stands in quotes, the key of a member of a list, may hold some of its own.
fn split(text: &str) -> impl Iterator<Item = &str> {
    let (mut quoted, mut escaped) = (false, false);
    text.split(move |c| {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '/' => return !quoted,
            _ => {}
        }
        false
    })
}

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Address {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_parses_back_from_its_text() {
        let text = "storefront/production/deploy/switch/config";
        let address: Address = text.parse().unwrap();
        assert_eq!(address.part, Part::Deploy);
        assert_eq!(address.name(), "config");
        assert_eq!(address.to_string(), text);

        let text = r#"fleet/production/deploy/host["a/b\"c"]/restart"#;
        let address: Address = text.parse().unwrap();
        assert_eq!(address.path, [r#"host["a/b\"c"]"#, "restart"]);
        assert_eq!(address.to_string(), text);
    }

    #[test]
    fn what_is_done_at_the_end_of_a_run_is_of_no_environment() {
        let address: Address = "storefront/*/on/failure/chat".parse().unwrap();
        assert_eq!((address.environment.as_str(), address.is_of_run()), (Address::RUN, true));
        assert_eq!(address.within_stage(), "on/failure/chat");
    }

    #[test]
    fn a_text_without_a_part_is_refused() {
        for text in ["", "a/b", "a/b/deploy", "a/b/other/c", "a//deploy/c", "a/b/deploy//c"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
    }
}
