//! `liftlock approve` and `liftlock reject`: a person's word at a gate.

use jiff::Timestamp;
use liftlock_engine::{Resumable, lacks_approvals, may_approve};
use liftlock_journal::{Event, GateStatus, Guard, Ledger};
use liftlock_names::RunId;
use liftlock_plan::{Gate, GateKind};

use crate::cli::ApproveArgs;
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::{project, runs, terminal};

/// What the person says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
}

pub fn run(arguments: &ApproveArgs, session: &Session<'_>, decision: Decision) -> Result<Exit, Problem> {
    let opened = session.open(&project::find_root()?)?;
    let ledger = opened.ledger()?;
    let (run, gate_name) = meant(&ledger, arguments)?;
    let resumable = Resumable::read(opened.store.as_ref(), &run)?;
    if resumable.state.finished.is_some() {
        return Err(Problem::usage(format!("run {run} is over, and waits for nobody")));
    }
    let gate = gate(&resumable, gate_name.as_deref(), decision, opened.now())?;
    let address = gate.address.clone();
    let state = resumable.state.gates.get(&address);
    if let Some(GateStatus::Refused { why }) = state.map(|state| &state.status) {
        return Err(Problem::failed(format!("{address} is refused already: {why}")));
    }
    if resumable.state.stages.get(&address.environment).is_some_and(|stage| stage.entered_at.is_some()) {
        return Err(Problem::failed(format!("run {run} is in {} already", address.environment))
            .with_help(format!("stop it with `liftlock cancel {run}`, or take it back with `liftlock rollback`")));
    }
    let by = opened.who().by.clone();
    may_approve(
        gate,
        &by,
        match decision {
            Decision::Approve => &resumable.state.by,
            // Whoever started a run may always stop it.
            Decision::Reject => "",
        },
    )
    .map_err(Problem::failed)?;
    let has_approved = state.is_some_and(|state| state.approvals.iter().any(|approval| approval.by == by));
    if has_approved && decision == Decision::Approve {
        let twice = format!("{by} has approved {address} of run {run} before; it counts once, from now on");
        terminal::tell(session.options, &twice);
    }
    let reason = arguments.reason.clone();
    let (event, word) = match decision {
        Decision::Approve => {
            let plan_hash = resumable.state.plan_hash;
            (Event::ApprovalGiven { gate: address.clone(), by: by.clone(), plan_hash, reason }, "approved")
        }
        Decision::Reject => (Event::ApprovalRejected { gate: address.clone(), by: by.clone(), reason }, "rejected"),
    };
    opened.store.append(&run, opened.now(), &[event], Guard::Always)?;
    let said = format!(
        "{by} {word} {address} of run {run}: {} {}, plan {}",
        resumable.state.pipeline,
        resumable.state.version,
        resumable.state.plan_hash.short()
    );
    terminal::tell(session.options, &said);
    let next = match (opened.is_under_way(&run), decision) {
        (true, Decision::Approve) => "the run goes on by itself".to_owned(),
        (true, Decision::Reject) => "the run ends by itself".to_owned(),
        (false, Decision::Approve) => format!("no process waits for it: go on with `liftlock resume {run}`"),
        (false, Decision::Reject) => format!("no process waits for it: end the run with `liftlock resume {run}`"),
    };
    terminal::tell(session.options, &next);
    Ok(Exit::Done)
}

/// The run and the gate that are meant. One word alone may be either.
fn meant(ledger: &Ledger, arguments: &ApproveArgs) -> Result<(RunId, Option<String>), Problem> {
    let waiting = |run: &liftlock_journal::RunSummary| !run.waiting.is_empty();
    match (&arguments.run, &arguments.gate) {
        (Some(word), None) if ledger.runs_named(word).is_empty() => {
            Ok((runs::find(ledger, None, waiting, "that waits for an approval")?, Some(word.clone())))
        }
        (run, gate) => Ok((runs::find(ledger, run.as_deref(), waiting, "that waits for an approval")?, gate.clone())),
    }
}

fn gate<'a>(
    resumable: &'a Resumable,
    named: Option<&str>,
    decision: Decision,
    now: Timestamp,
) -> Result<&'a Gate, Problem> {
    let run = &resumable.state.run;
    let approvals: Vec<&Gate> =
        resumable.plan.gates().filter(|gate| matches!(gate.kind, GateKind::Approval { .. })).collect();
    let is_waited_for = |gate: &&Gate| {
        let state = resumable.state.gates.get(&gate.address);
        state.is_some_and(|state| state.waited && matches!(state.status, GateStatus::Waiting { .. }))
    };
    // A word may be given ahead, while the run waits for something else.
    let is_wanted = |gate: &&Gate| {
        let state = resumable.state.gates.get(&gate.address);
        let is_open = state.is_none_or(|state| matches!(state.status, GateStatus::Waiting { .. }));
        let stage = resumable.state.stages.get(&gate.address.environment);
        let is_over = stage.is_some_and(|stage| stage.entered_at.is_some() || stage.failed.is_some());
        is_open && !is_over && lacks_approvals(&resumable.state, gate, now)
    };
    let found: Vec<&Gate> = match named {
        Some(name) => approvals
            .iter()
            .filter(|gate| gate.address.name() == name || gate.address.to_string() == name)
            .copied()
            .collect(),
        None => {
            let waited_for: Vec<&Gate> = approvals.iter().filter(|gate| is_waited_for(gate)).copied().collect();
            match waited_for.is_empty() {
                true => approvals.iter().filter(|gate| is_wanted(gate)).copied().collect(),
                false => waited_for,
            }
        }
    };
    let known = approvals.iter().map(|gate| gate.address.to_string()).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [gate] => Ok(gate),
        [] => Err(Problem::usage(match named {
            Some(name) => format!("run {run} has no approval `{name}`"),
            None => format!("run {run} waits for no approval"),
        })
        .with_help(if known.is_empty() { "its plan has none".to_owned() } else { format!("it has {known}") })),
        several => {
            let verb = match decision {
                Decision::Approve => "approve",
                Decision::Reject => "reject",
            };
            let commands = several.iter().map(|gate| format!("`liftlock {verb} {run} {}`", gate.address));
            let commands = commands.collect::<Vec<_>>().join(", or ");
            Err(Problem::usage(format!("{} gates could be meant", several.len()))
                .with_help(format!("name one: {commands}")))
        }
    }
}
