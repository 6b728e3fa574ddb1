//! Rollback coverage held against the engine.
//!
//! For every failure point that the checker names, the simulated engine is made to fail there in every way that there is,
//! before and after the change took hold. The worst end of these must be the one that coverage says. Then every undo on the
//! way down is made to fail as well, and every other effect: the end is then that of a small reckoning of its own, which
//! knows of the engine only which effects it has begun. Of each list two members stand for all in pairs of faults, chosen by
//! chance, and where there are many, those between the first and the last fail in one way alone.
//!
//! What the checker says is undone, and in which order, is held against what the engine undoes as well.

use std::collections::{BTreeMap, BTreeSet};

use liftlock_check::{Coverage, Descent, Ending, FailurePoint, PointKind, coverage, descent};
use liftlock_journal::{BlobError, Contents as _, End, Event, FailureKind, Ledger};
use liftlock_model::EnvironmentId;
use liftlock_names::RunId;
use liftlock_plan::{ArtifactPlan, BuiltArtifactRef, Plan};

use crate::chance::Chance;
use crate::faults::{Fault, How};
use crate::incidents::Incident;
use crate::mishaps::{apply_hows, check_point, look_point, undo_hows, undo_point};
use crate::shape::{Bounds, Class, EffectKind, GateKind, Node, Observe, OnFailure, Placed, Shape, Step, There, random};
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
    let environment = EnvironmentId(environment);
    let mut plan = plan(&checked, "1.0.0", &[]).map_err(|error| error.to_string())?;
    keep_what_matters(&mut plan, shape, place);
    let before = with_artifact(&mut plan, seed).map_err(|error| error.to_string())?;
    compared.pipelines += 1;
    let placed = shape.effects();
    // Of what may not be there, coverage says the worse of both; only where both ways end alike is there one end to expect.
    let is_mixed =
        placed.iter().any(is_uncovered) && placed.iter().any(|placed| has_no_way_back(placed) && !is_uncovered(placed));
    let asks = |on: bool| asks_for_inputs(&shape.body, place, on);
    let comparison = Comparison {
        shape,
        placed: &placed,
        plan: &plan,
        before,
        place,
        is_partial: asks(false) || (is_mixed && asks(true)),
        leaves_out: asks(false),
    };
    let coverage = coverage(model, pipeline, environment);
    comparison.points(&coverage, &|point| descent(model, pipeline, environment, point), &mut chance, compared)?;
    comparison.doubles(&mut chance, compared)
}

/// Leaves out what has no part in how the stage ends: the environments behind it, and those before it, unless they are looked
/// at or taken back as well.
fn keep_what_matters(plan: &mut Plan, shape: &Shape, place: usize) {
    let name = shape.place_name(place);
    let Some(at) = plan.waves.iter().position(|wave| wave.iter().any(|stage| stage.environment == name)) else {
        return;
    };
    plan.waves.truncate(at + 1);
    let soaks = plan.waves[at].iter().flat_map(|stage| &stage.gates).any(|gate| gate.address.name() == "soak");
    if shape.on_failure != OnFailure::Pipeline && !soaks {
        plan.waves.drain(..at);
    }
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
    /// Whether coverage may say worse than what can happen here: an input leaves something out, or that it is there is better.
    is_partial: bool,
    /// Whether an input leaves something out.
    leaves_out: bool,
}

/// How a stage ended, and what was begun in it.
struct Seen {
    /// `None` where it did not fail.
    ending: Option<Ending>,
    /// The effects that were begun, and those of them that failed as a whole.
    begun: BTreeSet<usize>,
    failed_as_a_whole: BTreeSet<usize>,
    /// What was undone, without the keys of members.
    undone: Vec<String>,
}

