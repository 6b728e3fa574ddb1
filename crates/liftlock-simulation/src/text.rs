//! A shape as the text of a release file, and as the plan that the front end makes of it.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use liftlock_check::{Checked, Policy, check};
use liftlock_journal::{Ledger, Record, RunState};
use liftlock_model::{ReadFiles, allowances, load, lower};
use liftlock_names::Digest;
use liftlock_plan::{Past, Plan, PlanError, Request, SourceState, draft};

use crate::shape::{
    CheckKind, Class, Effect, EffectKind, GateKind, InDoubt, Node, Observe, OnFailure, Placed, ROOT, Shape, Step, keys,
    path, read_key, read_paths,
};

/// The name of every pipeline that is made up.
pub const PIPELINE: &str = "shop";

/// Sources that the artifact of every pipeline has.
pub const SOURCE: &str = "src/main";

impl Shape {
    /// The release file.
    pub fn text(&self) -> String {
        let mut text = String::from("edition 2026\n\ninput version: semver\n\n");
        let _ = self.write(&mut text);
        text
    }

    fn write(&self, text: &mut String) -> std::fmt::Result {
        for (at, place) in self.places.iter().enumerate() {
            let lock = place.lock.map(|lock| format!(" lock = \"{lock}\" ")).unwrap_or_default();
            writeln!(text, "environment {} {{{lock}}}", self.place_name(at))?;
        }
        writeln!(text, "\ngroup people {{ members = [\"ada\"] }}")?;
        writeln!(text, "calendar always {{ zone = \"UTC\" }}\n")?;
        writeln!(text, "artifact shop {{\n  version = input.version\n  sources = [\"src/**\"]")?;
        writeln!(text, "  build   = `pack dist/shop`\n  file    = \"dist/shop\"\n}}\n")?;
        let waves: Vec<String> = self
            .waves
            .iter()
            .map(|wave| {
                let names: Vec<String> = wave.iter().map(|at| self.place_name(*at)).collect();
                if names.len() == 1 { names.concat() } else { format!("[{}]", names.join(", ")) }
            })
            .collect();
        writeln!(text, "pipeline {PIPELINE} {{\n  promote artifact.shop through {}\n", waves.join(" -> "))?;
        for (at, place) in self.places.iter().enumerate().filter(|(_, place)| !place.gates.is_empty()) {
            writeln!(text, "  before {} {{", self.place_name(at))?;
            for gate in &place.gates {
                writeln!(text, "    {}", gate_text(*gate))?;
            }
            writeln!(text, "  }}")?;
        }
        writeln!(text, "  deploy {{")?;
        let placed = self.effects();
        write_nodes(text, &self.body, "deploy", 2, &placed)?;
        writeln!(text, "  }}\n  verify {{")?;
        for (at, check) in self.checks.iter().enumerate() {
            writeln!(text, "    {}", check_text(*check, at))?;
        }
        let on_failure = match self.on_failure {
            OnFailure::Stage => "stage",
            OnFailure::Pipeline => "pipeline",
            OnFailure::None => "none",
        };
        writeln!(text, "  }}\n  on failure {{ rollback = {on_failure} }}")?;
        if self.in_doubt == InDoubt::Undo {
            writeln!(text, "  on interrupt {{ in_doubt = undo }}")?;
        }
        writeln!(text, "}}")
    }

    /// The shape as the checker has found it to be sound.
    ///
    /// # Errors
    /// What was found; that is a mistake of whoever made the shape.
    pub fn checked(&self) -> Result<Checked, String> {
        checked(&self.text())
    }
}

/// A release file as the checker has found it to be sound.
///
/// # Errors
/// What was found.
pub fn checked(text: &str) -> Result<Checked, String> {
    let loaded = load(&[PathBuf::from("made-up.release")], &One(text));
    let root = loaded.roots()[0];
    let unit = loaded.unit(root);
    let (model, lowering) = lower(&unit);
    let earlier = loaded.findings.iter().cloned().chain(lowering).collect();
    let allowances = unit.iter().flat_map(|unit| allowances(unit.file, &loaded.sources)).collect();
    let (checked, findings) = check(model, earlier, &Policy { allowances, ..Policy::default() });
    checked.ok_or_else(|| {
        let messages: Vec<String> = findings.iter().map(|finding| finding.message.clone()).collect();
        format!("{}\n{text}", messages.join("\n"))
    })
}

