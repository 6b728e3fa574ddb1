//! What a runbook says of a body: every effect in its order, what it runs, how it is looked at, and what takes it back.

use liftlock_check::{Class, class};
use liftlock_model::expr::Expr;
use liftlock_model::{Check, CheckKind, Effect, EffectKind, HttpRequest, Model, Node, Step as Program, Timing};

use super::page::{Fact, Line, Step};
use crate::outline::label;
use crate::words;
use crate::written::{self, bare};

/// The steps of a body.
pub(super) fn steps(model: &Model, nodes: &[Node]) -> Vec<Step> {
    let mut body = Body { model, steps: Vec::new() };
    body.sequence(nodes, "", 0, false);
    body.steps
}

/// What a check looks at: `GET https://shop.example.com/health is 200, within 30s`
pub(super) fn check(model: &Model, kind: &CheckKind) -> Line {
    match kind {
        CheckKind::Http { url, status, contains, timing } => {
            let line = Line::text("GET ").and_code(bare(url, model)).and(" is ").and_code(bare(status, model));
            let line = match contains {
                Some(text) => line.and(" and contains ").and_code(bare(text, model)),
                None => line,
            };
            timed(line, *timing)
        }
        CheckKind::Tcp { host, port, timing } => {
            let to = format!("{}:{}", bare(host, model), bare(port, model));
            timed(Line::text("a connection to ").and_code(to).and(" is taken"), *timing)
        }
        CheckKind::Command { run, timing, .. } => {
            timed(Line::text("this ends with 0: ").and_code(command(model, run)), *timing)
        }
        CheckKind::Metric(metric) => {
            let line = Line::code(bare(&metric.query, model)).and(" of ").and_code(bare(&metric.server, model));
            let line = match &metric.above {
                Some(above) => line.and(" is above ").and_code(bare(above, model)),
                None => line,
            };
            let line = match (&metric.below, &metric.above) {
                (Some(below), Some(_)) => line.and(" and below ").and_code(bare(below, model)),
                (Some(below), None) => line.and(" is below ").and_code(bare(below, model)),
                (None, _) => line,
            };
            timed(line, metric.timing)
        }
    }
}

fn timed(mut line: Line, timing: Timing) -> Line {
    if timing.lasts > 0 {
        line = line.and(format!(", for {}", words::duration(timing.lasts)));
    }
    if timing.within > 0 {
        line = line.and(format!(", within {}", words::duration(timing.within)));
    }
    line
}

/// A program in one line.
fn command(model: &Model, run: &Expr) -> String {
    match written::program(run, model) {
        written::Program::Command(words) => words,
        written::Program::Script { interpreter, .. } => format!("a script for {interpreter}"),
    }
}

struct Body<'m> {
    model: &'m Model,
    steps: Vec<Step>,
}

impl Body<'_> {
    fn sequence(&mut self, nodes: &[Node], around: &str, depth: usize, covered: bool) {
        for (at, node) in nodes.iter().enumerate() {
            self.node(node, format!("{around}{}", at + 1), depth, covered);
        }
    }

    fn node(&mut self, node: &Node, number: String, depth: usize, covered: bool) {
        let model = self.model;
        let inner = format!("{number}.");
        match node {
            Node::Effect(effect) => {
                let facts = facts(model, effect, covered);
                let title = Line::strong(label(words::effect_kind(&effect.kind), &effect.name));
                self.steps.push(Step { number, depth, title, docs: effect.docs.clone(), facts });
            }
            Node::Check(check) => {
                let title = Line::strong(label(words::check_kind(&check.kind), &check.name));
                let facts = vec![Fact::Line(looks(model, check))];
                self.steps.push(Step { number, depth, title, docs: check.docs.clone(), facts });
            }
            Node::Phase { name, body, rollback, .. } => {
                let covers = rollback.is_some();
                let facts = rollback.iter().flatten().flat_map(|step| cover(model, step)).collect();
                self.steps.push(Step { number, depth, title: Line::strong(label("phase", name)), docs: None, facts });
                self.sequence(body, &inner, depth + 1, covered || covers);
            }
            Node::Parallel { name, body, .. } => {
                let facts = vec![Fact::Line(Line::text("what stands in it runs at the same time"))];
                self.steps.push(Step {
                    number,
                    depth,
                    title: Line::strong(label("parallel", name)),
                    docs: None,
                    facts,
                });
                self.sequence(body, &inner, depth + 1, covered);
            }
            Node::Each { name, over, at_most, body, .. } => {
                let once = Line::text("once for each of ").and_code(written::written(over, model));
                let line = match at_most {
                    Some(most) => once.and(", at most ").and_code(written::written(most, model)).and(" at once"),
                    None => once.and(", one after another"),
                };
                let title = Line::strong(label("each", name));
                self.steps.push(Step { number, depth, title, docs: None, facts: vec![Fact::Line(line)] });
                self.sequence(body, &inner, depth + 1, covered);
            }
            Node::When { condition, body, .. } => {
                let title = Line::strong("when").and(" ").and_code(written::written(condition, model));
                self.steps.push(Step { number, depth, title, docs: None, facts: Vec::new() });
                self.sequence(body, &inner, depth + 1, covered);
            }
        }
    }
}

