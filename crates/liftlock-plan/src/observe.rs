//! What was observed, and what each effect would change in view of it.

use std::collections::HashMap;

use liftlock_journal::State;
use liftlock_names::{Address, Digest};

use crate::diff::{LARGEST_DIFFED, unified};
use crate::document::{ActionKind, Change, Class, Effect, EffectKind, Node, Plan};
use crate::structure::structural;

/// What was observed of one effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    pub state: State,
    /// The content, where it is a file's.
    pub content: Option<Vec<u8>>,
    /// What `preview` printed, or why it failed.
    pub preview: Option<Result<String, String>>,
}

/// Everything that was observed for a plan.
#[derive(Debug, Clone, Default)]
pub struct Observations {
    pub effects: HashMap<Address, Observation>,
    /// Contents that a rollback would put back, by their digests.
    pub kept: HashMap<Digest, Vec<u8>>,
}

impl Plan {
    /// Adds what was observed, and with it what each effect would change.
    pub fn observe(&mut self, observations: &Observations) {
        self.observed = true;
        let undo = matches!(self.action, ActionKind::Rollback { .. });
        for stage in self.waves.iter_mut().flatten() {
            let mut effects = Vec::new();
            Node::for_each_mut(&mut stage.body, &mut |effect| effects.push(effect));
            if undo {
                effects.reverse();
            }
            // A refresh takes notice of everything before it in the whole deployment.
            let mut changed: Option<String> = None;
            let mut left: HashMap<Sight, Observation> = HashMap::new();
            for effect in effects {
                let Some(observation) = observations.effects.get(&effect.address) else { continue };
                effect.observed = Some(observation.state.clone());
                let sight = sight(effect);
                // What it finds is what was observed, unless one that looks at the same thing comes first and changes it.
                let found = sight.as_ref().and_then(|sight| left.get(sight)).unwrap_or(observation);
                effect.change = if undo {
                    undo_change(effect, found, observations)
                } else {
                    change(effect, found, changed.as_deref()).previewed(preview(observation))
                };
                if effect.change.is_none() {
                    continue;
                }
                if changed.is_none() {
                    changed = Some(effect.address.name().to_owned());
                }
                if let Some(sight) = sight {
                    let behind = if undo { put_back(effect, observations) } else { leaves(effect, found) };
                    left.extend(behind.map(|behind| (sight, behind)));
                }
            }
        }
    }
}

/// What an effect looks at. Two that [`look_alike`] look at the same, so that one finds what the other left.
#[derive(PartialEq, Eq, Hash)]
enum Sight {
    /// What a program shows; the program is written out, since what it is given has no order to be hashed by.
    Shown(String),
    Path(String),
}

fn sight(effect: &Effect) -> Option<Sight> {
    if let Some(program) = effect.kind.observed_by() {
        let written = serde_json::to_string(program).expect("an invocation holds only texts");
        return Some(Sight::Shown(written));
    }
    let path = path_of(effect);
    (!path.is_empty()).then(|| Sight::Path(path.to_owned()))
}

/// What is there once an effect is done that found `found`: what it desires, and nobody knows what where it desires nothing.
fn leaves(effect: &Effect, found: &Observation) -> Option<Observation> {
    if effect.class == Class::ReadOnly {
        return None;
    }
    let (state, content) = match &effect.kind {
        EffectKind::File { content, mode, .. } => {
            (wanted_file(content, *mode, &found.state), Some(content.as_bytes().to_vec()))
        }
        EffectKind::Link { target, .. } => (State::Link { target: target.clone() }, None),
        EffectKind::Directory { .. } => (State::Directory, None),
        kind => match kind.desired_output() {
            Some(text) => (State::Output { text: text.clone() }, None),
            None => (left_unknown(effect), None),
        },
    };
    Some(Observation { state, content, preview: None })
}

/// What is there once an effect is undone: what it was applied over.
fn put_back(effect: &Effect, observations: &Observations) -> Option<Observation> {
    if effect.class == Class::ReadOnly {
        return None;
    }
    let state = match &effect.applied_over {
        None | Some(State::Unobserved | State::Unknown { .. }) => left_unknown(effect),
        Some(before) => before.clone(),
    };
    let content = match &state {
        State::File { digest, .. } => observations.kept.get(digest).cloned(),
        _ => None,
    };
    Some(Observation { state, content, preview: None })
}

fn left_unknown(effect: &Effect) -> State {
    State::Unknown { why: format!("`{}` comes first, and nothing says what it leaves", effect.address.name()) }
}

/// The file that an effect wants where `found` is; without a mode of its own it keeps that of the file that is there.
fn wanted_file(content: &str, mode: Option<u32>, found: &State) -> State {
    let found_mode = match found {
        State::File { mode, .. } => Some(*mode),
        _ => None,
    };
    let mode = mode.or(found_mode).unwrap_or(0o644);
    State::File { digest: Digest::of(content.as_bytes()), bytes: content.len() as u64, mode }
}

/// What `preview` printed, also where it does not find what an effect before this one will leave.
fn preview(observation: &Observation) -> Option<String> {
    observation.preview.as_ref().map(|preview| match preview {
        Ok(text) => text.clone(),
        Err(why) => format!("the preview failed: {why}"),
    })
}

