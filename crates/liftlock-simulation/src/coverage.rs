//! Rollback coverage held against the engine.
//!
//! For every failure point that the checker names, the simulated engine is made to fail there in every way that there is,
//! before and after the change took hold. The worst end of these must be the one that coverage says. Then every undo on the
//! way down is made to fail as well, and every other effect: the end is then that of a small reckoning of its own, which
//! knows of the engine only which effects it has begun.

use std::collections::BTreeSet;

use liftlock_check::{Coverage, Ending, FailurePoint, PointKind, coverage};
use liftlock_journal::{BlobError, Contents as _, End, Event, FailureKind, Ledger};
use liftlock_model::EnvironmentId;
use liftlock_names::RunId;
use liftlock_plan::{ArtifactPlan, BuiltArtifactRef, Plan};

use crate::chance::Chance;
use crate::faults::{Fault, How};
use crate::incidents::Incident;
use crate::mishaps::{apply_hows, check_point, look_point, undo_hows, undo_point};
use crate::shape::{Bounds, Class, EffectKind, GateKind, Node, Observe, OnFailure, Placed, Shape, Step, random};
use crate::shrink::shrunk;
use crate::simulation::Simulation;
use crate::state::State;
use crate::text::{PIPELINE, plan, write_point};
use crate::trial;

/// What has been compared.
#[derive(Debug, Clone, Default)]
pub struct Compared {
    pub pipelines: u64,
    /// Failure points.
    pub points: u64,
    /// Runs in which one thing went wrong.
    pub singles: u64,
    /// Runs in which two things did.
    pub doubles: u64,
    pub restored: u64,
    pub held: u64,
    pub stranded: u64,
    pub left: u64,
}

/// Where what coverage says and what the engine does are not the same.
#[derive(Debug, Clone)]
pub struct Difference {
    pub seed: u64,
    pub what: String,
    /// The smallest release file found that shows one.
    pub text: String,
}

/// Compares the two for a pipeline that a seed makes.
///
/// # Errors
/// The first difference, with the smallest pipeline that was found to show one.
pub fn compare(seed: u64, compared: &mut Compared) -> Result<(), Box<Difference>> {
    let shape = random(&mut Chance::new(seed), Bounds { effects: 6, uncovered: true });
    let Err(what) = compare_shape(&shape, seed, compared) else { return Ok(()) };
    let differs = |shape: &Shape| compare_shape(shape, seed, &mut Compared::default()).err();
    let (shape, what) = shrunk(shape, what, &differs);
    Err(Box::new(Difference { seed, what, text: shape.text() }))
}

fn compare_shape(shape: &Shape, seed: u64, compared: &mut Compared) -> Result<(), String> {
    let mut chance = Chance::new(seed ^ 0xc0de);
    let checked = shape.checked()?;
    let model = checked.model();
    let place = chance.below(shape.places.len());
    let pipeline = model.pipelines.get(PIPELINE).ok_or("there is no pipeline")?;
    let environment = model.environments.get_index_of(&shape.place_name(place)).ok_or("there is no environment")?;
    let mut plan = plan(&checked, "1.0.0", &[]).map_err(|error| error.to_string())?;
    let before = with_artifact(&mut plan, seed).map_err(|error| error.to_string())?;
    compared.pipelines += 1;
    let placed = shape.effects();
    // Of what may not be there, coverage says the worse of both; only where both ways end alike is there one end to expect.
    let is_mixed =
        placed.iter().any(is_uncovered) && placed.iter().any(|placed| has_no_way_back(placed) && !is_uncovered(placed));
    let is_partial = is_partial(&shape.body, place) || (is_mixed && has_lists_or_conditions(&shape.body));
    let comparison = Comparison { shape, placed: &placed, plan: &plan, before, place, is_partial };
    let coverage = coverage(pipeline, EnvironmentId(environment));
    comparison.points(&coverage, compared)?;
    comparison.doubles(&mut chance, compared)
}

/// A world in which the artifact has been built before: that is not what is asked for here.
fn with_artifact(plan: &mut Plan, seed: u64) -> Result<State, BlobError> {
    let simulation = Simulation::from(State::new(seed), Vec::new());
    let bytes = b"packed";
    let digest = simulation.put(bytes)?;
    if let Some(ArtifactPlan::File(artifact)) = &mut plan.artifact {
        artifact.built = Some(BuiltArtifactRef { digest, name: "shop".to_owned(), bytes: bytes.len() as u64 });
    }
    Ok(simulation.state())
}

struct Comparison<'a> {
    shape: &'a Shape,
    placed: &'a [Placed],
    plan: &'a Plan,
    before: State,
    /// The environment whose stage fails.
    place: usize,
    /// Whether coverage may say worse than what can happen here: a condition does not hold, or a list has less than two
    /// members, or their absence would be worse.
    is_partial: bool,
}

