//! What steps hand to later ones: `name=value` lines in the file that `LIFTLOCK_OUTPUT` names.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use liftlock_effects::World;
use liftlock_journal::{EffectState, EffectStatus, Failure, FailureKind};
use liftlock_names::Address;
use liftlock_plan::{Effect, EffectKind, Late, Piece};

use crate::dispatcher::Dispatcher;

/// How much a program may write.
const LARGEST: usize = 1024 * 1024;

/// The outputs that an effect uses, by step and name: the value, or why there is none.
pub type Wanted = BTreeMap<(String, String), Result<String, String>>;

/// Looks up every output that an effect uses, in its way up or down.
pub fn wanted(dispatcher: &Dispatcher<'_>, effect: &Effect) -> Wanted {
    let mut wanted = Wanted::new();
    for piece in effect.texts().into_iter().flat_map(|text| &text.pieces) {
        if let Piece::Late(Late::Output { step, name }) = piece {
            wanted
                .entry((step.clone(), name.clone()))
                .or_insert_with(|| value(dispatcher, &effect.address, step, name));
        }
    }
    wanted
}

fn value(dispatcher: &Dispatcher<'_>, user: &Address, step: &str, name: &str) -> Result<String, String> {
    let address = format!("{}/{}/{step}", user.pipeline, user.environment).parse::<Address>();
    let state = address.ok().and_then(|address| dispatcher.effect(&address));
    if let Some(value) = state.as_ref().and_then(|state| state.outputs.get(name)) {
        return Ok(value.clone());
    }
    Err(format!("the output `{name}` of {step} is not known: {}", why_unknown(state.as_ref())))
}

fn why_unknown(state: Option<&EffectState>) -> &'static str {
    match state.map(|state| state.status) {
        Some(EffectStatus::InPlace) => {
            "the step was in place and did not run; leave out its `desired`, or write the output in a step that always runs"
        }
        Some(EffectStatus::Finished) => "the step was taken as done on a person's word",
        None | Some(EffectStatus::NotNeeded) => "the step did not run",
        Some(_) => "the step did not come to its end, and had not written it by then",
    }
}

/// The file that a step writes its outputs to.
pub struct OutputFile<'a> {
    world: &'a dyn World,
    path: PathBuf,
    names: &'a [String],
}

/// What a step wrote.
pub struct Written {
    /// The declared outputs that are there.
    pub values: BTreeMap<String, String>,
    /// For the output of the program: what of it was ignored.
    pub notes: String,
    /// Whether all that are declared are there.
    pub complete: Result<(), Failure>,
}

impl<'a> OutputFile<'a> {
    /// The file for a try of an effect; none where it declares no outputs.
    ///
    /// # Errors
    /// Where the step runs on another host, whose files are out of reach.
    pub fn of(dispatcher: &Dispatcher<'a>, effect: &'a Effect, attempt: u32) -> Result<Option<Self>, Failure> {
        let EffectKind::Step(step) = &effect.kind else { return Ok(None) };
        if step.outputs.is_empty() {
            return Ok(None);
        }
        if step.run.on.is_some() {
            let message = "a step on another host cannot have outputs".to_owned();
            return Err(Failure { kind: FailureKind::NotStarted, message, tail: Vec::new() });
        }
        let address = &effect.address;
        let name = format!("{}/{}.{attempt}.values", address.environment, address.within_stage()).replace('/', ".");
        let engine = dispatcher.engine;
        let path = engine.logs.join(dispatcher.run.as_str()).join(name);
        Ok(Some(OutputFile { world: engine.world, path, names: &step.outputs }))
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes it empty, for nobody else to read.
    ///
    /// # Errors
    /// Where it cannot be written.
    pub fn make(&self) -> Result<(), Failure> {
        let made = self.path.parent().map_or(Ok(()), |folder| self.world.make_directory(folder));
        made.and_then(|()| self.world.write(&self.path, b"", 0o600)).map_err(|error| Failure {
            kind: FailureKind::NotStarted,
            message: format!("the file for its outputs cannot be made: {error}"),
            tail: Vec::new(),
        })
    }

    /// Reads it and removes it.
    pub fn take(&self) -> Written {
        let read = self.world.read(&self.path);
        // One that stays is in nobody's way: the next try has another.
        let _ = self.world.remove(&self.path);
        match read {
            Ok(bytes) if bytes.len() > LARGEST => unreadable("it is longer than a MiB"),
            Ok(bytes) => match String::from_utf8(bytes) {
                Ok(text) => self.parse(&text),
                Err(_) => unreadable("it is not UTF-8"),
            },
            Err(error) => unreadable(&error.to_string()),
        }
    }

    fn parse(&self, text: &str) -> Written {
        let mut values = BTreeMap::new();
        let mut notes = String::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            // Writing to a text cannot fail.
            let _ = match line.split_once('=') {
                Some((name, value)) if self.names.iter().any(|known| known == name) => {
                    values.insert(name.to_owned(), value.to_owned());
                    Ok(())
                }
                Some((name, _)) => writeln!(notes, "liftlock: `{name}` is no output of this step, and is ignored"),
                None => writeln!(notes, "liftlock: a line of LIFTLOCK_OUTPUT is not `name=value`, and is ignored"),
            };
        }
        let missing: Vec<String> =
            self.names.iter().filter(|name| !values.contains_key(*name)).map(|name| format!("`{name}`")).collect();
        let complete = match missing.as_slice() {
            [] => Ok(()),
            missing => Err(failed(format!(
                "it ended well, and did not write its output {}; a line `name=value` in the file $LIFTLOCK_OUTPUT does",
                missing.join(", ")
            ))),
        };
        Written { values, notes, complete }
    }
}

fn unreadable(why: &str) -> Written {
    let complete = Err(failed(format!("it ended well, and its file of outputs cannot be read: {why}")));
    Written { values: BTreeMap::new(), notes: String::new(), complete }
}

fn failed(message: String) -> Failure {
    Failure { kind: FailureKind::Failed, message, tail: Vec::new() }
}
