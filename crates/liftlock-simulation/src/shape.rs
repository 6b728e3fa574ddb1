//! The shape of a pipeline: what the explorer makes up, shrinks, and reasons about without the engine.
//!
//! [`Shape::text`](crate::text) writes one as release files do. Every effect has things of its own, so that what is there
//! tells of each effect by itself whether it is in force.

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
    /// Looks at its place in the body.
    Check {
        name: String,
    },
    /// `covered` says whether it has a `rollback { … }`, which restores all steps of the class `Covered` below it that no
    /// inner phase restores. `called` says whether it is written as a procedure of its own, and a call of it.
    Phase {
        name: String,
        body: Vec<Node>,
        covered: bool,
        called: bool,
    },
    /// What goes over the first so many of [`MEMBERS`], its loop variable being its name.
    Each {
        name: String,
        members: usize,
        at_most: AtMost,
        body: Vec<Node>,
    },
    /// What is there in these environments only.
    When {
        there: There,
        body: Vec<Node>,
    },
    Parallel {
        name: String,
        body: Vec<Node>,
    },
}

/// What an `each` goes over.
pub const MEMBERS: [&str; 4] = ["a", "b", "c", "d"];

/// How many members of an `each` are worked on at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AtMost {
    One,
    Count(usize),
    Percent(usize),
}

impl AtMost {
    /// The number of them among so many.
    pub fn of(self, members: usize) -> usize {
        match self {
            AtMost::One => 1,
            AtMost::Count(count) => count,
            AtMost::Percent(share) => (members * share / 100).max(1),
        }
    }
}

/// The environments in which a condition holds, a bit for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct There(pub u8);

impl There {
    pub const EVERYWHERE: There = There(0b111);

    pub fn holds(self, place: usize) -> bool {
        self.0 & (1 << place) != 0
    }
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
    /// Tells people.
    Notify,
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

/// An effect in its place, once for each member of the lists around it.
#[derive(Debug, Clone)]
pub struct Placed {
    /// Its name is that of its thing, and so has the keys of the members in it.
    pub effect: Effect,
    /// `deploy/host["a"]/switch/config`
    pub path: String,
    /// The innermost phase around it with a `rollback { … }`, by its path.
    pub cover: Option<String>,
    /// The step that restores it there, if it is covered.
    pub back: String,
    /// Every `each` around it, with the key of the member.
    pub loops: Vec<(String, &'static str)>,
    /// Where it is at all.
    pub there: There,
    /// The effects before it in the sequences that it stands in, by their indices in document order.
    pub after: Vec<usize>,
}

/// A check in its place in a body.
#[derive(Debug, Clone)]
pub struct Look {
    /// What it probes.
    pub thing: String,
    pub path: String,
    pub there: There,
}

/// All that a body comes to.
#[derive(Debug, Clone, Default)]
struct All {
    effects: Vec<Placed>,
    looks: Vec<Look>,
}

/// What stands around a part of a body.
#[derive(Debug, Clone)]
struct Around {
    at: String,
    cover: Option<String>,
    /// How many of the loops stand around the cover.
    outside: usize,
    loops: Vec<(String, &'static str)>,
    there: There,
    before: Vec<usize>,
}

impl Placed {
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
    pub fn effects(&self) -> Vec<Placed> {
        self.all().effects
    }

    /// Every check in the body.
    pub fn looks(&self) -> Vec<Look> {
        self.all().looks
    }

    fn all(&self) -> All {
        let (at, there) = ("deploy".to_owned(), There::EVERYWHERE);
        let around = Around { at, cover: None, outside: 0, loops: Vec::new(), there, before: Vec::new() };
        let mut all = All::default();
        place(&self.body, &around, &mut all);
        all
    }

    /// Takes every `rollback { … }` away that would restore nothing, wherever it were.
    pub fn drop_idle_covers(&mut self) {
        drop_idle(&mut self.body);
    }

    /// What stands where an effect is, as one text.
    pub fn shown(&self, effect: &Effect, place: usize, things: &Things) -> String {
        match effect.kind {
            EffectKind::Step(_) => keys(effect, place).iter().map(|key| things.key(key)).collect::<Vec<_>>().join(" "),
            EffectKind::File | EffectKind::Link | EffectKind::Directory => things.files.shown(&path(effect, place)),
            EffectKind::Refresh | EffectKind::Notify => String::new(),
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
            EffectKind::Refresh | EffectKind::Notify => String::new(),
        }
    }

