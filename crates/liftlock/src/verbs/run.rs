//! `liftlock run`: plan, ask, release.

use std::path::Path;

use liftlock_engine::may_approve;
use liftlock_plan::{ActionKind, Plan};

use crate::cli::RunArgs;
use crate::exit::{Exit, Problem};
use crate::planning::Known;
use crate::session::{Opened, Session};
use crate::terminal::{self, Stream};
use crate::{planning, project, runs};

pub fn run(arguments: &RunArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let root = project::find_root()?;
    let opened = session.open(&root)?;
    let known = Known::read(&opened)?;
    let plans = match arguments.target.as_deref().filter(|target| is_plan_file(target)) {
        Some(path) => {
            if !arguments.release.set.is_empty()
                || !arguments.release.values.is_empty()
                || arguments.release.to.is_some()
            {
                return Err(Problem::usage("a saved plan has its inputs and its end in it")
                    .with_help("leave out `--set`, `--values` and `--to`, or plan again with them"));
            }
            planning::read_saved(session, &opened, &known, Path::new(path))?
        }
        None => {
            let sound = planning::sound_project(session, &root)?;
            vec![planning::plan_release(
                &opened,
                &known,
                &sound,
                arguments.target.as_deref(),
                &arguments.release,
                false,
            )?]
        }
    };
    if plans.iter().all(Plan::is_empty) {
        planning::show(session, &opened, &known, &plans, Stream::Stdout);
        return Ok(Exit::Done);
    }
    for plan in &plans {
        check_approvals(&opened, plan, &arguments.approve)?;
    }
    planning::show(session, &opened, &known, &plans, Stream::Stderr);
    confirm(&plans, arguments.go.yes)?;
    runs::start_each(session, &opened, &plans, !arguments.go.no_wait, &arguments.approve)
}

fn is_plan_file(target: &str) -> bool {
    target.ends_with(".json") || Path::new(target).is_file()
}

/// Asks, unless told not to; where there is nobody to ask, nothing is begun.
pub fn confirm(plans: &[Plan], yes: bool) -> Result<(), Problem> {
    if yes {
        return Ok(());
    }
    if !terminal::can_ask() {
        return Err(Problem::usage("nobody can be asked here, and nothing was begun")
            .with_help("look at `liftlock plan`, then run with `--yes`"));
    }
    let versions: Vec<&str> = plans.iter().map(|plan| plan.version.as_str()).collect();
    let Some(plan) = plans.first() else { return Ok(()) };
    let question = match &plan.action {
        ActionKind::Release => format!("release {} {}?", plan.pipeline, plan.version),
        ActionKind::Drill { environment, .. } => format!("drill {environment}?"),
        ActionKind::Rollback { environment, .. } => {
            format!("take {} back out of {environment}?", versions.join(", then "))
        }
    };
    if terminal::confirm(&question)? { Ok(()) } else { Err(Problem::failed("nothing was begun")) }
}

/// An approval that could never count is refused before anything begins.
fn check_approvals(opened: &Opened, plan: &Plan, approve: &[String]) -> Result<(), Problem> {
    for name in approve {
        let mut gates =
            plan.gates().filter(|gate| gate.address.name() == name || gate.address.to_string() == *name).peekable();
        if gates.peek().is_none() {
            let known: Vec<&str> = plan.gates().map(|gate| gate.address.name()).collect();
            return Err(Problem::usage(format!("the plan has no gate `{name}`"))
                .with_help(liftlock_model::near::help(name, known.iter().copied(), "gate")));
        }
        let by = &opened.who().by;
        for gate in gates {
            may_approve(gate, by, by).map_err(Problem::usage)?;
        }
    }
    Ok(())
}
