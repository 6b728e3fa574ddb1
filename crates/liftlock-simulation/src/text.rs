//! A shape as the text of a release file, and as the plan that the front end makes of it.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use liftlock_check::{Checked, Policy, check};
use liftlock_journal::{Ledger, Record, RunState};
use liftlock_model::{ReadFiles, allowances, load, lower};
use liftlock_names::Digest;
use liftlock_plan::{Found, Past, Plan, PlanError, Request, SourceState, draft};

use crate::shape::{
    AtMost, CheckKind, Class, Effect, EffectKind, GateKind, InDoubt, MEMBERS, Node, Observe, OnFailure, Placed, Shape,
    Step, keys, path, read_by,
};

/// The name of every pipeline that is made up.
pub const PIPELINE: &str = "shop";

/// Sources that the artifact of every pipeline has.
pub const SOURCE: &str = "src/main";

impl Shape {
    /// The release file.
    pub fn text(&self) -> String {
        let mut text =
            String::from("edition 2026\n\nsettings { nobody: list<string> = [] }\n\ninput version: semver\n");
        text.push_str("input on: bool = true\ninput off: bool = false\n\n");
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
        let placed = self.effects();
        let mut body = Body { placed: &placed, loops: Vec::new(), procedures: String::new() };
        let mut deploy = String::new();
        body.nodes(&mut deploy, &self.body, 2, false)?;
        text.push_str(&body.procedures);
        writeln!(text, "pipeline {PIPELINE} {{\n  promote artifact.shop through {}\n", waves.join(" -> "))?;
        for (at, place) in self.places.iter().enumerate().filter(|(_, place)| !place.gates.is_empty()) {
            writeln!(text, "  before {} {{", self.place_name(at))?;
            for gate in &place.gates {
                writeln!(text, "    {}", gate_text(*gate))?;
            }
            writeln!(text, "  }}")?;
        }
        writeln!(text, "  deploy {{")?;
        writeln!(text, "{deploy}  }}\n  verify {{")?;
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
    let found = Some(Found::Sources(SourceState { digest, files: 1 }));
    let mut plan = draft(&Request { checked, pipeline: PIPELINE, inputs: &inputs, to: None, ledger: &ledger, found })?;
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

/// Writes bodies.
struct Body<'a> {
    placed: &'a [Placed],
    /// The variables of every `each` around.
    loops: Vec<String>,
    /// What is called.
    procedures: String,
}

impl Body<'_> {
    fn nodes(&mut self, text: &mut String, nodes: &[Node], depth: usize, is_covered: bool) -> std::fmt::Result {
        nodes.iter().try_for_each(|node| self.node(text, node, depth, is_covered))
    }

    fn node(&mut self, text: &mut String, node: &Node, depth: usize, is_covered: bool) -> std::fmt::Result {
        let margin = "  ".repeat(depth);
        match node {
            Node::Effect(effect) => return self.effect(text, effect, &margin, is_covered),
            Node::Check { name } => {
                let run = format!("probe {name}{}/${{env.name}}", self.suffix());
                return writeln!(text, "{margin}command {name} {{ run = `{run}`, within = 1s }}");
            }
            Node::Phase { name, body, covered, called: true } => {
                let mut procedure = String::new();
                self.nodes(&mut procedure, body, 1, is_covered || *covered)?;
                if *covered {
                    self.cover(&mut procedure, body, "")?;
                }
                let fields: String = self.loops.iter().map(|name| format!("  {name}: string\n")).collect();
                writeln!(self.procedures, "procedure do-{name} {{\n{fields}\n{procedure}}}\n")?;
                let given: Vec<String> = self.loops.iter().map(|name| format!("{name} = {name}")).collect();
                return writeln!(text, "{margin}do-{name} {name} {{ {} }}", given.join(", "));
            }
            Node::Phase { name, body, covered, called: false } => {
                writeln!(text, "{margin}phase {name} {{")?;
                self.nodes(text, body, depth + 1, is_covered || *covered)?;
                if *covered {
                    self.cover(text, body, &margin)?;
                }
            }
            Node::Parallel { name, body } => {
                writeln!(text, "{margin}parallel {name} {{")?;
                self.nodes(text, body, depth + 1, is_covered)?;
            }
            Node::When { there, body } => {
                let names: Vec<String> = (0..3).filter(|at| there.holds(*at)).map(|at| format!("\"e{at}\"")).collect();
                let condition = match names.len() {
                    0 => "input.off".to_owned(),
                    3 => "input.on".to_owned(),
                    _ => format!("env.name in [{}]", names.join(", ")),
                };
                writeln!(text, "{margin}when {condition} {{")?;
                self.nodes(text, body, depth + 1, is_covered)?;
            }
            Node::Each { name, members, at_most, body } => {
                let keys: Vec<String> = MEMBERS[..*members].iter().map(|key| format!("{key:?}")).collect();
                let list = if keys.is_empty() { "env.nobody".to_owned() } else { format!("[{}]", keys.join(", ")) };
                writeln!(text, "{margin}each {name} in {list} {{")?;
                match at_most {
                    AtMost::One => {}
                    AtMost::Count(count) => writeln!(text, "{margin}  at_most = {count}")?,
                    AtMost::Percent(share) => writeln!(text, "{margin}  at_most = {share}%")?,
                }
                self.loops.push(name.clone());
                let written = self.nodes(text, body, depth + 1, is_covered);
                self.loops.pop();
                written?;
            }
        }
        writeln!(text, "{margin}}}")
    }

