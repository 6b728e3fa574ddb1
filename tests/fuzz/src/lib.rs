//! What holds for every text, whatever is done to it: three claims, each a target for `cargo fuzz`.

use std::io;
use std::path::Path;

use liftlock_check::{Policy, check};
use liftlock_diagnostics::{Finding, SourceId, Sources, human};
use liftlock_model::{ReadFiles, Unit, allowances, load_shared};

const SOURCE: SourceId = SourceId(0);

/// Every text parses; what is found lies in it, in its order, and can be drawn.
pub fn parse(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let (_, findings) = liftlock_syntax::parse(SOURCE, &text);
    assert!(findings.is_sorted_by_key(|finding| finding.span().start));
    lie_in(&text, &findings);
    let mut sources = Sources::default();
    sources.add("fuzz.release", &*text);
    human::render(&findings, &sources, &human::Options::default());
}

/// What can be formatted is without errors, stays so, and is formatted already.
pub fn format(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(formatted) = liftlock_syntax::format(&text) else { return };
    let (_, findings) = liftlock_syntax::parse(SOURCE, &formatted);
    assert_eq!(findings, [], "{formatted}");
    match liftlock_syntax::format(&formatted) {
        Ok(again) => assert_eq!(again, formatted),
        Err(error) => panic!("{error}: {formatted}"),
    }
}

/// Every text has a meaning or findings that lie in it, and never both a meaning and an error.
pub fn lower(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let loaded = load_shared(&["fuzz.release".into()], &One(&text));
    let of_unit = |unit: &[Unit<'_>], parsed: Vec<Finding>| {
        let (model, lowering) = liftlock_model::lower(unit);
        let allowances = unit.iter().flat_map(|unit| allowances(unit.file, &loaded.sources)).collect();
        let earlier = parsed.into_iter().chain(lowering).collect();
        let (_, findings) = check(model, earlier, &Policy { allowances, ..Policy::default() });
        let in_text: Vec<Finding> =
            findings.into_iter().filter(|finding| finding.labels.iter().all(|label| label.span.source == SOURCE)).collect();
        lie_in(&text, &in_text);
    };
    for top in loaded.tops() {
        loaded.look_into(top, &One(&text), of_unit);
    }
    for root in loaded.roots() {
        let parsed = loaded.findings.clone();
        of_unit(&loaded.unit(root), parsed);
    }
}

/// One file that imports nothing but itself and the standard library.
struct One<'a>(&'a str);

impl ReadFiles for One<'_> {
    fn read(&self, path: &Path) -> io::Result<String> {
        if path == Path::new("fuzz.release") { Ok(self.0.to_owned()) } else { Err(io::ErrorKind::NotFound.into()) }
    }
}

fn lie_in(text: &str, findings: &[Finding]) {
    for finding in findings {
        let edits = finding.fix.iter().flat_map(|fix| &fix.edits).map(|edit| edit.span);
        for span in finding.labels.iter().map(|label| label.span).chain(edits) {
            assert!(text.get(span.start as usize..span.end as usize).is_some(), "{finding:?} lies in the text");
        }
    }
}
