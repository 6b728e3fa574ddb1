//! What a runbook says, section by section: the release at a glance, what is given, where it goes, what is waited for, what is
//! done, what happens when it fails, and what is typed.

use liftlock_check::{Class, Coverage, Ending, PointKind, class, coverage, whole_descent};
use liftlock_model::expr::Expr;
use liftlock_model::{
    ArtifactKind, Environment, EnvironmentId, Gate, GateKind, InDoubt, Model, Node, OnFailure, Pipeline,
};

use super::body;
use super::page::{Block, Fact, Line, Step};
use crate::outline::around;
use crate::words;
use crate::written::{self, bare, written};

pub(super) fn all(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut blocks: Vec<Block> = pipeline.docs.iter().map(|docs| Block::Paragraph(Line::text(docs.clone()))).collect();
    blocks.extend(at_a_glance(model, pipeline));
    blocks.extend(given(model, pipeline));
    blocks.extend(environments(model, pipeline));
    blocks.extend(gates(model, pipeline));
    blocks.extend(deployment(model, pipeline));
    blocks.extend(failure(model, pipeline));
    blocks.extend(commands(model, pipeline));
    blocks
}

/// The path as it is written: `dev -> staging -> [eu, us]`
fn path(model: &Model, pipeline: &Pipeline) -> String {
    let waves = pipeline.path.iter().map(|wave| {
        let names: Vec<&str> = wave.environments.iter().map(|(id, _)| model.environment(*id).name.as_str()).collect();
        if let [name] = names.as_slice() { (*name).to_owned() } else { format!("[{}]", names.join(", ")) }
    });
    waves.collect::<Vec<_>>().join(" -> ")
}

fn stages(pipeline: &Pipeline) -> Vec<EnvironmentId> {
    pipeline.stages().map(|(id, _)| id).collect()
}

fn at_a_glance(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut rows = Vec::new();
    let mut row = |title: &str, line: Line| rows.push(vec![Line::text(title), line]);
    if let Some(id) = pipeline.artifact {
        let artifact = model.artifact(id);
        row("releases", Line::code(&artifact.name).and(", version ").and_code(bare(&artifact.version, model)));
    }
    row("through", Line::code(path(model, pipeline)));
    for id in stages(pipeline) {
        let gates = pipeline.before.get(&id).map(Vec::as_slice).unwrap_or_default();
        if !gates.is_empty() {
            let title = format!("before {}", model.environment(id).name);
            row(&title, Line::default().and_codes(gates.iter().map(|gate| gate.name.as_str())));
        }
    }
    let points = points_of_no_return(pipeline);
    row(
        "cannot be taken back",
        match points.is_empty() {
            true => Line::text("nothing: every effect has a way back"),
            false => Line::default().and_codes(points.iter().map(String::as_str)),
        },
    );
    let total =
        Coverage { points: stages(pipeline).into_iter().flat_map(|id| coverage(model, pipeline, id).points).collect() };
    let share = format!("{} of {} failure points end restored ({}%)", total.restored(), total.total(), total.percent());
    row("rollback coverage", Line::text(share));
    row("when it fails", Line::text(words::on_failure(pipeline.on_failure)));
    vec![Block::Heading("At a glance".to_owned()), Block::Table { head: Vec::new(), rows }, Block::Picture]
}

/// Where the points of no return are, each once.
fn points_of_no_return(pipeline: &Pipeline) -> Vec<String> {
    fn collect(nodes: &[Node], path: &str, covered: bool, found: &mut Vec<String>) {
        for node in nodes {
            match node {
                Node::Effect(effect) if matches!(class(effect, covered), Class::Irreversible | Class::Uncovered) => {
                    let point = format!("{path}/{}", effect.name);
                    if !found.contains(&point) {
                        found.push(point);
                    }
                }
                Node::Effect(_) | Node::Check(_) => {}
                Node::Phase { name, body, rollback, .. } => {
                    collect(body, &format!("{path}/{name}"), covered || rollback.is_some(), found);
                }
                Node::Parallel { name, body, .. } | Node::Each { name, body, .. } => {
                    collect(body, &format!("{path}/{name}"), covered, found);
                }
                Node::When { body, .. } => collect(body, path, covered, found),
            }
        }
    }
    let mut found = Vec::new();
    for (id, _) in pipeline.stages() {
        collect(pipeline.deploy_in(id), "deploy", false, &mut found);
    }
    found
}

