//! From the project on disk to an observed plan.

use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use liftlock_check::{Checked, Levels};
use liftlock_engine::{Interrupt, View, observe, read_sources};
use liftlock_journal::{Ledger, Record};
use liftlock_names::Address;
use liftlock_plan::{Plan, PlanError, Request, SavedPlan, artifact_inputs, draft, rollback};

use crate::cli::{Output, ReleaseArgs};
use crate::exit::{Exit, Problem};
use crate::findings;
use crate::inputs;
use crate::project::{self, Examined};
use crate::session::{Opened, Session, runtime};
use crate::terminal::{self, Stream};

/// Sees nothing: for observing.
pub struct Blind;

impl View for Blind {
    fn record(&self, _: &Record) {}
    fn output(&self, _: Option<&Address>, _: &[u8]) {}
}

/// A project whose release files are sound.
pub struct Sound {
    pub checked: Vec<Checked>,
}

/// Checks the project's release files. Findings are shown; with an error among them there is nothing to plan.
pub fn sound_project(session: &Session<'_>, root: &Path) -> Result<Sound, Problem> {
    let folder = shown(root);
    if folder != Path::new(".") && !session.options.quiet {
        terminal::say(&liftlock_report::plain(&format!("the project is {}", folder.display())));
    }
    let files = project::release_files(&[folder])?;
    let examined: Examined = project::examine(&files, Some(root), &Levels::default())?;
    if !examined.findings.is_empty() {
        let style = terminal::style(session.options, Stream::Stderr);
        terminal::say(findings::rendered(&examined, &style).trim_end());
    }
    if examined.has_errors() {
        return Err(Problem::new(Exit::Failed, "the release files have errors, and are not planned"));
    }
    Ok(Sound { checked: examined.checked })
}

/// The folder as it is shown in messages: relative to the current one where that is simple.
fn shown(root: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(here) if here == root => PathBuf::from("."),
        _ => root.to_owned(),
    }
}

impl Sound {
    /// The names of all pipelines.
    pub fn pipelines(&self) -> Vec<&str> {
        self.checked.iter().flat_map(|checked| checked.model().pipelines.keys().map(String::as_str)).collect()
    }

    /// The pipeline that is meant: the one that is named, or the only one.
    pub fn pipeline(&self, named: Option<&str>) -> Result<(&Checked, String), Problem> {
        let all = self.pipelines();
        let known = all.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let name = match (named, all.as_slice()) {
            (Some(name), _) => name,
            (None, [only]) => only,
            (None, []) => {
                return Err(Problem::usage("there is no pipeline in this project")
                    .with_help("declare one: `pipeline NAME { promote artifact.NAME through … }`"));
            }
            (None, _) => {
                return Err(Problem::usage("there are several pipelines").with_help(format!("name one of {known}")));
            }
        };
        let mut found = self.checked.iter().filter(|checked| checked.model().pipelines.contains_key(name));
        match (found.next(), found.next()) {
            (Some(checked), None) => Ok((checked, name.to_owned())),
            (Some(_), Some(_)) => {
                Err(Problem::usage(format!("two files declare a pipeline `{name}`")).with_help("rename one of them"))
            }
            (None, _) => Err(PlanError::UnknownPipeline { name: name.to_owned(), known }.into()),
        }
    }
}

/// What a release would do, observed unless `offline`.
pub fn plan_release(
    opened: &Opened,
    sound: &Sound,
    pipeline: Option<&str>,
    arguments: &ReleaseArgs,
    offline: bool,
) -> Result<Plan, Problem> {
    let (checked, pipeline) = sound.pipeline(pipeline)?;
    let mut inputs = inputs::given(arguments)?;
    inputs::ask_missing(checked.model(), &mut inputs)?;
    let ledger = opened.ledger()?;
    let mut plan = plan_unobserved(opened, checked, &pipeline, &inputs, arguments.to.as_deref(), &ledger)?;
    if !offline {
        observe_plan(opened, &mut plan)?;
    }
    Ok(plan)
}

