//! Mistakes planted in the storefront: each is found, at its place, and nothing else is said.
//!
//! A case in `tests/planted/*.cases` is named by the one code that is expected and by what was done. Below `--- FILE` stand the
//! lines that are taken out (`-`), put in (`+`) or only looked for (` `), as in a patch without numbers; an empty line ends
//! a part of it, and what only puts in is added to the end of the file, or makes a new one. A line such as
//! `--min-coverage 100` is handed to `check`. What is said is written below `--- findings`, and rewritten by `BLESS=1`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::{Project, repository};

type Files = BTreeMap<String, String>;

struct Case {
    title: String,
    /// What is planted, line by line.
    mistake: String,
    /// What is said of it.
    said: String,
}

const FINDINGS: &str = "--- findings\n";

#[test]
fn each_mistake_planted_in_the_storefront_is_found_at_its_place_and_nothing_else() {
    let example = example();
    let mut wrong = Vec::new();
    for path in case_files() {
        let mut cases = cases(&path);
        for case in &mut cases {
            let (codes, said) = look(&example, case);
            if codes != [case.code()] {
                wrong.push(format!("{}: this is found:\n{said}", case.title));
            } else if said != case.said && std::env::var_os("BLESS").is_none() {
                wrong.push(format!("{}: this is said:\n{said}instead of:\n{}", case.title, case.said));
            }
            case.said = said;
        }
        if std::env::var_os("BLESS").is_some() {
            fs::write(&path, text_of(&cases)).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{}\n(`BLESS=1` rewrites what is said)", wrong.join("\n"));
}

#[test]
fn there_is_a_planted_mistake_for_everything_that_can_be_found() {
    let list = Project::with(&[]).liftlock(&["explain", "--list"]).expect(0).stdout;
    let every: BTreeSet<&str> =
        list.lines().filter_map(|line| line.strip_prefix("  ")?.split_whitespace().next()).collect();
    assert!(every.len() > 100, "{list}");
    let cases: Vec<Case> = case_files().iter().flat_map(|path| cases(path)).collect();
    let planted: BTreeSet<&str> = cases.iter().map(Case::code).collect();
    let missing: Vec<_> = every.difference(&planted).collect();
    assert!(missing.is_empty(), "nothing is planted for {missing:?}: add a case to tests/planted");
    let unknown: Vec<_> = planted.difference(&every).collect();
    assert!(unknown.is_empty(), "`explain` knows no {unknown:?}");
}

impl Case {
    fn code(&self) -> &str {
        self.title.split(':').next().unwrap()
    }
}

/// The codes of what `check` finds where a mistake was made, and all that it says, in the lines of a case.
fn look(example: &Files, case: &Case) -> (Vec<String>, String) {
    let (files, options) = planted(example, case);
    let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
    let project = Project::with(&files);
    let arguments: Vec<&str> = ["check", "--output", "json"].into_iter().chain(options).collect();
    let ended = project.liftlock(&arguments);
    let findings: Vec<Value> = ended.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let codes = findings.iter().map(|finding| finding["code"].as_str().unwrap().to_owned()).collect();
    (codes, findings.iter().map(|finding| told(&project, finding)).collect())
}

/// The example with a mistake in it, and the options that `check` is to be given.
fn planted<'c>(example: &Files, case: &'c Case) -> (Files, Vec<&'c str>) {
    let (mut files, mut options) = (example.clone(), Vec::new());
    let mut file = String::new();
    let mut part: Vec<String> = Vec::new();
    for line in case.mistake.lines().chain([""]) {
        let begins_a_part = line.starts_with(['-', ' ']) && part.last().is_some_and(|last| last.starts_with('+'));
        if line.is_empty() || line.starts_with("--") || begins_a_part {
            edit(files.entry(file.clone()).or_default(), &std::mem::take(&mut part), &case.title);
        }
        match (line.strip_prefix("--- "), line.starts_with("--")) {
            (Some(name), _) => name.clone_into(&mut file),
            (None, true) => options.extend(line.split(' ')),
            (None, false) if line.is_empty() => {}
            (None, false) => part.push(visible(line)),
        }
    }
    files.retain(|name, _| !name.is_empty());
    (files, options)
}

fn edit(text: &mut String, part: &[String], title: &str) {
    let lines = |signs: [char; 2]| -> String {
        part.iter().filter_map(|line| line.strip_prefix(signs)).map(|line| format!("{line}\n")).collect()
    };
    let (old, new) = (lines(['-', ' ']), lines(['+', ' ']));
    if old.is_empty() {
        text.push_str(&new);
        return;
    }
    let places: Vec<usize> = text.match_indices(&old).map(|(at, _)| at).collect();
    let places: Vec<usize> = places.into_iter().filter(|at| *at == 0 || text.as_bytes()[at - 1] == b'\n').collect();
    assert_eq!(places.len(), 1, "{title}: this is not found once in the example:\n{old}");
    text.replace_range(places[0]..places[0] + old.len(), &new);
}

/// With the characters themselves where a case says `<U+1B>`, since nobody could see them there.
fn visible(line: &str) -> String {
    let mut parts = line.split("<U+");
    let mut text = parts.next().unwrap().to_owned();
    for part in parts {
        let (number, rest) = part.split_once('>').unwrap();
        text.push(char::from_u32(u32::from_str_radix(number, 16).unwrap()).unwrap());
        text.push_str(rest);
    }
    text
}

/// A finding as a case writes it: where it points, and in which words.
fn told(project: &Project, finding: &Value) -> String {
    let labels = finding["labels"].as_array().unwrap();
    let mut told = format!("{}\n", finding["code"].as_str().unwrap());
    told += &format!("  {}\n", finding["message"].as_str().unwrap());
    for label in labels {
        let path = label["path"].as_str().unwrap();
        let number = label["line"].as_u64().unwrap() as usize;
        let text = project.read(path);
        let line: String = text.lines().nth(number - 1).unwrap_or_default().trim().chars().filter(is_shown).collect();
        told += &format!("  at {path}: {line}\n");
        if let Some(says) = label["text"].as_str().filter(|says| !says.is_empty()) {
            told += &format!("    {says}\n");
        }
    }
    if let Some(help) = finding["help"].as_str() {
        told += &format!("  help: {help}\n");
    }
    told
}

fn is_shown(character: &char) -> bool {
    !character.is_control() && *character != '\u{202e}'
}

fn example() -> Files {
    let folder = repository().join("examples/storefront");
    let names = ["environments.release", "storefront.release"];
    names.into_iter().map(|name| (name.to_owned(), fs::read_to_string(folder.join(name)).unwrap())).collect()
}

fn case_files() -> Vec<PathBuf> {
    let entries = fs::read_dir(repository().join("tests/planted")).unwrap();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn cases(path: &Path) -> Vec<Case> {
    let text = fs::read_to_string(path).unwrap();
    let of = |case: &str| {
        let (title, rest) = case.split_once('\n').unwrap();
        let (mistake, said) = rest.split_once(FINDINGS).unwrap_or((rest, ""));
        let said = if said.is_empty() { String::new() } else { format!("{}\n", said.trim_end()) };
        Case { title: title.to_owned(), mistake: mistake.trim_end().to_owned(), said }
    };
    let text = format!("\n{text}");
    text.split("\n=== ").skip(1).map(of).collect()
}

fn text_of(cases: &[Case]) -> String {
    let texts: Vec<String> =
        cases.iter().map(|Case { title, mistake, said }| format!("=== {title}\n{mistake}\n{FINDINGS}{said}")).collect();
    texts.join("\n")
}
