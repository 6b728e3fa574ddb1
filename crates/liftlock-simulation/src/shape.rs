//! The shape of a pipeline: what the explorer makes up, shrinks, and reasons about without the engine.
//!
//! [`Shape::text`](crate::text) writes one as release files do. Every effect has things of its own, so that what is there
//! tells of each effect by itself whether it is in force.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::chance::Chance;
use crate::programs::loaded;
use crate::state::Things;

/// The folder of the project in a simulated world.
pub const ROOT: &str = "/p";

/// A pipeline with its environments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    pub places: Vec<Place>,
    /// Indices into `places`; those of a wave are entered together.
    pub waves: Vec<Vec<usize>>,
    pub body: Vec<Node>,
    pub checks: Vec<CheckKind>,
    pub on_failure: OnFailure,
    pub in_doubt: InDoubt,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The lock that it shares with others.
    pub lock: Option<&'static str>,
    pub gates: Vec<GateKind>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GateKind {
    Approval,
    /// In the first environment.
    Soak,
    Window,
    Check,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckKind {
    Http,
    Tcp,
    Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnFailure {
    Stage,
    Pipeline,
    None,
}

/// What becomes of an effect of which nothing tells whether it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InDoubt {
    /// A person says what it is.
    Ask,
    Undo,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    Effect(Effect),
    /// `covered` says whether it has a `rollback { … }`, which restores all steps of the class `Covered` below it that no
    /// inner phase restores.
    Phase {
        name: String,
        body: Vec<Node>,
        covered: bool,
    },
    Parallel {
        name: String,
        body: Vec<Node>,
    },
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    pub name: String,
    pub kind: EffectKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectKind {
    Step(Step),
    File,
    Link,
    Directory,
    Refresh,
}

/// How a step is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub class: Class,
    pub observe: Observe,
    pub idempotent: bool,
    pub atomic: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Class {
    Reversible,
    /// The innermost phase around it that has a `rollback { … }` restores it; without one it is uncovered.
    Covered,
    Irreversible,
    ReadOnly,
}

/// What tells of a step whether it is in force.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observe {
    Nothing,
    /// `observe`, without `desired`.
    State,
    /// `observe` and `desired`.
    Desired,
}

/// What is asked of chance.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    pub effects: usize,
    /// Whether steps may stand there that nothing takes back.
    pub uncovered: bool,
}

/// An effect in its place.
#[derive(Debug, Clone)]
pub struct Placed<'s> {
    pub effect: &'s Effect,
    /// `deploy/switch/config`
    pub path: String,
    /// The innermost phase around it with a `rollback { … }`, by its path.
    pub cover: Option<String>,
    /// The effects before it in the sequences that it stands in, by their indices in document order.
    pub after: Vec<usize>,
}

impl Placed<'_> {
    /// Whether it is restored by the `rollback { … }` of a phase.
    pub fn is_covered(&self) -> bool {
        matches!(self.effect.kind, EffectKind::Step(Step { class: Class::Covered, .. })) && self.cover.is_some()
    }
}

impl Shape {
    pub fn place_name(&self, place: usize) -> String {
        format!("e{place}")
    }

