//! One environment of a plan.

use std::fmt::Write as _;

use jiff::Timestamp;
use liftlock_plan::{ActionKind, Plan, Stage, checks_in};

use super::changes::Changes;
use super::coverage;
use super::gates::{check_lines, gate_line};
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::units::{count, release, versioned};

pub(super) fn human(text: &mut String, plan: &Plan, stage: &Stage, now: Timestamp, style: &Style) {
    let is_rollback = matches!(plan.action, ActionKind::Rollback { .. });
    let name = style.paint(Tone::Strong, &plain(&stage.environment));
    let _ = writeln!(text, "{name}: {}", before_and_after(plan, stage));
    if !is_rollback {
        let requires: Vec<&str> = stage.requires.iter().map(String::as_str).collect();
        if !requires.is_empty() {
            let _ = writeln!(text, "  takes only what has succeeded in {}", crate::units::and(&requires));
        }
    }
    for gate in &stage.gates {
        text.push_str(&gate_line(gate, now, style));
    }
    let effects = stage.effects().iter().filter(|effect| !effect.is_notice()).count();
    if plan.observed && !stage.changes() {
        let all = if is_rollback { "as it was before already" } else { "in place" };
        let line = match effects {
            0 => "  nothing is changed here".to_owned(),
            1 => format!("  the one effect is {all}"),
            many => format!("  everything is {all} ({many} effects)"),
        };
        let _ = writeln!(text, "{line}");
        let changes = Changes { style, undo: is_rollback, width: 0 };
        checks_in(&stage.body).into_iter().for_each(|check| changes.check(text, check, 2));
    } else {
        let changes = Changes { style, undo: is_rollback, width: Changes::width(stage) };
        if is_rollback {
            let _ = writeln!(text, "  {} taken back, in this order:", count(effects, "effect"));
        }
        changes.body(text, &stage.body, 2);
    }
    if is_rollback {
        match stage.verify_restored.as_slice() {
            [] => text.push_str("  then every observation has to be what it was before the release\n"),
            checks => {
                text.push_str("  then every observation has to be what it was before the release, and\n");
                check_lines(text, "     ", checks);
            }
        }
        return;
    }
    check_lines(text, "then checks:", &stage.verify);
    let (restored, total) = (stage.coverage.restored, stage.coverage.total);
    let _ = write!(text, "  rollback coverage {}", coverage(restored, total));
    if restored < total {
        let points = count(total - restored, "point");
        let warning = format!(": at {points} a failure does not bring {} back", plain(&stage.environment));
        text.push_str(&style.paint(Tone::Attention, &warning));
    }
    text.push('\n');
}

/// `1.0.0 (release 4, sha256 ab12cd34ef56) -> 1.1.0`.
pub(super) fn before_and_after(plan: &Plan, stage: &Stage) -> String {
    let after = match plan.version.as_str() {
        "" => "this release".to_owned(),
        version => plain(version).into_owned(),
    };
    match (&plan.action, &stage.previous) {
        (ActionKind::Release | ActionKind::Drill { .. }, None) => format!("first release -> {after}"),
        (ActionKind::Release | ActionKind::Drill { .. }, Some(previous)) if plan.is_released(stage) => {
            format!("{}, released here already", release(previous))
        }
        (ActionKind::Release | ActionKind::Drill { .. }, Some(previous)) => format!("{} -> {after}", release(previous)),
        (ActionKind::Rollback { .. }, Some(current)) => format!("{} is taken back", release(current)),
        (ActionKind::Rollback { .. }, None) => format!("{} is taken back", versioned(&plan.pipeline, &plan.version)),
    }
}
