//! `liftlock plan`: what a release would change.

use std::fs;

use liftlock_plan::SavedPlan;

use crate::cli::PlanArgs;
use crate::exit::{Exit, Problem};
use crate::session::Session;
use crate::terminal::{self, Stream};
use crate::{planning, project};

pub fn run(arguments: &PlanArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    plan(arguments, session).map_err(|problem| match problem.exit {
        // To a script that asked for it, 2 means changes and nothing else.
        Exit::Usage if arguments.detailed_exitcode => Problem { exit: Exit::Failed, ..problem },
        _ => problem,
    })
}

fn plan(arguments: &PlanArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let root = project::find_root()?;
    let opened = session.open_to_look(&root)?;
    let plan = match &arguments.rollback {
        Some(environment) => {
            planning::plan_rollback(&opened, arguments.pipeline.as_deref(), environment, arguments.offline)?
        }
        None => {
            let sound = planning::sound_project(session, &root)?;
            let pipeline = arguments.pipeline.as_deref();
            planning::plan_release(&opened, &sound, pipeline, &arguments.release, arguments.offline)?
        }
    };
    let is_empty = plan.is_empty();
    planning::show(session, &opened, &plan, Stream::Stdout);
    if let Some(path) = &arguments.out {
        let text = SavedPlan::new(plan).to_text();
        fs::write(path, text)
            .map_err(|error| Problem::failed(format!("`{}` cannot be written: {error}", path.display())))?;
        if !session.options.quiet {
            terminal::say(&format!("saved; run exactly this with: liftlock run {}", path.display()));
        }
    }
    Ok(if arguments.detailed_exitcode && !is_empty { Exit::Different } else { Exit::Done })
}
