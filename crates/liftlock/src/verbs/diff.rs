//! `liftlock diff`: what changes between two plans, or between the plan of another git revision and today's.

use std::fs;
use std::path::Path;

use indexmap::IndexMap;
use liftlock_check::Levels;
use liftlock_plan::{Plan, PlanDiff, Request, SavedPlan, between, draft};
use liftlock_report::plan::between as view;

use crate::cli::{DiffArgs, Output};
use crate::exit::{Exit, Problem};
use crate::planning::{self, Sound};
use crate::revision::Revision;
use crate::session::{Opened, Session};
use crate::terminal::{self, Stream};
use crate::{inputs, project};

pub fn run(arguments: &DiffArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let diff = match (&arguments.against, &arguments.first, &arguments.second) {
        (Some(revision), pipeline, None) => against(arguments, revision, pipeline.as_deref(), session)?,
        (Some(_), _, Some(_)) => {
            return Err(Problem::usage("with `--against` there is one pipeline to name, and no files"));
        }
        (None, Some(old), Some(new)) => {
            let release = &arguments.release;
            if release.to.is_some() || !release.set.is_empty() || !release.values.is_empty() {
                return Err(Problem::usage("saved plans have their inputs and their end in them")
                    .with_help("leave out `--set`, `--values` and `--to`"));
            }
            between(Some(&read(Path::new(old))?), Some(&read(Path::new(new))?))
        }
        (None, _, _) => {
            return Err(Problem::usage("two plans are compared, or one with that of another revision")
                .with_help("`liftlock diff OLD.json NEW.json`, or `liftlock diff --against main`"));
        }
    };
    terminal::print(&match session.options.output() {
        Output::Json => view::json(&diff),
        Output::Markdown => view::markdown(&diff),
        Output::Human => view::human(&diff, &terminal::style(session.options, Stream::Stdout)),
    });
    Ok(if diff.is_empty() { Exit::Done } else { Exit::Different })
}

fn read(path: &Path) -> Result<Plan, Problem> {
    let text = fs::read_to_string(path)
        .map_err(|error| Problem::failed(format!("the plan `{}` cannot be read: {error}", path.display())))?;
    Ok(SavedPlan::from_text(path, &text)?.plan)
}

/// Plans twice without looking at the world, so that only the files make a difference.
fn against(
    arguments: &DiffArgs,
    revision: &str,
    pipeline: Option<&str>,
    session: &Session<'_>,
) -> Result<PlanDiff, Problem> {
    let root = project::find_root()?;
    let opened = session.open_to_look(&root)?;
    let at = Revision::find(&root, revision)?;
    let files = at.release_files()?;
    let examined = project::examine_on(&at, &files, None, &Levels::default())?;
    if examined.has_errors() {
        let style = terminal::style(session.options, Stream::Stderr);
        terminal::say(crate::findings::rendered(&examined, &style).trim_end());
        return Err(Problem::failed(format!("the release files of `{revision}` have errors, and are not planned")));
    }
    let then = Sound { checked: examined.checked };
    let now = planning::sound_project(session, &root)?;
    let named = pipeline.map(str::to_owned);
    let pipeline = match named {
        Some(pipeline) => pipeline,
        None => now.pipeline(None)?.1,
    };
    let is_in = |sound: &Sound| sound.pipelines().contains(&pipeline.as_str());
    if !is_in(&then) && !is_in(&now) {
        return Err(Problem::failed(format!("there is no pipeline `{pipeline}`, neither now nor at `{revision}`")));
    }
    let mut given = inputs::given(&arguments.release)?;
    if let (true, Ok((checked, _))) = (is_in(&now), now.pipeline(Some(&pipeline))) {
        inputs::ask_missing(checked.model(), &mut given)?;
    }
    // An input that only one of both declares is no mistake; one that neither does is.
    let declares = |sound: &Sound, name: &str| {
        is_in(sound) && sound.pipeline(Some(&pipeline)).is_ok_and(|(it, _)| it.model().inputs.contains_key(name))
    };
    if let Some(name) = given.keys().find(|name| !declares(&then, name) && !declares(&now, name)) {
        return Err(Problem::failed(format!("there is no input `{name}`, neither now nor at `{revision}`")));
    }
    let plan = |sound: &Sound| -> Result<Option<Plan>, Problem> {
        if !is_in(sound) {
            return Ok(None);
        }
        let declared = given.iter().filter(|(name, _)| declares(sound, name));
        let declared = declared.map(|(name, value)| (name.clone(), value.clone())).collect();
        offline(&opened, sound, &pipeline, &declared, arguments.release.to.as_deref()).map(Some)
    };
    let then = plan(&then)
        .map_err(|problem| Problem { message: format!("at `{revision}`: {}", problem.message), ..problem })?;
    Ok(between(then.as_ref(), plan(&now)?.as_ref()))
}

/// The plan as the files alone say it: their sources are not read, and nothing is observed.
fn offline(
    opened: &Opened,
    sound: &Sound,
    pipeline: &str,
    inputs: &IndexMap<String, String>,
    to: Option<&str>,
) -> Result<Plan, Problem> {
    let (checked, pipeline) = sound.pipeline(Some(pipeline))?;
    let ledger = opened.ledger()?;
    Ok(draft(&Request { checked, pipeline: &pipeline, inputs, to, ledger: &ledger, found: None })?)
}
