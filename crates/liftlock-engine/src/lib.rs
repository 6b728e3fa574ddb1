//! Making a release happen.
//!
//! [`start`], [`resume`] and the rest walk a plan: artifact, gates, effects, checks, and back again when something fails.
//! Everything that happens is a record first: the [`Dispatcher`](dispatcher::Dispatcher) alone owns the state of a run, appends each record to the
//! journal, and only then folds it in, so that another process can take a run up at any record. The engine knows no
//! source files and prints nothing; who wants to see a run passes a [`View`].

mod artifact;
mod body;
mod check;
mod dispatcher;
mod error;
mod gates;
mod hidden;
mod image;
mod interrupt;
mod left_behind;
mod look;
mod manual;
mod notice;
mod observe;
mod order;
mod outputs;
mod resolve;
mod retry;
mod run;
mod sight;
mod sources;
mod stage;
mod undo;
mod walk;

use std::path::Path;

use liftlock_effects::{Context, Mask, World};
use liftlock_journal::{Contents, Record, Store};
use liftlock_names::Address;

pub use error::EngineError;
pub use gates::{lacks_approvals, may_approve};
pub use image::{ImageError, resolve_image};
pub use interrupt::Interrupt;
pub use observe::observe;
pub use run::{Resumable, Start, Word, conclude_drill, is_under_way, resume, start};
pub use sight::Sight;
pub use sources::{SourceError, read_sources};

/// Sees a run while it happens. The same records come from the journal when a run is looked at later.
pub trait View {
    /// A record is on disk.
    fn record(&self, record: &Record);
    /// A block of what a program printed; `None` is the build of the artifact.
    fn output(&self, of: Option<&Address>, block: &[u8]);
}

/// What a run works with.
#[derive(Clone, Copy)]
pub struct Engine<'a> {
    pub store: &'a dyn Store,
    pub blobs: &'a dyn Contents,
    pub world: &'a dyn World,
    /// The project's folder: paths are relative to it.
    pub root: &'a Path,
    /// Hides the secrets that were opened, in all that is shown and kept.
    pub mask: &'a Mask,
    /// Where the output of programs is kept, whole.
    pub logs: &'a Path,
    pub view: &'a dyn View,
    pub interrupt: &'a Interrupt,
    pub who: &'a Who,
    /// Whether to wait at closed gates.
    pub wait: bool,
}

impl<'a> Engine<'a> {
    /// What effects and checks work with, handing what programs print to `output`.
    fn context<'c>(&self, output: &'c mut dyn FnMut(&[u8])) -> Context<'c>
    where
        'a: 'c,
    {
        Context { world: self.world, blobs: self.blobs, root: self.root, mask: self.mask, output }
    }
}

/// Who runs this process, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    pub by: String,
    pub host: String,
    pub process: u32,
}
