//! From the project on disk to an observed plan.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use indexmap::IndexMap;
use liftlock_check::{Checked, Levels};
use liftlock_engine::{Interrupt, Resumable, observe, read_sources, resolve_image};
use liftlock_journal::Ledger;
use liftlock_names::Digest;
use liftlock_plan::{
    ArtifactInput, Found, Invocation, Past, Plan, PlanError, Request, Risk, SavedPlan, artifact_inputs, draft, foresee,
    risks, way_back,
};
use liftlock_report::plan::View;

use crate::cli::{DrillArgs, Output, ReleaseArgs};
use crate::exit::{Exit, Problem};
use crate::findings;
use crate::inputs;
use crate::project::{self, Examined};
use crate::session::{Opened, Session, runtime};
use crate::terminal::{self, Stream};

/// What has happened, as planning asks for it: each part read once, whatever is planned.
pub struct Known<'o> {
    pub ledger: Ledger,
    pub past: Past<'o>,
}

impl<'o> Known<'o> {
    pub fn read(opened: &'o Opened) -> Result<Self, Problem> {
        let (ledger, past) = (opened.ledger()?, opened.past());
        Ok(Known { ledger, past })
    }
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
    known: &Known<'_>,
    sound: &Sound,
    pipeline: Option<&str>,
    arguments: &ReleaseArgs,
    offline: bool,
) -> Result<Plan, Problem> {
    let (checked, pipeline) = sound.pipeline(pipeline)?;
    let mut inputs = inputs::given(arguments)?;
    inputs::ask_missing(checked.model(), &mut inputs)?;
    let mut plan = plan_unobserved(opened, known, checked, &pipeline, &inputs, arguments.to.as_deref(), offline)?;
    if !offline {
        observe_plan(opened, &mut plan)?;
    }
    Ok(plan)
}

/// What a drill would release: what is given, or what stands in the environment.
pub fn plan_drill(opened: &Opened, known: &Known<'_>, sound: &Sound, arguments: &DrillArgs) -> Result<Plan, Problem> {
    let (checked, pipeline) = sound.pipeline(arguments.pipeline.as_deref())?;
    let environment = arguments.environment.as_str();
    let release =
        ReleaseArgs { to: Some(environment.to_owned()), set: arguments.set.clone(), values: arguments.values.clone() };
    let mut inputs = inputs::given(&release)?;
    if inputs.is_empty()
        && let Some(current) = known.ledger.current(&pipeline, environment)
    {
        let plan = Resumable::read(opened.store.as_ref(), &current.release.run)?.plan;
        inputs = inputs::as_given(checked.model(), plan.inputs);
    }
    inputs::ask_missing(checked.model(), &mut inputs)?;
    let mut plan = plan_unobserved(opened, known, checked, &pipeline, &inputs, Some(environment), false)?;
    // What comes before it is not entered, and need not be looked at.
    plan.waves.retain_mut(|wave| {
        wave.retain(|stage| stage.environment == environment);
        !wave.is_empty()
    });
    observe_plan(opened, &mut plan)?;
    Ok(plan)
}

fn plan_unobserved(
    opened: &Opened,
    known: &Known<'_>,
    checked: &Checked,
    pipeline: &str,
    inputs: &IndexMap<String, String>,
    to: Option<&str>,
    offline: bool,
) -> Result<Plan, Problem> {
    let found = match artifact_inputs(checked, pipeline, inputs)? {
        None => None,
        Some(ArtifactInput::Sources(globs)) => {
            let read = read_sources(&opened.world, &opened.root, &globs);
            Some(Found::Sources(read.map_err(|error| Problem::new(Exit::Failed, error.to_string()))?))
        }
        Some(ArtifactInput::Digest { .. }) if offline => None,
        Some(ArtifactInput::Digest { image, resolve }) => Some(Found::Digest(digest_of(opened, &image, &resolve)?)),
    };
    known.past.recall(pipeline, &known.ledger);
    let mut plan = draft(&Request { checked, pipeline, inputs, to, ledger: &known.ledger, found })?;
    plan.add_restored_checks(&known.ledger, &known.past);
    Ok(plan)
}

/// The digest of an image, as the registry has it now.
fn digest_of(opened: &Opened, image: &str, resolve: &Invocation) -> Result<Digest, Problem> {
    let interrupt = Interrupt::default();
    let engine = opened.observer(&interrupt);
    runtime()?.block_on(resolve_image(&engine, image, resolve)).map_err(|error| {
        for line in error.tail() {
            terminal::say(&format!("  | {}", liftlock_report::plain(line)));
        }
        Problem::new(Exit::Failed, error.to_string()).with_help(error.help())
    })
}