    /// Every effect in the order in which they are written.
    pub fn effects(&self) -> Vec<Placed<'_>> {
        let mut placed = Vec::new();
        place(&self.body, "deploy", None, &[], &mut placed);
        placed
    }

    /// Takes every `rollback { … }` away that would restore nothing.
    pub fn drop_idle_covers(&mut self) {
        let used: BTreeSet<String> =
            self.effects().into_iter().filter(Placed::is_covered).filter_map(|placed| placed.cover).collect();
        drop_unused(&mut self.body, "deploy", &used);
    }

    /// What stands where an effect is, as one text.
    pub fn shown(&self, effect: &Effect, place: usize, things: &Things) -> String {
        match effect.kind {
            EffectKind::Step(_) => keys(effect, place).iter().map(|key| things.key(key)).collect::<Vec<_>>().join(" "),
            EffectKind::File | EffectKind::Link | EffectKind::Directory => things.files.shown(&path(effect, place)),
            EffectKind::Refresh => String::new(),
        }
    }

    /// What stands there when it is in force.
    pub fn in_force(&self, effect: &Effect, place: usize, version: &str, before: &Things) -> String {
        match effect.kind {
            EffectKind::Step(Step { class: Class::ReadOnly, .. }) => self.shown(effect, place, before),
            EffectKind::Step(_) => vec![version; keys(effect, place).len()].join(" "),
            EffectKind::File => format!("644 {version}"),
            EffectKind::Link => format!("-> {version}"),
            EffectKind::Directory => "a folder".to_owned(),
            EffectKind::Refresh => String::new(),
        }
    }

    /// Whether what a refresh has read, if it ever did, is what stands there.
    pub fn is_read(&self, placed: &Placed<'_>, all: &[Placed<'_>], place: usize, things: &Things) -> bool {
        let known = things.key(&read_key(placed.effect, place));
        known == "none" || known == loaded(things, &read_paths(placed, all, place))
    }
}

/// The files and links before a refresh, which it reads.
pub fn read_paths(placed: &Placed<'_>, all: &[Placed<'_>], place: usize) -> Vec<PathBuf> {
    let before = placed.after.iter().map(|at| all[*at].effect);
    let read = before.filter(|effect| matches!(effect.kind, EffectKind::File | EffectKind::Link));
    read.map(|effect| path(effect, place)).collect()
}

pub fn read_key(effect: &Effect, place: usize) -> String {
    format!("e{place}/{}", effect.name)
}

/// The keys that a step sets. What nothing observes may set two, and be half done.
pub fn keys(effect: &Effect, place: usize) -> Vec<String> {
    let first = format!("e{place}/{}", effect.name);
    match effect.kind {
        EffectKind::Step(Step { observe: Observe::Nothing, class, .. }) if class != Class::ReadOnly => {
            vec![first.clone(), format!("{first}-too")]
        }
        _ => vec![first],
    }
}

pub fn path(effect: &Effect, place: usize) -> PathBuf {
    Path::new(ROOT).join(format!("e{place}/{}", effect.name))
}

fn place<'s>(nodes: &'s [Node], at: &str, cover: Option<&str>, before: &[usize], placed: &mut Vec<Placed<'s>>) {
    let mut before = before.to_vec();
    for node in nodes {
        let first = placed.len();
        match node {
            Node::Effect(effect) => placed.push(Placed {
                effect,
                path: format!("{at}/{}", effect.name),
                cover: cover.map(str::to_owned),
                after: before.clone(),
            }),
            Node::Phase { name, body, covered } => {
                let at = format!("{at}/{name}");
                place(body, &at, if *covered { Some(&at) } else { cover }, &before, placed);
            }
            Node::Parallel { name, body } => {
                let at = format!("{at}/{name}");
                for member in body {
                    place(std::slice::from_ref(member), &at, cover, &before, placed);
                }
            }
        }
        before.extend(first..placed.len());
    }
}

fn drop_unused(nodes: &mut [Node], at: &str, used: &BTreeSet<String>) {
    for node in nodes {
        match node {
            Node::Effect(_) => {}
            Node::Phase { name, body, covered } => {
                let at = format!("{at}/{name}");
                *covered &= used.contains(&at);
                drop_unused(body, &at, used);
            }
            Node::Parallel { name, body } => drop_unused(body, &format!("{at}/{name}"), used),
        }
    }
}

