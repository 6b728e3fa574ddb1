//! `liftlock drill`: lets every effect of a release fail, for real, and looks whether everything is undone.

use liftlock_journal::DrillResult;
use liftlock_plan::{Plan, Rehearsal, Stage};

use crate::cli::{DrillArgs, Output};
use crate::exit::{Exit, Problem};
use crate::planning::Known;
use crate::session::Session;
use crate::terminal::{self, Stream};
use crate::{drilling, planning, project};

pub fn run(arguments: &DrillArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let root = project::find_root()?;
    let opened = session.open(&root)?;
    let known = Known::read(&opened)?;
    let sound = planning::sound_project(session, &root)?;
    let plan = planning::plan_drill(&opened, &known, &sound, arguments)?;
    let rehearsal = rehearsal(&plan, &arguments.environment)?;

    if arguments.dry_run {
        terminal::print(&match session.options.output() {
            Output::Json => liftlock_report::drill::preview_json(&rehearsal),
            _ => liftlock_report::drill::preview(&rehearsal, &terminal::style(session.options, Stream::Stdout)),
        });
        return Ok(Exit::Done);
    }
    let style = terminal::style(session.options, Stream::Stderr);
    terminal::tell(session.options, &liftlock_report::drill::preview(&rehearsal, &style));
    confirm(&rehearsal, arguments.yes)?;

    let (run, drill) = drilling::drill(session, &opened, &rehearsal)?;
    terminal::print(&match session.options.output() {
        Output::Json => liftlock_report::drill::json(&drill, &run),
        _ => {
            let style = terminal::style(session.options, Stream::Stdout);
            liftlock_report::drill::human(&drill, &run, opened.now(), &style)
        }
    });
    Ok(match drill.effects.iter().any(|effect| matches!(effect.result, DrillResult::NotRestored { .. })) {
        true => Exit::Person,
        false if drill.is_good() => Exit::Done,
        false => Exit::Failed,
    })
}

/// The rounds, where the environment is one in which releases may be made to fail.
fn rehearsal(plan: &Plan, environment: &str) -> Result<Rehearsal, Problem> {
    let not_entered = || Problem::usage(format!("the release does not enter `{environment}`"));
    let stage = plan.stage(environment).ok_or_else(not_entered)?;
    if stage.protected {
        return Err(Problem::usage(format!("`{environment}` is protected, and a drill goes round its gates"))
            .with_help("drill in an environment that nothing protects"));
    }
    if !stage.drill {
        return Err(Problem::usage(format!(
            "`{environment}` is not marked for drills, in which releases fail for real"
        ))
        .with_help(format!(
            "where breaking it for a moment harms nobody, say so: `environment {environment} {{ drill = true }}`"
        )));
    }
    let rehearsal = Rehearsal::of(plan, environment).ok_or_else(not_entered)?;
    if rehearsal.faults.is_empty() {
        return Err(Problem::failed(nothing(&rehearsal, stage))
            .with_help("drill with a version that changes something: `--set version=…` or `--values FILE`"));
    }
    Ok(rehearsal)
}

fn nothing(rehearsal: &Rehearsal, stage: &Stage) -> String {
    let (environment, plan) = (&rehearsal.environment, &rehearsal.plan);
    if !stage.changes() {
        let what = if plan.version.is_empty() { &plan.pipeline } else { &plan.version };
        return format!("there is nothing to drill: releasing `{what}` changes nothing in `{environment}`");
    }
    let left_out = rehearsal.left_out.iter().map(|(effect, why)| format!("{}: {why}", effect.within_stage()));
    format!("there is nothing to drill in `{environment}`: {}", left_out.collect::<Vec<_>>().join("; "))
}

fn confirm(rehearsal: &Rehearsal, yes: bool) -> Result<(), Problem> {
    if yes {
        return Ok(());
    }
    let (environment, rounds) = (&rehearsal.environment, rehearsal.faults.len());
    if !terminal::can_ask() {
        return Err(Problem::usage("nobody can be asked here, and nothing was begun")
            .with_help(format!("look at `liftlock drill {environment} --dry-run`, then drill with `--yes`")));
    }
    let question = format!("let releases into {environment} fail, {rounds} times?");
    if terminal::confirm(&question)? { Ok(()) } else { Err(Problem::failed("nothing was begun")) }
}