    /// What the name of a thing has behind it, for each member its own.
    fn suffix(&self) -> String {
        self.loops.iter().map(|name| format!("-${{{name}}}")).collect()
    }

    /// The `rollback { … }` of a phase with this body.
    fn cover(&self, text: &mut String, body: &[Node], margin: &str) -> std::fmt::Result {
        let mut backs = Vec::new();
        covered_in(body, "", &mut backs);
        writeln!(text, "{margin}  rollback {{")?;
        if backs.is_empty() {
            writeln!(text, "{margin}    step back {{ run = `probe back`, timeout = 5s }}")?;
        }
        for (effect, keys) in backs {
            let back = format!("back-{}{keys}", effect.name);
            let thing = Effect { name: format!("{}{}{keys}", effect.name, self.suffix()), kind: effect.kind };
            let run = put("back ${previous?.version ?? \"none\"}", &thing);
            writeln!(text, "{margin}    step {back} {{ run = {run}, timeout = 5s }}")?;
        }
        writeln!(text, "{margin}  }}")
    }

    fn effect(&self, text: &mut String, effect: &Effect, margin: &str, is_covered: bool) -> std::fmt::Result {
        let name = &effect.name;
        let thing = Effect { name: format!("{name}{}", self.suffix()), kind: effect.kind };
        let own = format!("${{env.name}}/{}", thing.name);
        match effect.kind {
            EffectKind::File => {
                writeln!(text, "{margin}file {name} {{ path = \"{own}\", content = \"${{release.version}}\" }}")
            }
            EffectKind::Link => {
                writeln!(text, "{margin}link {name} {{ path = \"{own}\", target = \"${{release.version}}\" }}")
            }
            EffectKind::Directory => writeln!(text, "{margin}directory {name} {{ path = \"{own}\" }}"),
            EffectKind::Notify => {
                let run = format!("probe {}/${{env.name}}", thing.name);
                writeln!(text, "{margin}notify {name} {{ run = `{run}`, timeout = 5s }}")
            }
            EffectKind::Refresh => {
                let words = self.read_by(name).join(" ");
                writeln!(text, "{margin}refresh {name} {{ run = `reload {own} {words}`, timeout = 5s }}")
            }
            EffectKind::Step(step) => write_step(text, name, &thing, step, margin, is_covered),
        }
    }

    /// The paths that a refresh reads, as they are written for all members.
    fn read_by(&self, refresh: &str) -> Vec<String> {
        let is_it = |placed: &&Placed| placed.path.rsplit('/').next() == Some(refresh);
        let Some(first) = self.placed.iter().find(is_it) else { return Vec::new() };
        let written = |read: &Placed| {
            let bare = read.effect.name.split('-').next().unwrap_or_default();
            let keys = read.loops.iter().map(|(name, key)| match self.loops.contains(name) {
                true => format!("-${{{name}}}"),
                false => format!("-{key}"),
            });
            format!("${{env.name}}/{bare}{}", keys.collect::<String>())
        };
        read_by(first, self.placed).map(written).collect()
    }
}

/// The steps that a `rollback { … }` around these restores, each with the keys of the members inside.
fn covered_in<'n>(nodes: &'n [Node], keys: &str, found: &mut Vec<(&'n Effect, String)>) {
    for node in nodes {
        match node {
            Node::Effect(effect) if matches!(effect.kind, EffectKind::Step(Step { class: Class::Covered, .. })) => {
                found.push((effect, keys.to_owned()));
            }
            Node::Effect(_) | Node::Check { .. } | Node::Phase { covered: true, .. } => {}
            Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::When { body, .. } => {
                covered_in(body, keys, found);
            }
            Node::Each { members, body, .. } => {
                for key in &MEMBERS[..*members] {
                    covered_in(body, &format!("{keys}-{key}"), found);
                }
            }
        }
    }
}

/// A key of the first environment as one of whichever environment is entered.
fn anywhere(text: &str) -> String {
    text.replacen("e0/", "${env.name}/", 1)
}

fn put(words: &str, effect: &Effect) -> String {
    let keys: Vec<String> = keys(effect, 0).iter().map(|key| anywhere(key)).collect();
    format!("`{words} {}`", keys.join(" "))
}

fn write_step(
    text: &mut String,
    label: &str,
    effect: &Effect,
    step: Step,
    margin: &str,
    is_covered: bool,
) -> std::fmt::Result {
    let name = &effect.name;
    if step.class == Class::Covered && !is_covered {
        writeln!(text, "{margin}# allow rollback/missing -- the explorer wants to see what comes of it")?;
    }
    writeln!(text, "{margin}step {label} {{")?;
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
        _ => writeln!(text, "{margin}  run = {}", put("put ${release.version}", effect))?,
    }
    match (step.class, step.observe) {
        (Class::Reversible, Observe::Nothing) => {
            let back = put("put ${previous?.version ?? \"none\"}", effect);
            writeln!(text, "{margin}  rollback = {back}")?;
        }
        (Class::Reversible, _) => writeln!(text, "{margin}  rollback = {}", put("put ${observed}", effect))?,
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
            let is_there = |placed: &Placed| placed.there.holds(0);
            let placed: Vec<String> = shape.effects().into_iter().filter(is_there).map(|placed| placed.path).collect();
            assert_eq!(planned, placed, "seed {seed}");
        }
    }
}
