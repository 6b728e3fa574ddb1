//! What every drawing of a pipeline shows: the path with its gates, the effects in their order, and the way back.

use std::collections::HashMap;

use liftlock_check::{Class, class, whole_descent};
use liftlock_model::expr::Expr;
use liftlock_model::{Check as Verify, Effect, EnvironmentId, Frame, Model, Node, OnFailure, Pipeline};

use crate::words;
use crate::written::written;

#[derive(Debug)]
pub struct Outline {
    pub name: String,
    /// The first line of its documentation.
    pub docs: Option<String>,
    pub artifact: Option<String>,
    /// The environments of a wave are entered together.
    pub waves: Vec<Vec<Stage>>,
    /// What is deployed, each once with the environments that it is deployed into, in the order of the path. There is
    /// always one.
    pub deployments: Vec<Deployment>,
    pub on_failure: OnFailure,
}

/// What is deployed into environments, and how it is verified.
#[derive(Debug, PartialEq, Eq)]
pub struct Deployment {
    pub environments: Vec<String>,
    /// What is deployed, as it is written.
    pub items: Vec<Item>,
    /// Which effect follows which, by their places in `items`.
    pub edges: Vec<(usize, usize)>,
    /// In which order the undo runs when everything has been applied, by places in `items`.
    pub undo: Vec<usize>,
    pub checks: Vec<Check>,
}

#[derive(Debug)]
pub struct Stage {
    pub environment: String,
    /// What is deployed there, by its place in the outline's `deployments`.
    pub deployment: usize,
    pub protected: bool,
    pub gates: Vec<Gate>,
}

#[derive(Debug)]
pub struct Gate {
    pub name: String,
    /// What it waits for.
    pub what: String,
}

#[derive(Debug, PartialEq, Eq)]
pub struct Check {
    pub name: String,
    pub kind: &'static str,
    /// When it is made, and how often; empty where it is made once in any case.
    pub around: String,
}

/// One line of a deployment.
#[derive(Debug, PartialEq, Eq)]
pub struct Item {
    pub depth: usize,
    /// Its name; of a condition what is asked, and of a list what is gone over.
    pub name: String,
    pub kind: ItemKind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    Phase,
    Parallel,
    /// What stands in it is there for each member of a list.
    Each,
    /// What stands in it is there where a condition holds.
    When,
    Effect {
        /// `step`, `file`, …
        kind: &'static str,
        class: Class,
        /// What takes it back.
        undone_by: &'static str,
    },
    /// A step of the `rollback { … }` of a phase.
    Cover,
}

impl Outline {
    pub fn of(model: &Model, pipeline: &Pipeline) -> Self {
        let mut deployments: Vec<Deployment> = Vec::new();
        let mut places = HashMap::new();
        for (id, _) in pipeline.stages() {
            let mut deployment = Deployment::of(model, pipeline, id);
            let alike = deployments.iter().position(|other| other.is_like(&deployment));
            places.insert(id, alike.unwrap_or(deployments.len()));
            let environment = model.environment(id).name.clone();
            match alike {
                Some(at) => deployments[at].environments.push(environment),
                None => {
                    deployment.environments.push(environment);
                    deployments.push(deployment);
                }
            }
        }
        if deployments.is_empty() {
            deployments.push(Deployment::drawn(model, &pipeline.deploy).0);
        }
        Outline {
            name: pipeline.name.clone(),
            docs: pipeline.docs.as_deref().and_then(|docs| docs.lines().next()).map(str::to_owned),
            artifact: pipeline.artifact.map(|id| model.artifact(id).name.clone()),
            waves: waves(model, pipeline, &places),
            deployments,
            on_failure: pipeline.on_failure,
        }
    }

    pub fn stages(&self) -> impl Iterator<Item = &Stage> {
        self.waves.iter().flatten()
    }

    pub fn deployment(&self, stage: &Stage) -> &Deployment {
        &self.deployments[stage.deployment]
    }
}

