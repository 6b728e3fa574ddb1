//! Plans made by hand, and a project in a folder of its own to run them in.
#![allow(dead_code, reason = "each test uses its part")]

use std::cell::Cell;

use liftlock_effects::{Mask, RealWorld};
use liftlock_engine::{Engine, EngineError, Interrupt, Start, View, Who, Word};
use liftlock_journal::{Blobs, Event, Query, Record, RunState, SqliteStore, Store as _};
use liftlock_names::{Address, Part, RunId};
use liftlock_plan::{
    ActionKind, Change, Check, CheckKind, Class, Coverage, Effect, EffectKind, FORMAT, Invocation, Node, OnFailure,
    Plan, Program, Stage, Step, Text, Timing,
};
use tempfile::TempDir;
use tokio::sync::Notify;

/// A project that goes away with its journal.
pub struct Site {
    pub folder: TempDir,
    store: SqliteStore,
    blobs: Blobs,
    who: Who,
    pub wait: bool,
}

/// What happens to the run just after a record that begins like this, once.
#[derive(Clone, Copy)]
enum Fate<'a> {
    Lives,
    /// It is asked to stop at the next safe point.
    Interrupted(&'a str),
    /// It is gone, with all that it was about to do.
    Killed(&'a str),
}

struct Watcher<'a> {
    fate: Fate<'a>,
    interrupt: &'a Interrupt,
    killed: &'a Notify,
    done: Cell<bool>,
}

impl View for Watcher<'_> {
    fn record(&self, record: &Record) {
        let (Fate::Interrupted(at) | Fate::Killed(at)) = self.fate else { return };
        if !said(&record.event).starts_with(at) || self.done.replace(true) {
            return;
        }
        match self.fate {
            Fate::Killed(_) => self.killed.notify_one(),
            _ => self.interrupt.request(),
        }
    }

    fn output(&self, _: Option<&Address>, _: &[u8]) {}
}

impl Site {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&folder.path().join(".state/journal.db")).unwrap();
        let blobs = Blobs::new(folder.path().join(".state/store"));
        let who = Who { by: "ada".to_owned(), host: "here".to_owned(), process: std::process::id() };
        Site { folder, store, blobs, who, wait: true }
    }

    /// Runs a plan to its end.
    pub fn run(&self, plan: &Plan) -> RunState {
        self.try_run(plan).unwrap()
    }

    pub fn try_run(&self, plan: &Plan) -> Result<RunState, EngineError> {
        self.start(plan, Fate::Lives).unwrap()
    }

    /// Runs a plan, and asks it to stop at the next safe point once a record is on disk that begins like `at`.
    pub fn run_interrupted_at(&self, plan: &Plan, at: &str) -> Result<RunState, EngineError> {
        self.start(plan, Fate::Interrupted(at)).unwrap()
    }

    /// Runs a plan until a record is on disk that begins like `at`.
    pub fn run_killed_at(&self, plan: &Plan, at: &str) {
        let end = self.start(plan, Fate::Killed(at));
        assert!(end.is_none(), "{at} did not kill it: {:#?}", self.said());
    }

    fn start(&self, plan: &Plan, fate: Fate<'_>) -> Option<Result<RunState, EngineError>> {
        let start = Start { plan, approve: Vec::new() };
        self.work(fate, async |engine| liftlock_engine::start(engine, start).await)
    }

    /// Takes the only run up again.
    pub fn resume(&self) -> RunState {
        self.try_resume().unwrap()
    }

    pub fn try_resume(&self) -> Result<RunState, EngineError> {
        self.take_up(Fate::Lives).unwrap()
    }

    /// Takes the only run up again until a record is on disk that begins like `at`.
    pub fn resume_killed_at(&self, at: &str) {
        let end = self.take_up(Fate::Killed(at));
        assert!(end.is_none(), "{at} did not kill it: {:#?}", self.said());
    }

    fn take_up(&self, fate: Fate<'_>) -> Option<Result<RunState, EngineError>> {
        let run = self.records()[0].run.clone();
        self.work(fate, async |engine| liftlock_engine::resume(engine, &run, &Word::default()).await)
    }

    /// `None` where it was killed.
    fn work<T>(&self, fate: Fate<'_>, work: impl AsyncFnOnce(Engine<'_>) -> T) -> Option<T> {
        let (world, interrupt, killed) = (RealWorld::new(), Interrupt::default(), Notify::new());
        let view = Watcher { fate, interrupt: &interrupt, killed: &killed, done: Cell::new(false) };
        let (mask, logs) = (Mask::default(), self.folder.path().join(".state/output"));
        let engine = Engine {
            store: &self.store,
            blobs: &self.blobs,
            world: &world,
            root: self.folder.path(),
            mask: &mask,
            logs: &logs,
            view: &view,
            interrupt: &interrupt,
            who: &self.who,
            wait: self.wait,
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            tokio::select! {
                biased;
                () = killed.notified() => None,
                end = work(engine) => Some(end),
            }
        })
    }

    pub fn records(&self) -> Vec<Record> {
        self.store.read(&Query::default()).unwrap()
    }

    /// What another process says about the only run.
    pub fn say(&self, event: Event) {
        let run: RunId = self.records()[0].run.clone();
        let now = jiff::Timestamp::now();
        self.store.append(&run, now, &[event], liftlock_journal::Guard::Always).unwrap();
    }

    /// The records but those of locks, each as its name and what it is about.
    pub fn said(&self) -> Vec<String> {
        let events = self.records().into_iter().map(|record| said(&record.event));
        events.filter(|said| !said.starts_with("lease") && !said.starts_with("run-started")).collect()
    }

    pub fn write(&self, path: &str, text: &str) {
        std::fs::write(self.folder.path().join(path), text).unwrap();
    }

    /// A file's text, or nothing.
    pub fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.folder.path().join(path)).unwrap_or_default()
    }
}

