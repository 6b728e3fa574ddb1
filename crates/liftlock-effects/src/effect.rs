//! The contract of a kind: observe, keep, apply, undo.

use std::path::Path;

use liftlock_journal::{Contents, Failure, State};

use crate::{Directory, FileEffect, HttpEffect, Link, Mask, Notify, Refresh, Step, World};

/// An effect with every input resolved.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    Step(Step),
    File(FileEffect),
    Link(Link),
    Directory(Directory),
    Refresh(Refresh),
    Notify(Notify),
    Http(HttpEffect),
}

/// What an effect works with.
pub struct Context<'a> {
    pub world: &'a dyn World,
    pub blobs: &'a dyn Contents,
    /// Paths are relative to this folder.
    pub root: &'a Path,
    /// Hides the secrets that were opened.
    pub mask: &'a Mask,
    /// Takes what programs print, as it comes.
    pub output: &'a mut dyn FnMut(&[u8]),
}

/// What was observed, and the content where it is a file's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    pub state: State,
    pub content: Option<Vec<u8>>,
}

impl Effect {
    /// What is there now. Changes nothing; what cannot be observed is [`State::Unknown`] or [`State::Unobserved`].
    pub async fn observe(&self, context: &mut Context<'_>) -> Observed {
        match self {
            Effect::Step(step) => step.observe(context).await,
            Effect::File(file) => file.observe(context),
            Effect::Link(link) => link.observe(context),
            Effect::Directory(directory) => directory.observe(context),
            Effect::Refresh(refresh) => refresh.observe(),
            Effect::Notify(notify) => notify.observe(),
            Effect::Http(http) => http.observe(context).await,
        }
    }

    /// The state in which there is nothing to do. `None` where nothing tells.
    pub fn desired(&self, before: &State) -> Option<State> {
        match self {
            Effect::Step(step) => step.desired(),
            Effect::File(file) => Some(file.desired(before)),
            Effect::Link(link) => Some(link.desired()),
            Effect::Directory(_) => Some(State::Directory),
            Effect::Http(http) => http.desired(),
            Effect::Refresh(_) | Effect::Notify(_) => None,
        }
    }

    /// Keeps what `undo` will need. On disk when it returns.
    ///
    /// # Errors
    /// Why it cannot be kept; the effect must not be begun then.
    pub fn keep(&self, context: &Context<'_>, observed: &Observed) -> Result<(), Failure> {
        match self {
            Effect::File(file) => file.keep(context, observed),
            Effect::Link(_)
            | Effect::Directory(_)
            | Effect::Step(_)
            | Effect::Refresh(_)
            | Effect::Notify(_)
            | Effect::Http(_) => Ok(()),
        }
    }

    /// Makes the change.
    ///
    /// # Errors
    /// Why it failed; it may be half done then.
    pub async fn apply(&self, context: &mut Context<'_>, before: &State) -> Result<(), Failure> {
        match self {
            Effect::Step(step) => step.apply(context).await,
            Effect::File(file) => file.apply(context, before),
            Effect::Link(link) => link.apply(context, before),
            Effect::Directory(directory) => directory.apply(context, before),
            Effect::Refresh(refresh) => refresh.apply(context).await,
            Effect::Notify(notify) => notify.apply(context).await,
            Effect::Http(http) => http.apply(context).await,
        }
    }

    /// Takes the change back, also one that is half done.
    ///
    /// # Errors
    /// Why it failed.
    pub async fn undo(&self, context: &mut Context<'_>, before: &State) -> Result<(), Failure> {
        match self {
            Effect::Step(step) => step.undo(context).await,
            Effect::File(file) => file.undo(context, before),
            Effect::Link(link) => link.undo(context, before),
            Effect::Directory(directory) => directory.undo(context, before),
            Effect::Refresh(refresh) => refresh.apply(context).await,
            // What was said stays said.
            Effect::Notify(_) => Ok(()),
            Effect::Http(http) => http.undo(context).await,
        }
    }
}
