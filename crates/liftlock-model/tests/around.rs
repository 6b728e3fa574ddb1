//! One broken line, and what is wrong around it is found all the same.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::io;
use std::path::{Path, PathBuf};

use liftlock_model::{ReadFiles, load, lower};

/// Each of its mistakes stands in another declaration or body.
const TEXT: &str = r#"settings {
  hosts: list<host>
  url: url = 5
}
environment dev {
  hosts = ["a"]
  missing = 1
}
group people {
  members = ["ada"]
}
input version: semver
artifact shop {
  version = input.versoin
  sources = ["src/**"]
  build   = `make`
  file    = "shop"
}
procedure restart {
  host: host
  refresh it { run = `restart ${hots}` }
}
pipeline shop {
  promote artifact.shop through dev
  before dev {
    approval go { from = peopel }
  }
  deploy {
    each host in env.hosts {
      restart it { host = host }
      step a { run = `a`, rollback = `b`, timeout = 5 }
    }
    when env.nmae == "dev" {
      directory logs { path = "logs" }
    }
  }
  verify {
    http health { url = 7 }
  }
}
"#;

const MISTAKES: &[&str] =
    &["`int`", "`missing`", "`versoin`", "`hots`", "`peopel`", "`nmae`", "`duration`", "`url` is wanted"];

struct One(String);

impl ReadFiles for One {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(self.0.clone())
    }
}

fn messages(text: String) -> Vec<String> {
    let loaded = load(&[PathBuf::from("a.release")], &One(text));
    let (_, findings) = lower(&loaded.unit(loaded.roots()[0]));
    findings.into_iter().map(|finding| finding.message).collect()
}

#[test]
fn every_mistake_around_a_broken_line_is_found() {
    let whole = messages(TEXT.to_owned());
    for mistake in MISTAKES {
        assert!(whole.iter().any(|message| message.contains(mistake)), "{mistake}: {whole:#?}");
    }
    let lines: Vec<&str> = TEXT.lines().collect();
    let indent = |line: &str| line.len() - line.trim_start().len();
    // A brace more that closes a body looks like one that was meant.
    let broken_lines = include_str!("../../liftlock-syntax/tests/data/broken-lines.txt").lines();
    for broken in broken_lines.filter(|broken| *broken != "}") {
        for at in 0..=lines.len() {
            // Indented as the line above, or further where that opens a body.
            let above = at.checked_sub(1).map(|above| lines[above]);
            let margin = above.map_or(0, |line| indent(line) + if line.ends_with('{') { 2 } else { 0 });
            let line = format!("{}{broken}", " ".repeat(margin));
            let text = [&lines[..at], &[line.as_str()], &lines[at..], &[""]].concat().join("\n");
            let found = messages(text);
            let lost: Vec<&String> = whole.iter().filter(|message| !found.contains(message)).collect();
            assert_eq!(lost, [] as [&String; 0], "{broken:?} behind {above:?}");
        }
    }
}