impl Deployment {
    fn of(model: &Model, pipeline: &Pipeline, environment: EnvironmentId) -> Self {
        let (mut deployment, places) = Self::drawn(model, pipeline.deploy_in(environment));
        let undo = whole_descent(model, pipeline, environment).undo;
        deployment.undo = undo.iter().filter_map(|undo| places.get(&undo.at).copied()).collect();
        let checks = pipeline.verify_in(environment);
        let check = |check: &Verify| Check {
            name: check.name.clone(),
            kind: words::check_kind(&check.kind),
            around: around(model, &check.frames),
        };
        deployment.checks = checks.map(check).collect();
        deployment
    }

    /// A body without its way back, and where in it what stands at an address is.
    fn drawn(model: &Model, nodes: &[Node]) -> (Self, HashMap<String, usize>) {
        let mut body = Body { model, items: Vec::new(), edges: Vec::new(), places: HashMap::new() };
        body.sequence(nodes, "deploy", 0, false, Vec::new());
        let Body { items, edges, places, .. } = body;
        let deployment = Deployment { environments: Vec::new(), items, edges, undo: Vec::new(), checks: Vec::new() };
        (deployment, places)
    }

    /// Whether two would be drawn alike.
    fn is_like(&self, other: &Deployment) -> bool {
        let body = self.items == other.items && self.edges == other.edges;
        body && self.undo == other.undo && self.checks == other.checks
    }

    /// When an item is undone, counted from 1; a refresh may be more than once.
    pub fn turns(&self, item: usize) -> Vec<usize> {
        let turns = self.undo.iter().enumerate().filter(|(_, undone)| **undone == item);
        turns.map(|(turn, _)| turn + 1).collect()
    }
}

impl Item {
    /// `step migrate`, `phase switch`
    pub fn label(&self) -> String {
        let kind = match self.kind {
            ItemKind::Phase => "phase",
            ItemKind::Parallel => "parallel",
            ItemKind::Each => "each",
            ItemKind::When => "when",
            ItemKind::Effect { kind, .. } => kind,
            ItemKind::Cover => "rollback",
        };
        label(kind, &self.name)
    }

    /// Whether it runs, and is not only what others stand in.
    pub fn is_effect(&self) -> bool {
        matches!(self.kind, ItemKind::Effect { .. } | ItemKind::Cover)
    }
}

impl Check {
    pub fn label(&self) -> String {
        format!("{}{}", label(self.kind, &self.name), self.around)
    }
}

/// How many characters of what is written are shown; a drawing is no listing.
const MOST: usize = 48;

/// What is written, in one line that is not too long.
fn short(model: &Model, expr: &Expr) -> String {
    let text = written(expr, model);
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", line[..at].trim_end()),
        None => line,
    }
}

/// What stands around a gate or a check, as something that is added to it.
pub(crate) fn around(model: &Model, frames: &[Frame]) -> String {
    let said = frames.iter().filter_map(|frame| match frame {
        Frame::Each { name, over, .. } => Some(format!(", for each {name} in {}", short(model, over))),
        Frame::When { condition } => Some(format!(", when {}", short(model, condition))),
        Frame::Call { .. } => None,
    });
    said.collect()
}

/// The kind and the name; what has no name of its own is called by its kind.
pub(crate) fn label(kind: &str, name: &str) -> String {
    if kind == name { kind.to_owned() } else { format!("{kind} {name}") }
}

