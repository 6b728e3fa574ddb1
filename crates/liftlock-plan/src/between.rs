//! What changes between two plans: what an edit to the files changes in what will happen.
//!
//! A plan is taken apart into named items, each a text of lines; items are compared by their names, and those of a body by
//! their order as well.

use indexmap::IndexMap;
use liftlock_model::evaluate::duration_text;
use liftlock_names::Digest;
use serde::Serialize;

use crate::describe;
use crate::diff::unified;
use crate::document::{ActionKind, InDoubt, Node, OnFailure, Plan, Stage};

/// What is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanDiff {
    pub pipeline: String,
    /// The hashes of the plans; none where there was no plan.
    pub before: Option<Digest>,
    pub after: Option<Digest>,
    /// What concerns the whole: version, inputs, path, artifact.
    pub whole: Vec<Edit>,
    /// The environments in which something is different.
    pub environments: Vec<EnvironmentDiff>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EnvironmentDiff {
    pub environment: String,
    pub how: How,
    pub edits: Vec<Edit>,
}

/// One item that is different.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Edit {
    /// `input version`, `deploy/switch/config`, `before/go`, `order`, `rollback coverage`.
    pub at: String,
    pub how: How,
    /// A unified diff without its header.
    pub diff: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum How {
    Added,
    Removed,
    Changed,
}

type Items = IndexMap<String, String>;

/// What is different between two plans; `None` is where there is none of the pipeline.
pub fn between(before: Option<&Plan>, after: Option<&Plan>) -> PlanDiff {
    // What was found is compared only where it was looked for both times.
    let found = before.is_some_and(|plan| plan.observed) && after.is_some_and(|plan| plan.observed);
    let stages = |plan: Option<&Plan>| -> IndexMap<String, Items> {
        let stages = plan.into_iter().flat_map(Plan::stages);
        stages.map(|stage| (stage.environment.clone(), stage_items(stage, found))).collect()
    };
    let whole = |plan: Option<&Plan>| plan.map(whole_items).unwrap_or_default();
    let (old, new) = (stages(before), stages(after));
    let none = Items::new();
    let mut environments = Vec::new();
    for name in union(&old, &new) {
        let how = how(old.contains_key(name), new.contains_key(name));
        let edits = edits(old.get(name).unwrap_or(&none), new.get(name).unwrap_or(&none));
        if how != How::Changed || !edits.is_empty() {
            environments.push(EnvironmentDiff { environment: name.clone(), how, edits });
        }
    }
    let mut whole = edits(&whole(before), &whole(after));
    if let (Some(before), Some(after)) = (before, after) {
        sources(&mut whole, before, after);
    }
    PlanDiff {
        pipeline: after.or(before).map(|plan| plan.pipeline.clone()).unwrap_or_default(),
        before: before.map(Plan::hash),
        after: after.map(Plan::hash),
        whole,
        environments,
    }
}

impl PlanDiff {
    pub fn is_empty(&self) -> bool {
        self.whole.is_empty() && self.environments.is_empty()
    }
}

/// The names of both, in the order of the new ones, those that are gone behind.
fn union<'a, T>(old: &'a IndexMap<String, T>, new: &'a IndexMap<String, T>) -> Vec<&'a String> {
    new.keys().chain(old.keys().filter(|name| !new.contains_key(*name))).collect()
}

fn how(was: bool, is: bool) -> How {
    match (was, is) {
        (false, _) => How::Added,
        (true, false) => How::Removed,
        (true, true) => How::Changed,
    }
}

fn edits(old: &Items, new: &Items) -> Vec<Edit> {
    let mut edits = Vec::new();
    for name in union(old, new) {
        let (before, after) = (old.get(name), new.get(name));
        let text = |item: Option<&String>| item.cloned().unwrap_or_default();
        if before != after {
            let diff = unified(&text(before), &text(after));
            edits.push(Edit { at: name.clone(), how: how(before.is_some(), after.is_some()), diff });
        }
    }
    // Of what is in both, the order is a change of its own.
    let order = |of: &Items, other: &Items| -> String {
        of.keys().filter(|name| other.contains_key(*name)).map(|name| format!("{name}\n")).collect()
    };
    let diff = unified(&order(old, new), &order(new, old));
    if !diff.is_empty() {
        edits.push(Edit { at: "order".to_owned(), how: How::Changed, diff });
    }
    edits
}

