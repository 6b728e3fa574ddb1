//! A plan in few lines: what is done in which order, with every value in it.

use std::fmt::Write as _;

use liftlock_plan::{
    Check, CheckKind, Class, Effect, EffectKind, GateKind, InDoubt, Invocation, Node, OnFailure, Plan, Program,
};

pub fn plan(plan: &Plan) -> String {
    let mut out = String::new();
    for (at, wave) in plan.waves.iter().enumerate() {
        for stage in wave {
            line(&mut out, 0, &format!("wave {}: {}", at + 1, stage.environment));
            for gate in &stage.gates {
                let what = match &gate.kind {
                    GateKind::Approval { group, need, own, .. } => {
                        format!("approval by {need} of {group}{}", if *own { ", self" } else { "" })
                    }
                    GateKind::Window { calendar, .. } => format!("window {calendar}"),
                    GateKind::Soak { environment, lasts_ms, checks, .. } => {
                        format!("soak {environment} {lasts_ms} ms, {} checks", checks.len())
                    }
                    GateKind::Check(kind) => check_kind(kind),
                };
                line(&mut out, 1, &format!("gate {} = {what}", gate.address.within_stage()));
            }
            nodes(&mut out, &stage.body, 1);
            for check in &stage.verify {
                line(&mut out, 1, &check_line(check));
            }
        }
    }
    let hooks = [("success", &plan.on.success), ("failure", &plan.on.failure), ("interrupt", &plan.on.interrupt)];
    for (event, effects) in hooks {
        for notice in effects {
            line(&mut out, 0, &format!("on {event}: {}", effect(notice)));
        }
    }
    if plan.on_failure != OnFailure::Stage {
        line(&mut out, 0, &format!("on failure: roll back {:?}", plan.on_failure));
    }
    if plan.on.in_doubt != InDoubt::Ask {
        line(&mut out, 0, "in doubt: undo");
    }
    out
}

fn line(out: &mut String, depth: usize, text: &str) {
    writeln!(out, "{}{text}", "  ".repeat(depth)).expect("a string takes everything");
}

fn nodes(out: &mut String, nodes_: &[Node], depth: usize) {
    for node in nodes_ {
        match node {
            Node::Effect(this) => line(out, depth, &effect(this)),
            Node::Check(check) => line(out, depth, &check_line(check)),
            Node::Phase { name, body, rollback } => {
                line(out, depth, &format!("phase {name}"));
                nodes(out, body, depth + 1);
                for cover in rollback.iter().flatten() {
                    line(out, depth + 1, &format!("back: {}", effect(cover)));
                }
            }
            Node::Parallel { name, body } => {
                line(out, depth, &format!("together {name}"));
                nodes(out, body, depth + 1);
            }
        }
    }
}

fn effect(effect: &Effect) -> String {
    let what = match &effect.kind {
        EffectKind::Step(step) => {
            let mut text = format!("run {}", invocation(&step.run));
            let programs = [("observe", &step.observe), ("preview", &step.preview), ("rollback", &step.rollback)];
            for (word, program) in programs {
                if let Some(program) = program {
                    write!(text, "; {word} {}", program_text(&program.program)).expect("a string takes everything");
                }
            }
            if let Some(retry) = &step.retry {
                write!(
                    text,
                    "; retry {} from {} ms by {} to {} ms",
                    retry.times, retry.wait_ms, retry.factor, retry.most_ms
                )
                .expect("a string takes everything");
            }
            if let Some(desired) = &step.desired {
                write!(text, "; desired {desired}").expect("a string takes everything");
            }
            text
        }
        EffectKind::File { path, content, mode } => {
            let mode = mode.map(|mode| format!(" {mode:o}")).unwrap_or_default();
            format!("file {path}{mode} {content:?}")
        }
        EffectKind::Link { path, target } => format!("link {path} -> {target}"),
        EffectKind::Directory { path } => format!("directory {path}"),
        EffectKind::Refresh { run } => format!("refresh {}", invocation(run)),
        EffectKind::Notify { run } => format!("notify {}", invocation(run)),
        EffectKind::Http(http) => {
            let undo =
                http.undo.as_ref().map(|undo| format!("; undo {} {}", undo.method, undo.url)).unwrap_or_default();
            format!("{} {}{undo}", http.request.method, http.request.url)
        }
        EffectKind::Manual { instructions, undo, .. } => {
            let undo = undo.as_ref().map(|undo| format!("; undo {undo:?}")).unwrap_or_default();
            format!("manual {instructions:?}{undo}")
        }
    };
    let class = match &effect.class {
        Class::Irreversible { why } => format!(" (irreversible: {why})"),
        Class::Covered => " (covered)".to_owned(),
        Class::ReadOnly | Class::Reversible => String::new(),
    };
    format!("{} = {what}{class}", effect.address.within_stage())
}

fn check_line(check: &Check) -> String {
    format!("{} = {}", check.address.within_stage(), check_kind(&check.kind))
}

fn check_kind(kind: &CheckKind) -> String {
    let timing = kind.timing();
    let what = match kind {
        CheckKind::Http { url, status, .. } => format!("http {url} {status}"),
        CheckKind::Tcp { host, port, .. } => format!("tcp {host} {port}"),
        CheckKind::Command { run, .. } => format!("command {}", invocation(run)),
        CheckKind::Metric { query, above, below, .. } => format!("metric {query} above {above:?} below {below:?}"),
    };
    format!("{what} within {} ms", timing.within_ms)
}

fn invocation(run: &Invocation) -> String {
    let mut text = program_text(&run.program);
    for (name, value) in &run.env {
        write!(text, " {name}={value}").expect("a string takes everything");
    }
    if let Some(stdin) = &run.stdin {
        write!(text, " < {stdin}").expect("a string takes everything");
    }
    if let Some(host) = &run.on {
        write!(text, " on {host}").expect("a string takes everything");
    }
    text
}

fn program_text(program: &Program) -> String {
    match program {
        Program::Command(words) => {
            let words: Vec<String> = words
                .iter()
                .map(|word| {
                    let word = word.to_string();
                    let is_plain = !word.is_empty() && !word.contains([' ', '"']);
                    if is_plain { word } else { format!("{word:?}") }
                })
                .collect();
            format!("`{}`", words.join(" "))
        }
        Program::Script { interpreter, text } => format!("{interpreter} {text:?}"),
    }
}