fn looks(model: &Model, check: &Check) -> Line {
    Line(Line::text("goes on where ").0.into_iter().chain(self::check(model, &check.kind).0).collect())
}

fn cover(model: &Model, step: &Effect) -> Vec<Fact> {
    match &step.kind {
        EffectKind::Step(program) => vec![said("all of it is taken back by", model, &program.run)],
        _ => Vec::new(),
    }
}

fn facts(model: &Model, effect: &Effect, covered: bool) -> Vec<Fact> {
    let mut facts = what(model, effect);
    let why = match &effect.kind {
        EffectKind::Step(step) => step.irreversible.as_deref(),
        EffectKind::Http(http) => http.irreversible.as_deref(),
        EffectKind::Manual(manual) => manual.irreversible.as_deref(),
        _ => None,
    };
    facts.push(match (&effect.kind, class(effect, covered)) {
        (_, Class::Irreversible) => {
            Fact::Line(Line::strong("cannot be taken back").and(format!(": {}", why.unwrap_or("no reason is given"))))
        }
        (EffectKind::Step(step), Class::Reversible) => match &step.rollback {
            Some(rollback) => said("taken back by", model, rollback),
            None => taken_back(effect, covered),
        },
        (EffectKind::Http(http), Class::Reversible) => match &http.rollback {
            Some(rollback) => {
                Fact::Line(Line(Line::text("taken back by ").0.into_iter().chain(request(model, rollback).0).collect()))
            }
            None => taken_back(effect, covered),
        },
        (EffectKind::Manual(manual), Class::Reversible) => match &manual.rollback {
            Some(rollback) => text("taken back by a person, who reads", bare(rollback, model)),
            None => taken_back(effect, covered),
        },
        (EffectKind::Notify { .. }, _) | (_, Class::ReadOnly) => return facts,
        _ => taken_back(effect, covered),
    });
    facts
}

fn taken_back(effect: &Effect, covered: bool) -> Fact {
    Fact::Line(Line::text(format!("taken back by {}", words::undone_by(effect, covered))))
}

/// What an effect does, and how it is looked at.
fn what(model: &Model, effect: &Effect) -> Vec<Fact> {
    match &effect.kind {
        EffectKind::Step(step) => of_step(model, step),
        EffectKind::File { path, content, mode } => {
            let mode = mode.map(|mode| format!(", mode {mode:o}")).unwrap_or_default();
            let path = Line::text("writes ").and_code(bare(path, model)).and(mode);
            vec![Fact::Line(path), text("with", bare(content, model))]
        }
        EffectKind::Link { path, target } => {
            vec![Fact::Line(
                Line::text("points ").and_code(bare(path, model)).and(" to ").and_code(bare(target, model)),
            )]
        }
        EffectKind::Directory { path } => vec![Fact::Line(Line::text("makes ").and_code(bare(path, model)))],
        EffectKind::Refresh { run, .. } => {
            vec![said("runs, if anything before it changed,", model, run)]
        }
        EffectKind::Notify { run, .. } => vec![said("tells people by", model, run)],
        EffectKind::Http(http) => {
            vec![Fact::Line(Line(Line::text("sends ").0.into_iter().chain(request(model, &http.request).0).collect()))]
        }
        EffectKind::Manual(manual) => {
            vec![text("a person reads, does, and confirms", bare(&manual.instructions, model))]
        }
    }
}

fn of_step(model: &Model, step: &Program) -> Vec<Fact> {
    let what = match &step.on {
        Some(host) => format!("runs on {}", bare(host, model)),
        None if step.readonly => "runs, changing nothing,".to_owned(),
        None => "runs".to_owned(),
    };
    let mut facts = vec![said(&what, model, &step.run)];
    match (&step.observe, &step.desired) {
        (Some(observe), Some(desired)) => {
            let line = Line::text("is in place where ").and_code(command(model, observe)).and(" prints ");
            facts.push(Fact::Line(line.and_code(bare(desired, model))));
        }
        (Some(observe), None) => {
            facts.push(Fact::Line(Line::text("is looked at by ").and_code(command(model, observe))));
        }
        (None, _) => {}
    }
    facts
}

fn request(model: &Model, request: &HttpRequest) -> Line {
    Line::code(format!("{} {}", bare(&request.method, model), bare(&request.url, model)))
}

/// What a program does: in the line, or below it where it is a script.
fn said(what: &str, model: &Model, run: &Expr) -> Fact {
    match written::program(run, model) {
        written::Program::Command(words) => Fact::Line(Line::text(format!("{what} ")).and_code(words)),
        written::Program::Script { interpreter, text } => {
            Fact::Text { what: what.to_owned(), language: interpreter, text }
        }
    }
}

fn text(what: &str, text: String) -> Fact {
    Fact::Text { what: what.to_owned(), language: String::new(), text }
}