/// Makes up a pipeline.
pub fn random(chance: &mut Chance, bounds: Bounds) -> Shape {
    let count = chance.one_of(&[1, 1, 2, 2, 3]);
    let places = (0..count).map(|at| random_place(chance, at)).collect();
    let waves = match (count, chance.below(2)) {
        (3, 0) => vec![vec![0], vec![1, 2]],
        (2, 0) if chance.once_in(2) => vec![vec![0, 1]],
        _ => (0..count).map(|at| vec![at]).collect(),
    };
    let mut left = 1 + chance.below(bounds.effects);
    let mut maker = Maker { chance, left: &mut left, made: 0, bounds };
    let body = maker.sequence(0, false);
    let mut shape = Shape {
        places,
        waves,
        body,
        checks: Vec::new(),
        on_failure: chance.one_of(&[OnFailure::Stage, OnFailure::Stage, OnFailure::Pipeline, OnFailure::None]),
        in_doubt: chance.one_of(&[InDoubt::Ask, InDoubt::Undo]),
    };
    for _ in 0..chance.below(3) {
        shape.checks.push(chance.one_of(&[CheckKind::Http, CheckKind::Tcp, CheckKind::Command]));
    }
    if shape.waves[0].len() > 1 {
        // There is no environment that has been entered before.
        shape.places.iter_mut().for_each(|place| place.gates.retain(|gate| *gate != GateKind::Soak));
    }
    shape.drop_idle_covers();
    shape
}

fn random_place(chance: &mut Chance, at: usize) -> Place {
    let mut gates = Vec::new();
    for kind in [GateKind::Soak, GateKind::Window, GateKind::Check, GateKind::Approval] {
        if chance.once_in(5) && (kind != GateKind::Soak || at > 0) {
            gates.push(kind);
        }
    }
    Place { lock: chance.once_in(4).then_some("shared"), gates }
}

struct Maker<'a> {
    chance: &'a mut Chance,
    left: &'a mut usize,
    made: usize,
    bounds: Bounds,
}

impl Maker<'_> {
    fn sequence(&mut self, depth: usize, covered: bool) -> Vec<Node> {
        let mut nodes = Vec::new();
        while *self.left > 0 && (nodes.is_empty() || depth == 0 || !self.chance.once_in(3)) {
            nodes.push(self.node(depth, covered));
        }
        if nodes.is_empty() {
            nodes.push(self.effect(covered));
        }
        nodes
    }

    fn node(&mut self, depth: usize, covered: bool) -> Node {
        let deeper = depth < 3 && *self.left > 1;
        match self.chance.below(6) {
            0 | 1 if deeper => {
                let covers = self.chance.once_in(2);
                let name = self.name("phase");
                let body = self.sequence(depth + 1, covered || covers);
                Node::Phase { name, body, covered: covers }
            }
            2 if deeper => {
                let name = self.name("parallel");
                let members = 2 + self.chance.below(2);
                let body = (0..members).map(|_| self.node(depth + 1, covered)).collect();
                Node::Parallel { name, body }
            }
            _ => self.effect(covered),
        }
    }

    fn effect(&mut self, covered: bool) -> Node {
        *self.left = self.left.saturating_sub(1);
        let kind = match self.chance.below(10) {
            0 | 1 => EffectKind::File,
            2 => EffectKind::Link,
            3 => EffectKind::Directory,
            4 => EffectKind::Refresh,
            _ => EffectKind::Step(self.step(covered)),
        };
        let word = match kind {
            EffectKind::File => "file",
            EffectKind::Link => "link",
            EffectKind::Directory => "folder",
            EffectKind::Refresh => "refresh",
            EffectKind::Step(_) => "step",
        };
        Node::Effect(Effect { name: self.name(word), kind })
    }

    fn step(&mut self, covered: bool) -> Step {
        let chance = &mut *self.chance;
        let class = match chance.below(8) {
            0 => Class::Irreversible,
            1 => Class::ReadOnly,
            2..=4 if covered => Class::Covered,
            2 if self.bounds.uncovered => Class::Covered,
            _ => Class::Reversible,
        };
        let observe = match class {
            Class::ReadOnly => Observe::Nothing,
            _ => chance.one_of(&[Observe::Nothing, Observe::State, Observe::Desired, Observe::Desired]),
        };
        Step { class, observe, idempotent: chance.once_in(3), atomic: chance.once_in(6) }
    }

    fn name(&mut self, word: &str) -> String {
        self.made += 1;
        format!("{word}{}", self.made)
    }
}
