//! The effects of a stage in order, each with a mark for what it would change.
//!
//! A rollback is shown as it runs: backwards, but for a `refresh`, which runs once everything else of its body is back.

use std::fmt::Write as _;

use liftlock_journal::State;
use liftlock_names::Address;
use liftlock_plan::{ActionKind, Change, Check, Class, Effect, EffectKind, Invocation, Node, Plan, Stage};

use super::gates::{by_hand, check_sentence, command, sends};
use super::is_no_return;
use crate::plain::plain;
use crate::style::{Style, Tone};

/// What the marks mean that stand in front of the effects of a plan.
pub(super) fn legend(plan: &Plan, style: &Style) -> Option<String> {
    let undo = matches!(plan.action, ActionKind::Rollback { .. });
    let changes = Changes { style, undo, width: 0 };
    let shown = plan.stages().filter(|stage| !plan.observed || stage.changes());
    let marks: Vec<&str> = shown.flat_map(Stage::effects).map(|effect| changes.mark(effect).0).collect();
    let meanings = [
        ("+", "nothing was there"),
        ("~", "changes"),
        ("-", if undo { "is taken away" } else { "is not needed" }),
        ("=", if undo { "as before already" } else { "in place" }),
        ("!", "runs"),
        ("?", "not known"),
        (">", "tells somebody"),
    ];
    let used = meanings.iter().filter(|(mark, _)| marks.contains(mark));
    let used: Vec<String> = used.map(|(mark, meaning)| format!("{mark} {meaning}")).collect();
    (!used.is_empty()).then(|| used.join("   "))
}

/// So many effects in a row that are in place are one line.
const FOLDED: usize = 8;

fn is_still(node: &Node) -> bool {
    matches!(node, Node::Effect(effect) if effect.change == Change::InPlace)
}

/// How the effects of one stage are shown.
pub(super) struct Changes<'a> {
    pub style: &'a Style,
    /// Whether they are taken back.
    pub undo: bool,
    /// Of the addresses, so that what stands behind them lines up.
    pub width: usize,
}

