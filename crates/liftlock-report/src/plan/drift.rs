//! What was changed by hand in an environment, in the shape of the plan.

use std::fmt::Write as _;

use liftlock_journal::State;
use liftlock_plan::{Change, Drift, Drifted, EffectKind};
use serde::Serialize;

use super::changes::Changes;
use super::gates::{by_hand, command};
use crate::json::{self, FORMAT};
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::units::{count, release};

/// What differs for a person, in the order of the release.
pub fn human(drift: &Drift, style: &Style) -> String {
    let (changed, failed) = (drift.changed().count(), drift.failed().count());
    let mut text = format!(
        "{}: {} {}\n",
        style.paint(Tone::Strong, &plain(&drift.environment)),
        plain(&drift.pipeline),
        release(&drift.release)
    );
    let verdict = match changed {
        0 => style.paint(Tone::Good, "no drift: what can be observed is as the release left it"),
        _ => {
            let of = count(drift.effects.len(), "effect");
            style.paint(Tone::Attention, &format!("DRIFT: {changed} of {of} not as the release left it"))
        }
    };
    let _ = writeln!(text, "{verdict}");
    if failed > 0 {
        let warning = format!("{} could not be observed", count(failed, "effect"));
        let _ = writeln!(text, "{}", style.paint(Tone::Bad, &warning));
    }
    let changes = Changes { style, undo: false, width: width(drift) };
    drift.effects.iter().for_each(|effect| one(&mut text, effect, &changes));
    if changed > 0 {
        let _ = writeln!(text, "{}", style.paint(Tone::Quiet, "- as it was left   + as it is now"));
    }
    text
}

/// The same for a program.
pub fn json(drift: &Drift) -> String {
    #[derive(Serialize)]
    struct Document<'a> {
        format: u32,
        r#type: &'static str,
        changed: usize,
        failed: usize,
        #[serde(flatten)]
        drift: &'a Drift,
    }
    let (changed, failed) = (drift.changed().count(), drift.failed().count());
    json::line(&Document { format: FORMAT, r#type: "drift", changed, failed, drift })
}

fn width(drift: &Drift) -> usize {
    let widths = drift.effects.iter().map(|effect| effect.address.within_stage().chars().count());
    widths.max().unwrap_or(0).min(40)
}

fn one(text: &mut String, effect: &Drifted, changes: &Changes<'_>) {
    let (mark, tone) = match &effect.change {
        Change::Diff { .. } => ("~", Tone::Attention),
        Change::Unknown { .. } => ("!", Tone::Bad),
        Change::Unobserved => ("?", Tone::Quiet),
        _ => ("=", Tone::Quiet),
    };
    let what = match &effect.kind {
        EffectKind::File { path, .. } => format!("file {}", plain(path)),
        EffectKind::Link { path, .. } => format!("link {}", plain(path)),
        EffectKind::Directory { path } => format!("folder {}", plain(path)),
        EffectKind::Refresh { run } | EffectKind::Notify { run } => command(run),
        EffectKind::Manual { instructions, .. } => by_hand(instructions),
        EffectKind::Step(_) | EffectKind::Http(_) => match effect.kind.observed_by() {
            Some(observe) => format!("what {} prints", command(observe)),
            None => "nothing observes it".to_owned(),
        },
    };
    changes.line(text, 2, (mark, tone), &effect.address, Some(&what));
    match (&effect.change, &effect.found) {
        (Change::Diff { diff, .. }, _) => changes.diff(text, diff, 6),
        // What was not observed on purpose says why as well.
        (Change::Unknown { why, .. }, _) | (Change::Unobserved, State::Unknown { why }) => {
            let _ = writeln!(text, "{:6}{}", "", plain(why));
        }
        _ => {}
    }
}
