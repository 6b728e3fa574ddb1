//! The plan as a comment on a pull request: what matters first, the diffs folded, and never too long to be posted.

use std::fmt::Write as _;

use jiff::Timestamp;
use liftlock_plan::{ActionKind, Change, Check, Class, Effect, EffectKind, HttpRequest, Node, Plan, Stage};

use super::gates::{Standing, by_hand, check_sentence, command, sentence};
use super::stage::before_and_after;
use super::{Tally, View, artifact_line, coverage, headline, if_it_fails, matters, nothing, summary};
use crate::markdown::details::{Block, Details, fit};
use crate::markdown::{LARGEST, cell, code, cut, fenced, html_code, prose};
use crate::style::Style;
use crate::units::count;

/// How many environments have a row, and how many things are named that matter most. What is beyond is counted.
const MOST_ROWS: usize = 25;
const MOST_INPUTS: usize = 15;

/// Plans as Markdown, all of them in fewer than 65,536 characters.
pub fn markdown(views: &[View<'_>]) -> String {
    const LEFT_OUT: usize = 100;
    let mut text = String::new();
    for (at, view) in views.iter().enumerate() {
        // Each has its share of the room, and what a short one leaves over goes to those behind it.
        let room = LARGEST.saturating_sub(text.len() + LEFT_OUT) / (views.len() - at);
        let one = one(view, room);
        if text.len() + one.len() + LEFT_OUT > LARGEST {
            let _ =
                writeln!(text, "\n{} left out: it would be too long for a comment.", count(views.len() - at, "plan"));
            break;
        }
        text.push_str(if at == 0 { "" } else { "\n" });
        text.push_str(&one);
    }
    text
}

/// One plan; where what matters is longer than `room`, that stands there all the same.
fn one(view: &View<'_>, room: usize) -> String {
    let View { plan, now, .. } = *view;
    let mut text = format!("### {}\n\n", prose(&cut(&headline(view))));
    if let Some(docs) = plan.docs.as_deref().and_then(|docs| docs.lines().next()) {
        let _ = writeln!(text, "{}\n", prose(&cut(docs)));
    }
    if plan.is_empty() {
        let _ = writeln!(text, "{}\n\nplan `{}`", prose(&cut(&nothing(plan))), plan.hash().short());
        return text;
    }
    let summary = summary(plan, &Tally::of(plan), &Style::bare());
    let _ = writeln!(text, "{}\n", prose(&summary));
    if !plan.observed {
        text.push_str("**Nothing was observed**: what is in place and what would change is not known.\n\n");
    }
    text.push_str(&table(plan, now));
    text.push_str(&matters::markdown(view));
    text.push_str(&given(plan));
    let hash = plan.hash();
    let foot = format!("plan `{}` · `{hash}`\n", hash.short());
    let stages: Vec<Details> = plan.stages().map(|stage| details(plan, stage, now)).collect();
    let room = room.saturating_sub(text.len() + foot.len());
    text.push_str(&fit(stages, room));
    text.push_str(&foot);
    text
}

fn table(plan: &Plan, now: Timestamp) -> String {
    let mut text =
        "| environment | release | changes | in place | unknown | points of no return | gates | rollback |\n\
                    |---|---|--:|--:|--:|--:|---|---|\n"
            .to_owned();
    for stage in plan.stages().take(MOST_ROWS) {
        let tally = Tally::of_stage(stage);
        let no_return = match tally.no_return {
            0 => "0".to_owned(),
            some => format!("**{some}**"),
        };
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {no_return} | {} | {} |",
            cell(&stage.environment),
            prose(&cut(&before_and_after(plan, stage))),
            tally.changes,
            tally.in_place,
            tally.unknown,
            gates_cell(stage, now),
            coverage(tally.restored, tally.total),
        );
    }
    text.push_str(&beyond(plan.stages().count(), MOST_ROWS, "environment"));
    text.push('\n');
    text
}

fn gates_cell(stage: &Stage, now: Timestamp) -> String {
    let closed = stage.gates.iter().filter(|gate| Standing::of(&gate.kind, now).is_some_and(|gate| !gate.is_open));
    match (stage.gates.len(), closed.count()) {
        (0, _) => "none".to_owned(),
        (all, 0) => all.to_string(),
        (all, closed) => format!("{all}, **{closed} closed now**"),
    }
}