/// What taking the current release of an environment back would do, or every release above `to`: a plan for each, newest
/// first. What could not be undone is said here, before anything starts.
pub fn plan_rollback(
    opened: &Opened,
    known: &Known<'_>,
    pipeline: Option<&str>,
    environment: &str,
    to: Option<&str>,
    offline: bool,
) -> Result<Vec<Plan>, Problem> {
    let pipeline = released_pipeline(&known.ledger, pipeline, environment)?;
    let way = way_back(pipeline, environment, to, &known.ledger, &known.past)?;
    let missing = |digest: &_| opened.blobs.verify(digest).err().map(|error| error.to_string());
    let mut plans = way.checked(missing)?;
    if !offline {
        observe_plans(opened, &mut plans)?;
    }
    Ok(plans)
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
    observe_plans(opened, std::slice::from_mut(plan))
}

/// Observes for plans of which each begins where the one before it ends.
fn observe_plans(opened: &Opened, plans: &mut [Plan]) -> Result<(), Problem> {
    let interrupt = Interrupt::default();
    let engine = opened.observer(&interrupt);
    let runtime = runtime()?;
    let mut kept = HashMap::new();
    for at in 0..plans.len() {
        let (before, rest) = plans.split_at_mut(at);
        let plan = &mut rest[0];
        let mut observations = runtime.block_on(observe(&engine, plan));
        kept.extend(observations.kept.clone());
        observations.kept.clone_from(&kept);
        foresee(before, plan, &mut observations);
        plan.observe(&observations);
    }
    Ok(())
}

/// Reads a saved plan, and refuses one that has expired, was changed, or no longer fits what is there.
pub fn read_saved(
    session: &Session<'_>,
    opened: &Opened,
    known: &Known<'_>,
    path: &Path,
) -> Result<Vec<Plan>, Problem> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::usage(format!("the plan `{}`: {}", path.display(), terminal::reason(&error))))?;
    let saved = SavedPlan::from_text(path, &text)?;
    saved.holds_at(opened.now())?;
    let saved = saved.plans();
    let mut now = saved.clone();
    for (at, plan) in now.iter_mut().enumerate() {
        let pipeline = plan.pipeline.clone();
        for stage in plan.waves.iter_mut().flatten() {
            // Each takes off one release; what is below it is what the next one finds.
            let stack = known.ledger.environment(&pipeline, &stage.environment).map_or(&[][..], |state| &state.stack);
            stage.previous = stack.iter().rev().nth(at).map(|released| released.release.clone());
        }
    }
    if saved.iter().all(|plan| plan.observed) {
        observe_plans(opened, &mut now)?;
    }
    let differences: Vec<_> =
        saved.iter().zip(&now).flat_map(|(then, now)| liftlock_plan::differences(then, now)).collect();
    if differences.is_empty() {
        return Ok(saved);
    }
    let style = terminal::style(session.options, Stream::Stderr);
    terminal::say(liftlock_report::plan::stale(&differences, &style).trim_end());
    Err(Problem::new(Exit::Stale, "nothing was begun: the plan is stale"))
}

/// Shows plans: as data on standard output, or as talk in front of a question.
pub fn show(session: &Session<'_>, opened: &Opened, known: &Known<'_>, plans: &[Plan], stream: Stream) {
    let now = opened.now();
    let risks: Vec<Vec<Risk>> = plans.iter().map(|plan| risks(plan, &known.ledger, &known.past, now)).collect();
    let both = plans.iter().zip(&risks).enumerate();
    let views: Vec<View<'_>> =
        both.map(|(at, (plan, risks))| View { plan, risks, place: (at + 1, plans.len()), now }).collect();
    let human = || -> String {
        let style = terminal::style(session.options, stream);
        let texts: Vec<String> = views.iter().map(|view| liftlock_report::plan::human(view, &style)).collect();
        texts.join("\n")
    };
    match (session.options.output(), stream) {
        (Output::Json, Stream::Stdout) => {
            views.iter().for_each(|view| terminal::print(&liftlock_report::plan::json(view)));
        }
        (Output::Markdown, Stream::Stdout) => terminal::print(&liftlock_report::plan::markdown(&views)),
        (Output::Human, Stream::Stdout) => terminal::print(&human()),
        (_, Stream::Stderr) if session.options.quiet => {}
        (_, Stream::Stderr) => terminal::say(human().trim_end()),
    }
}
