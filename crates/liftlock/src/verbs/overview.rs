//! `liftlock` alone: what can be done here.

use jiff::SignedDuration;
use liftlock_check::Levels;
use liftlock_journal::{Ledger, Outcome};
use liftlock_names::Part;

use crate::cli::{
    ApproveArgs, CheckArgs, ConfirmArgs, GoArgs, HistoryArgs, PlanArgs, ReleaseArgs, ResumeArgs, RollbackArgs, RunArgs,
    Verb,
};
use crate::exit::{Exit, Problem};
use crate::project;
use crate::session::Session;
use crate::terminal;

/// Something that can be done.
struct Choice {
    /// What it does, for people.
    says: String,
    /// What to type for it.
    types: String,
    verb: Verb,
}

pub fn run(session: &Session<'_>) -> Result<Exit, Problem> {
    let root = project::find_root()?;
    let ledger = session.open_to_look(&root)?.ledger()?;
    let examined =
        project::examine(&project::release_files(std::slice::from_ref(&root))?, Some(&root), &Levels::default())?;
    let mut choices = urgent(&ledger);
    if examined.has_errors() {
        choices.push(Choice {
            says: "look at what is wrong with the release files".to_owned(),
            types: "liftlock check".to_owned(),
            verb: Verb::Check(CheckArgs::default()),
        });
    }
    for checked in &examined.checked {
        for pipeline in checked.model().pipelines.values() {
            choices.extend(releasing(checked.model(), pipeline));
        }
    }
    choices.extend(going_back(&ledger));
    if !ledger.runs.is_empty() {
        choices.push(Choice {
            says: "see what is where".to_owned(),
            types: "liftlock status".to_owned(),
            verb: Verb::Status,
        });
        choices.push(Choice {
            says: "see what was done".to_owned(),
            types: "liftlock history".to_owned(),
            verb: Verb::History(HistoryArgs { limit: 20 }),
        });
    }
    choose(choices, session)
}

fn choose(mut choices: Vec<Choice>, session: &Session<'_>) -> Result<Exit, Problem> {
    if choices.is_empty() {
        terminal::print("nothing can be done here yet: the release files declare no pipeline");
        return Ok(Exit::Done);
    }
    let wide = choices.iter().map(|choice| choice.says.chars().count()).max().unwrap_or(0);
    let ask = terminal::can_ask() && terminal::Stream::Stdout.is_terminal();
    let lines: Vec<String> = choices
        .iter()
        .enumerate()
        .map(|(at, choice)| {
            let number = if ask { format!("{:>3}  ", at + 1) } else { String::new() };
            let line = format!("{number}{:<wide$}   {}", choice.says, choice.types);
            liftlock_report::plain(&line).into_owned()
        })
        .collect();
    terminal::print(&lines.join("\n"));
    if !ask {
        return Ok(Exit::Done);
    }
    let answer = terminal::ask("\nwhich one? [number, or q for none] ")?;
    if answer.is_empty() || answer.eq_ignore_ascii_case("q") {
        return Ok(Exit::Done);
    }
    match answer.parse::<usize>().ok().filter(|number| (1..=choices.len()).contains(number)) {
        Some(number) => super::run(Some(choices.swap_remove(number - 1).verb), session),
        None => Err(Problem::usage(format!("`{answer}` is none of the numbers above"))),
    }
}

/// What somebody waits for: approvals, interrupted runs, environments that need a person.
fn urgent(ledger: &Ledger) -> Vec<Choice> {
    let mut choices = Vec::new();
    for (id, run) in &ledger.runs {
        let what = format!("{} {}", run.pipeline, run.version);
        for gate in run.waiting.iter().filter(|waiting| waiting.approval).map(|waiting| &waiting.gate) {
            choices.push(Choice {
                says: format!("{what} waits at {gate}: approve it"),
                types: format!("liftlock approve {id} {}", gate.name()),
                verb: Verb::Approve(ApproveArgs {
                    run: Some(id.to_string()),
                    gate: Some(gate.to_string()),
                    reason: None,
                }),
            });
        }
        for effect in run.waiting.iter().map(|waiting| &waiting.gate).filter(|effect| effect.part == Part::Deploy) {
            choices.push(Choice {
                says: format!("{what} waits for a person at {effect}: say that it is done"),
                types: format!("liftlock confirm {id} {effect}"),
                verb: Verb::Confirm(ConfirmArgs {
                    run: Some(id.to_string()),
                    address: Some(effect.to_string()),
                    failed: None,
                }),
            });
        }
        let says = match &run.outcome {
            None => format!("{what} is not over: go on with it"),
            Some(Outcome::Stranded { why }) if is_trouble(ledger, id) => format!("{what} needs a person: {why}"),
            Some(_) => continue,
        };
        choices.push(Choice {
            says,
            types: format!("liftlock resume {id}"),
            verb: Verb::Resume(ResumeArgs {
                run: Some(id.to_string()),
                no_wait: false,
                settle: Vec::new(),
                leave: None,
            }),
        });
    }
    choices
}

/// Whether an environment still is as a run left it.
fn is_trouble(ledger: &Ledger, run: &liftlock_names::RunId) -> bool {
    ledger.environments.values().any(|state| state.trouble.as_ref().is_some_and(|trouble| trouble.run == *run))
}

fn releasing(model: &liftlock_model::Model, pipeline: &liftlock_model::Pipeline) -> Vec<Choice> {
    let path: Vec<&str> = pipeline.stages().map(|(id, _)| model.environment(id).name.as_str()).collect();
    let path = path.join(" -> ");
    let name = &pipeline.name;
    let needed: Vec<String> = model
        .inputs
        .values()
        .filter(|input| input.default.is_none() && !matches!(input.ty, liftlock_model::Type::Optional(_)))
        .map(|input| format!(" --set {}=…", input.name))
        .collect();
    let needed = needed.concat();
    let release = ReleaseArgs { to: None, set: Vec::new(), values: Vec::new() };
    vec![
        Choice {
            says: format!("see what a release of {name} would change"),
            types: format!("liftlock plan {name}{needed}"),
            verb: Verb::Plan(PlanArgs {
                pipeline: Some(name.clone()),
                release: release.clone(),
                rollback: None,
                out: None,
                expires: SignedDuration::from_hours(24),
                offline: false,
                detailed_exitcode: false,
            }),
        },
        Choice {
            says: format!("release {name} through {path}"),
            types: format!("liftlock run {name}{needed}"),
            verb: Verb::Run(RunArgs {
                target: Some(name.clone()),
                release,
                go: GoArgs { yes: false, no_wait: false },
                approve: Vec::new(),
            }),
        },
    ]
}

/// What can be taken back.
fn going_back(ledger: &Ledger) -> Vec<Choice> {
    let mut choices = Vec::new();
    for ((pipeline, environment), state) in &ledger.environments {
        let Some(current) = state.stack.last() else { continue };
        let to = match state.stack.len() {
            1 => "nothing, as before its first release".to_owned(),
            count => state.stack[count - 2].release.version.clone(),
        };
        choices.push(Choice {
            says: format!("take {pipeline} in {environment} back from {} to {to}", current.release.version),
            types: format!("liftlock rollback {environment}"),
            verb: Verb::Rollback(RollbackArgs {
                to: None,
                environment: environment.clone(),
                pipeline: Some(pipeline.clone()),
                yes: false,
            }),
        });
    }
    choices
}
