//! A project of one environment, with its journal, in which plans are run.

use std::cell::RefCell;
use std::path::Path;

use liftlock_effects::{Mask, RealWorld};
use liftlock_engine::{Engine, EngineError, Interrupt, Start, View, Who, Word};
use liftlock_journal::{Blobs, Event, Ledger, Query, Record, RunState, SqliteStore, Store as _};
use liftlock_names::{Address, Part};
use liftlock_plan::{
    ActionKind, Change, Class, Coverage, Effect, EffectKind, FORMAT, Invocation, Late, Node, OnFailure, Plan, Program,
    Stage, Step, Text,
};
use tempfile::TempDir;

pub struct Site {
    folder: TempDir,
    store: SqliteStore,
    blobs: Blobs,
    mask: Mask,
}

/// What was seen of a run: its records as JSON, and what programs printed.
#[derive(Default)]
pub struct Seen {
    pub records: RefCell<Vec<Record>>,
    pub printed: RefCell<String>,
    pub interrupt: Interrupt,
    /// Asks for the end of the run at the first record that fits.
    pub cancel_at: Option<fn(&Event) -> bool>,
    /// Lets the process end at the first record that fits, as far as the run can tell.
    pub die_at: Option<fn(&Event) -> bool>,
    pub died: tokio::sync::Notify,
}

impl View for Seen {
    fn record(&self, record: &Record) {
        self.records.borrow_mut().push(record.clone());
        if self.cancel_at.is_some_and(|fits| fits(&record.event)) {
            self.interrupt.request();
        }
        if self.die_at.is_some_and(|fits| fits(&record.event)) {
            self.died.notify_one();
        }
    }

    fn output(&self, _: Option<&Address>, block: &[u8]) {
        self.printed.borrow_mut().push_str(&String::from_utf8_lossy(block));
    }
}

impl Seen {
    pub fn attempts(&self) -> Vec<u32> {
        let records = self.records.borrow();
        records
            .iter()
            .filter_map(|record| match &record.event {
                Event::EffectStarted { attempt, .. } => Some(*attempt),
                _ => None,
            })
            .collect()
    }

    /// Everything that can be seen anywhere.
    pub fn everything(&self) -> String {
        format!("{}{}", serde_json::to_string(&*self.records.borrow()).unwrap(), self.printed.borrow())
    }
}

impl Site {
    pub fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let store = SqliteStore::open(&folder.path().join("journal.db")).unwrap();
        let blobs = Blobs::new(folder.path().join("store"));
        Site { store, blobs, mask: Mask::default(), folder }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    /// The content of a file, empty where there is none.
    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_default()
    }

    pub fn run(&self, plan: &Plan, seen: &Seen) -> RunState {
        self.act(seen, async |engine| liftlock_engine::start(engine, Start { plan, approve: Vec::new() }).await)
            .expect("the run is not left")
    }

    /// As [`Site::run`], for a process that dies at a record: the state is that of the records.
    pub fn run_and_die(&self, plan: &Plan, seen: &Seen) -> RunState {
        let end =
            self.act(seen, async |engine| liftlock_engine::start(engine, Start { plan, approve: Vec::new() }).await);
        assert!(end.is_none(), "the run ended");
        RunState::fold(&self.store.read(&Query::default()).unwrap()).unwrap()
    }

    pub fn resume(&self, state: &RunState, seen: &Seen) -> RunState {
        self.act(seen, async |engine| liftlock_engine::resume(engine, &state.run, &Word::default()).await)
            .expect("the run is not left")
    }

    /// The plan that takes back what stands in the environment.
    pub fn rollback(&self) -> Plan {
        let records = self.store.read(&Query::default()).unwrap();
        let run_of = |run: &liftlock_names::RunId| {
            RunState::fold(&self.store.read(&Query { run: Some(run.clone()), ..Query::default() }).unwrap())
        };
        let past = liftlock_plan::Past::new(run_of);
        let way = liftlock_plan::way_back("shop", "dev", None, &Ledger::fold(&records), &past).unwrap();
        let mut plans = way.checked(|_| None).unwrap();
        plans.pop().expect("one release is taken back")
    }

    pub fn observe(&self, plan: &Plan) -> liftlock_plan::Observations {
        let seen = Seen::default();
        self.act(&seen, async |engine| Ok(liftlock_engine::observe(&engine, plan).await)).expect("nothing is left")
    }

    fn act<T>(&self, seen: &Seen, act: impl AsyncFnOnce(Engine<'_>) -> Result<T, EngineError>) -> Option<T> {
        let who = Who { by: "ada".to_owned(), host: "here".to_owned(), process: std::process::id() };
        let engine = Engine {
            store: &self.store,
            blobs: &self.blobs,
            world: &RealWorld::new(),
            root: self.path(),
            mask: &self.mask,
            logs: &self.path().join("output"),
            view: seen,
            interrupt: &seen.interrupt,
            who: &who,
            wait: false,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = seen.died.notified() => None,
                end = act(engine) => Some(end.unwrap()),
            }
        })
    }
}

/// A program with arguments, which no shell reads.
pub fn program(words: &[&str]) -> Invocation {
    Invocation {
        program: Program::Command(words.iter().map(|word| Text::from(*word)).collect()),
        env: Default::default(),
        cwd: String::new(),
        stdin: None,
        timeout_ms: 20_000,
        on: None,
    }
}

pub fn sh(script: &str) -> Invocation {
    program(&["sh", "-euc", script])
}

/// With a variable that is filled in late.
pub fn with(mut run: Invocation, name: &str, late: Late) -> Invocation {
    run.env.insert(name.to_owned(), Text::late(late));
    run
}

pub fn output(step: &str, name: &str) -> Late {
    Late::Output { step: format!("deploy/{step}"), name: name.to_owned() }
}

pub fn step(run: Invocation) -> Step {
    Step {
        observe: None,
        desired: None,
        preview: None,
        run,
        rollback: Some(sh("true")),
        idempotent: false,
        atomic: false,
        retry: None,
        outputs: Vec::new(),
    }
}

pub fn address(name: &str) -> Address {
    let path = vec![name.to_owned()];
    Address { pipeline: "shop".to_owned(), environment: "dev".to_owned(), part: Part::Deploy, path }
}

/// A plan for one environment, of steps by name.
pub fn plan(steps: Vec<(&str, Step)>) -> Plan {
    let effect = |(name, step): (&str, Step)| {
        Node::Effect(Box::new(Effect {
            address: address(name),
            docs: None,
            kind: EffectKind::Step(Box::new(step)),
            class: Class::Reversible,
            observed: None,
            change: Change::Unobserved,
            applied_over: None,
        }))
    };
    let stage = Stage {
        environment: "dev".to_owned(),
        protected: false,
        drill: false,
        drill_within_ms: None,
        lock: "dev".to_owned(),
        requires: Vec::new(),
        previous: None,
        gates: Vec::new(),
        body: steps.into_iter().map(effect).collect(),
        verify: Vec::new(),
        verify_restored: Vec::new(),
        coverage: Coverage { restored: 0, total: 0 },
    };
    Plan {
        format: FORMAT,
        pipeline: "shop".to_owned(),
        docs: None,
        action: ActionKind::Release,
        inputs: Default::default(),
        version: "1.0.0".to_owned(),
        artifact: None,
        waves: vec![vec![stage]],
        on_failure: OnFailure::Stage,
        observed: false,
        on: Default::default(),
    }
}
