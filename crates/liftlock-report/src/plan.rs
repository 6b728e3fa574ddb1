//! What would happen, before it does.

pub mod between;
mod changes;
mod diff;
pub mod drift;
pub(crate) mod gates;
mod markdown;
mod matters;
mod stage;

use std::fmt::Write as _;

use jiff::Timestamp;
use liftlock_names::Digest;
use liftlock_plan::{
    ActionKind, ArtifactPlan, Change, Class, Difference, Effect, EffectKind, ImageSource, OnFailure, Plan, Risk, Stage,
};
use serde::Serialize;

use crate::json::{self, FORMAT};
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::table::{Cell, table};
use crate::units::{and, count, release, size, versioned};

pub use markdown::markdown;

/// What a view of a plan is made from.
#[derive(Debug, Clone, Copy)]
pub struct View<'a> {
    pub plan: &'a Plan,
    pub risks: &'a [Risk],
    /// Which of how many plans it is, from 1: the way back over several releases is a plan for each.
    pub place: (usize, usize),
    /// Which calendars are open is said as of then.
    pub now: Timestamp,
}

/// The plan for a person: what matters first, then environment by environment.
pub fn human(view: &View<'_>, style: &Style) -> String {
    let View { plan, now, .. } = *view;
    let mut text = format!("{}\n", style.paint(Tone::Strong, &headline(view)));
    if let Some(docs) = plan.docs.as_deref().and_then(|docs| docs.lines().next()) {
        let _ = writeln!(text, "{}", style.paint(Tone::Quiet, &plain(docs)));
    }
    if plan.is_empty() {
        let _ = writeln!(text, "{}", style.paint(Tone::Good, &nothing(plan)));
        let _ = writeln!(text, "plan {}", plan.hash().short());
        return text;
    }
    let tally = Tally::of(plan);
    let _ = writeln!(text, "{}", summary(plan, &tally, style));
    if !plan.observed {
        let offline = "nothing was observed: what is in place and what would change is not known";
        let _ = writeln!(text, "{}", style.paint(Tone::Attention, offline));
    }
    text.push_str(&matters::human(view, style));
    if let (ActionKind::Release, Some(artifact)) = (&plan.action, &plan.artifact) {
        let _ = writeln!(text, "{}", artifact_line(artifact));
    }
    if !plan.inputs.is_empty() {
        let inputs = plan.inputs.iter().map(|(name, value)| {
            let value = if value.is_empty() { "\"\"".into() } else { plain(value) };
            format!("{} = {value}", plain(name))
        });
        let _ = writeln!(text, "inputs: {}", inputs.collect::<Vec<_>>().join(", "));
    }
    let _ = writeln!(text, "{}", if_it_fails(plan));
    for notice in plan.on.notices() {
        if let EffectKind::Notify { run } = &notice.kind {
            let _ = writeln!(text, "{}: runs {}", plain(&notice.address.within_stage()), gates::command(run));
        }
    }
    for stage in plan.stages() {
        text.push('\n');
        stage::human(&mut text, plan, stage, now, style);
    }
    text.push('\n');
    if let Some(legend) = changes::legend(plan, style) {
        let _ = writeln!(text, "{}", style.paint(Tone::Quiet, &legend));
    }
    let _ = writeln!(text, "plan {}", plan.hash().short());
    text
}

/// The plan in one line: for a question on the terminal, a commit status, a chat message.
pub fn one_line(plan: &Plan) -> String {
    if plan.is_empty() {
        return format!("{} (plan {})", nothing(plan), plan.hash().short());
    }
    let tally = Tally::of(plan);
    let alone = View { plan, risks: &[], place: (1, 1), now: Timestamp::UNIX_EPOCH };
    format!("{}; {} (plan {})", headline(&alone), tally.effects(plan), plan.hash().short())
}