/// What a release of a version would do, given what has happened.
///
/// # Errors
/// Those of planning.
pub fn plan(checked: &Checked, version: &str, records: &[Record]) -> Result<Plan, PlanError> {
    let ledger = Ledger::fold(records);
    let inputs = IndexMap::from([("version".to_owned(), version.to_owned())]);
    let texts = [SOURCE.to_owned(), Digest::of(source_of(version).as_bytes()).to_string()];
    let digest = Digest::of_all(texts.iter().map(|text| text.as_bytes()));
    let sources = Some(SourceState { digest, files: 1 });
    let mut plan =
        draft(&Request { checked, pipeline: PIPELINE, inputs: &inputs, to: None, ledger: &ledger, sources })?;
    let past = Past::new(|run| {
        let of_run: Vec<Record> = records.iter().filter(|record| record.run == *run).cloned().collect();
        RunState::fold(&of_run)
    });
    plan.add_restored_checks(&ledger, &past);
    Ok(plan)
}

/// What the source file says from which a version is built.
pub fn source_of(version: &str) -> String {
    format!("source of {version}")
}

/// One file that is not on disk.
struct One<'a>(&'a str);

impl ReadFiles for One<'_> {
    fn read(&self, _: &Path) -> io::Result<String> {
        Ok(self.0.to_owned())
    }
}

fn gate_text(gate: GateKind) -> &'static str {
    match gate {
        GateKind::Approval => "approval { from = people, self = true }",
        GateKind::Soak => "soak { environment = e0, for = 2s, every = 1s }",
        GateKind::Window => "window { calendar = always }",
        GateKind::Check => "command asked { run = `probe asked/${env.name}` }",
    }
}

fn check_text(check: CheckKind, at: usize) -> String {
    match check {
        CheckKind::Http => format!("http c{at} {{ url = \"http://${{env.name}}/c{at}\", within = 1s }}"),
        CheckKind::Tcp => format!("tcp c{at} {{ host = \"10.0.0.1\", port = {}, within = 1s }}", at + 1),
        CheckKind::Command => format!("command c{at} {{ run = `probe c{at}/${{env.name}}`, within = 1s }}"),
    }
}