/// The inputs, and the artifact.
fn given(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !model.inputs.is_empty() {
        let head = ["input", "type", "default", "what it is"].map(str::to_owned).to_vec();
        let rows = model.inputs.values().map(|input| {
            let default = match &input.default {
                Some(default) => Line::code(written(default, model)),
                None => Line::text("has to be given"),
            };
            let docs = Line::text(input.docs.clone().unwrap_or_default());
            vec![Line::code(&input.name), Line::code(input.ty.to_string()), default, docs]
        });
        blocks.push(Block::Heading("What is given".to_owned()));
        blocks.push(Block::Table { head, rows: rows.collect() });
    }
    if let Some(artifact) = pipeline.artifact.map(|id| model.artifact(id)) {
        blocks.push(Block::Heading(format!("What is released: {}", artifact.name)));
        blocks.extend(artifact.docs.iter().map(|docs| Block::Paragraph(Line::text(docs.clone()))));
        let mut lines = vec![Line::text("version ").and_code(bare(&artifact.version, model))];
        let program = |program: &Expr| match written::program(program, model) {
            written::Program::Command(words) => words,
            written::Program::Script { interpreter, .. } => format!("a script for {interpreter}"),
        };
        if let Some(build) = artifact.kind.build() {
            lines.push(Line::text("built by ").and_code(program(&build.command)));
            lines.push(Line::text("from ").and_code(written(&build.sources, model)));
        }
        match &artifact.kind {
            ArtifactKind::File { file, .. } => lines.push(Line::text("to ").and_code(bare(file, model))),
            ArtifactKind::Image { image, .. } => lines.push(Line::text("image ").and_code(bare(image, model))),
        }
        lines.extend(
            artifact.kind.resolve().map(|resolve| Line::text("its digest found by ").and_code(program(resolve))),
        );
        blocks.push(Block::List(lines));
        let once = match artifact.kind {
            ArtifactKind::File { .. } => {
                "It is built once. Every environment gets the same bytes, known by their digest, and takes only a digest \
                 that has succeeded in the environments that it requires."
            }
            ArtifactKind::Image { .. } => {
                "Its digest is found once, and is what every environment gets, whatever becomes of the tag. An environment \
                 takes only a digest that has succeeded in the environments that it requires."
            }
        };
        blocks.push(Block::Paragraph(Line::text(once)));
    }
    blocks
}

fn environments(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let stages: Vec<&Environment> = stages(pipeline).into_iter().map(|id| model.environment(id)).collect();
    let mut head = vec![String::new()];
    head.extend(stages.iter().map(|environment| environment.name.clone()));
    let mut rows = Vec::new();
    let mut row = |title: Line, cell: &dyn Fn(&Environment) -> Line| {
        rows.push(std::iter::once(title).chain(stages.iter().map(|environment| cell(environment))).collect());
    };
    row(Line::text("requires"), &|environment| {
        let names = environment.requires.iter().map(|(id, _)| model.environment(*id).name.as_str());
        Line::default().and_codes(names)
    });
    row(Line::text("protected"), &|environment| Line::text(if environment.protected { "yes" } else { "no" }));
    if stages.iter().any(|environment| environment.lock.is_some()) {
        row(Line::text("lock"), &|environment| Line::code(environment.lock()));
    }
    for (name, setting) in &model.settings {
        let title = Line::code(name);
        let title = match setting.docs.as_deref().and_then(|docs| docs.lines().next()) {
            Some(docs) => title.and(format!(": {docs}")),
            None => title,
        };
        row(title, &|environment| match environment.settings.get(name) {
            Some(value) => Line::code(bare(value, model)),
            None => Line::default(),
        });
    }
    let mut blocks = vec![Block::Heading("Where it goes".to_owned()), Block::Table { head, rows }];
    let docs = stages.iter().filter_map(|environment| {
        let docs = environment.docs.as_ref()?;
        Some(Line::code(&environment.name).and(format!(": {docs}")))
    });
    let docs: Vec<Line> = docs.collect();
    if !docs.is_empty() {
        blocks.push(Block::List(docs));
    }
    blocks
}

fn gates(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut blocks = Vec::new();
    for id in stages(pipeline) {
        let gates = pipeline.before.get(&id).map(Vec::as_slice).unwrap_or_default();
        if gates.is_empty() {
            continue;
        }
        blocks.push(Block::Heading(format!("What is waited for before {}", model.environment(id).name)));
        let step = |(at, gate): (usize, &Gate)| Step {
            number: (at + 1).to_string(),
            depth: 0,
            title: Line::strong(&gate.name).and(around(model, &gate.frames)),
            docs: gate.docs.clone(),
            facts: gate_facts(model, &gate.kind).into_iter().map(Fact::Line).collect(),
        };
        blocks.push(Block::Steps(gates.iter().enumerate().map(step).collect()));
    }
    blocks
}