impl Comparison<'_> {
    /// One thing goes wrong.
    fn points(
        &self,
        coverage: &Coverage,
        descent: &dyn Fn(&FailurePoint) -> Descent,
        chance: &mut Chance,
        compared: &mut Compared,
    ) -> Result<(), String> {
        for point in coverage.counted() {
            let said = self.said(point);
            let mut worst: Option<Ending> = None;
            let descent = descent(point);
            // Where a condition does not hold, or a list is empty, nothing can fail.
            let ways = self.ways_to_fail(&point.at, chance);
            for (faults, refusing) in ways {
                let seen = self.run(&faults, refusing)?;
                compared.singles += 1;
                self.holds_descent(point, &descent, &seen).map_err(|what| format!("with {faults:?} {what}"))?;
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
    fn ways_to_fail<'p>(&self, at: &'p str, chance: &mut Chance) -> Vec<(Vec<Fault>, Option<&'p str>)> {
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
        let ways = members.flat_map(|placed| match self.stands_between(placed) {
            false => self.effect_faults(placed),
            true => vec![chance.one_of(&self.effect_faults(placed))],
        });
        ways.map(|fault| (vec![fault], None)).collect()
    }

    /// Whether there are many effects, and this one stands in a list neither at its beginning nor at its end.
    fn stands_between(&self, placed: &Placed) -> bool {
        let is_edge = |name: &str, key: &str| {
            let keys = || self.placed.iter().flat_map(|other| &other.loops).filter(|(other, _)| other == name);
            keys().next().is_some_and(|(_, first)| *first == key)
                || keys().next_back().is_some_and(|(_, last)| *last == key)
        };
        self.placed.len() > MANY && !placed.loops.iter().all(|(name, key)| is_edge(name, key))
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
        let representatives = self.representatives(chance);
        let chosen = || self.placed.iter().enumerate().filter(|(at, _)| representatives.contains(at));
        for (at, first) in chosen() {
            let fault = chance.one_of(&self.effect_faults(first));
            for (other, second) in chosen() {
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

    /// The effects that are there, of each list those of two members.
    fn representatives(&self, chance: &mut Chance) -> BTreeSet<usize> {
        let mut members: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for (name, key) in self.placed.iter().flat_map(|placed| &placed.loops) {
            members.entry(name).or_default().insert(key);
        }
        for keys in members.values_mut() {
            while keys.len() > 2 {
                let all: Vec<&str> = keys.iter().copied().collect();
                keys.remove(chance.one_of(&all));
            }
        }
        let is_chosen = |placed: &Placed| {
            placed.there.holds(self.place)
                && placed
                    .loops
                    .iter()
                    .all(|(name, key)| members.get(name.as_str()).is_some_and(|keys| keys.contains(key)))
        };
        (0..self.placed.len()).filter(|at| is_chosen(&self.placed[*at])).collect()
    }

    /// Whether what was undone is what the checker says.
    fn holds_descent(&self, point: &FailurePoint, descent: &Descent, seen: &Seen) -> Result<(), String> {
        let said: Vec<&str> = descent.undo.iter().map(|undo| undo.at.as_str()).collect();
        // What an input leaves out is not where the way down ends, and nothing waits for it.
        if self.leaves_out || seen.ending.is_none() {
            return Ok(());
        }
        // A failing effect that has not begun, or is done as a whole or not at all, leaves nothing to be undone.
        let failing = |at: &usize| without_keys(&self.placed[*at].path) == point.at;
        let fails_whole = || seen.begun.iter().any(|at| failing(at) && !is_atomic(&self.placed[*at]));
        if point.kind == PointKind::Effect && !fails_whole() {
            return Ok(());
        }
        // What runs beside it, and what a list has not come to, may not have begun: neither what would be undone, nor what
        // ends the way down.
        let goes_apart = goes_apart(&self.shape.body);
        if goes_apart && self.placed.iter().any(has_no_way_back) {
            return Ok(());
        }
        let undone: Vec<&str> = seen.undone.iter().map(String::as_str).collect();
        if let Some(other) = undone.iter().find(|at| !said.contains(at)) {
            return Err(format!("{other} is undone at {}, and said is {said:?}", point.at));
        }
        if goes_apart {
            return Ok(());
        }
        let is_refresh = |at: &str| {
            let here = self.placed.iter().filter(|placed| without_keys(&placed.path) == at);
            here.into_iter().any(|placed| placed.effect.kind == EffectKind::Refresh)
        };
        let without_refreshes =
            |all: &[&str]| all.iter().filter(|at| !is_refresh(at)).map(|at| (*at).to_owned()).collect::<Vec<_>>();
        if without_refreshes(&undone) != without_refreshes(&said) || !is_part_of(&undone, &said) {
            return Err(format!("at {} {undone:?} is undone, and said is {said:?}", point.at));
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
        let mut seen =
            Seen { ending: None, begun: BTreeSet::new(), failed_as_a_whole: BTreeSet::new(), undone: Vec::new() };
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
                Event::UndoStarted { effect, .. } if effect.environment == name => {
                    seen.undone.push(without_keys(&effect.within_stage()));
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

/// Whether anything that may be in an environment depends on an input, which is on or off.
fn asks_for_inputs(nodes: &[Node], place: usize, on: bool) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(_) | Node::Check { .. } | Node::Each { members: 0, .. } => false,
        Node::When { there: There(0), .. } => !on,
        Node::When { there: There::EVERYWHERE, body } => on || asks_for_inputs(body, place, on),
        Node::When { there, body } => there.holds(place) && asks_for_inputs(body, place, on),
        Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::Each { body, .. } => {
            asks_for_inputs(body, place, on)
        }
    })
}

/// Whether anything runs beside something else, or more than once.
fn goes_apart(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(_) | Node::Check { .. } | Node::Each { members: 0, .. } => false,
        Node::Parallel { .. } => true,
        Node::Each { members, body, .. } => *members > 1 || goes_apart(body),
        Node::When { body, .. } | Node::Phase { body, .. } => goes_apart(body),
    })
}

/// Whether the first are among the others in their order.
fn is_part_of(part: &[&str], all: &[&str]) -> bool {
    let mut rest = all.iter();
    part.iter().all(|at| rest.any(|other| other == at))
}

/// How many effects are many: more than a body has where it goes over no list in a list.
const MANY: usize = 24;

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

    /// Lists of which several members go together, or a share that is one alone.
    #[test]
    fn what_differed_once_does_not_any_more() {
        for seed in [2599, 3745, 32_678, 63_583, 80_101] {
            if let Err(difference) = compare(seed, &mut Compared::default()) {
                panic!("seed {}: {}\n{}", difference.seed, difference.what, difference.text);
            }
        }
    }
}
