//! What is in a folder before it has a pipeline: its name, how it is built, who works on it. Only looks, and takes nothing it
//! cannot read for an error: whatever is not found is asked for, or left at its default.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::project;

/// What was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// A name that the language takes.
    pub name: String,
    /// The version that the project says it has.
    pub version: Option<String>,
    pub build: Build,
    /// What an archive is built from, as patterns.
    pub sources: Vec<String>,
    /// E-mail addresses of those who work on it, the one who asks first.
    pub people: Vec<String>,
    pub is_git: bool,
    /// Files that other release tools read, which are worth a look beside the first pipeline.
    pub others: Vec<&'static str>,
}

/// How an archive comes about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Build {
    /// A Rust program of this name.
    Cargo {
        program: String,
    },
    /// `npm run build`, which leaves what it makes in this folder.
    Npm {
        output: &'static str,
    },
    Go,
    /// A target of the Makefile, which is taken to leave what it makes in `dist`.
    Make {
        target: &'static str,
    },
    /// All sources as they are.
    Archive,
}

impl Build {
    /// What was seen, and what is made of it.
    pub fn says(&self) -> String {
        match self {
            Build::Cargo { program } => format!("`Cargo.toml`: `cargo build --release` makes the program `{program}`"),
            Build::Npm { output } => {
                format!("`package.json`: `npm run build` is taken to leave its result in `{output}`")
            }
            Build::Go => "`go.mod`: `go build` makes the program".to_owned(),
            Build::Make { target } => format!("`Makefile`: `make {target}` is taken to leave its result in `dist`"),
            Build::Archive => "nothing says how it is built: the files are released as they are".to_owned(),
        }
    }
}

/// What other tools read that release or build, and where they keep it.
const OTHERS: &[&str] = &[
    "Dockerfile",
    "docker-compose.yml",
    "compose.yaml",
    "Jenkinsfile",
    ".gitlab-ci.yml",
    ".github/workflows",
    "k8s",
    "kubernetes",
    "deploy",
    "charts",
    "terraform",
];

/// Folders that builds write into.
const OUTPUT: &[&str] = &["build", "dist", "out"];

/// The most that is read of a file that says what the project is, in bytes.
const LARGEST: u64 = 1 << 20;

/// Looks around in a folder; `person` is who asks.
pub fn survey(folder: &Path, person: &str) -> Survey {
    let is_git = git(folder, &["rev-parse", "--is-inside-work-tree"]).is_some();
    let manifest = Manifest::read(folder);
    let called = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let name = manifest.name.as_deref().or(called.as_deref()).map(identifier).unwrap_or_default();
    Survey {
        name: if name.is_empty() { "app".to_owned() } else { name },
        version: manifest.version.filter(|version| semver::Version::parse(version).is_ok()),
        build: manifest.build.unwrap_or(Build::Archive),
        sources: sources(folder),
        people: people(folder, person, is_git),
        is_git,
        others: OTHERS.iter().copied().filter(|other| folder.join(other).exists()).collect(),
    }
}

/// What is left of a text as a name in the language.
pub fn identifier(text: &str) -> String {
    let text: String =
        text.chars().map(|char| if char.is_ascii_alphanumeric() { char.to_ascii_lowercase() } else { '-' }).collect();
    let text = text.trim_start_matches(|char: char| char == '-' || char.is_ascii_digit());
    let words: Vec<&str> = text.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-")
}

/// What the project's own file says of it.
#[derive(Default)]
struct Manifest {
    name: Option<String>,
    version: Option<String>,
    build: Option<Build>,
}

impl Manifest {
    fn read(folder: &Path) -> Self {
        of_cargo(folder)
            .or_else(|| of_npm(folder))
            .or_else(|| of_go(folder))
            .or_else(|| of_make(folder))
            .unwrap_or_default()
    }
}

fn of_cargo(folder: &Path) -> Option<Manifest> {
    let table: toml::Table = toml::from_str(&text(&folder.join("Cargo.toml"))?).ok()?;
    // A workspace has no program of its own that could be told from here.
    let package = table.get("package")?.as_table()?;
    let said = |key: &str| package.get(key).and_then(toml::Value::as_str).map(str::to_owned);
    let name = said("name")?;
    let is_program = folder.join("src/main.rs").is_file();
    // What stands in a build script must be a word, whatever a manifest says.
    let is_word = name.chars().all(|char| char.is_ascii_alphanumeric() || "-_".contains(char));
    let build = (is_program && is_word).then(|| Build::Cargo { program: name.clone() });
    Some(Manifest { name: Some(name), version: said("version"), build })
}

fn of_npm(folder: &Path) -> Option<Manifest> {
    let package: serde_json::Value = serde_json::from_str(&text(&folder.join("package.json"))?).ok()?;
    let said = |key: &str| package.get(key).and_then(serde_json::Value::as_str).map(str::to_owned);
    let script = package.pointer("/scripts/build").and_then(serde_json::Value::as_str);
    let output = |script: &str| match script {
        script if script.contains("react-scripts") => "build",
        script if script.split_whitespace().any(|word| word == "next") => ".next",
        _ => "dist",
    };
    // `@shop/web` is called `web`.
    let name = said("name").map(|name| name.rsplit('/').next().unwrap_or_default().to_owned());
    Some(Manifest { name, version: said("version"), build: script.map(|script| Build::Npm { output: output(script) }) })
}