/// How a stage ended, and what was begun in it.
struct Seen {
    /// `None` where it did not fail.
    ending: Option<Ending>,
    /// The effects that were begun, and those of them that failed as a whole.
    begun: BTreeSet<usize>,
    failed_as_a_whole: BTreeSet<usize>,
}

impl Comparison<'_> {
    /// One thing goes wrong.
    fn points(&self, coverage: &Coverage, compared: &mut Compared) -> Result<(), String> {
        for point in coverage.counted() {
            let said = self.said(point);
            let mut worst: Option<Ending> = None;
            // Where a condition does not hold, or a list is empty, nothing can fail.
            let ways = self.ways_to_fail(&point.at);
            for (faults, refusing) in ways {
                let seen = self.run(&faults, refusing)?;
                compared.singles += 1;
                let Some(ending) = seen.ending else { continue };
                if rank(&ending) > rank(&said) {
                    return Err(format!(
                        "at {} coverage says {said:?}, and with {faults:?} it is {ending:?}",
                        point.at
                    ));
                }
                if worst.as_ref().is_none_or(|worst| *worst != said) {
                    worst = Some(ending);
                }
            }
            compared.points += 1;
            match &said {
                Ending::Restored => compared.restored += 1,
                Ending::Held { .. } => compared.held += 1,
                Ending::Stranded { .. } => compared.stranded += 1,
                Ending::LeftAsIs => compared.left += 1,
            }
            // A refresh before which nothing changes does not run, and so it cannot fail.
            if let Some(worst) = worst.filter(|worst| *worst != said && !self.may_be_better(worst, &said)) {
                return Err(format!("at {} coverage says {said:?}, and it is never worse than {worst:?}", point.at));
            }
        }
        Ok(())
    }

    /// Whether a stage may end better than coverage says, because a condition does not hold that would make it worse, or no
    /// other member is there that would.
    fn may_be_better(&self, seen: &Ending, said: &Ending) -> bool {
        rank(seen) <= rank(said) && self.is_partial
    }

    /// What coverage says. Where nothing was changed, to leave everything as it is and to restore it are one.
    fn said(&self, point: &FailurePoint) -> Ending {
        let leaves = self.shape.on_failure == OnFailure::None
            && point.kind != PointKind::Gate
            && point.ending == Ending::Restored;
        if leaves { Ending::LeftAsIs } else { point.ending.clone() }
    }

    /// Everything that can go wrong at a failure point, or the gate that is to refuse there.
    fn ways_to_fail<'p>(&self, at: &'p str) -> Vec<(Vec<Fault>, Option<&'p str>)> {
        let name = self.shape.place_name(self.place);
        let fault = |at: String, times: u32, how: How| (vec![Fault { at, nth: 0, times, how }], None);
        if let Some(number) = at.strip_prefix("verify/c").and_then(|number| number.parse::<usize>().ok()) {
            let point = check_point(self.shape.checks[number], number, &name);
            return [How::Before, How::Hang, How::Missing].map(|how| fault(point.clone(), 99, how)).to_vec();
        }
        if at.starts_with("before/") {
            let is_check = at == "before/asked" && self.shape.places[self.place].gates.contains(&GateKind::Check);
            return match is_check {
                true => vec![fault(format!("run probe asked/{name}"), 99, How::Before)],
                false => vec![(Vec::new(), Some(at))],
            };
        }
        let looks = self.shape.looks();
        if looks.iter().any(|look| without_keys(&look.path) == at) {
            let here = looks.iter().filter(|look| look.there.holds(self.place) && without_keys(&look.path) == at);
            let hows = [How::Before, How::Hang, How::Missing];
            return here.flat_map(|look| hows.map(|how| fault(look_point(look, &name), 99, how))).collect();
        }
        let here = self.placed.iter().filter(|placed| placed.there.holds(self.place));
        let members = here.filter(|placed| without_keys(&placed.path) == at);
        members.flat_map(|placed| self.effect_faults(placed)).map(|fault| (vec![fault], None)).collect()
    }

    /// Every way in which an effect can fail on the way up.
    fn effect_faults(&self, placed: &Placed) -> Vec<Fault> {
        let name = self.shape.place_name(self.place);
        let once = |at: String, how: How| Fault { at, nth: 0, times: 1, how };
        match placed.effect.kind {
            EffectKind::File | EffectKind::Link | EffectKind::Directory => {
                let point = write_point(&placed.effect, self.place);
                vec![once(point.clone(), How::Before), once(point, How::After)]
            }
            EffectKind::Refresh | EffectKind::Notify | EffectKind::Step(_) => {
                let hows = apply_hows(placed).into_iter();
                let mut faults: Vec<Fault> =
                    hows.map(|how| once(format!("apply {name}/{}", placed.path), how)).collect();
                if let EffectKind::Step(Step { observe: Observe::State | Observe::Desired, .. }) = placed.effect.kind {
                    faults.push(once(format!("run get {name}/{}", placed.effect.name), How::Before));
                }
                faults
            }
        }
    }

    /// Two things go wrong.
    fn doubles(&self, chance: &mut Chance, compared: &mut Compared) -> Result<(), String> {
        for (at, first) in self.placed.iter().enumerate() {
            let fault = chance.one_of(&self.effect_faults(first));
            for (other, second) in self.placed.iter().enumerate() {
                let mut faults = vec![fault.clone()];
                // What never came to stand on the disk need not be removed from there.
                let is_on_disk =
                    matches!(second.effect.kind, EffectKind::File | EffectKind::Link | EffectKind::Directory);
                if at != other || !is_on_disk {
                    faults.extend(self.undo_fault(second, chance));
                }
                if faults.len() > 1 {
                    self.double(&faults, Some(other), compared)?;
                }
                if other > at && !second.after.contains(&at) {
                    let faults = [fault.clone(), chance.one_of(&self.effect_faults(second))];
                    self.double(&faults, None, compared)?;
                }
            }
        }
        Ok(())
    }

    /// What takes an effect back fails.
    fn undo_fault(&self, placed: &Placed, chance: &mut Chance) -> Option<Fault> {
        let name = self.shape.place_name(self.place);
        let (at, nth, how) = match placed.effect.kind {
            // The first change to the disk is that of the way up, unless it is the one that fails.
            EffectKind::File | EffectKind::Link | EffectKind::Directory => {
                (write_point(&placed.effect, self.place), 1, How::Before)
            }
            _ => {
                // A lie harms nobody where there was nothing to take back; the explorer looks after those.
                let mut hows = undo_hows(placed);
                hows.retain(|how| *how != How::Lie);
                (undo_point(placed, &name)?, 0, chance.one_of(&hows))
            }
        };
        Some(Fault { at, nth, times: 9, how })
    }

    fn double(&self, faults: &[Fault], undo_of: Option<usize>, compared: &mut Compared) -> Result<(), String> {
        let seen = self.run(faults, None)?;
        compared.doubles += 1;
        let Some(ending) = &seen.ending else { return Ok(()) };
        let expected = self.reckoned(&seen, undo_of);
        if *ending == expected {
            return Ok(());
        }
        Err(format!("with {faults:?} it is {ending:?}, and should be {expected:?}"))
    }

    /// How a stage ends, reckoned from what was begun in it; `undo_of` is an effect whose way back fails.
    fn reckoned(&self, seen: &Seen, undo_of: Option<usize>) -> Ending {
        if self.shape.on_failure == OnFailure::None {
            return Ending::LeftAsIs;
        }
        let stands = |at: &usize| seen.begun.contains(at) && !seen.failed_as_a_whole.contains(at);
        let holds: Vec<usize> =
            (0..self.placed.len()).filter(|at| stands(at) && has_no_way_back(&self.placed[*at])).collect();
        let is_reached = |at: usize| stands(&at) && !holds.iter().any(|hold| self.placed[*hold].after.contains(&at));
        if let Some(at) = undo_of {
            let placed = &self.placed[at];
            // A `rollback { … }` runs for the whole phase, where the first of the steps is met that it restores.
            let fails = match placed.is_covered() {
                true => (0..self.placed.len()).any(|other| {
                    self.placed[other].is_covered() && self.placed[other].cover == placed.cover && is_reached(other)
                }),
                false => is_reached(at),
            };
            if fails {
                return Ending::Stranded { by: AN_UNDO.to_owned() };
            }
        }
        match holds.last().map(|at| &self.placed[*at]) {
            None => Ending::Restored,
            Some(hold) if is_uncovered(hold) => Ending::Stranded { by: without_keys(&hold.path) },
            Some(hold) => Ending::Held { at: without_keys(&hold.path) },
        }
    }

    fn run(&self, faults: &[Fault], refusing: Option<&str>) -> Result<Seen, String> {
        let simulation = Simulation::from(self.before.clone(), faults.to_vec());
        let gates = self.plan.gates().filter(|gate| Some(gate.address.within_stage().as_str()) == refusing);
        let name = self.shape.place_name(self.place);
        for gate in gates.filter(|gate| gate.address.environment == name) {
            let (gate, by) = (gate.address.clone(), "grace".to_owned());
            simulation.befall(1, Incident::Say(Box::new(Event::ApprovalRejected { gate, by, reason: None })));
        }
        let ended = trial::begin(&simulation, self.plan).map_err(|law| format!("with {faults:?} {law}"))?;
        let inner = simulation.lock();
        let seen = self.seen(&inner.state, &ended.run);
        if matches!(seen.ending, Some(Ending::Held { .. } | Ending::Stranded { .. })) {
            let ledger = Ledger::fold(&inner.state.journal());
            if !ledger.in_environment(&name).any(|here| here.trouble.is_some()) {
                return Err(format!("with {faults:?} it is {:?}, and others may enter", seen.ending));
            }
        }
        Ok(seen)
    }

    /// Reads the records of the stage.
    fn seen(&self, state: &State, run: &RunId) -> Seen {
        let name = self.shape.place_name(self.place);
        let mut seen = Seen { ending: None, begun: BTreeSet::new(), failed_as_a_whole: BTreeSet::new() };
        for record in state.records.iter().filter(|record| record.run == *run) {
            match &record.event {
                Event::EffectStarted { effect, .. } if effect.environment == name => {
                    seen.begun.extend(self.at(&effect.within_stage()));
                }
                Event::EffectFailed { effect, failure, .. } if effect.environment == name => {
                    let at = self.at(&effect.within_stage());
                    let as_a_whole =
                        |at: &usize| is_atomic(&self.placed[*at]) && failure.kind != FailureKind::NotInEffect;
                    seen.failed_as_a_whole.extend(at.filter(as_a_whole));
                }
                Event::StageEnded { environment, end } if *environment == name => {
                    seen.ending = Some(self.ending(end));
                }
                _ => {}
            }
        }
        seen
    }

    fn at(&self, path: &str) -> Option<usize> {
        self.placed.iter().position(|placed| placed.path == path)
    }

    /// The end of a stage in the words of coverage.
    fn ending(&self, end: &End) -> Ending {
        match end {
            End::Restored | End::Untouched => Ending::Restored,
            End::LeftAsIs { .. } => Ending::LeftAsIs,
            End::Stranded { .. } => Ending::Stranded { by: AN_UNDO.to_owned() },
            End::Held { why } => {
                let at = why.split(" is a point of no return").next().unwrap_or_default().to_owned();
                let named = without_keys(&at);
                match self.at(&at).is_some_and(|at| is_uncovered(&self.placed[at])) {
                    true => Ending::Stranded { by: named },
                    false => Ending::Held { at: named },
                }
            }
        }
    }
}

