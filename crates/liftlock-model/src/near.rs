//! The known name that is nearest to one that is not.

/// The candidate that a person most likely meant, if one is near enough to be offered.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let bound = match name.chars().count() {
        0..=2 => 1,
        3..=5 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= bound && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// ``did you mean `candidate`?``, or the list of what there is.
pub fn help<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str> + Clone, what: &str) -> String {
    if let Some(candidate) = nearest(name, candidates.clone()) {
        return format!("did you mean `{candidate}`?");
    }
    let known: Vec<String> = candidates.into_iter().take(12).map(|name| format!("`{name}`")).collect();
    match known.as_slice() {
        [] => format!("there is no {what} yet"),
        known => format!("known here: {}", known.join(", ")),
    }
}
