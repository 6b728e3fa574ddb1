//! The end of a run: what happened and why, how every environment stands, and what to do next.

mod next;
mod standing;

use std::fmt::Write as _;

use jiff::Timestamp;
use liftlock_journal::{Action, EffectStatus, Failure, Outcome, RunState};
use liftlock_names::{Address, ReleaseRef, RunId};
use liftlock_plan::{Effect, Plan};
use serde::Serialize;

use self::next::next;
use self::standing::{How, Standing};
use crate::json::{self, FORMAT};
use crate::plain::{plain, printed};
use crate::style::{Style, Tone};
use crate::table::{Cell, table};
use crate::units::{and, short_release, took, versioned};

/// The report at the end of a run, or of where one stands that has not ended.
pub fn human(state: &RunState, plan: &Plan, style: &Style) -> String {
    let standings = Standing::of(state, plan);
    let (tone, headline) = headline(state, &standings);
    let needed: Vec<&str> =
        standings.iter().filter(|standing| standing.needs_person()).map(|standing| standing.environment).collect();
    let mut text = format!("{}\n", style.paint(tone, &headline));
    if let Some(why) = why(state, &standings) {
        let _ = writeln!(text, "why: {why}");
    }
    tails(&mut text, state, &standings, style);
    for warning in unsent(state, plan) {
        let _ = writeln!(text, "{}", style.paint(Tone::Attention, &format!("warning: {warning}")));
    }
    text.push('\n');
    let row = |standing: &Standing<'_>| {
        let (tone, word, more) = standing.words();
        vec![Cell::new(plain(standing.environment)), Cell::of(tone, word), Cell::new(more)]
    };
    text.push_str(&table(style, 2, &[], standings.iter().map(row).collect()));
    text.push('\n');
    if !needed.is_empty() {
        let warning = format!("nothing else enters {} until a person has looked", and(&needed));
        let _ = writeln!(text, "{}", style.paint(Tone::Bad, &warning));
    }
    let steps = next(state, plan, &standings);
    // Several are set apart, each command in a line of its own to be copied from.
    let between = if steps.len() > 1 { "\n    " } else { " " };
    for step in &steps {
        let _ = writeln!(text, "{}:{between}{}", step.what, style.paint(Tone::Strong, &step.command));
    }
    let _ = writeln!(text, "run {}, started by {}, {}", state.run, plain(&state.by), duration(state));
    text
}

/// The same for a program.
pub fn json(state: &RunState, plan: &Plan) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        r#type: &'static str,
        run: &'a RunId,
        pipeline: &'a str,
        action: &'a Action,
        version: &'a str,
        number: u64,
        by: &'a str,
        started_at: Timestamp,
        last_at: Timestamp,
        outcome: Option<&'a Outcome>,
        summary: String,
        why: Option<String>,
        environments: Vec<Environment<'a>>,
        /// What did not fail the release, and somebody should know.
        warnings: Vec<String>,
        next: Vec<String>,
    }
    #[derive(Serialize)]
    struct Environment<'a> {
        environment: &'a str,
        end: &'static str,
        release: Option<&'a ReleaseRef>,
        previous: Option<&'a ReleaseRef>,
        failed_at: Option<&'a Address>,
        failure: Option<&'a Failure>,
        undone: usize,
    }
    let standings = Standing::of(state, plan);
    let environment = |standing: &Standing<'_>| {
        let release = match standing.how {
            How::Released(release) => Some(release.clone()),
            _ => None,
        };
        (release, standing.failed.and_then(|(at, _)| at).cloned())
    };
    let owned: Vec<_> = standings.iter().map(environment).collect();
    let environments = standings.iter().zip(&owned).map(|(standing, (release, failed_at))| Environment {
        environment: standing.environment,
        end: standing.name(),
        release: release.as_ref(),
        previous: standing.previous,
        failed_at: failed_at.as_ref(),
        failure: standing.failed.map(|(_, failure)| failure),
        undone: standing.undone,
    });
    json::line(&Document {
        format: FORMAT,
        r#type: "outcome",
        run: &state.run,
        pipeline: &state.pipeline,
        action: &state.action,
        version: &state.version,
        number: state.number,
        by: &state.by,
        started_at: state.started_at,
        last_at: state.last_at,
        outcome: state.finished.as_ref(),
        summary: headline(state, &standings).1,
        why: why(state, &standings),
        environments: environments.collect(),
        warnings: unsent(state, plan),
        next: next(state, plan, &standings).into_iter().map(|step| step.command).collect(),
    })
}