/// The plan for a program; `hash` is that of `plan` as it stands there.
pub fn json(view: &View<'_>) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        r#type: &'static str,
        hash: Digest,
        risks: &'a [Risk],
        plan: &'a Plan,
    }
    let View { plan, risks, .. } = *view;
    json::line(&Document { format: FORMAT, r#type: "plan", hash: plan.hash(), risks, plan })
}

/// Why a saved plan is not run any more.
pub fn stale(differences: &[Difference], style: &Style) -> String {
    let headline = match differences.len() {
        0 => "the plan is stale: what it was made from has changed since".to_owned(),
        1 => "the plan is stale: one thing that it rests on has changed since".to_owned(),
        many => format!("the plan is stale: {many} things that it rests on have changed since"),
    };
    let mut text = format!("{}\n", style.paint(Tone::Bad, &headline));
    let row = |difference: &Difference| {
        vec![
            Cell::of(Tone::Strong, plain(&difference.at)),
            Cell::new(format!("was {}, is {}", plain(&difference.then), plain(&difference.now))),
        ]
    };
    text.push_str(&table(style, 2, &[], differences.iter().map(row).collect()));
    text.push_str("nothing was changed; look at a new plan with: liftlock plan\n");
    text
}

fn headline(view: &View<'_>) -> String {
    let plan = view.plan;
    let (environment, number, to) = match &plan.action {
        ActionKind::Release => return format!("{}: {}", versioned(&plan.pipeline, &plan.version), path(plan)),
        ActionKind::Drill { environment, fault } => {
            let what = versioned(&plan.pipeline, &plan.version);
            return format!("drill of {} with {what}, {}", plain(environment), crate::drill::fault(fault));
        }
        ActionKind::Rollback { environment, number, to, .. } => (environment, number, to),
    };
    let place = match view.place {
        (_, 1) => String::new(),
        (at, of) => format!(", {at} of {of}"),
    };
    format!(
        "rollback of {}{place}: take back {} (release {number}), to {}",
        plain(environment),
        versioned(&plan.pipeline, &plan.version),
        to.as_ref().map_or_else(|| "what was there before the first release".to_owned(), release)
    )
}

/// `dev -> staging -> [eu, us]`.
fn path(plan: &Plan) -> String {
    let wave = |wave: &Vec<Stage>| {
        let names: Vec<_> = wave.iter().map(|stage| plain(&stage.environment)).collect();
        if names.len() == 1 { names.concat() } else { format!("[{}]", names.join(", ")) }
    };
    plan.waves.iter().map(wave).collect::<Vec<_>>().join(" -> ")
}

fn nothing(plan: &Plan) -> String {
    let names: Vec<&str> = plan.stages().map(|stage| stage.environment.as_str()).collect();
    if let ActionKind::Rollback { environment, .. } = &plan.action {
        return format!("nothing to undo: every effect in {} is as it was before already", plain(environment));
    }
    let runs = if names.len() == 1 { "runs" } else { "run" };
    let digest = plan.artifact.as_ref().and_then(ArtifactPlan::digest);
    let digest = digest.map(|digest| format!(" ({})", Style::digest(&digest))).unwrap_or_default();
    let what = versioned(&plan.pipeline, &plan.version);
    format!("nothing to do: {} {runs} {what}{digest}, and every effect is in place", and(&names))
}

/// What the effects of the whole plan come to.
#[derive(Default)]
struct Tally {
    environments: usize,
    changes: usize,
    in_place: usize,
    unknown: usize,
    no_return: usize,
    restored: usize,
    total: usize,
}

impl Tally {
    fn of(plan: &Plan) -> Tally {
        let mut tally = Tally::default();
        for stage in plan.stages() {
            tally.add_stage(stage);
        }
        tally
    }

    fn of_stage(stage: &Stage) -> Tally {
        let mut tally = Tally::default();
        tally.add_stage(stage);
        tally
    }

    fn add_stage(&mut self, stage: &Stage) {
        self.environments += 1;
        self.restored += stage.coverage.restored;
        self.total += stage.coverage.total;
        stage.effects().into_iter().for_each(|effect| self.add(effect));
    }

    fn add(&mut self, effect: &Effect) {
        if effect.is_notice() {
            return;
        }
        match effect.change {
            Change::InPlace | Change::NotNeeded => self.in_place += 1,
            Change::Diff { .. } | Change::Runs { .. } => self.changes += 1,
            Change::Unknown { .. } | Change::Unobserved => self.unknown += 1,
        }
        if is_no_return(effect) {
            self.no_return += 1;
        }
    }

    fn effects(&self, plan: &Plan) -> String {
        if !plan.observed {
            return format!("{}, not observed", count(self.unknown, "effect"));
        }
        format!("{}, {} in place, {} unknown", count(self.changes, "change"), self.in_place, self.unknown)
    }
}

/// Whether running the plan passes a point of no return here.
fn is_no_return(effect: &Effect) -> bool {
    matches!(effect.class, Class::Irreversible { .. }) && !effect.change.is_none()
}

fn summary(plan: &Plan, tally: &Tally, style: &Style) -> String {
    let mut text = format!("{}, {}", count(tally.environments, "environment"), tally.effects(plan));
    if let ActionKind::Rollback { .. } = plan.action {
        return text;
    }
    let no_return = match tally.no_return {
        0 => "no point of no return".to_owned(),
        1 => style.paint(Tone::Bad, "1 POINT OF NO RETURN"),
        many => style.paint(Tone::Bad, &format!("{many} POINTS OF NO RETURN")),
    };
    let _ = write!(text, "; {no_return}; rollback coverage {}", coverage(tally.restored, tally.total));
    text
}

/// `27/27 (100%)`, rounded down: only what is whole is called so.
fn coverage(restored: usize, total: usize) -> String {
    let percent = (restored * 100).checked_div(total).unwrap_or(100);
    format!("{restored}/{total} ({percent}%)")
}

fn artifact_line(artifact: &ArtifactPlan) -> String {
    let what = versioned(artifact.name(), artifact.version());
    let to_be_built = |files: usize| format!("artifact {what}: to be built from {}", count(files, "file"));
    match artifact {
        ArtifactPlan::File(file) => match &file.built {
            Some(built) => format!(
                "artifact {}: built already, {}, {}",
                plain(&built.name),
                Style::digest(&built.digest),
                size(built.bytes)
            ),
            None => to_be_built(file.source_files),
        },
        ArtifactPlan::Image(image) => match (&image.digest, &image.source) {
            (Some(digest), source) => {
                let built = if source.build().is_some() { "built already, " } else { "" };
                // As it is written, it may say its digest already.
                let named = match image.image.split_once('@') {
                    Some((name, _)) => name,
                    None => &image.image,
                };
                format!("artifact {what}: {built}image {} is {digest}", plain(named))
            }
            (None, ImageSource::Built(build)) => {
                format!("{}, as image {}", to_be_built(build.source_files), plain(&image.image))
            }
            (None, ImageSource::Resolved { .. } | ImageSource::Written) => {
                format!(
                    "artifact {what}: image {}; its digest was not looked up, and this plan is not run",
                    plain(&image.image)
                )
            }
        },
    }
}

fn if_it_fails(plan: &Plan) -> &'static str {
    match (&plan.action, plan.on_failure) {
        (ActionKind::Rollback { .. }, _) => {
            "if an undo fails, it stops there, keeps the environment locked and asks for a person"
        }
        (ActionKind::Drill { .. }, _) => "it fails on purpose, and the environment is restored",
        (ActionKind::Release, OnFailure::Stage) => "if something fails, the environment that it fails in is restored",
        (ActionKind::Release, OnFailure::Pipeline) => "if something fails, every environment of this run is restored",
        (ActionKind::Release, OnFailure::None) => {
            "if something fails, everything is left as it is then: nothing is undone"
        }
    }
}
