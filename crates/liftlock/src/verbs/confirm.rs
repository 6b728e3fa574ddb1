//! `liftlock confirm`: a person has done what a run asked for, or could not.

use liftlock_engine::Resumable;
use liftlock_journal::{Asked, Event, Guard, Ledger, Way};
use liftlock_names::{Address, Part, RunId};

use crate::cli::ConfirmArgs;
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::{project, runs, terminal};

pub fn run(arguments: &ConfirmArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let opened = session.open(&project::find_root()?)?;
    let (run, named) = meant(&opened.ledger()?, arguments)?;
    let resumable = Resumable::read(opened.store.as_ref(), &run)?;
    let (address, asked) = effect(&resumable, named.as_deref())?;
    if let Some((by, _)) = &asked.said {
        return Err(Problem::failed(format!("{by} has said already how {address} stands"))
            .with_help(format!("if no process works on it any more, go on with `liftlock resume {run}`")));
    }
    let (by, failed) = (opened.who().by.clone(), arguments.failed.clone());
    let said = match (&failed, asked.way) {
        (Some(why), _) => format!("{by} says that {address} of run {run} failed: {why}"),
        (None, Way::Up) => format!("{by} says that {address} of run {run} is done"),
        (None, Way::Down) => format!("{by} says that {address} of run {run} is taken back"),
    };
    let event = Event::ManualConfirmed { effect: address.clone(), way: asked.way, by, failed };
    opened.store.append(&run, opened.now(), &[event], Guard::Always)?;
    terminal::tell(session.options, &said);
    let next = match opened.is_under_way(&run) {
        true => "the run goes on by itself".to_owned(),
        false => format!("no process waits for it: go on with `liftlock resume {run}`"),
    };
    terminal::tell(session.options, &next);
    Ok(Exit::Done)
}

/// The run and the effect that are meant. One word alone may be either.
fn meant(ledger: &Ledger, arguments: &ConfirmArgs) -> Result<(RunId, Option<String>), Problem> {
    let waits =
        |run: &liftlock_journal::RunSummary| run.waiting.iter().any(|waiting| waiting.gate.part == Part::Deploy);
    let what = "that waits for a person to do something";
    match (&arguments.run, &arguments.address) {
        (Some(word), None) if ledger.runs_named(word).is_empty() => {
            Ok((runs::find(ledger, None, waits, what)?, Some(word.clone())))
        }
        (run, address) => Ok((runs::find(ledger, run.as_deref(), waits, what)?, address.clone())),
    }
}

fn effect<'a>(resumable: &'a Resumable, named: Option<&str>) -> Result<(&'a Address, &'a Asked), Problem> {
    let (run, all) = (&resumable.state.run, &resumable.state.asked);
    let fits = |address: &Address| match named {
        Some(name) => [address.name(), &address.within_stage(), &address.to_string()].contains(&name),
        None => true,
    };
    let found: Vec<_> = all.iter().filter(|(address, _)| fits(address)).collect();
    let known = all.keys().map(Address::to_string).collect::<Vec<_>>().join(", ");
    match found.as_slice() {
        [one] => Ok(*one),
        [] => Err(Problem::usage(match named {
            Some(name) => format!("run {run} asks nobody to do `{name}`"),
            None => format!("run {run} asks nobody to do anything"),
        })
        .with_help(if known.is_empty() {
            format!("see what it does with `liftlock log {run}`")
        } else {
            format!("it asks for {known}")
        })),
        _ => Err(Problem::usage("several effects are meant").with_help(format!("name one by its address: {known}"))),
    }
}
