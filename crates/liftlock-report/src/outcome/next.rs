//! What a person does next, as something to paste.

use liftlock_journal::{Action, EffectStatus, GateStatus, Outcome, RunState, Way};
use liftlock_names::Address;
use liftlock_plan::Plan;

use super::standing::{How, Standing};
use crate::plain::plain;
use crate::units::and;
use crate::words::{approve_command, confirm_command, gate_of, is_approval};

/// One thing to do.
pub(super) struct Step {
    pub what: String,
    pub command: String,
}

fn step(what: impl Into<String>, command: String) -> Step {
    Step { what: what.into(), command }
}

pub(super) fn next(state: &RunState, plan: &Plan, standings: &[Standing<'_>]) -> Vec<Step> {
    let run = &state.run;
    let log = || step("see everything that happened", format!("liftlock log {run}"));
    if standings.iter().any(Standing::needs_person) {
        let mut steps = vec![log()];
        steps.extend(settle(state, standings));
        return steps;
    }
    match (&state.finished, &state.action) {
        (Some(Outcome::Released), Action::Release) => {
            let last = standings.iter().rev().find(|standing| matches!(standing.how, How::Released(_)));
            let rollback = |standing: &Standing<'_>| {
                step("to go back", format!("liftlock rollback {}", plain(standing.environment)))
            };
            last.map(rollback).into_iter().collect()
        }
        (Some(Outcome::Released | Outcome::RolledBack), _) => {
            vec![step("see what is where", "liftlock status".to_owned())]
        }
        (Some(_), _) => vec![log()],
        (None, _) => {
            let approvals = waiting(state).filter(|(gate, _)| gate_of(plan, gate).is_some_and(is_approval));
            let approve = |(gate, _): (&Address, &str)| {
                step(format!("approve {}", plain(gate.name())), approve_command(run, gate, Some(plan)))
            };
            let mut steps: Vec<Step> = approvals.map(approve).collect();
            steps.extend(by_hand(state));
            steps.extend(in_doubt(state).flat_map(|address| settle_in_doubt(state, address)));
            steps.push(step("if no process works on it any more, go on with", format!("liftlock resume {run}")));
            steps
        }
    }
}

/// The gates that are waited for, each with why.
pub(super) fn waiting(state: &RunState) -> impl Iterator<Item = (&Address, &str)> {
    state.gates.iter().filter_map(|(address, gate)| match &gate.status {
        GateStatus::Waiting { why, .. } if gate.waited => Some((address, why.as_str())),
        _ => None,
    })
}

/// What is to be done about environments that wait for a person.
fn settle(state: &RunState, standings: &[Standing<'_>]) -> Vec<Step> {
    let run = &state.run;
    let names: Vec<&str> =
        standings.iter().filter(|standing| standing.needs_person()).map(|standing| standing.environment).collect();
    let is_there = |address: &&Address| names.contains(&address.environment.as_str());
    let failed = state.effects.iter().filter(|(_, effect)| effect.status == EffectStatus::UndoFailed);
    let mut steps = Vec::new();
    for address in failed.map(|(address, _)| address).filter(is_there) {
        let name = plain(&address.within_stage()).into_owned();
        let command =
            |settlement: &str| format!("liftlock resume {run} --settle {}={settlement}", plain(&address.to_string()));
        steps.push(step(
            format!("put right what keeps {name} from being undone, and try its undo again"),
            command("retry"),
        ));
        steps.push(step(format!("or undo {name} by hand, and say so"), command("undone")));
    }
    for address in in_doubt(state).filter(is_there) {
        steps.extend(settle_in_doubt(state, address));
    }
    if steps.is_empty() {
        steps.push(step("when it is put right, go on with", format!("liftlock resume {run}")));
    }
    // A run that was killed just before its end comes to it first.
    if let Some(Outcome::Stranded { .. }) = state.finished {
        let they_are = if names.len() > 1 { "they are" } else { "it is" };
        steps.push(step(
            format!("or leave {} as {they_are}, and end the run", and(&names)),
            format!("liftlock resume {run} --leave \"why\""),
        ));
    }
    steps
}

/// What people are asked to do by hand, and have not said that they did.
fn by_hand(state: &RunState) -> impl Iterator<Item = Step> {
    let open = state.asked.iter().filter(|(_, asked)| asked.said.is_none());
    open.map(|(address, asked)| {
        let name = plain(&address.within_stage()).into_owned();
        let what = match asked.way {
            Way::Up => format!("do what {name} says, and confirm it"),
            Way::Down => format!("take {name} back as it says, and confirm it"),
        };
        step(what, confirm_command(&state.run, address))
    })
}

/// Effects that had begun when the run ended or was interrupted.
fn in_doubt(state: &RunState) -> impl Iterator<Item = &Address> {
    let begun = |status| matches!(status, EffectStatus::Started | EffectStatus::UndoStarted);
    let asked = |address: &Address| state.asked.contains_key(address);
    let doubtful = state.effects.iter().filter(move |(address, effect)| begun(effect.status) && !asked(address));
    doubtful.map(|(address, _)| address)
}

fn settle_in_doubt(state: &RunState, address: &Address) -> Vec<Step> {
    let name = plain(&address.within_stage()).into_owned();
    let command = |settlement: &str| {
        format!("liftlock resume {} --settle {}={settlement}", state.run, plain(&address.to_string()))
    };
    vec![
        step(format!("nothing tells whether {name} was done; if it was"), command("done")),
        step("if it was not, or is undone by hand", command("undone")),
        step("to run it again", command("retry")),
    ]
}
