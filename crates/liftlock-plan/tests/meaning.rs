//! The cases in `data/*.cases`: each is a claim, the files that show it, and what is planned for them.
//!
//! `=== ` begins a case, `--- file NAME` a file that the first one imports, `--- given` inputs as `NAME=VALUE`, and
//! `--- plan` the plan in short, or why there is none. `base.release` is there for all. `BLESS=1` rewrites what is expected.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod short;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use liftlock_check::{Policy, check};
use liftlock_journal::Ledger;
use liftlock_model::{ReadFiles, load, lower};
use liftlock_plan::{Request, draft};

struct Case {
    claim: String,
    files: String,
    given: String,
    plan: String,
}

struct Memory(HashMap<PathBuf, String>);

impl ReadFiles for Memory {
    fn read(&self, path: &Path) -> io::Result<String> {
        self.0.get(path).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

#[test]
fn every_case_is_planned_as_expected() {
    let bless = std::env::var_os("BLESS").is_some();
    let mut failures = String::new();
    for path in case_files() {
        let mut blessed = String::new();
        for case in cases(&std::fs::read_to_string(&path).unwrap()) {
            let plan = planned(&case);
            if plan != case.plan {
                let (claim, expected) = (&case.claim, &case.plan);
                writeln!(failures, "{}: {claim}\n-- expected\n{expected}-- planned\n{plan}", path.display()).unwrap();
            }
            let given = if case.given.is_empty() { String::new() } else { format!("--- given\n{}", case.given) };
            writeln!(blessed, "=== {}\n{}{given}--- plan\n{plan}", case.claim, case.files).unwrap();
        }
        if bless {
            std::fs::write(&path, blessed).unwrap();
        }
    }
    assert!(bless || failures.is_empty(), "{failures}");
}

/// The plan of the only pipeline in short, what is wrong with the files, or why they cannot be planned.
fn planned(case: &Case) -> String {
    let loaded = load(&[PathBuf::from("main.release")], &Memory(files_of(case)));
    let (model, lowered) = lower(&loaded.unit(loaded.roots()[0]));
    let pipeline = model.pipelines.keys().next().unwrap().clone();
    let findings = loaded.findings.into_iter().chain(lowered).collect();
    let (checked, findings) = check(model, findings, &Policy::default());
    let Some(checked) = checked else {
        let errors = findings.iter().filter(|finding| format!("{:?}", finding.severity) == "Error");
        return errors.map(|finding| format!("not sound: {} {}\n", finding.code, finding.message)).collect();
    };
    let mut inputs: IndexMap<String, String> = IndexMap::from([("version".to_owned(), "1.5.0".to_owned())]);
    let given = case.given.lines().filter_map(|line| line.split_once('='));
    inputs.extend(given.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let ledger = Ledger::default();
    let request =
        Request { checked: &checked, pipeline: &pipeline, inputs: &inputs, to: None, ledger: &ledger, found: None };
    match draft(&request) {
        Ok(plan) => {
            // A plan is read again as it was written, whatever values are in it.
            assert_eq!(serde_json::from_str::<liftlock_plan::Plan>(&plan.canonical()).unwrap(), plan, "{}", case.claim);
            short::plan(&plan)
        }
        Err(error) => format!("no plan: {error}\n"),
    }
}

fn files_of(case: &Case) -> HashMap<PathBuf, String> {
    let base = include_str!("data/base.release").to_owned();
    let mut parts = case.files.split("--- file ");
    let main = parts.next().unwrap_or_default().to_owned();
    let mut files = HashMap::from([(PathBuf::from("main.release"), main), (PathBuf::from("base.release"), base)]);
    for part in parts {
        let (name, text) = part.split_once('\n').unwrap();
        files.insert(PathBuf::from(name.trim()), text.to_owned());
    }
    files
}

fn case_files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "cases"));
    paths.sort();
    paths
}

fn cases(written: &str) -> Vec<Case> {
    let mut cases = Vec::new();
    for section in format!("\n{written}").split("\n=== ").skip(1) {
        let (claim, rest) = section.split_once('\n').unwrap_or((section, ""));
        let (rest, plan) = rest.split_once("--- plan\n").unwrap_or((rest, ""));
        let (files, given) = rest.split_once("--- given\n").unwrap_or((rest, ""));
        let whole = |text: &str| if text.trim().is_empty() { String::new() } else { format!("{}\n", text.trim_end()) };
        cases.push(Case { claim: claim.to_owned(), files: whole(files), given: whole(given), plan: whole(plan) });
    }
    cases
}