    /// Whether what a refresh has read, if it ever did, is what stands there.
    pub fn is_read(&self, placed: &Placed, all: &[Placed], place: usize, things: &Things) -> bool {
        let known = things.key(&read_key(&placed.effect, place));
        known == "none" || known == loaded(things, &read_paths(placed, all, place))
    }
}

/// The files and links before a refresh, which it reads.
pub fn read_paths(placed: &Placed, all: &[Placed], place: usize) -> Vec<PathBuf> {
    read_by(placed, all).map(|read| path(&read.effect, place)).collect()
}

/// The files and links before a refresh, but for those of other members: one text says for all members what each reads.
pub fn read_by<'p>(placed: &'p Placed, all: &'p [Placed]) -> impl Iterator<Item = &'p Placed> {
    let before = placed.after.iter().map(|at| &all[*at]);
    before.filter(|read| {
        let is_other =
            |(name, key): &(String, &str)| placed.loops.iter().any(|(loop_, own)| loop_ == name && own != key);
        matches!(read.effect.kind, EffectKind::File | EffectKind::Link) && !read.loops.iter().any(is_other)
    })
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

fn place(nodes: &[Node], around: &Around, all: &mut All) {
    let mut around = around.clone();
    for node in nodes {
        let first = all.effects.len();
        let keys = |from: usize| around.loops[from..].iter().map(|(_, key)| format!("-{key}")).collect::<String>();
        match node {
            Node::Effect(effect) => all.effects.push(Placed {
                effect: Effect { name: format!("{}{}", effect.name, keys(0)), kind: effect.kind },
                path: format!("{}/{}", around.at, effect.name),
                cover: around.cover.clone(),
                back: format!("back-{}{}", effect.name, keys(around.outside)),
                loops: around.loops.clone(),
                there: around.there,
                after: around.before.clone(),
            }),
            Node::Check { name } => all.looks.push(Look {
                thing: format!("{name}{}", keys(0)),
                path: format!("{}/{name}", around.at),
                there: around.there,
            }),
            Node::Phase { name, body, covered, .. } => {
                let at = format!("{}/{name}", around.at);
                let mut inner = Around { at, ..around.clone() };
                if *covered {
                    (inner.cover, inner.outside) = (Some(inner.at.clone()), inner.loops.len());
                }
                place(body, &inner, all);
            }
            Node::Parallel { name, body } => {
                let inner = Around { at: format!("{}/{name}", around.at), ..around.clone() };
                for member in body {
                    place(std::slice::from_ref(member), &inner, all);
                }
            }
            Node::When { there, body } => {
                place(body, &Around { there: There(around.there.0 & there.0), ..around.clone() }, all);
            }
            Node::Each { name, members, at_most, body } => {
                let mut before = around.before.clone();
                for wave in MEMBERS[..*members].chunks(at_most.of(*members)) {
                    let first = all.effects.len();
                    for key in wave {
                        let at = format!("{}/{name}[{key:?}]", around.at);
                        let mut inner = Around { at, before: before.clone(), ..around.clone() };
                        inner.loops.push((name.clone(), key));
                        place(body, &inner, all);
                    }
                    before.extend(first..all.effects.len());
                }
            }
        }
        around.before.extend(first..all.effects.len());
    }
}

/// Whether a `rollback { … }` around these would restore any of them.
fn has_covered(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(effect) => matches!(effect.kind, EffectKind::Step(Step { class: Class::Covered, .. })),
        Node::Check { .. } => false,
        Node::Phase { covered: true, .. } => false,
        Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
            has_covered(body)
        }
    })
}

fn drop_idle(nodes: &mut [Node]) {
    for node in nodes {
        match node {
            Node::Effect(_) | Node::Check { .. } => {}
            Node::Phase { body, covered, .. } => {
                drop_idle(body);
                *covered &= has_covered(body);
            }
            Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => drop_idle(body),
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
        match self.chance.below(12) {
            0..=2 if deeper => {
                let covers = self.chance.once_in(2);
                let name = self.name("phase");
                let body = self.sequence(depth + 1, covered || covers);
                Node::Phase { name, body, covered: covers, called: self.chance.once_in(3) }
            }
            3 if deeper || depth < 2 => {
                let name = self.name("m");
                let body = self.sequence(depth + 1, covered);
                let members = self.chance.one_of(&[0, 1, 2, 2, 2, 3, 4]);
                let at_most = [AtMost::One, AtMost::One, AtMost::Count(2), AtMost::Count(3), AtMost::Percent(50)];
                Node::Each { name, members, at_most: self.chance.one_of(&at_most), body }
            }
            4 if deeper || depth < 2 => {
                let there = There(self.chance.one_of(&[0, 0b111, 0b111, 0b001, 0b101, 0b010]));
                Node::When { there, body: self.sequence(depth + 1, covered) }
            }
            5 => Node::Check { name: self.name("look") },
            6 | 7 if deeper => {
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
        let kind = match self.chance.below(11) {
            0 | 1 => EffectKind::File,
            2 => EffectKind::Link,
            3 => EffectKind::Directory,
            4 => EffectKind::Refresh,
            5 => EffectKind::Notify,
            _ => EffectKind::Step(self.step(covered)),
        };
        let word = match kind {
            EffectKind::File => "file",
            EffectKind::Link => "link",
            EffectKind::Directory => "folder",
            EffectKind::Refresh => "refresh",
            EffectKind::Notify => "notice",
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