fn write_nodes(text: &mut String, nodes: &[Node], at: &str, depth: usize, placed: &[Placed<'_>]) -> std::fmt::Result {
    let margin = "  ".repeat(depth);
    for node in nodes {
        match node {
            Node::Effect(effect) => write_effect(text, effect, at, &margin, placed)?,
            Node::Phase { name, body, covered } => {
                writeln!(text, "{margin}phase {name} {{")?;
                let at = format!("{at}/{name}");
                write_nodes(text, body, &at, depth + 1, placed)?;
                if *covered {
                    writeln!(text, "{margin}  rollback {{")?;
                    for other in placed.iter().filter(|other| other.is_covered() && other.cover.as_ref() == Some(&at)) {
                        let name = &other.effect.name;
                        let run = put("${previous?.version ?? \"none\"}", other.effect);
                        writeln!(text, "{margin}    step back-{name} {{ run = {run}, timeout = 5s }}")?;
                    }
                    writeln!(text, "{margin}  }}")?;
                }
                writeln!(text, "{margin}}}")?;
            }
            Node::Parallel { name, body } => {
                writeln!(text, "{margin}parallel {name} {{")?;
                write_nodes(text, body, &format!("{at}/{name}"), depth + 1, placed)?;
                writeln!(text, "{margin}}}")?;
            }
        }
    }
    Ok(())
}

fn write_effect(text: &mut String, effect: &Effect, at: &str, margin: &str, placed: &[Placed<'_>]) -> std::fmt::Result {
    let name = &effect.name;
    let own = format!("${{env.name}}/{name}");
    match effect.kind {
        EffectKind::File => {
            writeln!(text, "{margin}file {name} {{ path = \"{own}\", content = \"${{release.version}}\" }}")
        }
        EffectKind::Link => {
            writeln!(text, "{margin}link {name} {{ path = \"{own}\", target = \"${{release.version}}\" }}")
        }
        EffectKind::Directory => writeln!(text, "{margin}directory {name} {{ path = \"{own}\" }}"),
        EffectKind::Refresh => {
            let path = format!("{at}/{name}");
            let this = placed.iter().find(|placed| placed.path == path);
            let paths = this.map(|this| read_paths(this, placed, 0)).unwrap_or_default();
            let words: Vec<String> = paths.iter().map(|path| anywhere(&path.display().to_string())).collect();
            let key = anywhere(&format!("/{}", read_key(effect, 0)));
            let key = key.trim_start_matches('/');
            writeln!(text, "{margin}refresh {name} {{ run = `reload {key} {}`, timeout = 5s }}", words.join(" "))
        }
        EffectKind::Step(step) => write_step(text, effect, step, margin, placed),
    }
}

/// A path or key of the first environment as one of whichever environment is entered.
fn anywhere(text: &str) -> String {
    text.trim_start_matches(ROOT).trim_start_matches('/').replacen("e0/", "${env.name}/", 1)
}

fn put(value: &str, effect: &Effect) -> String {
    let keys: Vec<String> = keys(effect, 0).iter().map(|key| anywhere(key)).collect();
    format!("`put {value} {}`", keys.join(" "))
}

fn write_step(text: &mut String, effect: &Effect, step: Step, margin: &str, placed: &[Placed<'_>]) -> std::fmt::Result {
    let name = &effect.name;
    let is_uncovered = |other: &Placed<'_>| other.effect == effect && !other.is_covered();
    if step.class == Class::Covered && placed.iter().any(is_uncovered) {
        writeln!(text, "{margin}# allow rollback/missing -- the explorer wants to see what comes of it")?;
    }
    writeln!(text, "{margin}step {name} {{")?;
    if step.observe != Observe::Nothing {
        writeln!(text, "{margin}  observe = `get ${{env.name}}/{name}`")?;
    }
    if step.observe == Observe::Desired {
        writeln!(text, "{margin}  desired = release.version")?;
    }
    match step.class {
        Class::ReadOnly => {
            writeln!(text, "{margin}  run = `probe {name}/${{env.name}}`\n{margin}  readonly = true")?;
        }
        _ => writeln!(text, "{margin}  run = {}", put("${release.version}", effect))?,
    }
    match (step.class, step.observe) {
        (Class::Reversible, Observe::Nothing) => {
            let back = put("${previous?.version ?? \"none\"}", effect);
            writeln!(text, "{margin}  rollback = {back}")?;
        }
        (Class::Reversible, _) => writeln!(text, "{margin}  rollback = {}", put("${observed}", effect))?,
        (Class::Irreversible, _) => writeln!(text, "{margin}  irreversible = \"there is no way back\"")?,
        (Class::Covered | Class::ReadOnly, _) => {}
    }
    if step.idempotent {
        writeln!(text, "{margin}  idempotent = true")?;
    }
    if step.atomic {
        writeln!(text, "{margin}  atomic = true")?;
    }
    writeln!(text, "{margin}  timeout = 5s\n{margin}}}")
}

/// The path of an effect's own place, for who wants to let a fault happen to it.
pub fn write_point(effect: &Effect, place: usize) -> String {
    format!("write {}", path(effect, place).display())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::shape::{Bounds, random};

    #[test]
    fn what_is_made_up_is_sound_and_can_be_planned() {
        for seed in 0..200 {
            let shape = random(&mut Chance::new(seed), Bounds { effects: 8, uncovered: true });
            let checked = shape.checked().unwrap_or_else(|findings| panic!("seed {seed}: {findings}"));
            let plan = plan(&checked, "1.0.0", &[]).unwrap();
            let planned: Vec<String> = plan.waves[0][0].effects().iter().map(|e| e.address.within_stage()).collect();
            let placed: Vec<String> = shape.effects().into_iter().map(|placed| placed.path).collect();
            assert_eq!(planned, placed, "seed {seed}");
        }
    }
}