fn headline(state: &RunState, standings: &[Standing<'_>]) -> (Tone, String) {
    let what = versioned(&state.pipeline, &state.version);
    match (&state.finished, &state.action) {
        (Some(Outcome::Released), _) => (Tone::Good, format!("{what} is released to {}", names(standings, |_| true))),
        (Some(Outcome::RolledBack), Action::Rollback { environment, .. }) => {
            (Tone::Good, format!("{} is rolled back: {what} is taken back", plain(environment)))
        }
        (Some(Outcome::RolledBack), Action::Release | Action::Drill { .. }) => {
            (Tone::Good, format!("{what} is taken back"))
        }
        (Some(_), Action::Rollback { environment, .. }) => {
            (Tone::Bad, format!("the rollback of {} did NOT succeed: {}", plain(environment), left(standings)))
        }
        (Some(_), Action::Drill { environment, fault }) => {
            let tone = if matches!(state.finished, Some(Outcome::Restored { .. })) { Tone::Good } else { Tone::Bad };
            let fault = crate::drill::fault(fault);
            (tone, format!("the drill of {}, {fault}: {}", plain(environment), left(standings)))
        }
        (Some(_), Action::Release) => {
            let released = |standing: &Standing<'_>| matches!(standing.how, How::Released(_));
            let to = match standings.iter().any(released) {
                true => format!(" to {}", names(standings, |standing| !released(standing))),
                false => String::new(),
            };
            (Tone::Bad, format!("{what} was NOT released{to}: {}", left(standings)))
        }
        (None, _) => (Tone::Attention, format!("{what} is not finished: {}", under_way(state))),
    }
}

fn names(standings: &[Standing<'_>], which: impl Fn(&Standing<'_>) -> bool) -> String {
    let names: Vec<&str> = standings.iter().filter(|each| which(each)).map(|each| each.environment).collect();
    and(&names)
}

/// How a run that failed left its environments, the worst first.
fn left(standings: &[Standing<'_>]) -> String {
    // Those of a kind, and whether they are several.
    let all = |which: fn(How<'_>) -> bool| {
        let names: Vec<&str> = standings.iter().filter(|each| which(each.how)).map(|each| each.environment).collect();
        (and(&names), names.len() > 1)
    };
    let (stranded, held) = (all(|how| matches!(how, How::Stranded(_))), all(|how| matches!(how, How::Held(_))));
    let left = all(|how| matches!(how, How::LeftAsIs(_)));
    let restored: Vec<&Standing<'_>> = standings.iter().filter(|standing| standing.how == How::Restored).collect();
    match stranded {
        (stranded, true) => return format!("{stranded} NEED A PERSON, they could not be restored"),
        (stranded, false) if !stranded.is_empty() => {
            return format!("{stranded} NEEDS A PERSON, it could not be restored");
        }
        _ => {}
    }
    match held {
        (held, true) => return format!("{held} NEED A PERSON, they are held at points of no return"),
        (held, false) if !held.is_empty() => {
            return format!("{held} NEEDS A PERSON, it is held at a point of no return");
        }
        _ => {}
    }
    match left {
        (left, true) => return format!("{left} are left as they were when they failed"),
        (left, false) if !left.is_empty() => return format!("{left} is left as it was when it failed"),
        _ => {}
    }
    match restored.as_slice() {
        [] => "nothing was changed".to_owned(),
        [only] => match only.previous {
            Some(previous) => format!("{} is restored to {}", plain(only.environment), short_release(previous)),
            None => format!("{} is restored to what it was before", plain(only.environment)),
        },
        _ => format!("{} are restored", all(|how| how == How::Restored).0),
    }
}

fn under_way(state: &RunState) -> String {
    let gate = next::waiting(state).next();
    match gate {
        Some((gate, why)) => {
            format!("it waits in front of {} at {}: {}", plain(&gate.environment), plain(gate.name()), plain(why))
        }
        None => match state.asked.iter().find(|(_, asked)| asked.said.is_none()) {
            Some((address, _)) => {
                let (environment, at) = (plain(&address.environment), address.within_stage());
                format!("it waits in {environment} for a person at {}", plain(&at))
            }
            None => "it is under way, or was interrupted".to_owned(),
        },
    }
}

fn why(state: &RunState, standings: &[Standing<'_>]) -> Option<String> {
    let said = match state.finished.as_ref()? {
        Outcome::Released | Outcome::RolledBack => return None,
        Outcome::Restored { why }
        | Outcome::Left { why }
        | Outcome::Refused { why, .. }
        | Outcome::Stranded { why } => plain(why).into_owned(),
    };
    let failed = standings.iter().filter(|standing| !matches!(standing.how, How::Released(_)));
    let Some((at, failure)) = failed.filter_map(|standing| standing.failed).next_back() else { return Some(said) };
    let at = at.map(|at| format!("{}: ", plain(&at.within_stage()))).unwrap_or_default();
    Some(format!("{at}{}", plain(&failure.message)))
}

/// Notices that did not go out.
fn unsent(state: &RunState, plan: &Plan) -> Vec<String> {
    let effects = plan.stages().flat_map(|stage| stage.effects()).chain(plan.on.notices());
    let warning = |notice: &Effect| {
        let known = state.effects.get(&notice.address).filter(|known| known.status == EffectStatus::Failed)?;
        let why = known.failure.as_ref().map(|failure| plain(&failure.message).into_owned()).unwrap_or_default();
        let at = if notice.address.is_of_run() { String::new() } else { format!("{}: ", notice.address.environment) };
        Some(format!("{}{} was not sent: {why}", plain(&at), plain(&notice.address.within_stage())))
    };
    effects.filter(|effect| effect.is_notice()).filter_map(warning).collect()
}

/// The last lines of what failed, and of undos that failed after it.
fn tails(text: &mut String, state: &RunState, standings: &[Standing<'_>], style: &Style) {
    if let Some(failure) = &state.artifact_failure {
        tail(text, "the build", failure, style);
    }
    for (at, failure) in standings.iter().filter_map(|standing| standing.failed) {
        let of = at.map_or_else(|| "what failed".to_owned(), |at| plain(&at.within_stage()).into_owned());
        tail(text, &of, failure, style);
    }
    for (address, effect) in &state.effects {
        if let (EffectStatus::UndoFailed, Some(failure)) = (effect.status, &effect.failure) {
            tail(text, &format!("the undo of {}", plain(&address.within_stage())), failure, style);
        }
    }
}

fn tail(text: &mut String, of: &str, failure: &Failure, style: &Style) {
    if failure.tail.is_empty() {
        return;
    }
    let _ = writeln!(text, "{}", style.paint(Tone::Quiet, &format!("the last lines of {of}:")));
    for line in &failure.tail {
        let _ = writeln!(text, "  | {}", printed(line.as_bytes()));
    }
}

fn duration(state: &RunState) -> String {
    let took = took(between(state.started_at, state.last_at));
    if state.finished.is_some() { format!("took {took}") } else { format!("{took} from its first record to its last") }
}

/// Milliseconds from one time to another; none where the clock was turned back.
pub(crate) fn between(from: Timestamp, to: Timestamp) -> u64 {
    u64::try_from(to.duration_since(from).as_millis()).unwrap_or(0)
}