fn of_go(folder: &Path) -> Option<Manifest> {
    let text = text(&folder.join("go.mod"))?;
    let module = text.lines().find_map(|line| line.strip_prefix("module "))?.trim();
    // The last part of `example.com/shop/v2` is a version.
    let is_version = |part: &&str| part.strip_prefix('v').is_some_and(|rest| rest.parse::<u32>().is_ok());
    let name = module.rsplit('/').find(|part| !is_version(part)).map(str::to_owned);
    let build = folder.join("main.go").is_file().then_some(Build::Go);
    Some(Manifest { name, version: None, build })
}

fn of_make(folder: &Path) -> Option<Manifest> {
    let text = text(&folder.join("Makefile"))?;
    let has = |target: &&str| {
        text.lines()
            .filter_map(|line| line.strip_prefix(*target))
            .any(|rest| rest.starts_with(':') && !rest.starts_with(":="))
    };
    let target = ["dist", "package", "build"].into_iter().find(has)?;
    Some(Manifest { build: Some(Build::Make { target }), ..Manifest::default() })
}

fn text(path: &Path) -> Option<String> {
    let length = fs::metadata(path).ok()?.len();
    if length > LARGEST { None } else { fs::read_to_string(path).ok() }
}

/// What stands at the top of the folder and could be part of a release, as patterns.
fn sources(folder: &Path) -> Vec<String> {
    let mut sources: Vec<String> = fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let name = entry.file_name().into_string().ok()?;
            let is_left_out =
                project::is_left_out(&name) || OUTPUT.contains(&name.as_str()) || name.ends_with(".release");
            // What a pattern or a text would take for something else is better named by hand.
            let is_plain = name.chars().all(|char| char.is_ascii_alphanumeric() || "-_.+".contains(char));
            if is_left_out || !is_plain {
                return None;
            }
            Some(if entry.path().is_dir() { format!("{name}/**") } else { name })
        })
        .collect();
    sources.sort();
    // A folder that is still empty gets one to put things into.
    if sources.is_empty() { vec!["src/**".to_owned()] } else { sources }
}

/// The one who asks, and whose commits there are most of beside, at most five.
fn people(folder: &Path, person: &str, is_git: bool) -> Vec<String> {
    // Whoever has a name that a text would take for something else corrects it in the file.
    let mut people = vec![if is_plain(person) { person } else { "you@example.com" }.to_owned()];
    if !is_git {
        return people;
    }
    let authors = git(folder, &["log", "-n", "500", "--format=%aE"]).unwrap_or_default();
    let mut commits: HashMap<&str, usize> = HashMap::new();
    for author in authors.lines().map(str::trim).filter(|author| is_person(author) && *author != person) {
        *commits.entry(author).or_default() += 1;
    }
    let mut authors: Vec<(&str, usize)> = commits.into_iter().collect();
    authors.sort_by(|left, right| right.1.cmp(&left.1).then(left.0.cmp(right.0)));
    people.extend(authors.into_iter().take(4).map(|(author, _)| author.to_owned()));
    people
}

/// Programs commit, too; they approve nothing.
fn is_person(address: &str) -> bool {
    address.contains('@') && is_plain(address) && !address.contains("noreply") && !address.contains("bot@")
}

fn is_plain(address: &str) -> bool {
    !address.is_empty() && address.chars().all(|char| char.is_ascii_alphanumeric() || "@._+-".contains(char))
}

/// What git prints, where it is there and knows.
fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").arg("-C").arg(folder).args(arguments).output().ok()?;
    if output.status.success() { String::from_utf8(output.stdout).ok() } else { None }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may panic")]

    use super::*;

    fn found(files: &[(&str, &str)]) -> Survey {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        survey(folder.path(), "ada@example.com")
    }

    #[test]
    fn a_project_says_by_itself_what_it_is_called_and_how_it_is_built() {
        let cargo = [("Cargo.toml", "[package]\nname = \"web_shop\"\nversion = \"1.2.3\"\n"), ("src/main.rs", "")];
        let survey = found(&cargo);
        assert_eq!((survey.name.as_str(), survey.version.as_deref()), ("web-shop", Some("1.2.3")));
        assert_eq!(survey.build, Build::Cargo { program: "web_shop".to_owned() });
        assert_eq!(survey.sources, ["Cargo.toml", "src/**"]);

        let npm = [("package.json", r#"{ "name": "@shop/front", "scripts": { "build": "vite build" } }"#)];
        assert_eq!((found(&npm).name.as_str(), found(&npm).build), ("front", Build::Npm { output: "dist" }));
        let make = [("Makefile", ".PHONY: dist\ndistclean:\ndist:\n\ttar\n")];
        assert_eq!(found(&make).build, Build::Make { target: "dist" });
        let go = [("go.mod", "module example.com/shop/api\n\ngo 1.24\n"), ("main.go", "")];
        assert_eq!((found(&go).name.as_str(), found(&go).build), ("api", Build::Go));
    }

    #[test]
    fn what_says_nothing_useful_is_no_error() {
        for text in ["", "{", "[package", "\u{0}"] {
            assert_eq!(found(&[("Cargo.toml", text), ("package.json", text), ("go.mod", text)]).build, Build::Archive);
        }
        assert_eq!(found(&[("what it's called; ✓", "")]).sources, ["src/**"]);
    }

    #[test]
    fn a_name_is_one_that_the_language_takes() {
        assert_eq!(identifier("Web Shop (2)"), "web-shop-2");
        assert_eq!(identifier("2048"), "");
        assert_eq!(identifier("--a__b--"), "a-b");
        assert_eq!(identifier("us-east-1"), "us-east-1");
    }
}
