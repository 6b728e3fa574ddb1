//! What somebody must not miss in a plan, in front of everything else: what cannot be undone, what nobody knows, what is
//! closed or waited for, and what else there is to think of. Each is said with its reason, and none with a number that
//! weighs it.

use std::fmt::Write as _;

use jiff::Timestamp;
use liftlock_names::Address;
use liftlock_plan::{Gate, GateKind, Risk};

use super::View;
use super::gates::{Standing, sentence};
use crate::markdown::{code, cut, prose};
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::units::{and, count, took};

/// How many of one kind are named. What is beyond is counted.
const MOST: usize = 8;
/// How many names stand in one sentence.
const MOST_NAMES: usize = 5;

/// One thing that matters.
struct Matter {
    /// What it is, in a word or two; what has the same kind stands together.
    kind: &'static str,
    tone: Tone,
    /// The environments that it is about, where it is about something in them.
    environments: Vec<String>,
    /// What it is about; empty where it is about them as a whole.
    at: String,
    /// Why, in a clause.
    why: String,
}

impl Matter {
    /// `production/deploy/migrate`, or `deploy/migrate in eu and us`.
    fn place(&self) -> String {
        match self.environments.as_slice() {
            [] => self.at.clone(),
            all if self.at.is_empty() => names(all),
            [only] => format!("{only}/{}", self.at),
            several => format!("{} in {}", self.at, names(several)),
        }
    }

    fn is_like(&self, other: &Matter) -> bool {
        !other.environments.is_empty() && (self.kind, &self.at, &self.why) == (other.kind, &other.at, &other.why)
    }
}

/// One below the other, each with its kind in front.
pub(super) fn human(view: &View<'_>, style: &Style) -> String {
    let matters = matters(view);
    let width = matters.iter().map(|matter| matter.kind.len()).max().unwrap_or(0);
    let mut text = String::new();
    each(&matters, |shown, beyond| {
        for matter in shown {
            let kind = style.paint(matter.tone, matter.kind);
            let pad = " ".repeat(width - matter.kind.len());
            let _ = writeln!(text, "  {kind}{pad}  {}: {}", plain(&matter.place()), plain(&matter.why));
        }
        if beyond > 0 {
            let _ = writeln!(text, "  {:width$}  and {beyond} more", "");
        }
    });
    text
}

/// The same as a list.
pub(super) fn markdown(view: &View<'_>) -> String {
    let matters = matters(view);
    let mut text = String::new();
    each(&matters, |shown, beyond| {
        for matter in shown {
            let (at, why) = (code(&matter.place()), prose(&cut(&matter.why)));
            let _ = writeln!(text, "- **{}** {at}: {why}", matter.kind);
        }
        if beyond > 0 {
            let _ = writeln!(text, "- and {beyond} more of these");
        }
    });
    if !text.is_empty() {
        text.push('\n');
    }
    text
}

/// Kind by kind: those that are shown, and how many are not.
fn each<'m>(matters: &'m [Matter], mut write: impl FnMut(&'m [Matter], usize)) {
    for group in matters.chunk_by(|one, other| one.kind == other.kind) {
        let shown = group.len().min(MOST);
        write(&group[..shown], group.len() - shown);
    }
}

fn matters(view: &View<'_>) -> Vec<Matter> {
    let (grave, other): (Vec<&Risk>, Vec<&Risk>) = view.risks.iter().partition(|risk| is_grave(risk));
    let mut gates: Vec<Matter> = view.plan.gates().filter_map(|gate| of_gate(gate, view.now)).collect();
    gates.sort_by_key(|gate| gate.kind != CLOSED);
    let grave = grave.into_iter().map(|risk| of_risk(risk, view.now));
    let other = other.into_iter().map(|risk| of_risk(risk, view.now));
    let mut matters: Vec<Matter> = Vec::new();
    for matter in grave.chain(gates).chain(other) {
        // The same of several environments is said once.
        match matters.iter_mut().find(|known| known.is_like(&matter)) {
            Some(known) => known.environments.extend(matter.environments),
            None => matters.push(matter),
        }
    }
    matters
}

const CLOSED: &str = "closed now";

/// What is graver than a closed gate: it can still be there when all gates are open.
fn is_grave(risk: &Risk) -> bool {
    use Risk::{Irreversible, NotRestored, OtherArtifact, Unknown};
    matches!(risk, Irreversible { .. } | NotRestored { .. } | OtherArtifact { .. } | Unknown { .. })
}

