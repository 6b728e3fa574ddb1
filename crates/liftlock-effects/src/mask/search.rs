//! Finding any of many forms in a block of output.
//!
//! Vector instructions look for the first four bytes of up to 64 forms at once, at the speed of memory; what is found is
//! then compared with the forms that begin so. Most forms of one secret begin alike, and so this covers more forms than
//! are looked for. With more beginnings than that an automaton looks for them, at about half the speed.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use aho_corasick::packed::{self, Searcher};
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, Span};

use super::SHORTEST;

pub(super) struct Search {
    beginnings: Beginnings,
    /// For each beginning the forms that have it, the longest first.
    forms: Vec<Vec<Vec<u8>>>,
    /// For each first byte, which beginnings have it.
    by_first: Vec<Vec<usize>>,
    longest: usize,
}

enum Beginnings {
    Packed(Searcher),
    Automaton(AhoCorasick),
    /// Neither can be built, which takes more forms than there is memory for: each place is looked at.
    Each,
}

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Search")
    }
}

impl Search {
    /// Each form has at least [`SHORTEST`] bytes.
    pub(super) fn new(forms: &[Vec<u8>]) -> Search {
        let mut groups: BTreeMap<&[u8], Vec<Vec<u8>>> = BTreeMap::new();
        for form in forms {
            groups.entry(&form[..SHORTEST]).or_default().push(form.clone());
        }
        let beginnings = Beginnings::of(groups.keys().copied().collect());
        let mut by_first = vec![Vec::new(); 256];
        for (at, beginning) in groups.keys().enumerate() {
            by_first[usize::from(beginning[0])].push(at);
        }
        let mut forms: Vec<Vec<Vec<u8>>> = groups.into_values().collect();
        for group in &mut forms {
            group.sort_by_key(|form| std::cmp::Reverse(form.len()));
        }
        let longest = forms.iter().flatten().map(Vec::len).max().unwrap_or(0);
        Search { beginnings, forms, by_first, longest }
    }

    /// The first place from `from` on where a form stands, and the longest that does.
    pub(super) fn next(&self, text: &[u8], from: usize) -> Option<Range<usize>> {
        let mut from = from;
        loop {
            let (start, group) = self.beginnings.next(text, from, &self.by_first, &self.forms)?;
            let form = self.forms[group].iter().find(|form| text[start..].starts_with(form));
            if let Some(form) = form {
                return Some(start..start + form.len());
            }
            from = start + 1;
        }
    }

    /// Up to where it is certain what is part of a form: behind it a form may begin that goes on beyond the end.
    pub(super) fn certain(&self, text: &[u8]) -> usize {
        let first = (text.len() + 1).saturating_sub(self.longest);
        let may_go_on = |at: &usize| {
            let rest = &text[*at..];
            let groups = &self.by_first[usize::from(rest[0])];
            let mut forms = groups.iter().flat_map(|group| &self.forms[*group]);
            forms.any(|form| form.len() > rest.len() && form.starts_with(rest))
        };
        (first..text.len()).find(may_go_on).unwrap_or(text.len())
    }
}

impl Beginnings {
    fn of(beginnings: Vec<&[u8]>) -> Beginnings {
        // Any other searcher of that module is slower than the automaton.
        let packed = packed::Config::new().only_teddy(true).builder().extend(&beginnings).build();
        if let Some(searcher) = packed {
            return Beginnings::Packed(searcher);
        }
        // So short as they are, the table of a full automaton is small, and much faster than one that saves memory.
        match AhoCorasick::builder().kind(Some(AhoCorasickKind::DFA)).build(&beginnings) {
            Ok(automaton) => Beginnings::Automaton(automaton),
            Err(_) => Beginnings::Each,
        }
    }

    /// The first place from `from` on with a beginning, and which. All are equally long, so that there is one at most.
    fn next(
        &self,
        text: &[u8],
        from: usize,
        by_first: &[Vec<usize>],
        forms: &[Vec<Vec<u8>>],
    ) -> Option<(usize, usize)> {
        if from >= text.len() {
            return None;
        }
        match self {
            Beginnings::Packed(searcher) => {
                let found = searcher.find_in(text, Span::from(from..text.len()))?;
                Some((found.start(), found.pattern().as_usize()))
            }
            Beginnings::Automaton(automaton) => {
                let found = automaton.find(Input::new(text).range(from..))?;
                Some((found.start(), found.pattern().as_usize()))
            }
            Beginnings::Each => (from..text.len()).find_map(|at| {
                let groups = &by_first[usize::from(text[at])];
                let has = |group: &&usize| text[at..].starts_with(&forms[**group][0][..SHORTEST]);
                groups.iter().find(has).map(|group| (at, *group))
            }),
        }
    }
}
