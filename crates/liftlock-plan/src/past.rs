//! What earlier runs planned and did, each read once: a run of fifty environments is the past of every one of them.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use liftlock_journal::RunState;
use liftlock_names::RunId;

use crate::document::Plan;
use crate::error::PlanError;

/// Folds the records of a run, where there are any.
type RunOf<'a> = dyn Fn(&RunId) -> Option<RunState> + 'a;

/// The runs of the journal, as they are asked for.
pub struct Past<'a> {
    run_of: Box<RunOf<'a>>,
    known: RefCell<HashMap<RunId, Rc<PastRun>>>,
}

/// One run, without the text of its plan; what cannot be read says why.
pub(crate) struct PastRun {
    read: Result<(RunState, Plan), String>,
}

impl<'a> Past<'a> {
    /// `run_of` folds the records of a run.
    pub fn new(run_of: impl Fn(&RunId) -> Option<RunState> + 'a) -> Self {
        Past { run_of: Box::new(run_of), known: RefCell::default() }
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
}

impl PastRun {
    pub fn get(&self) -> Option<(&RunState, &Plan)> {
        self.read.as_ref().ok().map(|(state, plan)| (state, plan))
    }

    /// # Errors
    /// [`PlanError::Journal`], which names the run.
    pub fn require(&self, run: &RunId) -> Result<(&RunState, &Plan), PlanError> {
        match &self.read {
            Ok((state, plan)) => Ok((state, plan)),
            Err(why) => Err(PlanError::Journal { run: run.to_string(), why: why.clone() }),
        }
    }
}