/// A gate that is closed, or that only the run can open.
fn of_gate(gate: &Gate, now: Timestamp) -> Option<Matter> {
    let (environments, at) = (vec![gate.address.environment.clone()], gate.address.name().to_owned());
    match Standing::of(&gate.kind, now) {
        Some(standing) if standing.is_open => None,
        Some(standing) => {
            let why = standing.text.strip_prefix("closed: ").unwrap_or(&standing.text).to_owned();
            Some(Matter { kind: CLOSED, tone: Tone::Attention, environments, at, why })
        }
        None => {
            let why = match &gate.kind {
                GateKind::Approval { group, need, .. } => format!("{} by {group}", count(*need as usize, "approval")),
                kind => sentence(kind),
            };
            Some(Matter { kind: "waits for", tone: Tone::Plain, environments, at, why })
        }
    }
}

fn of_risk(risk: &Risk, now: Timestamp) -> Matter {
    let matter = |kind, tone, at: String, why: String| Matter { kind, tone, environments: Vec::new(), at, why };
    let whole = |kind, tone, environment: &String, why: String| Matter {
        kind,
        tone,
        environments: vec![environment.clone()],
        at: String::new(),
        why,
    };
    let effect = |kind, tone, address: &Address, why: &str| Matter {
        kind,
        tone,
        environments: vec![address.environment.clone()],
        at: address.within_stage(),
        why: why.to_owned(),
    };
    match risk {
        Risk::Irreversible { effect: at, why } => effect("point of no return", Tone::Bad, at, why),
        Risk::NotRestored { environment, points } => whole(
            "not always restored",
            Tone::Bad,
            environment,
            format!("at {} a failure does not bring it back", count(*points, "point")),
        ),
        Risk::OtherArtifact { version, released, built } => {
            let why = match built {
                Some(built) => format!(
                    "it was released as {} and is {} now, which is refused; give this one a version of its own",
                    released.short(),
                    built.short()
                ),
                None => format!(
                    "it was released as {} from other sources, and is refused unless these give the same bytes",
                    released.short()
                ),
            };
            matter("version used before", Tone::Bad, version.clone(), why)
        }
        Risk::Unknown { effect: at, why } => effect("unknown", Tone::Attention, at, why),
        Risk::Larger { environment, changes, before, release } => whole(
            "larger than last time",
            Tone::Attention,
            environment,
            format!("{}; release {release} changed {before}", count(*changes, "effect")),
        ),
        Risk::FirstRelease { environments } => matter(
            "first release",
            Tone::Attention,
            names(environments),
            "nothing was released there before".to_owned(),
        ),
        Risk::FirstTime { environments, effects } => matter(
            "first time",
            Tone::Attention,
            names(environments),
            format!("the release before did not have {}", names(effects)),
        ),
        Risk::FreezeAhead { gate, from, to, reason } => matter(
            "freeze ahead",
            Tone::Attention,
            format!("{}/{}", gate.environment, gate.name()),
            format!("from {from} to {to}: {reason}"),
        ),
        Risk::Together { environments } => matter(
            "at the same time",
            Tone::Attention,
            names(environments),
            "what is wrong in one is wrong in all before anybody sees it".to_owned(),
        ),
        Risk::NotRehearsed { environment, last } => {
            let why = match last {
                None => "no undo was ever seen to work there".to_owned(),
                Some(last) => {
                    let days = now.duration_since(*last).as_hours() / 24;
                    format!("the last undo that was seen to work there is {days} days old")
                }
            };
            whole("not rehearsed", Tone::Attention, environment, why)
        }
        Risk::DrillStale { environment, within_ms, last } => {
            let within = took(*within_ms);
            let why = match last {
                None => format!("it wants one within {within}, and none went well yet (rollback/drill-stale)"),
                Some(last) => {
                    let ago = crate::units::age(crate::outcome::between(*last, now));
                    format!("it wants one within {within}, and the newest is {ago} old (rollback/drill-stale)")
                }
            };
            whole("lacks a recent drill", Tone::Attention, environment, why)
        }
    }
}

/// The first names, and how many there are more.
fn names(all: &[String]) -> String {
    let shown: Vec<&str> = all.iter().take(MOST_NAMES).map(String::as_str).collect();
    match all.len().saturating_sub(MOST_NAMES) {
        0 => and(&shown),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