fn gate_facts(model: &Model, kind: &GateKind) -> Vec<Line> {
    match kind {
        GateKind::Approval { from, need, own, expires } => {
            let group = model.group(*from);
            let people = if *need == 1 { "person" } else { "people" };
            let who = Line::text(format!("needs the word of {need} {people} of "))
                .and_code(&group.name)
                .and(": ")
                .and_codes(group.members.iter().map(String::as_str));
            let own = match own {
                true => "the one who starts the run may be one of them",
                false => "the one who starts the run does not count",
            };
            let expires = format!("a word holds for {}, for this plan only", words::duration(*expires));
            vec![who, Line::text(own), Line::text(expires)]
        }
        GateKind::Window { calendar } => {
            let calendar = model.calendar(*calendar);
            let mut lines = vec![
                Line::text("open by the calendar ").and_code(&calendar.name).and(", in ").and_code(&calendar.zone),
            ];
            let allow = calendar.allow.iter().map(|window| Line::text("open ").and_code(written::window(*window)));
            lines.extend(allow);
            lines.extend(calendar.deny.iter().map(|freeze| Line::text(format!("closed {}", written::freeze(freeze)))));
            lines
        }
        GateKind::Soak { environment, lasts, every } => {
            let (lasts, every) = (words::duration(*lasts), words::duration(*every));
            vec![
                Line::text("the release has to stay healthy in ")
                    .and_code(&model.environment(*environment).name)
                    .and(format!(" for {lasts}, looked at every {every}")),
            ]
        }
        GateKind::Check(check) => vec![body::check(model, check)],
    }
}

fn deployment(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut blocks = Vec::new();
    let (own, common): (Vec<_>, Vec<_>) =
        stages(pipeline).into_iter().partition(|id| pipeline.own_deploy.contains_key(id));
    let mut groups: Vec<Vec<EnvironmentId>> = Vec::new();
    if !common.is_empty() {
        groups.push(common);
    }
    groups.extend(own.into_iter().map(|id| vec![id]));
    let is_alone = groups.len() == 1;
    for group in groups {
        let Some(first) = group.first() else { continue };
        let names: Vec<&str> = group.iter().map(|id| model.environment(*id).name.as_str()).collect();
        blocks.push(Block::Heading(match is_alone {
            true => "What is done in each environment".to_owned(),
            false => format!("What is done in {}", names.join(", ")),
        }));
        if let Some(why) = pipeline.own_deploy.get(first).and_then(|own| own.differs.as_deref()) {
            blocks.push(Block::Paragraph(Line::text(format!("It differs from the others: {why}"))));
        }
        let steps = body::steps(model, pipeline.deploy_in(*first));
        blocks.push(match steps.is_empty() {
            true => Block::Paragraph(Line::text("Nothing is deployed.")),
            false => Block::Steps(steps),
        });
    }
    let mut checks: Vec<Line> = pipeline
        .verify
        .iter()
        .map(|check| {
            named(Line::strong(&check.name).and(around(model, &check.frames)), body::check(model, &check.kind))
        })
        .collect();
    for (id, own) in &pipeline.own_verify {
        let only = format!(" (in {} only)", model.environment(*id).name);
        checks.extend(own.iter().map(|check| {
            let name = Line::strong(&check.name).and(only.as_str()).and(around(model, &check.frames));
            named(name, body::check(model, &check.kind))
        }));
    }
    if !checks.is_empty() {
        blocks.push(Block::Subheading("Then it is looked at".to_owned()));
        blocks.push(Block::List(checks));
    }
    blocks
}

fn named(name: Line, what: Line) -> Line {
    Line(name.and(": ").0.into_iter().chain(what.0).collect())
}

fn failure(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut blocks = vec![Block::Heading("When it fails".to_owned())];
    blocks.push(Block::Paragraph(Line::text(match pipeline.on_failure {
        OnFailure::None => "Nothing is undone: the environment stays as the failure left it, until a person has looked.",
        OnFailure::Stage => {
            "What was applied in the environment is undone, last first, the failing effect too. Then everything that can be \
             observed has to be as it was, and the checks of the release before have to pass: only then is the environment \
             restored. Environments entered before it keep the new release."
        }
        OnFailure::Pipeline => {
            "What was applied in every environment of the run is undone, last first, the failing effect too. Then everything \
             that can be observed has to be as it was, and the checks of the release before have to pass: only then is an \
             environment restored."
        }
    })));
    blocks.extend(not_restored(model, pipeline));
    blocks.extend(way_back(model, pipeline));
    let in_doubt = match pipeline.hooks.in_doubt {
        InDoubt::Ask => "a person is asked",
        InDoubt::Undo => "it is undone",
    };
    let line = format!("When the runner is killed and nothing can tell whether an effect was done, {in_doubt}.");
    blocks.push(Block::Paragraph(Line::text(line)));
    blocks.extend(told(model, pipeline));
    blocks
}

