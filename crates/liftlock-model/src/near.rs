//! The known name that is nearest to one that is not.

use liftlock_diagnostics::{Edit, Finding, Safety, Span};

/// The candidate that a person most likely meant, if one is near enough to be offered.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    near(name, candidates).min_by_key(|(distance, _)| *distance).map(|(_, candidate)| candidate)
}

/// The candidates that are near enough to be meant, with their distances.
fn near<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> impl Iterator<Item = (usize, &'a str)> {
    let bound = match name.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(move |candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(move |(distance, candidate)| *distance <= bound && *distance < candidate.chars().count())
}

/// The finding with [`help`] for `name`; and with a fix where it stands at `span` and one candidate alone is near.
pub(crate) fn suggest<'a>(
    finding: Finding,
    (name, span): (&str, Span),
    candidates: impl IntoIterator<Item = &'a str> + Clone,
    what: &str,
) -> Finding {
    let mut nearby = near(name, candidates.clone()).map(|(_, candidate)| candidate);
    let only = nearby.next().filter(|only| nearby.all(|other| other == *only));
    let finding = finding.with_help(help(name, candidates, what));
    // Of `env.prot`, which is named by its whole place, only the last word would be replaced.
    let is_name = (span.end - span.start) as usize == name.len();
    match only.filter(|_| is_name) {
        Some(only) => {
            let edits = vec![Edit { span, text: only.to_owned() }];
            finding.with_fix(Safety::Unsafe, format!("write `{only}`"), edits)
        }
        None => finding,
    }
}

/// How many known names a help lists.
const MOST_NAMED: usize = 14;

/// ``did you mean `candidate`?``, or the list of what there is.
pub fn help<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> String {
    if let Some(candidate) = nearest(name, candidates.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let mut known: Vec<String> = Vec::new();
    for candidate in candidates {
        let candidate = format!("`{candidate}`");
        if !known.contains(&candidate) {
            known.push(candidate);
        }
    }
    match (known.as_slice(), known.len().saturating_sub(MOST_NAMED)) {
        ([], _) => format!("there is no {what} yet"),
        (known, 0) => format!("known here: {}", known.join(", ")),
        (known, more) => format!("known here: {}, and {more} more", known[..MOST_NAMED].join(", ")),
    }
}