/// `and 3 environments more`, behind those that are named.
fn beyond(all: usize, shown: usize, what: &str) -> String {
    if all <= shown { String::new() } else { format!("\nand {} more\n", count(all - shown, what)) }
}

/// What the plan was made from, and what happens when it fails.
fn given(plan: &Plan) -> String {
    let mut text = String::new();
    if let (ActionKind::Release, Some(artifact)) = (&plan.action, &plan.artifact) {
        let _ = writeln!(text, "- {}", prose(&cut(&artifact_line(artifact))));
    }
    if !plan.inputs.is_empty() {
        let inputs = plan.inputs.iter().take(MOST_INPUTS);
        let inputs: Vec<String> = inputs.map(|(name, value)| code(&format!("{name} = {value}"))).collect();
        let more = plan.inputs.len().saturating_sub(MOST_INPUTS);
        let more = if more == 0 { String::new() } else { format!(", and {} more", count(more, "input")) };
        let _ = writeln!(text, "- inputs: {}{more}", inputs.join(", "));
    }
    let _ = writeln!(text, "- {}", if_it_fails(plan));
    for notice in plan.on.notices() {
        if let EffectKind::Notify { run } = &notice.kind {
            let (end, run) = (code(&notice.address.within_stage()), code(&command(run)));
            let _ = writeln!(text, "- {end} runs {run}");
        }
    }
    text.push('\n');
    text
}

/// One environment, to be opened by who wants to see it.
fn details(plan: &Plan, stage: &Stage, now: Timestamp) -> Details {
    let undo = matches!(plan.action, ActionKind::Rollback { .. });
    let tally = Tally::of_stage(stage);
    let summary = format!("{} {}", html_code(&stage.environment), tally.effects(plan));
    let mut blocks: Vec<Block> = Vec::new();
    for gate in &stage.gates {
        let standing = Standing::of(&gate.kind, now).map(|standing| format!(" ({})", prose(&standing.text)));
        let line = format!(
            "gate {}: {}{}",
            code(gate.address.name()),
            prose(&sentence(&gate.kind)),
            standing.unwrap_or_default()
        );
        blocks.push(Block::line(line));
    }
    let items = in_order(&stage.body, undo);
    if items.iter().any(|item| matches!(item, Item::Together { members, .. } if moves(members, undo))) {
        blocks.push(Block::line("in this order, one after another but where it says otherwise:".to_owned()));
    }
    blocks.extend(items.iter().filter_map(|item| match item {
        Item::Effect(effect) => (!effect.change.is_none()).then(|| block(effect, undo)),
        Item::Check(check) => Some(Block::line(format!(
            "check {}: {}",
            code(&check.address.within_stage()),
            prose(&check_sentence(&check.kind))
        ))),
        Item::Together { name, members } => moves(members, undo).then(|| Block::line(together(name, members))),
    }));
    let still: Vec<String> = items
        .iter()
        .filter_map(|item| match item {
            Item::Effect(effect) => Some(effect),
            Item::Check(_) | Item::Together { .. } => None,
        })
        .filter(|effect| effect.change.is_none())
        .map(|effect| code(&effect.address.within_stage()))
        .collect();
    if !still.is_empty() {
        let lead = if undo { "as before already" } else { "in place, or not needed" };
        blocks.push(Block::line(format!("{lead}: {}", still.join(", "))));
    }
    let checks = if undo { &stage.verify_restored } else { &stage.verify };
    blocks.extend(checks.iter().map(|check| {
        Block::line(format!("then check {}: {}", code(check.address.name()), prose(&check_sentence(&check.kind))))
    }));
    Details { summary, blocks }
}