/// The path of a thing for whatever member: coverage knows of none.
fn without_keys(path: &str) -> String {
    let mut bare = String::new();
    for (at, part) in path.split("[\"").enumerate() {
        bare.push_str(if at == 0 { part } else { part.split_once("\"]").map_or("", |(_, rest)| rest) });
    }
    bare
}

fn has_lists_or_conditions(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(_) | Node::Check { .. } => false,
        Node::When { .. } | Node::Each { .. } => true,
        Node::Phase { body, .. } | Node::Parallel { body, .. } => has_lists_or_conditions(body),
    })
}

fn is_partial(nodes: &[Node], place: usize) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(_) | Node::Check { .. } => false,
        Node::When { there, body } => !there.holds(place) || is_partial(body, place),
        Node::Each { members, body, .. } => *members < 2 || is_partial(body, place),
        Node::Phase { body, .. } | Node::Parallel { body, .. } => is_partial(body, place),
    })
}

/// What stands for every undo that fails.
const AN_UNDO: &str = "an undo";

/// How bad an end is.
fn rank(ending: &Ending) -> u8 {
    match ending {
        Ending::Restored => 0,
        Ending::Held { .. } => 1,
        Ending::Stranded { .. } => 2,
        Ending::LeftAsIs => 3,
    }
}

fn is_uncovered(placed: &Placed) -> bool {
    matches!(placed.effect.kind, EffectKind::Step(Step { class: Class::Covered, .. })) && !placed.is_covered()
}

fn has_no_way_back(placed: &Placed) -> bool {
    is_uncovered(placed) || matches!(placed.effect.kind, EffectKind::Step(Step { class: Class::Irreversible, .. }))
}

fn is_atomic(placed: &Placed) -> bool {
    matches!(placed.effect.kind, EffectKind::Step(Step { atomic: true, .. }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_what_the_engine_does() {
        let mut compared = Compared::default();
        let first = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
        for seed in first..first + 150 {
            if let Err(difference) = compare(seed, &mut compared) {
                panic!("seed {}: {}\n{}", difference.seed, difference.what, difference.text);
            }
        }
        assert!(
            compared.restored > 0 && compared.held > 0 && compared.stranded > 0 && compared.left > 0,
            "{compared:?}"
        );
    }
}