/// The failure points that do not end restored, each once with the environments it is in.
fn not_restored(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut points: Vec<(String, String, Vec<&str>)> = Vec::new();
    for (id, _) in pipeline.stages() {
        for point in coverage(model, pipeline, id).points {
            if point.kind == PointKind::Interruption || point.ending == Ending::Restored {
                continue;
            }
            let ending = match point.ending {
                Ending::Restored => continue,
                Ending::Held { at } => format!("held at {at}, a point of no return"),
                Ending::Stranded { by } => format!("stranded: nothing takes {by} back"),
                Ending::LeftAsIs => "left as it is".to_owned(),
            };
            let name = model.environment(id).name.as_str();
            match points.iter_mut().find(|(at, known, _)| *at == point.at && *known == ending) {
                Some((.., environments)) => environments.push(name),
                None => points.push((point.at, ending, vec![name])),
            }
        }
    }
    if points.is_empty() {
        return vec![Block::Paragraph(Line::text(
            "Wherever it fails, the environment ends restored, if every undo works.",
        ))];
    }
    let rows = points.into_iter().map(|(at, ending, environments)| {
        vec![Line::code(at), Line::text(ending), Line::default().and_codes(environments)]
    });
    let head = ["a failure at", "leaves the environment", "in"].map(str::to_owned).to_vec();
    vec![
        Block::Paragraph(Line::text("A failure at one of these does not end restored, and needs a person:")),
        Block::Table { head, rows: rows.collect() },
    ]
}

/// The order of the undo when everything has been applied.
fn way_back(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let mut ways: Vec<(Vec<String>, Vec<&str>)> = Vec::new();
    for (id, _) in pipeline.stages() {
        let undo: Vec<String> = whole_descent(model, pipeline, id).undo.into_iter().map(|undo| undo.at).collect();
        let name = model.environment(id).name.as_str();
        match ways.iter_mut().find(|(known, _)| *known == undo) {
            Some((_, environments)) => environments.push(name),
            None => ways.push((undo, vec![name])),
        }
    }
    let is_alone = ways.len() == 1;
    let ends_early = !points_of_no_return(pipeline).is_empty();
    let mut blocks = Vec::new();
    for (undo, environments) in ways.into_iter().filter(|(undo, _)| !undo.is_empty()) {
        let environments = if is_alone { String::new() } else { format!(" in {}", environments.join(", ")) };
        blocks.push(Block::Subheading(format!("The way back{environments}, when everything has been applied")));
        let step = |(at, place): (usize, String)| Step {
            number: (at + 1).to_string(),
            depth: 0,
            title: Line::code(place),
            docs: None,
            facts: Vec::new(),
        };
        blocks.push(Block::Steps(undo.into_iter().enumerate().map(step).collect()));
    }
    if ends_early && !blocks.is_empty() {
        blocks.push(Block::Paragraph(Line::text("It goes back to the last point of no return, and no further.")));
    }
    blocks
}

/// Who hears of it.
fn told(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let hooks = &pipeline.hooks;
    let ends = [
        ("it has succeeded", &hooks.success),
        ("it has failed", &hooks.failure),
        ("it is interrupted", &hooks.interrupt),
    ];
    let mut blocks = Vec::new();
    for (when, nodes) in ends {
        if !nodes.is_empty() {
            blocks.push(Block::Subheading(format!("When {when}")));
            blocks.push(Block::Steps(body::steps(model, nodes)));
        }
    }
    blocks
}

fn commands(model: &Model, pipeline: &Pipeline) -> Vec<Block> {
    let inputs: String = model
        .inputs
        .values()
        .filter(|input| input.default.is_none())
        .map(|input| format!(" --set {}=…", input.name))
        .collect();
    let name = &pipeline.name;
    let mut lines = vec![
        ("see what would change".to_owned(), format!("liftlock plan {name}{inputs}")),
        ("release".to_owned(), format!("liftlock run {name}{inputs}")),
    ];
    let has_approval = pipeline.before.values().flatten().any(|gate| matches!(gate.kind, GateKind::Approval { .. }));
    if has_approval {
        lines.push(("let it through".to_owned(), "liftlock approve".to_owned()));
    }
    lines.push(("see what is where".to_owned(), "liftlock status".to_owned()));
    lines.push(("see what happened".to_owned(), "liftlock log".to_owned()));
    lines.push(("go on after a crash".to_owned(), "liftlock resume".to_owned()));
    lines.push(("stop and undo".to_owned(), "liftlock cancel".to_owned()));
    for id in stages(pipeline) {
        let environment = &model.environment(id).name;
        lines.push((format!("take {environment} back"), format!("liftlock rollback {environment}")));
    }
    lines.push(("leave as it is, having looked".to_owned(), "liftlock resume --leave \"why\"".to_owned()));
    let width = lines.iter().map(|(_, command)| command.chars().count()).max().unwrap_or(0);
    let text: Vec<String> = lines.iter().map(|(what, command)| format!("{command:<width$}  # {what}")).collect();
    vec![Block::Heading("What to type".to_owned()), Block::Commands(text.join("\n"))]
}
