//! Expressions made at random, each of a type: what is well typed is understood, and has a value of its type, whatever the
//! numbers and texts in it are.
//!
//! The seeds are fixed, so that a failure is found again; the message holds the whole file.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use liftlock_model::evaluate::{Facts, evaluate};
use liftlock_model::{EffectKind, EnvironmentId, Node, ReadFiles, Value, load, lower};

const HEAD: &str = r#"settings {
  n: int = 3
  most: int = 9223372036854775807
  least: int = 0 - 9223372036854775807
  half: number = 0.5
  wait: duration = 90s
  text: string = "a,b c"
  empty: string = ""
  texts: list<string> = ["a", "b"]
  none: list<string> = []
  labels: map<string> = { tier = "web" }
  note: string?
  on: bool = true
}
environment dev {}
input version: semver
artifact shop {
  version = input.version
  sources = ["src/**"]
  build   = `make`
  file    = "dist/shop"
}
"#;

/// How many files, and how many expressions of each type in one.
const FILES: u64 = 60;
const EACH: usize = 8;

struct File(String);

impl ReadFiles for File {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(self.0.clone())
    }
}

#[test]
fn what_is_well_typed_is_understood_and_has_a_value() {
    for seed in 1..=FILES {
        let text = file(seed);
        let loaded = load(&[PathBuf::from("main.release")], &File(text.clone()));
        let (model, findings) = lower(&loaded.unit(loaded.roots()[0]));
        assert!(loaded.findings.is_empty() && findings.is_empty(), "{text}\n{:#?}{findings:#?}", loaded.findings);

        let inputs = IndexMap::from([("version".to_owned(), Value::Text("1.5.0-rc.1".into()))]);
        let facts =
            Facts { environment: Some(EnvironmentId(0)), version: Some("1.5.0-rc.1"), ..Facts::new(&model, &inputs) };
        let mut seen = 0;
        for node in &model.pipelines["p"].deploy {
            let Node::When { condition, body, .. } = node else { panic!("{node:?}") };
            assert!(matches!(evaluate(condition, facts), Value::Bool(_)), "{text}");
            for node in body {
                let Node::Effect(effect) = node else { panic!("{node:?}") };
                let EffectKind::Step(step) = &effect.kind else { panic!("{node:?}") };
                assert!(matches!(evaluate(&step.run, facts), Value::Command(_)), "{text}");
                seen += 1;
            }
        }
        assert_eq!(seen, EACH, "{text}");
    }
}

fn file(seed: u64) -> String {
    let mut random = Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    let mut text = format!("{HEAD}pipeline p {{\n  promote artifact.shop through dev\n  deploy {{\n");
    for at in 0..EACH {
        let depth = 1 + at / 2;
        let (condition, number, word) = (random.bool(depth), random.int(depth), random.text(depth));
        let (wait, list) = (random.duration(depth), random.list(depth));
        text.push_str(&format!(
            "    when {condition} {{\n      step s{at} {{ run = `a ${{{number}}} ${{{word}}} ${{{wait}}} ${{{list}}}`, readonly = true }}\n    }}\n",
        ));
    }
    text.push_str("  }\n}\n");
    text
}

/// Numbers that are always the same for the same seed.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }

    fn one_of(&mut self, texts: &[&str]) -> String {
        texts[self.below(texts.len() as u64) as usize].to_owned()
    }

    fn int(&mut self, depth: usize) -> String {
        let Some(inner) = depth.checked_sub(1) else {
            return self.one_of(&["0", "1", "7", "9223372036854775807", "env.n", "env.most", "env.least"]);
        };
        match self.below(4) {
            0 => format!("length({})", self.text(inner)),
            1 => format!("length({})", self.list(inner)),
            _ => {
                let operator = self.one_of(&["+", "-", "*"]);
                format!("({} {operator} {})", self.int(inner), self.int(inner))
            }
        }
    }

    fn number(&mut self, depth: usize) -> String {
        let Some(inner) = depth.checked_sub(1) else { return self.one_of(&["0.25", "env.half", "3.5"]) };
        let operator = self.one_of(&["+", "-", "*"]);
        format!("({} {operator} {})", self.number(inner), self.int(inner))
    }

    fn duration(&mut self, depth: usize) -> String {
        let Some(inner) = depth.checked_sub(1) else { return self.one_of(&["0s", "3s", "7d", "env.wait"]) };
        match self.below(3) {
            0 => format!("({} * {})", self.duration(inner), self.int(inner)),
            1 => format!("({} - {})", self.duration(inner), self.duration(inner)),
            _ => format!("({} + {})", self.duration(inner), self.duration(inner)),
        }
    }

    fn text(&mut self, depth: usize) -> String {
        let Some(inner) = depth.checked_sub(1) else {
            return self.one_of(&[r#""""#, r#""a""#, r#""ä, ö""#, "env.text", "env.empty", "env.name"]);
        };
        match self.below(8) {
            0 => format!("upper({})", self.text(inner)),
            1 => format!("trim({})", self.text(inner)),
            2 => format!("replace({}, part: {}, by: {})", self.text(inner), self.text(inner), self.text(inner)),
            3 => format!("join({}, with: {})", self.list(inner), self.text(inner)),
            4 => format!("json({})", self.list(inner)),
            5 => format!("\"x${{{}}}-${{{}}}\"", self.int(inner), self.number(inner)),
            _ => format!("({} ?? {})", self.optional(inner), self.text(inner)),
        }
    }

    fn list(&mut self, depth: usize) -> String {
        let Some(inner) = depth.checked_sub(1) else { return self.one_of(&["env.texts", "env.none", r#"["a", ""]"#]) };
        match self.below(4) {
            0 => format!("split({}, at: {})", self.text(inner), self.text(inner)),
            1 => "keys(env.labels)".to_owned(),
            2 => "values(env.labels)".to_owned(),
            _ => format!("[\"{}\", \"${{{}}}\"]", self.below(9), self.text(inner)),
        }
    }

    fn optional(&mut self, depth: usize) -> String {
        let inner = depth.saturating_sub(1);
        match self.below(5) {
            0 => format!("env.texts[{}]", self.int(inner)),
            1 => format!("env.labels[{}]", self.text(inner)),
            2 => format!("split({}, at: \",\")[{}]", self.text(inner), self.int(inner)),
            3 => "previous.version".to_owned(),
            _ => "env.note".to_owned(),
        }
    }

    fn bool(&mut self, depth: usize) -> String {
        let Some(inner) = depth.checked_sub(1) else { return self.one_of(&["true", "false", "env.on"]) };
        let compares = self.one_of(&["==", "!=", "<", "<=", ">", ">="]);
        match self.below(10) {
            0 => format!("(not {})", self.bool(inner)),
            1 => format!("({} and {})", self.bool(inner), self.bool(inner)),
            2 => format!("({} or {})", self.bool(inner), self.bool(inner)),
            3 => format!("({} {compares} {})", self.int(inner), self.number(inner)),
            4 => format!("({} {compares} {})", self.duration(inner), self.duration(inner)),
            5 => format!("(release.version {compares} \"1.{}.0\")", self.below(20)),
            6 => format!("({} in {})", self.text(inner), self.list(inner)),
            7 => format!("(env.labels[{}] == {})", self.text(inner), self.text(inner)),
            8 => format!("({} in ({}..{}))", self.int(inner), self.int(inner), self.int(inner)),
            _ => format!("contains({}, part: {})", self.text(inner), self.text(inner)),
        }
    }
}
