//! What the tests of this crate share: a folder of their own in the real world.

use std::path::Path;
use std::time::Duration;

use liftlock_journal::{Blobs, Failure, State};
use tempfile::TempDir;

use crate::{Captured, Command, Context, Effect, Mask, Observed, RealWorld, World as _};

pub(crate) fn command(cwd: &Path, argv: &[&str]) -> Command {
    Command {
        argv: argv.iter().map(|word| (*word).to_owned()).collect(),
        env: Vec::new(),
        cwd: cwd.to_owned(),
        stdin: None,
        timeout: Duration::from_secs(20),
        on: None,
    }
}

/// Runs a future to its end on the kind of runtime that the engine has.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Runs a program to its end; its output as it came is the second of the two.
pub(crate) fn run(command: &Command) -> (std::io::Result<Captured>, Vec<u8>) {
    let mut output = Vec::new();
    let mask = Mask::default();
    let captured = block_on(RealWorld::new().run(command, &mask, &mut |block| output.extend_from_slice(block)));
    (captured, output)
}

/// A root folder, and a store of contents outside it.
pub(crate) struct Site {
    pub root: TempDir,
    store: TempDir,
}

impl Site {
    pub(crate) fn new() -> Self {
        Site { root: TempDir::new().unwrap(), store: TempDir::new().unwrap() }
    }

    pub(crate) fn path(&self) -> &Path {
        self.root.path()
    }

    pub(crate) fn sh(&self, script: &str) -> Command {
        command(self.path(), &["sh", "-c", script])
    }

    /// Lets `act` work with a context, and returns what programs printed as well.
    pub(crate) fn with<T>(&self, act: impl AsyncFnOnce(&mut Context<'_>) -> T) -> (T, String) {
        let world = RealWorld::new();
        let blobs = Blobs::new(self.store.path());
        let mut printed = Vec::new();
        let mut output = |block: &[u8]| printed.extend_from_slice(block);
        let mask = Mask::default();
        let mut context = Context { world: &world, blobs: &blobs, root: self.path(), mask: &mask, output: &mut output };
        let result = block_on(act(&mut context));
        (result, String::from_utf8(printed).unwrap())
    }

    pub(crate) fn observe(&self, effect: &Effect) -> Observed {
        self.with(async |context| effect.observe(context).await).0
    }

    pub(crate) fn state(&self, effect: &Effect) -> State {
        self.observe(effect).state
    }

    pub(crate) fn apply(&self, effect: &Effect, before: &State) -> Result<(), Failure> {
        self.with(async |context| effect.apply(context, before).await).0
    }

    pub(crate) fn undo(&self, effect: &Effect, before: &State) -> Result<(), Failure> {
        self.with(async |context| effect.undo(context, before).await).0
    }

    /// Observes, keeps, applies, and holds what is there then against what is desired. Returns what was there before.
    pub(crate) fn enact(&self, effect: &Effect) -> State {
        let before = self.observe(effect);
        self.with(async |context| effect.keep(context, &before)).0.unwrap();
        self.apply(effect, &before.state).unwrap();
        assert_eq!(Some(self.state(effect)), effect.desired(&before.state));
        before.state
    }
}