fn waves(model: &Model, pipeline: &Pipeline, deployments: &HashMap<EnvironmentId, usize>) -> Vec<Vec<Stage>> {
    let gates = |id| {
        let gates = pipeline.before.get(&id).into_iter().flatten();
        let what =
            |gate: &liftlock_model::Gate| format!("{}{}", words::gate(model, &gate.kind), around(model, &gate.frames));
        gates.map(|gate| Gate { name: gate.name.clone(), what: what(gate) }).collect()
    };
    let stage = |id| {
        let environment = model.environment(id);
        Stage {
            environment: environment.name.clone(),
            deployment: deployments.get(&id).copied().unwrap_or_default(),
            protected: environment.protected,
            gates: gates(id),
        }
    };
    pipeline.path.iter().map(|wave| wave.environments.iter().map(|(id, _)| stage(*id)).collect()).collect()
}

/// A body on its way to a list.
struct Body<'w> {
    model: &'w Model,
    items: Vec<Item>,
    edges: Vec<(usize, usize)>,
    /// Where what stands at an address is in the list.
    places: HashMap<String, usize>,
}

impl Body<'_> {
    fn add(&mut self, depth: usize, name: &str, kind: ItemKind) -> usize {
        self.items.push(Item { depth, name: name.to_owned(), kind });
        self.items.len() - 1
    }

    /// Adds a sequence behind `last`, the effects that end before it; returns those that end it.
    fn sequence(
        &mut self,
        nodes: &[Node],
        path: &str,
        depth: usize,
        covered: bool,
        mut last: Vec<usize>,
    ) -> Vec<usize> {
        for node in nodes {
            last = self.node(node, path, depth, covered, last);
        }
        last
    }

    fn node(&mut self, node: &Node, path: &str, depth: usize, covered: bool, last: Vec<usize>) -> Vec<usize> {
        match node {
            Node::Effect(effect) => vec![self.effect(effect, path, depth, covered, &last)],
            Node::Phase { name, body, rollback, .. } => {
                self.add(depth, name, ItemKind::Phase);
                let path = format!("{path}/{name}");
                let ends = self.sequence(body, &path, depth + 1, covered || rollback.is_some(), last);
                for step in rollback.iter().flatten() {
                    let place = self.add(depth + 1, &step.name, ItemKind::Cover);
                    self.places.insert(format!("{path}/rollback/{}", step.name), place);
                }
                ends
            }
            Node::Parallel { name, body, .. } => {
                self.add(depth, name, ItemKind::Parallel);
                let path = format!("{path}/{name}");
                let mut ends = Vec::new();
                for member in body {
                    ends.extend(self.node(member, &path, depth + 1, covered, last.clone()));
                }
                ends.sort_unstable();
                ends.dedup();
                if body.is_empty() { last } else { ends }
            }
            Node::Each { name, over, at_most, body, .. } => {
                let limit =
                    at_most.as_ref().map(|at_most| format!(", at most {} at once,", short(self.model, at_most)));
                let over = short(self.model, over);
                self.add(depth, &format!("{name}{} in {over}", limit.unwrap_or_default()), ItemKind::Each);
                self.sequence(body, &format!("{path}/{name}"), depth + 1, covered, last)
            }
            Node::When { condition, body, .. } => {
                let condition = short(self.model, condition);
                self.add(depth, &condition, ItemKind::When);
                self.sequence(body, path, depth + 1, covered, last)
            }
            Node::Check(check) => {
                let kind = ItemKind::Effect {
                    kind: words::check_kind(&check.kind),
                    class: Class::ReadOnly,
                    undone_by: "nothing: it only looks",
                };
                let place = self.add(depth, &check.name, kind);
                self.edges.extend(last.iter().map(|before| (*before, place)));
                vec![place]
            }
        }
    }

    fn effect(&mut self, effect: &Effect, path: &str, depth: usize, covered: bool, last: &[usize]) -> usize {
        let kind = ItemKind::Effect {
            kind: words::effect_kind(&effect.kind),
            class: class(effect, covered),
            undone_by: words::undone_by(effect, covered),
        };
        let place = self.add(depth, &effect.name, kind);
        self.edges.extend(last.iter().map(|before| (*before, place)));
        self.places.insert(format!("{path}/{}", effect.name), place);
        place
    }
}
