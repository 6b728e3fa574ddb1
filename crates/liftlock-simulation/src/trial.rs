//! One run in a simulated world, carried to its end by as many processes as it takes.

use std::path::Path;
use std::time::Duration;

use liftlock_effects::Mask;
use liftlock_engine::{Engine, EngineError, Interrupt, Resumable, Start, View, Who, Word, resume, start};
use liftlock_journal::{Event, Guard, Record, RunState, Settlement, Store as _, StoreError};
use liftlock_names::{Address, RunId};
use liftlock_plan::{EffectKind, GateKind, Plan, Text};

use crate::programs::Program;
use crate::shape::ROOT;
use crate::simulation::Simulation;

/// How long a run is waited for before somebody asks for its end. Nothing that is made up takes this long by itself.
const PATIENCE: Duration = Duration::from_secs(240);

/// How many processes may take a run up before that is a fault of its own.
const PROCESSES: u32 = 24;

/// Runs a plan to its end. What makes a process give up for a time, another takes up where it left off.
///
/// # Errors
/// Why the run has come to no end.
pub fn begin(simulation: &Simulation, plan: &Plan) -> Result<RunState, String> {
    carry(simulation, Some(plan), None)
}

/// Takes a run up in a world in which its process has just died, and carries it to its end.
///
/// # Errors
/// Why it has come to no end.
pub fn take_up(simulation: &Simulation, run: &RunId) -> Result<RunState, String> {
    carry(simulation, None, Some(run.clone()))
}

/// The last run that was begun behind a record.
pub fn run_behind(simulation: &Simulation, behind: usize) -> Option<RunId> {
    let inner = simulation.lock();
    let begun = inner.state.records.get(behind..)?.iter().find(|record| is_beginning(record));
    begun.map(|record| record.run.clone())
}

fn is_beginning(record: &Record) -> bool {
    matches!(record.event, Event::RunStarted { .. })
}

fn carry(simulation: &Simulation, mut plan: Option<&Plan>, mut run: Option<RunId>) -> Result<RunState, String> {
    let behind = simulation.lock().state.records.len();
    let mut is_cancelled = false;
    let mut word = Word::default();
    for process in 0..PROCESSES {
        let ended = one_process(simulation, plan, run.as_ref(), &word, process + 1);
        // What was said is on record, unless nobody got as far as to say it.
        if !matches!(ended, Some(Err(EngineError::UnderWay { .. }))) {
            word = Word::default();
        }
        if run.is_none() {
            run = run_behind(simulation, behind);
            plan = plan.filter(|_| run.is_none());
        }
        match (ended, &run) {
            (Some(Ok(state)), _) => return Ok(state),
            (Some(Err(EngineError::Finished { .. })), Some(run)) => {
                return Resumable::read(simulation, run).map(|read| read.state).map_err(|error| error.to_string());
            }
            (Some(Err(EngineError::UnderWay { .. } | EngineError::Store(StoreError::LeaseLost { .. }))), _) => {
                // Leases expire; after the clock was set back that takes a while.
                let pause = Duration::from_secs(31 << process.min(14));
                simulation.change(|state| state.pass_to(state.elapsed + pause));
            }
            (Some(Err(EngineError::InDoubt { address, .. })), Some(run)) => {
                let settlement = judged(simulation, run, &address)?;
                word.settlements.push((address, settlement));
            }
            (Some(Err(error)), _) => return Err(format!("the engine gave up: {error}")),
            (None, Some(run)) if !is_cancelled => {
                is_cancelled = true;
                let event = Event::CancelRequested { by: "ada".to_owned(), reason: None };
                let now = simulation.change(|state| state.now());
                simulation.append(run, now, &[event], Guard::Always).map_err(|error| error.to_string())?;
            }
            (None, _) => return Err("it comes to no end".to_owned()),
        }
    }
    Err("it is taken up over and over".to_owned())
}

/// What one process makes of a run; `None` where nobody has the patience to wait for it.
fn one_process(
    simulation: &Simulation,
    plan: Option<&Plan>,
    run: Option<&RunId>,
    word: &Word,
    process: u32,
) -> Option<Result<RunState, EngineError>> {
    let (interrupt, mask) = (Interrupt::default(), Mask::default());
    let who = Who { by: "ada".to_owned(), host: "one".to_owned(), process };
    let engine = Engine {
        store: simulation,
        blobs: simulation,
        world: simulation,
        root: Path::new(ROOT),
        logs: Path::new("/logs"),
        view: &Unseen,
        interrupt: &interrupt,
        who: &who,
        wait: true,
        mask: &mask,
    };
    let until = simulation.change(|state| {
        state.orphan();
        state.living = Some(process);
        state.elapsed + PATIENCE
    });
    let work = async {
        match (run, plan) {
            (Some(run), _) => resume(engine, run, word).await,
            (None, Some(plan)) => start(engine, Start { plan, approve: approvals(plan) }).await,
            (None, None) => unreachable!("a run is begun of a plan, or taken up"),
        }
    };
    let ended = simulation.run(work, until);
    simulation.change(|state| state.living = None);
    ended
}

/// What a person finds who looks at an effect of which nothing else tells whether it was done. What is half done is to be
/// done again.
fn judged(simulation: &Simulation, run: &RunId, address: &Address) -> Result<Settlement, String> {
    let plan = Resumable::read(simulation, run).map_err(|error| error.to_string())?.plan;
    let mut effects = plan.stages().flat_map(|stage| stage.effects());
    let effect = effects.find(|effect| effect.address == *address);
    let Some(EffectKind::Step(step)) = effect.map(|effect| &effect.kind) else {
        return Err(format!("somebody is asked about {address}, which is no step"));
    };
    let words = match &step.run.program {
        liftlock_plan::Program::Command(words) => words.iter().map(Text::known).collect::<Option<Vec<_>>>(),
        liftlock_plan::Program::Script { .. } => None,
    };
    let program = words.and_then(|argv| Program::named(&argv, Path::new(ROOT)));
    let program = program.ok_or_else(|| format!("{address} runs what nobody knows"))?;
    let is_done = simulation.change(|state| program.is_done(&state.things));
    Ok(if is_done { Settlement::Done } else { Settlement::Retry })
}

fn approvals(plan: &Plan) -> Vec<String> {
    let gates = plan.gates().filter(|gate| matches!(gate.kind, GateKind::Approval { .. }));
    gates.map(|gate| gate.address.to_string()).collect()
}

/// Nobody looks on.
struct Unseen;

impl View for Unseen {
    fn record(&self, _: &Record) {}
    fn output(&self, _: Option<&Address>, _: &[u8]) {}
}
