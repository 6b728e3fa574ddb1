//! Findings that were there when somebody began to look: kept in a file, so that only new ones are reported.
//!
//! An entry says no line number. It names the rule, the file, and the text of the line with the lines beside it, and each
//! entry stands for one finding. The file is JSON, one entry a line, sorted, so that its changes can be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fingerprint::{hash, one_spaced};
use crate::{Finding, Sources};

/// The version of the file.
const FORMAT: u32 = 1;

/// One finding that is known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    pub path: String,
    pub code: String,
    /// Of the line and its neighbours.
    pub text: String,
}

/// The known findings, each as often as it is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Baseline {
    entries: BTreeMap<Entry, usize>,
}

/// Why a text is no baseline.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BaselineError {
    /// It cannot be understood; the text says why.
    Unreadable(String),
    /// It is of another version.
    OtherFormat(u32),
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    format: u32,
    findings: Vec<Entry>,
}

impl Baseline {
    /// Knows all of `findings`.
    pub fn of(findings: &[Finding], sources: &Sources) -> Self {
        let mut baseline = Baseline::default();
        for finding in findings {
            *baseline.entries.entry(entry(finding, sources)).or_default() += 1;
        }
        baseline
    }

    /// # Errors
    /// The text is no baseline, or one of another version.
    pub fn from_text(text: &str) -> Result<Self, BaselineError> {
        let document: Document =
            serde_json::from_str(text).map_err(|error| BaselineError::Unreadable(error.to_string()))?;
        if document.format != FORMAT {
            return Err(BaselineError::OtherFormat(document.format));
        }
        let mut baseline = Baseline::default();
        for entry in document.findings {
            *baseline.entries.entry(entry).or_default() += 1;
        }
        Ok(baseline)
    }

    pub fn to_text(&self) -> String {
        let line = |entry: &Entry| {
            let record = serde_json::to_string(entry).expect("strings can always be written as JSON");
            format!("    {record}")
        };
        let lines: Vec<String> =
            self.entries.iter().flat_map(|(entry, count)| std::iter::repeat_n(line(entry), *count)).collect();
        let open = if lines.is_empty() { "" } else { "\n" };
        let close = if lines.is_empty() { "" } else { "\n  " };
        format!("{{\n  \"format\": {FORMAT},\n  \"findings\": [{open}{}{close}]\n}}\n", lines.join(",\n"))
    }

    /// How many findings are known.
    pub fn len(&self) -> usize {
        self.entries.values().sum()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Takes the known findings out of `findings`, each entry for one; returns the entries that are left over.
    pub fn subtract(mut self, findings: &mut Vec<Finding>, sources: &Sources) -> Vec<Entry> {
        findings.retain(|finding| match self.entries.get_mut(&entry(finding, sources)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        self.entries.into_iter().flat_map(|(entry, count)| std::iter::repeat_n(entry, count)).collect()
    }
}

fn entry(finding: &Finding, sources: &Sources) -> Entry {
    let span = finding.span();
    let source = sources.get(span.source);
    let line = source.position(span.start).line;
    let around = [line - 1, line, line + 1].map(|line| one_spaced(source.line(line)));
    Entry {
        path: source.path.to_string_lossy().into_owned(),
        code: finding.code.0.to_owned(),
        text: hash(&[&around[0], &around[1], &around[2]]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Span};

    fn steps(text: &str) -> (Sources, Vec<Finding>) {
        let mut sources = Sources::default();
        let id = sources.add("a.release", text);
        let finding =
            |(at, part): (usize, &str)| Finding::error(Code("a/b"), "m", Span::new(id, at, at + part.len()), "");
        let findings = text.match_indices("step").map(finding).collect();
        (sources, findings)
    }

    #[test]
    fn each_entry_stands_for_one_finding_wherever_its_lines_are() {
        let (sources, findings) = steps("\nstep x\n\n\nstep x\n");
        let baseline = Baseline::of(&findings, &sources);
        let read = Baseline::from_text(&baseline.to_text()).unwrap();
        assert_eq!(read, baseline);

        let (sources, mut findings) = steps("# new\n\n  step x\n\n\nstep x\n\n\nstep x\n");
        assert_eq!(read.clone().subtract(&mut findings, &sources), []);
        assert_eq!(findings.len(), 1, "the third is new");

        let (sources, mut findings) = steps("\nstep x\n");
        assert_eq!(read.subtract(&mut findings, &sources).len(), 1);
        assert!(findings.is_empty());
    }

    #[test]
    fn an_empty_baseline_is_whole_and_another_format_is_refused() {
        assert_eq!(Baseline::from_text(&Baseline::default().to_text()), Ok(Baseline::default()));
        assert_eq!(Baseline::from_text("{\"format\":2,\"findings\":[]}"), Err(BaselineError::OtherFormat(2)));
        assert!(matches!(Baseline::from_text("[]"), Err(BaselineError::Unreadable(_))));
    }
}
