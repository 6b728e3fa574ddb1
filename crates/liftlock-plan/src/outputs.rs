//! What steps of a run have written for later ones, put into the plan that takes the run back: the run that goes back has
//! no records of those steps.

use liftlock_journal::RunState;
use liftlock_model::value::{Late, Piece, Program, Text};
use liftlock_names::Address;

use crate::document::{Effect, EffectKind, Invocation, Node};

/// Fills every output that the run recorded into the effects that use it. What it did not record stays open.
pub(crate) fn fill(nodes: &mut [Node], run: &RunState) {
    for node in nodes {
        match node {
            Node::Effect(effect) => fill_effect(effect, run),
            Node::Check(_) => {}
            Node::Parallel { body, .. } => fill(body, run),
            Node::Phase { body, rollback, .. } => {
                fill(body, run);
                rollback.iter_mut().flatten().for_each(|effect| fill_effect(effect, run));
            }
        }
    }
}

fn fill_effect(effect: &mut Effect, run: &RunState) {
    let address = effect.address.clone();
    let value = |step: &str, name: &str| {
        let step: Address = format!("{}/{}/{step}", address.pipeline, address.environment).parse().ok()?;
        run.effects.get(&step)?.outputs.get(name).cloned()
    };
    match &mut effect.kind {
        EffectKind::Step(step) => {
            let others = [&mut step.observe, &mut step.preview, &mut step.rollback];
            for invocation in std::iter::once(&mut step.run).chain(others.into_iter().flatten()) {
                fill_invocation(invocation, &value);
            }
        }
        EffectKind::Refresh { run } | EffectKind::Notify { run } => fill_invocation(run, &value),
        EffectKind::Http(http) => {
            http.observe.iter_mut().for_each(|observe| fill_invocation(observe, &value));
            for request in std::iter::once(&mut http.request).chain(&mut http.undo) {
                let given = request.headers.values_mut().chain(&mut request.body);
                std::iter::once(&mut request.url).chain(given).for_each(|text| fill_text(text, &value));
            }
        }
        EffectKind::File { .. }
        | EffectKind::Link { .. }
        | EffectKind::Directory { .. }
        | EffectKind::Manual { .. } => {}
    }
}

fn fill_invocation(run: &mut Invocation, value: &impl Fn(&str, &str) -> Option<String>) {
    let words: &mut [Text] = match &mut run.program {
        Program::Command(words) => words,
        Program::Script { .. } => &mut [],
    };
    let given = words.iter_mut().chain(run.env.values_mut()).chain(&mut run.stdin).chain(&mut run.on);
    given.for_each(|text| fill_text(text, value));
}

fn fill_text(text: &mut Text, value: &impl Fn(&str, &str) -> Option<String>) {
    let mut filled = Text::default();
    for piece in std::mem::take(&mut text.pieces) {
        let known = match &piece {
            Piece::Late(Late::Output { step, name }) => value(step, name),
            _ => None,
        };
        filled.push(known.map_or_else(|| Text { pieces: vec![piece] }, Text::from));
    }
    *text = filled;
}
