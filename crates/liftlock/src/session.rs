//! What a verb works with: the project's folder, its journal and its store of contents.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use liftlock_effects::{Mask, RealWorld, World as _};
use liftlock_engine::{Engine, Interrupt, View, Who};
use liftlock_journal::{Blobs, EmptyStore, Event, Ledger, Query, Record, RunState, Store};
use liftlock_names::{Address, RunId};
use liftlock_plan::Past;

use crate::OpenStore;
use crate::cli::Options;
use crate::exit::Problem;
use crate::{identity, journal, terminal};

/// Sees nothing: for observing.
struct Blind;

impl View for Blind {
    fn record(&self, _: &Record) {}
    fn output(&self, _: Option<&Address>, _: &[u8]) {}
}

/// One call of the program.
pub struct Session<'a> {
    pub options: &'a Options,
    open: &'a OpenStore,
}

/// An opened project.
pub struct Opened {
    pub root: PathBuf,
    pub store: Box<dyn Store>,
    pub blobs: Blobs,
    pub logs: PathBuf,
    pub world: RealWorld,
    /// What is opened by anything that this process does is hidden in all of it.
    mask: Mask,
    person: Option<String>,
    who: OnceLock<Who>,
}

impl<'a> Session<'a> {
    pub fn new(options: &'a Options, open: &'a OpenStore) -> Result<Self, Problem> {
        if let Some(directory) = &options.directory {
            std::env::set_current_dir(directory).map_err(|error| {
                Problem::usage(format!("the folder `{}`: {}", directory.display(), terminal::reason(&error)))
            })?;
        }
        Ok(Session { options, open })
    }

    fn journal_path(&self, root: &Path) -> PathBuf {
        self.options.store.clone().unwrap_or_else(|| root.join(".liftlock/journal.db"))
    }

    /// Opens the project to change something.
    pub fn open(&self, root: &Path) -> Result<Opened, Problem> {
        let path = self.journal_path(root);
        let store = (self.open)(&path, true)?;
        let store = store.ok_or_else(|| Problem::failed("the journal is not there"))?;
        self.with_store(root, &path, store)
    }

    /// Opens the project to look at it; `None` where nothing has happened yet.
    pub fn open_existing(&self, root: &Path) -> Result<Option<Opened>, Problem> {
        let path = self.journal_path(root);
        match (self.open)(&path, false)? {
            Some(store) => Ok(Some(self.with_store(root, &path, store)?)),
            None => Ok(None),
        }
    }

    /// Opens the project to look at it, with an empty journal where there is none yet.
    pub fn open_to_look(&self, root: &Path) -> Result<Opened, Problem> {
        match self.open_existing(root)? {
            Some(opened) => Ok(opened),
            None => {
                let path = self.journal_path(root);
                let store = Box::new(EmptyStore::new(&path));
                self.with_store(root, &path, store)
            }
        }
    }

    fn with_store(&self, root: &Path, place: &Path, store: Box<dyn Store>) -> Result<Opened, Problem> {
        let absolute = std::path::absolute(root)
            .map_err(|error| Problem::failed(format!("the folder `{}`: {error}", root.display())))?;
        let state = match journal::address(place) {
            // A server keeps records only; what they name stays on the machine that made it.
            Some(_) => absolute.join(".liftlock"),
            // Contents stand beside the journal that names them.
            None => {
                let folder = place.parent().filter(|folder| !folder.as_os_str().is_empty());
                std::path::absolute(folder.unwrap_or(Path::new(".")))
                    .map_err(|error| Problem::failed(format!("the folder of `{}`: {error}", place.display())))?
            }
        };
        Ok(Opened {
            root: absolute,
            store,
            blobs: Blobs::new(state.join("store")),
            logs: state.join("output"),
            world: RealWorld::new(),
            mask: Mask::default(),
            person: self.options.person.clone(),
            who: OnceLock::new(),
        })
    }
}

impl Opened {
    pub fn ledger(&self) -> Result<Ledger, Problem> {
        let mut ledger = Ledger::default();
        self.store.follow(&mut ledger)?;
        Ok(ledger)
    }

    /// Who runs this process; asked for only where it is recorded.
    pub fn who(&self) -> &Who {
        self.who.get_or_init(|| identity::who(self.person.as_deref()))
    }

    /// The state of a run, where it can be read.
    pub fn run_state(&self, run: &RunId) -> Option<RunState> {
        let query = Query { run: Some(run.clone()), ..Query::default() };
        RunState::fold(&self.store.read(&query).ok()?)
    }

    /// The text of a run's plan, which its first record holds, where it can be read.
    fn plan_text(&self, run: &RunId) -> Option<String> {
        let query = Query { run: Some(run.clone()), limit: Some(1), ..Query::default() };
        match self.store.read(&query).ok()?.pop()?.event {
            Event::RunStarted { plan, .. } => Some(plan),
            _ => None,
        }
    }

    /// What earlier runs planned and did.
    pub fn past(&self) -> Past<'_> {
        Past::new(|run| self.run_state(run)).with_plans(|run| self.plan_text(run))
    }

    /// Whether a process works on a run at this moment.
    pub fn is_under_way(&self, run: &RunId) -> bool {
        let state = self.run_state(run);
        let who = self.who();
        state.is_some_and(|state| {
            liftlock_engine::is_under_way(self.store.as_ref(), &self.world, &state, who).unwrap_or(false)
        })
    }

    pub fn engine<'e>(&'e self, view: &'e dyn View, interrupt: &'e Interrupt, wait: bool) -> Engine<'e> {
        Engine {
            store: self.store.as_ref(),
            blobs: &self.blobs,
            world: &self.world,
            root: &self.root,
            mask: &self.mask,
            logs: &self.logs,
            view,
            interrupt,
            who: self.who(),
            wait,
        }
    }

    /// An engine that only observes: nobody has to be known for that, and asking git who it is takes longer than many plans.
    pub fn observer<'e>(&'e self, interrupt: &'e Interrupt) -> Engine<'e> {
        static NOBODY: OnceLock<Who> = OnceLock::new();
        let who = NOBODY.get_or_init(|| Who { by: String::new(), host: String::new(), process: 0 });
        Engine {
            store: self.store.as_ref(),
            blobs: &self.blobs,
            world: &self.world,
            root: &self.root,
            mask: &self.mask,
            logs: &self.logs,
            view: &Blind,
            interrupt,
            who,
            wait: false,
        }
    }

    pub fn now(&self) -> jiff::Timestamp {
        self.world.now()
    }
}

/// A runtime for verbs that touch the world; the others start none.
pub fn runtime() -> Result<tokio::runtime::Runtime, Problem> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Problem::failed(format!("the system gives no runtime: {error}")))
}
