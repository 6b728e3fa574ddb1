//! What earlier runs planned and did, each read once: a run of fifty environments is the past of every one of them.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use liftlock_journal::{Ledger, RunState};
use liftlock_names::{Address, Part, RunId};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::document::{Check, Plan};
use crate::error::PlanError;

/// Folds the records of a run, where there are any.
type RunOf<'a> = dyn Fn(&RunId) -> Option<RunState> + 'a;

/// The text of the plan of a run, where it can be read.
type PlanOf<'a> = dyn Fn(&RunId) -> Option<String> + 'a;

/// The runs of the journal, as they are asked for.
pub struct Past<'a> {
    run_of: Box<RunOf<'a>>,
    plan_of: Option<Box<PlanOf<'a>>>,
    known: RefCell<HashMap<RunId, Rc<PastRun>>>,
    planned: RefCell<HashMap<RunId, Option<Rc<Planned>>>>,
}

/// One run, without the text of its plan; what cannot be read says why.
pub(crate) struct PastRun {
    read: Result<(RunState, Plan), String>,
}

/// What a new plan is held against in the plan of an earlier run: which effects there were, and which checks were behind
/// them. A plan of ten thousand effects is many times as large.
#[derive(Deserialize)]
pub(crate) struct Planned {
    waves: Vec<Vec<PlannedStage>>,
}

#[derive(Deserialize)]
pub(crate) struct PlannedStage {
    environment: String,
    body: Vec<PlannedNode>,
    pub verify: Vec<Check>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum PlannedNode {
    Effect { address: Address },
    Check(IgnoredAny),
    Phase { body: Vec<PlannedNode> },
    Parallel { body: Vec<PlannedNode> },
}

impl<'a> Past<'a> {
    /// `run_of` folds the records of a run.
    pub fn new(run_of: impl Fn(&RunId) -> Option<RunState> + 'a) -> Self {
        Past { run_of: Box::new(run_of), plan_of: None, known: RefCell::default(), planned: RefCell::default() }
    }

    /// The same, with a way to the plan of a run that reads none of its other records.
    #[must_use]
    pub fn with_plans(self, plan_of: impl Fn(&RunId) -> Option<String> + 'a) -> Self {
        Past { plan_of: Some(Box::new(plan_of)), ..self }
    }

    pub(crate) fn run(&self, run: &RunId) -> Rc<PastRun> {
        if let Some(known) = self.known.borrow().get(run) {
            return Rc::clone(known);
        }
        let read = || {
            let mut state = (self.run_of)(run).ok_or_else(|| "its records are not there".to_owned())?;
            // The text of a plan may be long, and is not asked for again.
            let plan = serde_json::from_str(&std::mem::take(&mut state.plan)).map_err(|error| error.to_string())?;
            Ok((state, plan))
        };
        let past = Rc::new(PastRun { read: read() });
        self.known.borrow_mut().insert(run.clone(), Rc::clone(&past));
        past
    }

    /// Reads what the releases that a pipeline's environments run now had planned. The text of a plan of ten thousand effects
    /// is best gone through while there is no other plan beside it.
    pub fn recall(&self, pipeline: &str, ledger: &Ledger) {
        let own = ledger.environments.iter().filter(|((owner, _), _)| owner == pipeline);
        for current in own.filter_map(|(_, state)| state.stack.last()) {
            self.planned(&current.release.run);
        }
    }

    /// What a run had planned; none where that cannot be read any more.
    pub(crate) fn planned(&self, run: &RunId) -> Option<Rc<Planned>> {
        if let Some(known) = self.planned.borrow().get(run) {
            return known.clone();
        }
        let text = match &self.plan_of {
            Some(plan_of) => plan_of(run),
            None => (self.run_of)(run).map(|state| state.plan),
        };
        let planned = text.and_then(|text| serde_json::from_str(&text).ok()).map(Rc::new);
        self.planned.borrow_mut().insert(run.clone(), planned.clone());
        planned
    }
}

impl Planned {
    pub fn stage(&self, environment: &str) -> Option<&PlannedStage> {
        self.waves.iter().flatten().find(|stage| stage.environment == environment)
    }
}

impl PlannedStage {
    /// Where its effects stand, within the stage.
    pub fn effects(&self) -> HashSet<(Part, &[String])> {
        let mut effects = HashSet::new();
        collect(&self.body, &mut effects);
        effects
    }
}

fn collect<'p>(nodes: &'p [PlannedNode], effects: &mut HashSet<(Part, &'p [String])>) {
    for node in nodes {
        match node {
            PlannedNode::Effect { address } => {
                effects.insert((address.part, &address.path));
            }
            PlannedNode::Check(_) => {}
            PlannedNode::Phase { body } | PlannedNode::Parallel { body } => collect(body, effects),
        }
    }
}

impl PastRun {
    /// # Errors
    /// [`PlanError::Journal`], which names the run.
    pub fn require(&self, run: &RunId) -> Result<(&RunState, &Plan), PlanError> {
        match &self.read {
            Ok((state, plan)) => Ok((state, plan)),
            Err(why) => Err(PlanError::Journal { run: run.to_string(), why: why.clone() }),
        }
    }
}
