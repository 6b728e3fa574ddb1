//! The explorer: a seed makes a pipeline, what goes wrong in it, and every moment at which its runner dies.
//!
//! A release is run once to its end. Whenever a crash would leave the world in a state of its own (before and after every
//! append, before every change to the disk, while a program runs) that state is kept. From each of them another process
//! takes the run up, and some of those die as well. However it goes, the [`laws`](crate::laws) hold of what comes of it.

use std::sync::Arc;
use std::time::Duration;

use liftlock_check::Checked;
use liftlock_journal::{Ledger, Outcome, RunState};
use liftlock_names::RunId;
use liftlock_plan::{Plan, Stage};

use crate::chance::Chance;
use crate::faults::Fault;
use crate::incidents::Incident;
use crate::laws::Law;
use crate::mishaps;
use crate::programs::loaded;
use crate::shape::{Bounds, EffectKind, Observe, Placed, ROOT, Shape, Step, keys, path, random, read_key, read_paths};
use crate::shrink::shrunk;
use crate::simulation::Simulation;
use crate::state::State;
use crate::text::{SOURCE, plan, source_of};
use crate::trial;

/// What has been tried out, and what came of it.
#[derive(Debug, Clone, Default)]
pub struct Tally {
    pub pipelines: u64,
    /// Releases that were run to their end from their beginning.
    pub runs: u64,
    /// Moments at which a runner died, and another took the run up.
    pub points: u64,
    /// How many of these were moments of a run that had been taken up before.
    pub second_points: u64,
    pub records: u64,
    pub released: u64,
    pub restored: u64,
    pub refused: u64,
    pub left: u64,
    /// Held or stranded.
    pub needs_a_person: u64,
}

/// A law that did not hold.
#[derive(Debug, Clone)]
pub struct Violation {
    pub seed: u64,
    pub law: String,
    /// The smallest release file found that breaks a law with this seed, and what happened then.
    pub story: String,
}

/// Explores what a seed makes.
///
/// # Errors
/// The first law that does not hold, with the smallest pipeline that was found to break one.
pub fn explore(seed: u64, tally: &mut Tally) -> Result<(), Box<Violation>> {
    let mut chance = Chance::new(seed);
    let shape = random(&mut chance, Bounds { effects: 7, uncovered: true });
    tally.pipelines += 1;
    let Err(broken) = explore_shape(&shape, seed, tally) else { return Ok(()) };
    let breaks = |shape: &Shape| explore_shape(shape, seed, &mut Tally::default()).err();
    let (shape, broken) = shrunk(shape, broken, &breaks);
    let story = format!("{}\n{}", shape.text(), broken.story);
    Err(Box::new(Violation { seed, law: broken.law, story }))
}

/// A law that did not hold of a shape.
#[derive(Debug, Clone)]
pub struct Broken {
    law: String,
    story: String,
}

/// What is released again and again, each time with another mishap.
struct Expedition<'a> {
    shape: &'a Shape,
    placed: &'a [Placed],
    checked: &'a Checked,
    plan: &'a Plan,
    version: &'a str,
    before: State,
}

/// What goes wrong in one run.
#[derive(Debug)]
struct Mishaps {
    faults: Vec<Fault>,
    incident: Option<(usize, Incident)>,
}

fn explore_shape(shape: &Shape, seed: u64, tally: &mut Tally) -> Result<(), Broken> {
    let chance = &mut Chance::new(seed ^ 0x5eed);
    let front_end = |law: String| Broken { law, story: String::new() };
    let checked = shape.checked().map_err(front_end)?;
    let placed = shape.effects();
    let mut state = State::new(seed);
    let mut version = "1.0.0";
    for release in 0..chance.below(2) + 1 {
        version = ["1.0.0", "2.0.0"][release];
        let file = std::path::Path::new(ROOT).join(SOURCE);
        state.things.files.write(&file, source_of(version).as_bytes(), 0o644).map_err(|e| front_end(e.to_string()))?;
        if release == 0 && chance.once_in(2) {
            continue;
        }
        let plan = plan(&checked, version, &state.journal()).map_err(|error| front_end(error.to_string()))?;
        set_some(&mut state, chance, shape, &placed, version);
        let expedition =
            Expedition { shape, placed: &placed, checked: &checked, plan: &plan, version, before: state.clone() };
        for _ in 0..2 {
            let mishaps = Mishaps { faults: mishaps::faults(chance, shape), incident: mishaps::incident(chance) };
            expedition.go(&mishaps, chance, tally)?;
        }
        // The next release stands on one that went well.
        let quiet = Mishaps { faults: Vec::new(), incident: None };
        state = expedition.begin(&quiet, false, tally)?.0;
    }
    let _ = version;
    Ok(())
}

