//! What an allowance covers that stands at the call of a procedure.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io;
use std::path::{Path, PathBuf};

use liftlock_check::{Policy, check};
use liftlock_model::{ReadFiles, allowances, load, lower};

const BEFORE: &str = r#"
environment dev {}
artifact shop { version = "1.0.0", sources = ["src/**"], build = `make`, file = "shop.tar.gz" }
group all { members = ["ada"] }

procedure hello {
  text: string
  step say { run = `say ${text}` }
}
procedure twice {
  text: string
  hello first { text = text }
  # allow parity/unused-setting -- this one is of no use
  hello second { text = text }
}

pipeline shop {
  promote artifact.shop through dev
  verify { command there { run = `true` } }
  deploy {
"#;

struct One(String);

impl ReadFiles for One {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(self.0.clone())
    }
}

/// The findings of these calls, as `code line`, lines counted from the first call.
fn found(calls: &str) -> Vec<String> {
    let text = format!("{BEFORE}{calls}\n  }}\n}}\n");
    let loaded = load(&[PathBuf::from("a.release")], &One(text));
    let unit = loaded.unit(loaded.roots()[0]);
    let (model, lowering) = lower(&unit);
    let earlier = loaded.findings.iter().cloned().chain(lowering).collect();
    let allowances = unit.iter().flat_map(|unit| allowances(unit.file, &loaded.sources)).collect();
    let (_, findings) = check(model, earlier, &Policy { allowances, ..Policy::default() });
    let before = BEFORE.lines().count();
    let told = findings.iter().map(|finding| {
        let line = loaded.sources.get(finding.span().source).position(finding.span().start).line;
        let place = line.checked_sub(before).filter(|line| *line > 0);
        format!("{} {}", finding.code, place.map_or("above".to_owned(), |line| line.to_string()))
    });
    let of_interest = |told: &String| told.starts_with("rollback/missing") || told.starts_with("names/allowance");
    let mut told: Vec<String> = told.filter(of_interest).collect();
    told.sort();
    told
}

/// That of the text in front.
const USELESS: &str = "names/allowance-unused above";

#[test]
fn an_allowance_at_a_call_covers_what_is_found_inside_the_procedure() {
    assert_eq!(found("hello a { text = \"a\" }"), [USELESS, "rollback/missing above"]);
    assert_eq!(found("# allow rollback/missing -- words harm nobody\nhello a { text = \"a\" }"), [USELESS]);
    assert_eq!(found("# allow rollback/missing -- words harm nobody\ntwice a { text = \"a\" }"), [USELESS]);
}

#[test]
fn every_call_that_leads_there_says_so_itself() {
    let one = "# allow rollback/missing -- words harm nobody\nhello a { text = \"a\" }\nhello b { text = \"b\" }";
    assert_eq!(found(one), [USELESS, "rollback/missing above"]);
    let both = format!("{one} # allow rollback/missing -- nor do these");
    assert_eq!(found(&both), [USELESS]);
    let around = "# allow rollback/missing -- words harm nobody\nphase x {\n  hello a { text = \"a\" }\n  twice b { text = \"b\" }\n}";
    assert_eq!(found(around), [USELESS]);
}

#[test]
fn one_at_a_call_of_another_procedure_covers_nothing() {
    let calls = "# allow rollback/missing -- words harm nobody\ndirectory a { path = \"a\" }\nhello b { text = \"b\" }";
    assert_eq!(found(calls), ["names/allowance-unused 1", USELESS, "rollback/missing above"]);
}