fn plan_unobserved(
    opened: &Opened,
    checked: &Checked,
    pipeline: &str,
    inputs: &IndexMap<String, String>,
    to: Option<&str>,
    ledger: &Ledger,
) -> Result<Plan, Problem> {
    let sources = match artifact_inputs(checked, pipeline, inputs)? {
        None => None,
        Some(globs) => {
            let read = read_sources(&opened.world, &opened.root, &globs);
            Some(read.map_err(|error| Problem::new(Exit::Failed, error.to_string()))?)
        }
    };
    let mut plan = draft(&Request { checked, pipeline, inputs, to, ledger, sources })?;
    plan.add_restored_checks(ledger, |run| opened.run_state(run));
    Ok(plan)
}

/// What taking the current release of an environment back would do.
pub fn plan_rollback(
    opened: &Opened,
    pipeline: Option<&str>,
    environment: &str,
    offline: bool,
) -> Result<Plan, Problem> {
    let ledger = opened.ledger()?;
    let pipeline = released_pipeline(&ledger, pipeline, environment)?;
    let mut plan = rollback(pipeline, environment, &ledger, |run| opened.run_state(run))?;
    if !offline {
        observe_plan(opened, &mut plan)?;
    }
    Ok(plan)
}

/// The pipeline whose release is meant: the one that is named, or the only one with a release in the environment.
pub fn released_pipeline<'a>(
    ledger: &'a Ledger,
    named: Option<&'a str>,
    environment: &str,
) -> Result<&'a str, Problem> {
    let released: Vec<&str> = ledger
        .environments
        .iter()
        .filter(|((_, name), state)| name == environment && !state.stack.is_empty())
        .map(|((pipeline, _), _)| pipeline.as_str())
        .collect();
    match (named, released.as_slice()) {
        (Some(pipeline), _) => Ok(pipeline),
        (None, [only]) => Ok(only),
        (None, []) => Err(Problem::failed(format!("`{environment}` has no release"))
            .with_help("`liftlock status` shows what is where")),
        (None, several) => Err(Problem::usage(format!("several pipelines release into `{environment}`"))
            .with_help(format!("name one: `--pipeline {}`", several.join("`, `--pipeline ")))),
    }
}

/// Observes, and adds what was observed.
pub fn observe_plan(opened: &Opened, plan: &mut Plan) -> Result<(), Problem> {
    let interrupt = Interrupt::default();
    let engine = opened.engine(&Blind, &interrupt, false);
    let observations = runtime()?.block_on(observe(&engine, plan));
    plan.observe(&observations);
    Ok(())
}

/// Reads a saved plan, and refuses one that no longer fits what is there.
pub fn read_saved(session: &Session<'_>, opened: &Opened, path: &Path) -> Result<Plan, Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::usage(format!("the plan `{}`: {}", path.display(), terminal::reason(&error))))?;
    let saved = SavedPlan::from_text(path, &text)?.plan;
    let ledger = opened.ledger()?;
    let mut now = saved.clone();
    for stage in now.waves.iter_mut().flatten() {
        stage.previous = ledger.current(&saved.pipeline, &stage.environment).map(|released| released.release.clone());
    }
    if saved.observed {
        observe_plan(opened, &mut now)?;
    }
    let differences = liftlock_plan::differences(&saved, &now);
    if differences.is_empty() {
        return Ok(saved);
    }
    let style = terminal::style(session.options, Stream::Stderr);
    terminal::say(liftlock_report::plan::stale(&differences, &style).trim_end());
    Err(Problem::new(Exit::Stale, "nothing was begun: the plan is stale"))
}

/// Shows a plan: as data on standard output, or as talk in front of a question.
pub fn show(session: &Session<'_>, opened: &Opened, plan: &Plan, stream: Stream) {
    match (session.options.output(), stream) {
        (Output::Json, Stream::Stdout) => terminal::print(&liftlock_report::plan::json(plan)),
        (Output::Markdown, Stream::Stdout) => terminal::print(&liftlock_report::plan::markdown(plan, opened.now())),
        (Output::Human, Stream::Stdout) => {
            let style = terminal::style(session.options, stream);
            terminal::print(&liftlock_report::plan::human(plan, opened.now(), &style));
        }
        (_, Stream::Stderr) => {
            if !session.options.quiet {
                let style = terminal::style(session.options, stream);
                terminal::say(liftlock_report::plan::human(plan, opened.now(), &style).trim_end());
            }
        }
    }
}