/// Sources of other contents are a change where nothing else of the artifact is.
fn sources(whole: &mut Vec<Edit>, before: &Plan, after: &Plan) {
    let digest = |plan: &Plan| plan.artifact.as_ref().and_then(|artifact| artifact.source_digest().copied());
    if let (Some(old), Some(new)) = (digest(before), digest(after))
        && old != new
        && !whole.iter().any(|edit| edit.at == "artifact")
    {
        let line = |digest: &Digest| format!("contents = {}\n", digest.short());
        let diff = unified(&line(&old), &line(&new));
        whole.push(Edit { at: "artifact".to_owned(), how: How::Changed, diff });
    }
}

fn whole_items(plan: &Plan) -> Items {
    let mut items = Items::new();
    let mut add = |name: &str, text: String| items.insert(name.to_owned(), text);
    if !plan.version.is_empty() {
        add("version", format!("{}\n", plan.version));
    }
    if let ActionKind::Rollback { environment, number, .. } = &plan.action {
        add("action", format!("rollback of {environment}, release {number}\n"));
    }
    if let ActionKind::Drill { environment, .. } = &plan.action {
        add("action", format!("drill of {environment}\n"));
    }
    let on_failure = match plan.on_failure {
        OnFailure::Stage => "restore the environment that it fails in",
        OnFailure::Pipeline => "restore every environment of the run",
        OnFailure::None => "leave everything as it is then",
    };
    add("on failure", format!("{on_failure}\n"));
    let in_doubt = match plan.on.in_doubt {
        InDoubt::Ask => "a person says how it stands",
        InDoubt::Undo => "it is undone",
    };
    add("in doubt", format!("{in_doubt}\n"));
    for notice in plan.on.notices() {
        add(&notice.address.within_stage(), describe::effect(notice, false));
    }
    let wave = |wave: &Vec<Stage>| {
        let names: Vec<&str> = wave.iter().map(|stage| stage.environment.as_str()).collect();
        format!("{}\n", names.join(", "))
    };
    add("path", plan.waves.iter().map(wave).collect());
    if let Some(artifact) = &plan.artifact {
        add("artifact", describe::artifact(artifact));
    }
    for (name, value) in &plan.inputs {
        add(&format!("input {name}"), format!("{value}\n"));
    }
    items
}

fn stage_items(stage: &Stage, found: bool) -> Items {
    let mut items = Items::new();
    let mut environment = format!("lock = {}\n", stage.lock);
    if stage.protected {
        environment.push_str("protected = true\n");
    }
    if stage.drill {
        environment.push_str("drill = true\n");
    }
    if let Some(within) = stage.drill_within_ms {
        environment.push_str(&format!("drill_within = {}\n", duration_text(within)));
    }
    stage.requires.iter().for_each(|name| environment.push_str(&format!("requires = {name}\n")));
    if found {
        let previous = stage.previous.as_ref();
        let previous = previous.map_or("none".to_owned(), |it| format!("{} (release {})", it.version, it.number));
        environment.push_str(&format!("release before = {previous}\n"));
    }
    items.insert("environment".to_owned(), environment);
    for gate in &stage.gates {
        items.insert(gate.address.within_stage(), describe::gate(gate));
    }
    nodes(&mut items, "deploy", &stage.body, found);
    for check in &stage.verify {
        items.insert(check.address.within_stage(), describe::check(check));
    }
    let coverage = format!("{} of {} failure points end restored\n", stage.coverage.restored, stage.coverage.total);
    items.insert("rollback coverage".to_owned(), coverage);
    items
}

fn nodes(items: &mut Items, at: &str, body: &[Node], found: bool) {
    for node in body {
        match node {
            Node::Effect(effect) => {
                items.insert(effect.address.within_stage(), describe::effect(effect, found));
            }
            Node::Check(check) => {
                items.insert(check.address.within_stage(), describe::check(check));
            }
            Node::Phase { name, body, rollback } => {
                let at = format!("{at}/{name}");
                let how = if rollback.is_some() { "in order, with a rollback block\n" } else { "in order\n" };
                items.insert(at.clone(), how.to_owned());
                nodes(items, &at, body, found);
                for effect in rollback.iter().flatten() {
                    items.insert(effect.address.within_stage(), describe::effect(effect, false));
                }
            }
            Node::Parallel { name, body } => {
                let at = format!("{at}/{name}");
                items.insert(at.clone(), "at the same time\n".to_owned());
                nodes(items, &at, body, found);
            }
        }
    }
}