fn block(effect: &Effect, undo: bool) -> Block {
    let sends = |request: &HttpRequest| format!("sends {}", code(&format!("{} {}", request.method, request.url)));
    let what = match &effect.kind {
        EffectKind::Step(step) if undo => step.rollback.as_ref().map(|run| format!("runs {}", code(&command(run)))),
        EffectKind::Step(step) => Some(format!("runs {}", code(&command(&step.run)))),
        EffectKind::Refresh { run } => Some(format!("runs {}", code(&command(run)))),
        EffectKind::Http(http) if undo => http.undo.as_ref().map(sends),
        EffectKind::Http(http) => Some(sends(&http.request)),
        EffectKind::Manual { undo: back, .. } if undo => back.as_deref().map(|back| prose(&cut(&by_hand(back)))),
        EffectKind::Manual { instructions, .. } => Some(prose(&cut(&by_hand(instructions)))),
        EffectKind::Notify { run } => Some(format!("notifies: runs {}", code(&command(run)))),
        EffectKind::File { path, .. } => Some(format!("file {}", code(path))),
        EffectKind::Link { path, .. } => Some(format!("link {}", code(path))),
        EffectKind::Directory { path } => Some(format!("folder {}", code(path))),
    };
    let mut line = format!("**{}**", code(&effect.address.within_stage()));
    what.into_iter().for_each(|what| line.push_str(&format!(" {what}")));
    if let Class::Irreversible { why } = &effect.class {
        line.push_str(&format!(" · **point of no return**: {}", prose(&cut(why))));
    }
    let (note, mut fence, mut lines) = match &effect.change {
        _ if effect.is_notice() => (String::new(), String::new(), 0),
        _ if undo && effect.class == Class::Covered => {
            ("taken back by the rollback block around it".to_owned(), String::new(), 0)
        }
        Change::Diff { diff, by_structure, .. } => {
            let note = if *by_structure { "by value: order, layout and comments are left out" } else { "" };
            (note.to_owned(), fenced("diff", diff), diff.lines().count())
        }
        Change::Runs { because } => (format!("because {}", prose(&cut(because))), String::new(), 0),
        Change::Unknown { why, .. } => (format!("unknown: {}", prose(&cut(why))), String::new(), 0),
        Change::Unobserved => ("not observed".to_owned(), String::new(), 0),
        Change::InPlace | Change::NotNeeded => (String::new(), String::new(), 0),
    };
    if !note.is_empty() {
        line.push_str(&format!(" · {note}"));
    }
    if let Some(preview) = effect.change.preview().filter(|preview| !preview.is_empty()) {
        if !fence.is_empty() {
            fence.push_str("\nits preview says:\n\n");
        }
        fence.push_str(&fenced("text", preview));
        lines += preview.lines().count();
    }
    Block { line, fence, lines }
}

/// What stands in a body.
enum Item<'p> {
    Effect(&'p Effect),
    Check(&'p Check),
    /// What follows is done at once, as far as it is one of the members or stands in one.
    Together {
        name: &'p str,
        members: &'p [Node],
    },
}

/// ``at the same time (`host wave 1`): `host["a"]`, `host["b"]` ``. Paragraphs have no depth, so that the members are named.
fn together(name: &str, members: &[Node]) -> String {
    let names = members.iter().take(MOST_INPUTS).map(|member| match member {
        Node::Effect(effect) => code(&effect.address.within_stage()),
        Node::Check(check) => code(&check.address.within_stage()),
        Node::Phase { name, .. } | Node::Parallel { name, .. } => code(name),
    });
    let names: Vec<String> = names.collect();
    let more = members.len().saturating_sub(MOST_INPUTS);
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    format!("at the same time ({}): {}{more}", code(name), names.join(", "))
}

/// Whether anything in a body is shown in its place.
fn moves(nodes: &[Node], undo: bool) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(effect) => !effect.change.is_none(),
        Node::Check(_) => !undo,
        Node::Phase { body, .. } | Node::Parallel { body, .. } => moves(body, undo),
    })
}

/// What stands in a body as it runs: on the way back from the last to the first, but a `refresh` behind the rest of its
/// body, and without the checks.
fn in_order(nodes: &[Node], undo: bool) -> Vec<Item<'_>> {
    fn push<'p>(effects: &mut Vec<Item<'p>>, node: &'p Node, undo: bool) {
        match node {
            Node::Effect(effect) => effects.push(Item::Effect(effect)),
            Node::Check(check) if !undo => effects.push(Item::Check(check)),
            Node::Check(_) => {}
            Node::Phase { body, .. } => effects.extend(in_order(body, undo)),
            Node::Parallel { name, body } => {
                effects.push(Item::Together { name, members: body });
                effects.extend(in_order(body, undo));
            }
        }
    }
    let mut effects = Vec::new();
    if !undo {
        nodes.iter().for_each(|node| push(&mut effects, node, undo));
        return effects;
    }
    let is_refresh =
        |node: &&Node| matches!(node, Node::Effect(effect) if matches!(effect.kind, EffectKind::Refresh { .. }));
    nodes.iter().rev().filter(|node| !is_refresh(node)).for_each(|node| push(&mut effects, node, undo));
    nodes.iter().filter(is_refresh).for_each(|node| push(&mut effects, node, undo));
    effects
}
