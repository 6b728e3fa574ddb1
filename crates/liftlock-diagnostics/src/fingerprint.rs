//! What a finding is recognised by when it comes again: never the number of its line.

use std::collections::HashMap;
use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use crate::{Finding, Sources};

/// The fingerprint of each finding, in their order: of its code, its file, its message and the text of its line.
///
/// Lines that are added or removed elsewhere change none of them. Of findings that are alike in all of this, each has a
/// fingerprint of its own, by their order.
pub fn fingerprints(findings: &[Finding], sources: &Sources) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let of_one = |finding: &Finding| {
        let span = finding.span();
        let source = sources.get(span.source);
        let line = one_spaced(source.line(source.position(span.start).line));
        let parts = [finding.code.0, &source.path.to_string_lossy(), &finding.message, &line];
        let alike = hash(&parts);
        let before = seen.entry(alike.clone()).or_default();
        *before += 1;
        if *before == 1 { alike } else { hash(&[&alike, &before.to_string()]) }
    };
    findings.iter().map(of_one).collect()
}

/// The text without indentation and with single spaces, so that a formatter changes no fingerprint.
pub(crate) fn one_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// 128 bits of the SHA-256 of the parts, in hexadecimal.
pub(crate) fn hash(parts: &[&str]) -> String {
    let mut hasher = Sha256::new();
    for part in parts {
        hasher.update(part.as_bytes());
        // No text holds this byte, so that no two lists of parts are one sequence.
        hasher.update([0xff]);
    }
    let mut text = String::with_capacity(32);
    for byte in &hasher.finalize()[..16] {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