/// Puts some of what the release brings in force before it begins.
fn set_some(state: &mut State, chance: &mut Chance, shape: &Shape, placed: &[Placed], version: &str) {
    for (place, placed) in (0..shape.places.len()).flat_map(|place| placed.iter().map(move |placed| (place, placed))) {
        if !chance.once_in(8) || placed.is_covered() || !placed.there.holds(place) {
            continue;
        }
        let things = &mut state.things;
        let path = path(&placed.effect, place);
        // What stands in the way already is left, and so nothing here can fail.
        let _ = match placed.effect.kind {
            EffectKind::Step(Step { observe: Observe::Desired, .. }) => {
                keys(&placed.effect, place).iter().for_each(|key| things.set(&key.as_str().into(), &version.into()));
                Ok(())
            }
            EffectKind::File => things.files.write(&path, version.as_bytes(), 0o644),
            EffectKind::Link => things.files.link(&path, std::path::Path::new(version)),
            EffectKind::Directory => things.files.make_directory(&path),
            _ => Ok(()),
        };
    }
    // Who set it has also seen to it that what runs takes notice.
    for (place, this) in (0..shape.places.len()).flat_map(|place| placed.iter().map(move |placed| (place, placed))) {
        let key = read_key(&this.effect, place);
        if this.effect.kind == EffectKind::Refresh && state.things.key(&key) != "none" {
            let seen = loaded(&state.things, &read_paths(this, placed, place));
            state.things.set(&key.into(), &seen.into());
        }
    }
}

