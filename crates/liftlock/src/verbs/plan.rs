//! `liftlock plan`: what a release would change.

use std::fs;

use liftlock_plan::{Plan, SavedPlan};

use crate::cli::PlanArgs;
use crate::exit::{Exit, Problem};
use crate::planning::Known;
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
    let known = Known::read(&opened)?;
    let plans = match &arguments.rollback {
        Some(environment) => {
            let (pipeline, to) = (arguments.pipeline.as_deref(), arguments.release.to.as_deref());
            planning::plan_rollback(&opened, &known, pipeline, environment, to, arguments.offline)?
        }
        None => {
            let sound = planning::sound_project(session, &root)?;
            let pipeline = arguments.pipeline.as_deref();
            vec![planning::plan_release(&opened, &known, &sound, pipeline, &arguments.release, arguments.offline)?]
        }
    };
    let is_empty = plans.iter().all(Plan::is_empty);
    planning::show(session, &opened, &known, &plans, Stream::Stdout);
    if let Some(path) = &arguments.out {
        let saved = SavedPlan::new(plans, opened.now(), arguments.expires)
            .ok_or_else(|| Problem::usage("a plan cannot hold for so long").with_help("give `--expires 24h`, say"))?;
        let (text, expires) = (saved.to_text(), saved.expires_at);
        fs::write(path, text)
            .map_err(|error| Problem::failed(format!("`{}` cannot be written: {error}", path.display())))?;
        if !session.options.quiet {
            let until = terminal::style(session.options, Stream::Stderr).day_time(expires);
            terminal::say(&format!("saved; until {until}, run exactly this with: liftlock run {}", path.display()));
        }
    }
    Ok(if arguments.detailed_exitcode && !is_empty { Exit::Different } else { Exit::Done })
}