/// `effect-finished deploy/one`.
fn said(event: &Event) -> String {
    let value = serde_json::to_value(event).unwrap();
    let name = value["event"].as_str().unwrap();
    let of = ["effect", "check", "gate"].iter().find_map(|key| value[*key].as_str());
    match of.map(|of| of.parse::<Address>().unwrap()) {
        Some(address) => format!("{name} {}", address.within_stage()),
        None => name.to_owned(),
    }
}

pub fn address(part: Part, path: &str) -> Address {
    let path = path.split('/').map(str::to_owned).collect();
    Address { pipeline: "app".to_owned(), environment: "dev".to_owned(), part, path }
}

pub fn sh(script: &str) -> Invocation {
    Invocation {
        program: Program::Command(["sh", "-c", script].map(Text::from).to_vec()),
        env: Default::default(),
        cwd: String::new(),
        stdin: None,
        timeout_ms: 20_000,
        on: None,
    }
}

pub fn effect(path: &str, kind: EffectKind, class: Class) -> Effect {
    let address = address(Part::Deploy, path);
    Effect { address, docs: None, kind, class, observed: None, change: Change::Unobserved, applied_over: None }
}

pub fn node(path: &str, kind: EffectKind) -> Node {
    Node::Effect(Box::new(effect(path, kind, Class::Reversible)))
}

/// A step that nothing observes.
pub fn step(path: &str, run: &str, rollback: &str) -> Node {
    let step = Step {
        observe: None,
        desired: None,
        preview: None,
        run: sh(run),
        rollback: Some(sh(rollback)),
        idempotent: false,
        atomic: false,
        retry: None,
        outputs: Vec::new(),
    };
    node(path, EffectKind::Step(Box::new(step)))
}

pub fn command(script: &str, lasts_ms: u64) -> CheckKind {
    CheckKind::Command { run: sh(script), timing: Timing { within_ms: 0, every_ms: 20, lasts_ms } }
}

pub fn check(part: Part, path: &str, kind: CheckKind) -> Check {
    Check { address: address(part, path), docs: None, kind }
}

/// A plan with one environment.
pub fn plan(body: Vec<Node>) -> Plan {
    let stage = Stage {
        environment: "dev".to_owned(),
        protected: false,
        drill: false,
        drill_within_ms: None,
        lock: "dev".to_owned(),
        requires: Vec::new(),
        previous: None,
        gates: Vec::new(),
        body,
        verify: Vec::new(),
        verify_restored: Vec::new(),
        coverage: Coverage { restored: 1, total: 1 },
    };
    Plan {
        format: FORMAT,
        pipeline: "app".to_owned(),
        docs: None,
        action: ActionKind::Release,
        inputs: Default::default(),
        version: String::new(),
        artifact: None,
        waves: vec![vec![stage]],
        on_failure: OnFailure::Stage,
        observed: false,
        on: Default::default(),
    }
}
