//! Fixes applied to texts. Nothing is written here: what comes out are the new texts.

use std::collections::BTreeMap;

use crate::{Edit, Finding, Safety, SourceId, Sources};

/// What a round of fixes makes of the texts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mended {
    /// The new text of each source that changes.
    pub texts: BTreeMap<SourceId, String>,
    /// How many findings were mended.
    pub count: usize,
}

/// Applies the fixes of the findings, in their order: each whole, or not at all where it touches what an earlier one
/// changes. Those that may not be what is meant are applied only `with_unsafe`.
pub fn mend(findings: &[Finding], sources: &Sources, with_unsafe: bool) -> Mended {
    let mut taken: BTreeMap<SourceId, Vec<&Edit>> = BTreeMap::new();
    let mut count = 0;
    for fix in findings.iter().filter_map(|finding| finding.fix.as_ref()) {
        if fix.edits.is_empty() || (fix.safety == Safety::Unsafe && !with_unsafe) {
            continue;
        }
        let of_source = |source| taken.get(&source).map_or(&[][..], Vec::as_slice);
        let is_free = |edit: &Edit| !of_source(edit.span.source).iter().any(|other| touch(edit, other));
        let fits = |edit: &Edit| {
            let text = &sources.get(edit.span.source).text;
            text.get(edit.span.start as usize..edit.span.end as usize).is_some()
        };
        let is_whole = fix.edits.iter().enumerate().all(|(at, edit)| {
            is_free(edit) && fits(edit) && !fix.edits[..at].iter().any(|earlier| touch(edit, earlier))
        });
        if !is_whole {
            continue;
        }
        for edit in &fix.edits {
            taken.entry(edit.span.source).or_default().push(edit);
        }
        count += 1;
    }
    let texts = taken.into_iter().map(|(source, edits)| (source, edited(&sources.get(source).text, edits))).collect();
    Mended { texts, count }
}

/// Whether two edits overlap or meet: what comes first where they meet would be chance.
fn touch(one: &Edit, other: &Edit) -> bool {
    let (one, other) = (one.span, other.span);
    one.source == other.source && one.start <= other.end && other.start <= one.end
}

fn edited(text: &str, mut edits: Vec<&Edit>) -> String {
    edits.sort_by_key(|edit| edit.span.start);
    let mut result = String::with_capacity(text.len());
    let mut at = 0;
    for edit in edits {
        result.push_str(&text[at..edit.span.start as usize]);
        result.push_str(&edit.text);
        at = edit.span.end as usize;
    }
    result.push_str(&text[at..]);
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Code, Span};

    fn mended(edits: &[(usize, usize, &str, Safety)], with_unsafe: bool) -> (String, usize) {
        let mut sources = Sources::default();
        let id = sources.add("a.release", "one two three");
        let finding = |&(start, end, text, safety): &(usize, usize, &str, Safety)| {
            let span = Span::new(id, start, end);
            let edits = vec![Edit { span, text: text.to_owned() }];
            Finding::error(Code("a/b"), "m", span, "").with_fix(safety, "t", edits)
        };
        let findings: Vec<Finding> = edits.iter().map(finding).collect();
        let mended = mend(&findings, &sources, with_unsafe);
        (mended.texts.get(&id).cloned().unwrap_or_default(), mended.count)
    }

    #[test]
    fn of_fixes_that_overlap_or_meet_the_first_wins() {
        let edits = [
            (4, 7, "2", Safety::Safe),
            (6, 9, "x", Safety::Safe),
            (7, 7, "y", Safety::Safe),
            (0, 3, "1", Safety::Safe),
        ];
        assert_eq!(mended(&edits, false), ("1 2 three".to_owned(), 2));
    }

    #[test]
    fn unsafe_fixes_wait_to_be_asked_for() {
        let edits = [(0, 3, "1", Safety::Unsafe), (4, 7, "2", Safety::Safe)];
        assert_eq!(mended(&edits, false), ("one 2 three".to_owned(), 1));
        assert_eq!(mended(&edits, true), ("1 2 three".to_owned(), 2));
    }
}