/// How an effect is marked: the mark, its tone, and what is said of it beside what it is.
struct Mark(&'static str, Tone, Option<String>);

impl Changes<'_> {
    pub fn width(stage: &Stage) -> usize {
        let widths = stage.effects().into_iter().map(|effect| effect.address.within_stage().chars().count());
        widths.max().unwrap_or(0).min(40)
    }

    pub fn body(&self, text: &mut String, nodes: &[Node], indent: usize) {
        if !self.undo {
            let mut rest = nodes;
            while let Some((node, after)) = rest.split_first() {
                let still = rest.iter().take_while(|node| is_still(node)).count();
                if still >= FOLDED && !self.style.full {
                    self.still(text, &rest[..still], indent);
                    rest = &rest[still..];
                } else {
                    self.node(text, node, indent);
                    rest = after;
                }
            }
            return;
        }
        let is_refresh = |node: &&Node| match node {
            Node::Effect(effect) => matches!(effect.kind, EffectKind::Refresh { .. }),
            Node::Check(_) | Node::Phase { .. } | Node::Parallel { .. } => false,
        };
        nodes.iter().rev().filter(|node| !is_refresh(node)).for_each(|node| self.node(text, node, indent));
        nodes.iter().filter(is_refresh).for_each(|node| self.node(text, node, indent));
    }

    /// Many effects in a row with nothing to do: the first and the last are named.
    fn still(&self, text: &mut String, nodes: &[Node], indent: usize) {
        let effects = liftlock_plan::effects_of(nodes);
        let name = |effect: Option<&&Effect>| effect.map(|it| it.address.within_stage()).unwrap_or_default();
        let (first, last) = (name(effects.first()), name(effects.last()));
        let line = format!("{} in place, {} to {}", effects.len(), plain(&first), plain(&last));
        let _ = writeln!(text, "{:indent$}{}", "", self.style.paint(Tone::Quiet, &format!("= {line}")));
    }

    fn node(&self, text: &mut String, node: &Node, indent: usize) {
        match node {
            Node::Effect(effect) => self.effect(text, effect, indent),
            Node::Check(check) => self.check(text, check, indent),
            Node::Phase { body, rollback, .. } => {
                self.body(text, body, indent);
                if self.undo {
                    rollback.iter().flatten().for_each(|effect| self.cover(text, effect, indent));
                }
            }
            Node::Parallel { name, body } => {
                let _ = writeln!(text, "{:indent$}at the same time ({}):", "", plain(name));
                body.iter().for_each(|node| self.node(text, node, indent + 2));
            }
        }
    }

    /// A check at its place; on the way back there is nothing of it.
    pub fn check(&self, text: &mut String, check: &Check, indent: usize) {
        if self.undo {
            return;
        }
        let (lead, address) = (self.style.paint(Tone::Strong, "check"), check.address.within_stage());
        let _ = writeln!(text, "{:indent$}{lead} {}: {}", "", plain(&address), check_sentence(&check.kind));
    }

    fn effect(&self, text: &mut String, effect: &Effect, indent: usize) {
        let Mark(mark, tone, note) = self.mark(effect);
        let what = self.what(effect);
        self.line(text, indent, (mark, tone), &effect.address, what.as_deref());
        let inner = indent + 4;
        if let Some(docs) = effect.docs.as_deref().filter(|_| !effect.change.is_none() && !self.undo) {
            for line in docs.lines() {
                let _ = writeln!(text, "{:inner$}{}", "", self.style.paint(Tone::Quiet, &plain(line)));
            }
        }
        if let Class::Irreversible { why } = &effect.class
            && is_no_return(effect)
        {
            let warning = format!("POINT OF NO RETURN: {}", plain(why));
            let _ = writeln!(text, "{:inner$}{}", "", self.style.paint(Tone::Bad, &warning));
        }
        if let Some(note) = note {
            let _ = writeln!(text, "{:inner$}{note}", "");
        }
        for line in self.given(effect) {
            let _ = writeln!(text, "{:inner$}{}", "", self.style.paint(Tone::Quiet, &line));
        }
        if let Change::Diff { diff, by_structure, .. } = &effect.change {
            if *by_structure {
                let note = "by value: order, layout and comments are left out";
                let _ = writeln!(text, "{:inner$}{}", "", self.style.paint(Tone::Quiet, note));
            }
            self.diff(text, diff, inner);
        }
        if let Some(preview) = effect.change.preview().filter(|preview| !preview.is_empty()) {
            let _ = writeln!(text, "{:inner$}its preview says:", "");
            self.quoted(text, preview, inner);
        }
    }

    /// An effect of a phase's `rollback { … }`.
    fn cover(&self, text: &mut String, effect: &Effect, indent: usize) {
        let what = self.what_is_done(effect);
        self.line(text, indent, ("!", Tone::Attention), &effect.address, what.as_deref());
    }

    pub fn line(&self, text: &mut String, indent: usize, mark: (&str, Tone), address: &Address, what: Option<&str>) {
        let address = address.within_stage();
        let address = plain(&address);
        let mark = self.style.paint(mark.1, mark.0);
        let Some(what) = what else {
            let _ = writeln!(text, "{:indent$}{mark} {address}", "");
            return;
        };
        let pad = " ".repeat(self.width.saturating_sub(address.chars().count()));
        let used = indent + 4 + self.width.max(address.chars().count());
        let what = self.style.paint(Tone::Quiet, &self.style.cut(what, used));
        let _ = writeln!(text, "{:indent$}{mark} {address}{pad}  {what}", "");
    }

    fn mark(&self, effect: &Effect) -> Mark {
        let covered = self.undo && effect.class == Class::Covered;
        match &effect.change {
            _ if effect.is_notice() => Mark(">", Tone::Quiet, None),
            _ if covered => Mark("-", Tone::Quiet, Some("taken back by the `rollback` block around it".to_owned())),
            Change::Unobserved => Mark("?", Tone::Attention, None),
            Change::InPlace => Mark("=", Tone::Quiet, None),
            Change::Diff { diff, .. } => match (self.undo, &effect.observed, &effect.applied_over) {
                // What is not there today may be there by then, if an effect before this one puts it there.
                (false, Some(State::Absent), _) if !diff.lines().any(|line| line.starts_with('-')) => {
                    Mark("+", Tone::Good, None)
                }
                (true, _, Some(State::Absent)) => Mark("-", Tone::Bad, None),
                _ => Mark("~", Tone::Attention, None),
            },
            Change::Runs { because } => Mark("!", Tone::Attention, Some(format!("runs because {}", plain(because)))),
            Change::NotNeeded => {
                Mark("-", Tone::Quiet, Some("not needed: nothing that it takes notice of changes".to_owned()))
            }
            Change::Unknown { why, .. } => {
                Mark("?", Tone::Attention, Some(format!("what it changes is unknown: {}", plain(why))))
            }
        }
    }

    /// What the effect is: the path of a file, the command of a program.
    fn what(&self, effect: &Effect) -> Option<String> {
        if !self.undo {
            return self.what_is_done(effect);
        }
        match &effect.kind {
            EffectKind::Step(step) => step.rollback.as_ref().map(|run| self.runs(run)),
            EffectKind::Http(http) => http.undo.as_ref().map(sends),
            EffectKind::Manual { undo, .. } => undo.as_deref().map(by_hand),
            _ => self.what_is_done(effect),
        }
    }

    fn what_is_done(&self, effect: &Effect) -> Option<String> {
        Some(match &effect.kind {
            EffectKind::Step(step) => self.runs(&step.run),
            EffectKind::Refresh { run } => self.runs(run),
            EffectKind::Http(http) => sends(&http.request),
            EffectKind::Manual { instructions, .. } => by_hand(instructions),
            EffectKind::Notify { run } => format!("notifies: {}", self.runs(run)),
            EffectKind::File { path, .. } => format!("file {}", plain(path)),
            EffectKind::Link { path, .. } => format!("link {}", plain(path)),
            EffectKind::Directory { path } => format!("folder {}", plain(path)),
        })
    }

    /// What a program is given that is more than its words, where it may run: a host, secrets, tries, names to write.
    fn given(&self, effect: &Effect) -> Vec<String> {
        let run = match &effect.kind {
            _ if effect.change.is_none() => None,
            EffectKind::Step(step) if self.undo => step.rollback.as_ref(),
            EffectKind::Step(step) => Some(&step.run),
            EffectKind::Refresh { run } => Some(run),
            _ => None,
        };
        let Some(run) = run else { return Vec::new() };
        let mut lines = Vec::new();
        lines.extend(run.on.as_ref().map(|host| format!("on {}", plain(&host.to_string()))));
        let secrets = run.env.iter().filter(|(_, value)| value.has_secret());
        lines.extend(secrets.map(|(name, value)| format!("{} = {}", plain(name), plain(&value.to_string()))));
        let stdin = run.stdin.iter().filter(|stdin| stdin.has_secret());
        lines.extend(stdin.map(|stdin| format!("reads {}", plain(&stdin.to_string()))));
        if let EffectKind::Step(step) = &effect.kind
            && !self.undo
        {
            let retry = step.retry.as_ref();
            lines.extend(retry.map(|retry| format!("tried up to {} times", retry.tries())));
            if !step.outputs.is_empty() {
                lines.push(format!("writes {} for later steps", plain(&step.outputs.join(", "))));
            }
        }
        lines
    }

    fn runs(&self, run: &Invocation) -> String {
        format!("runs {}", command(run))
    }

    pub fn diff(&self, text: &mut String, diff: &str, indent: usize) {
        super::diff::write(text, diff, indent, self.style);
    }

    fn quoted(&self, text: &mut String, quoted: &str, indent: usize) {
        for line in quoted.lines() {
            self.barred(text, &crate::plain::printed(line.as_bytes()), indent);
        }
    }

    fn barred(&self, text: &mut String, line: &str, indent: usize) {
        let line = format!("{:indent$}| {line}", "");
        let _ = writeln!(text, "{}", line.trim_end());
    }
}