fn change(effect: &Effect, observation: &Observation, changed: Option<&str>) -> Change {
    let observed = &observation.state;
    match &effect.kind {
        EffectKind::Refresh { .. } => match changed {
            Some(name) => Change::Runs { because: format!("`{name}` changes") },
            None => Change::NotNeeded,
        },
        EffectKind::File { path, content, mode } => {
            let wanted = wanted_file(content, *mode, observed);
            content_change(path, observed, observation.content.as_deref(), &wanted, Some(content.as_bytes()))
        }
        EffectKind::Link { target, .. } => {
            content_change("", observed, None, &State::Link { target: target.clone() }, None)
        }
        // Telling somebody changes nothing, so there is nothing to hold it against.
        EffectKind::Notify { .. } => Change::Unobserved,
        EffectKind::Manual { .. } => Change::Unknown { why: "a person makes it".to_owned(), preview: None },
        EffectKind::Directory { .. } => content_change("", observed, None, &State::Directory, None),
        EffectKind::Step(_) | EffectKind::Http(_) => {
            let wanted = effect.kind.desired_output().map(|text| State::Output { text: text.clone() });
            let unknown = |why: &str| Change::Unknown { why: why.to_owned(), preview: None };
            match (observed, wanted) {
                (State::Unknown { why }, _) => unknown(why),
                (State::Unobserved, _) => unknown("it has no `observe`"),
                (_, None) => unknown("it does not say what is `desired`"),
                (observed, Some(wanted)) => content_change("", observed, None, &wanted, None),
            }
        }
    }
}

/// What undoing an effect would change: from what is there to what was there before it.
fn undo_change(effect: &Effect, observation: &Observation, observations: &Observations) -> Change {
    if let EffectKind::Refresh { .. } = effect.kind {
        return Change::Runs { because: "what it takes notice of is put back".to_owned() };
    }
    if let EffectKind::Manual { .. } = effect.kind {
        return Change::Unknown { why: "a person takes it back".to_owned(), preview: None };
    }
    match &effect.applied_over {
        None | Some(State::Unobserved | State::Unknown { .. }) => {
            Change::Unknown { why: "it has no `observe`".to_owned(), preview: None }
        }
        Some(before) => {
            let kept = match before {
                State::File { digest, .. } => observations.kept.get(digest).map(Vec::as_slice),
                _ => None,
            };
            content_change(path_of(effect), &observation.state, observation.content.as_deref(), before, kept)
        }
    }
}

/// Whether two effects observe the same thing.
pub fn look_alike(one: &Effect, other: &Effect) -> bool {
    match (one.kind.observed_by(), other.kind.observed_by()) {
        (Some(one), Some(other)) => one == other,
        _ => !path_of(one).is_empty() && path_of(one) == path_of(other),
    }
}

/// The path of what the effect puts there; empty where it is no file, link or folder.
pub(crate) fn path_of(effect: &Effect) -> &str {
    match &effect.kind {
        EffectKind::File { path, .. } | EffectKind::Link { path, .. } | EffectKind::Directory { path } => path,
        EffectKind::Step(_) | EffectKind::Refresh { .. } | EffectKind::Notify { .. } => "",
        EffectKind::Http(_) | EffectKind::Manual { .. } => "",
    }
}

/// The change from one state to another, with a diff of contents where they are known and readable. The end of `path` says
/// whether they are structured.
pub(crate) fn content_change(
    path: &str,
    from: &State,
    from_content: Option<&[u8]>,
    to: &State,
    to_content: Option<&[u8]>,
) -> Change {
    if from == to {
        return Change::InPlace;
    }
    if let State::Unknown { why } = from {
        return Change::Unknown { why: why.clone(), preview: None };
    }
    let readable = |content: Option<&[u8]>| {
        let text = content.filter(|bytes| bytes.len() <= LARGEST_DIFFED)?;
        String::from_utf8(text.to_vec()).ok().filter(|text| !text.contains('\0'))
    };
    let text = |state: &State, content| match state {
        State::File { .. } => readable(content),
        State::Absent => Some(String::new()),
        _ => None,
    };
    let is_file = matches!(from, State::File { .. }) || matches!(to, State::File { .. });
    if is_file && let (Some(before), Some(after)) = (text(from, from_content), text(to, to_content)) {
        let structural = structural(path, &before, &after);
        let by_structure = structural.is_some();
        let mut diff = structural.unwrap_or_else(|| unified(&before, &after));
        if let (State::File { mode: old, .. }, State::File { mode: new, .. }) = (from, to)
            && old != new
        {
            diff.push_str(&format!("-mode {old:04o}\n+mode {new:04o}\n"));
        }
        if diff.is_empty() {
            // An empty file that comes or goes.
            diff = unified(&line(from), &line(to));
        }
        return Change::Diff { diff, by_structure, preview: None };
    }
    if let (State::Output { text: before }, State::Output { text: after }) = (from, to)
        && let Some(diff) = structural("", before, after)
    {
        return Change::Diff { diff, by_structure: true, preview: None };
    }
    Change::Diff { diff: unified(&line(from), &line(to)), by_structure: false, preview: None }
}

/// A state as one line of a diff, or as several where a program printed several.
fn line(state: &State) -> String {
    match state {
        State::Absent | State::Unobserved => String::new(),
        State::Unknown { why } => format!("unknown: {why}\n"),
        State::Output { text } => format!("{text}\n"),
        State::File { digest, bytes, mode } => {
            format!("a file of {bytes} bytes, {}, mode {mode:04o}\n", digest.short())
        }
        State::Link { target } => format!("-> {target}\n"),
        State::Directory => "a folder\n".to_owned(),
        State::Other { what } => format!("{what}\n"),
    }
}