impl Expedition<'_> {
    /// Runs the release, and lets its runner die at every moment.
    fn go(&self, mishaps: &Mishaps, chance: &mut Chance, tally: &mut Tally) -> Result<(), Broken> {
        let (_, moments) = self.begin(mishaps, true, tally)?;
        for moment in moments {
            let again = chance.once_in(2);
            let moments = self.die(moment, mishaps, again, chance, tally)?;
            if again && !moments.is_empty() {
                let moment = chance.one_of(&moments);
                self.die(moment, mishaps, false, chance, tally)?;
                tally.second_points += 1;
            }
        }
        Ok(())
    }

    /// Runs the release from its beginning to its end.
    fn begin(&self, mishaps: &Mishaps, keep: bool, tally: &mut Tally) -> Result<(State, Vec<State>), Broken> {
        let simulation = Simulation::from(self.before.clone(), mishaps.faults.clone());
        if let Some((append, incident)) = mishaps.incident.clone() {
            simulation.befall(append, incident);
        }
        if keep {
            simulation.keep_moments();
        }
        tally.runs += 1;
        let ended = trial::begin(&simulation, self.plan);
        self.judge(&simulation, ended, mishaps, tally)?;
        Ok((simulation.state(), simulation.take_moments()))
    }

    /// Takes the run up from the moment at which its runner died.
    fn die(
        &self,
        mut moment: State,
        mishaps: &Mishaps,
        keep: bool,
        chance: &mut Chance,
        tally: &mut Tally,
    ) -> Result<Vec<State>, Broken> {
        if chance.once_in(4) {
            // The machine died, and with it all that it ran.
            moment.kill(|_| true);
        }
        let pause = Duration::from_secs(chance.one_of(&[0, 0, 1, 5, 31]));
        moment.orphan();
        moment.pass_to(moment.elapsed + pause);
        if chance.once_in(8) {
            moment.set_forward += (chance.below(48) as i64 - 24) * 3_600_000;
        }
        let simulation = Simulation::from(moment, mishaps.faults.clone());
        if keep {
            simulation.keep_moments();
        }
        let ended = match trial::run_behind(&simulation, self.before.records.len()) {
            Some(run) => trial::take_up(&simulation, &run),
            // It died before the first record: nothing was acknowledged, and the release is begun anew.
            None => trial::begin(&simulation, self.plan),
        };
        tally.points += 1;
        self.judge(&simulation, ended, mishaps, tally)?;
        let moments = simulation.take_moments();
        if chance.once_in(16) {
            self.follow(simulation.state(), mishaps)?;
        }
        Ok(moments)
    }

    /// Another release comes after the run. It gets through, unless an environment needs a person: then it is refused, and
    /// changes nothing.
    fn follow(&self, mut state: State, mishaps: &Mishaps) -> Result<(), Broken> {
        let run = state.records.iter().rev().map(|record| record.run.clone()).next();
        let broken = |law: String, state: &State| Broken { law, story: story(state, run.as_ref(), mishaps) };
        let before = state.clone();
        state.orphan();
        // Whoever took the leases away has let them expire by now.
        let others = Arc::make_mut(&mut state.leases).values_mut().filter(|row| Some(&row.owner) != run.as_ref());
        others.for_each(|row| row.until = None);
        let plan = plan(self.checked, self.version, &state.journal()).map_err(|e| broken(e.to_string(), &before))?;
        let ledger = Ledger::fold(&state.journal());
        let is_in_trouble =
            |stage: &Stage| ledger.in_environment(&stage.environment).any(|here| here.trouble.is_some());
        let expects_refusal = plan.waves[0].iter().any(is_in_trouble);
        let needs_nobody = !plan.stages().any(is_in_trouble);
        let simulation = Simulation::from(state, Vec::new());
        let ended = trial::begin(&simulation, &plan).map_err(|law| broken(format!("then {law}"), &before))?;
        let state = simulation.state();
        match ended.finished {
            Some(Outcome::Refused { .. }) if expects_refusal && state.things == before.things => Ok(()),
            Some(Outcome::Released) if needs_nobody => Ok(()),
            // The first environments are entered, and a later one refuses.
            Some(_) if !expects_refusal && !needs_nobody => Ok(()),
            outcome => Err(broken(format!("the release after it has ended: {outcome:?}"), &before)),
        }
    }

    fn judge(
        &self,
        simulation: &Simulation,
        ended: Result<RunState, String>,
        mishaps: &Mishaps,
        tally: &mut Tally,
    ) -> Result<(), Broken> {
        let run = trial::run_behind(simulation, self.before.records.len());
        let inner = simulation.lock();
        let state = &inner.state;
        tally.records += (state.records.len() - self.before.records.len()) as u64;
        let broken = |law: String| Broken { law, story: story(state, run.as_ref(), mishaps) };
        let ended = ended.map_err(broken)?;
        let law = Law {
            shape: self.shape,
            placed: self.placed,
            version: self.version,
            before: &self.before.things,
            run: &ended.run,
            has_cause: state.asked.to_ways_back > 0,
        };
        law.hold(state).map_err(broken)?;
        match &ended.finished {
            Some(Outcome::Released) => tally.released += 1,
            Some(Outcome::Restored { .. }) => tally.restored += 1,
            Some(Outcome::Refused { .. }) => tally.refused += 1,
            Some(Outcome::Left { .. }) => tally.left += 1,
            _ => tally.needs_a_person += 1,
        }
        Ok(())
    }
}

/// What happened, a line for each record.
fn story(state: &State, run: Option<&RunId>, mishaps: &Mishaps) -> String {
    let mut story = format!("{mishaps:?}\n");
    for record in state.records.iter().filter(|record| Some(&record.run) == run) {
        let mut line = format!("{:?}", record.event);
        if let Some((end, _)) = line.char_indices().nth(240) {
            line.truncate(end);
        }
        story.push_str(&format!("{:>4} {} {line}\n", record.sequence, record.at));
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_law_is_broken_wherever_the_runner_dies() {
        let mut tally = Tally::default();
        let first = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(0);
        for seed in first..first + 40 {
            if let Err(violation) = explore(seed, &mut tally) {
                panic!("seed {}: {}\n{}", violation.seed, violation.law, violation.story);
            }
        }
        assert!(tally.points > 1_000 && tally.restored > 0 && tally.needs_a_person > 0, "{tally:?}");
    }
}
