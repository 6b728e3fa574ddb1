//! What the explorer has found, each as the smallest release file that shows it.

use std::path::Path;

use liftlock_journal::{EffectStatus, End, Event, Outcome, RunState, Settlement};

use crate::faults::{Fault, How};
use crate::shape::ROOT;
use crate::simulation::Simulation;
use crate::state::State;
use crate::text::{SOURCE, checked, plan, source_of};
use crate::trial;

/// A project with one environment `e0` and this `deploy`.
struct Site {
    text: String,
    state: State,
}

impl Site {
    /// What is in doubt is undone.
    fn new(deploy: &str) -> Site {
        Site::with(deploy, "  on interrupt { in_doubt = undo }\n")
    }

    fn with(deploy: &str, rest: &str) -> Site {
        let text = format!(
            "environment e0 {{}}\ninput version: semver\nartifact shop {{\n  version = input.version\n  \
             sources = [\"src/**\"]\n  build = `pack dist/shop`\n  file = \"dist/shop\"\n}}\n\
             pipeline shop {{\n  promote artifact.shop through e0\n  deploy {{\n{deploy}\n  }}\n{rest}}}\n"
        );
        Site { text, state: State::new(1) }
    }

    fn released(mut self, version: &str) -> Site {
        let (simulation, _) = self.run(version, &[]);
        self.state = simulation.state();
        self
    }

    /// Runs a release to its end. The moments are those at which a crash would leave a state of its own.
    fn run(&self, version: &str, faults: &[Fault]) -> (Simulation, Vec<State>) {
        let mut state = self.state.clone();
        state.things.files.write(&Path::new(ROOT).join(SOURCE), source_of(version).as_bytes(), 0o644).unwrap();
        let checked = checked(&self.text).unwrap_or_else(|findings| panic!("{findings}"));
        let plan = plan(&checked, version, &state.journal()).unwrap();
        let simulation = Simulation::from(state, faults.to_vec());
        simulation.keep_moments();
        trial::begin(&simulation, &plan).unwrap();
        let moments = simulation.take_moments();
        (simulation, moments)
    }

    /// Runs a release whose runner dies right behind the first record that `died` names, and which is then taken up.
    fn taken_up(&self, version: &str, faults: &[Fault], died: impl Fn(&Event) -> bool) -> Simulation {
        let (_, moments) = self.run(version, faults);
        let is_there = |state: &State| state.records.last().is_some_and(|record| died(&record.event));
        // The last moment before the next record: what was begun is done.
        let at = moments.iter().position(is_there).unwrap();
        let rest = moments[at..].iter().take_while(|state| is_there(state));
        take_up(rest.last().unwrap().clone(), faults)
    }
}

fn take_up(state: State, faults: &[Fault]) -> Simulation {
    let simulation = Simulation::from(state, faults.to_vec());
    let run = trial::run_behind(&simulation, 0).unwrap();
    trial::take_up(&simulation, &run).unwrap();
    simulation
}

fn fault(at: &str, nth: u32, how: How) -> Fault {
    Fault { at: at.to_owned(), nth, times: 1, how }
}

fn last_run(simulation: &Simulation) -> RunState {
    let records = simulation.state().journal();
    let run = records.last().unwrap().run.clone();
    let of_run: Vec<_> = records.into_iter().filter(|record| record.run == run).collect();
    RunState::fold(&of_run).unwrap()
}

fn end(simulation: &Simulation) -> End {
    last_run(simulation).stages["e0"].end.clone().unwrap()
}

fn status(simulation: &Simulation, name: &str) -> EffectStatus {
    let run = last_run(simulation);
    run.effects.iter().find(|(address, _)| address.name() == name).unwrap().1.status
}

#[test]
fn a_stage_that_is_released_behind_one_that_has_failed_is_taken_back_with_it() {
    let text = Site::new(
        "    step s {
      observe = `get ${env.name}/s`
      run = `put ${release.version} ${env.name}/s`
      rollback = `put ${observed} ${env.name}/s`
    }",
    );
    let text = text.text.replace("environment e0 {}", "environment e0 {}\nenvironment e1 {}");
    let text = text
        .replace("through e0", "through [e0, e1]")
        .replace("  on interrupt", "  on failure { rollback = pipeline }\n  on interrupt");
    let site = Site { text, state: State::new(1) };
    let (simulation, _) = site.run("1.0.0", &[fault("run get e1/s", 0, How::Before)]);
    let state = last_run(&simulation);
    let ends: Vec<_> = ["e0", "e1"].iter().map(|name| state.stages[*name].end.clone()).collect();
    assert_eq!(ends, [Some(End::Restored), Some(End::Untouched)]);
    assert!(state.stages["e0"].released.is_some());
}

#[test]
fn a_refresh_in_a_parallel_waits_for_what_stands_before_the_parallel() {
    let site = Site::new(
        "link current { path = \"e0/current\", target = release.version }
         parallel { refresh service { run = `reload service e0/current` } }
         step last { run = `put 1 last`, rollback = `put none last` }",
    );
    let site = site.released("1.0.0");
    let (simulation, _) = site.run("2.0.0", &[fault("apply e0/deploy/last", 0, How::Before)]);
    assert_eq!(end(&simulation), End::Restored);
    assert_eq!(simulation.state().things.key("service"), "read -> 1.0.0");
}

#[test]
fn an_atomic_step_in_doubt_is_undone_for_it_may_be_done() {
    let site = Site::new("step migrate { run = `put 1 schema`, rollback = `put none schema`, atomic = true }");
    let simulation = site.taken_up("1.0.0", &[], |event| matches!(event, Event::EffectStarted { .. }));
    assert_eq!(end(&simulation), End::Restored);
    assert_eq!(simulation.state().things.key("schema"), "none");
}

#[test]
fn a_step_in_doubt_is_what_a_person_says_it_is() {
    let site = Site::with("step migrate { run = `put 1 schema`, rollback = `put none schema` }", "");
    // Its runner died when it was done, and another time before it was.
    let done = site.taken_up("1.0.0", &[], |event| matches!(event, Event::EffectStarted { .. }));
    let settled = |simulation: &Simulation| {
        let records = simulation.state().journal();
        records.into_iter().find_map(|record| match record.event {
            Event::Settled { settlement, .. } => Some(settlement),
            _ => None,
        })
    };
    assert_eq!((settled(&done), status(&done, "migrate")), (Some(Settlement::Done), EffectStatus::Finished));
    let (_, moments) = site.run("1.0.0", &[]);
    let is_begun = |state: &State| {
        let last = state.records.last();
        last.is_some_and(|record| matches!(record.event, Event::EffectStarted { .. }))
    };
    let again = take_up(moments.into_iter().find(is_begun).unwrap(), &[]);
    assert_eq!((settled(&again), status(&again, "migrate")), (Some(Settlement::Retry), EffectStatus::Finished));
    assert_eq!(again.state().things.key("schema"), "1");
}

#[test]
fn an_atomic_step_is_undone_though_its_second_attempt_failed_as_a_whole() {
    let site = Site::new(
        "step migrate { run = `put 1 schema`, rollback = `put none schema`, atomic = true, idempotent = true }",
    );
    let faults = [fault("apply e0/deploy/migrate", 1, How::Before)];
    let simulation = site.taken_up("1.0.0", &faults, |event| matches!(event, Event::EffectStarted { .. }));
    assert_eq!(end(&simulation), End::Restored);
    assert_eq!(simulation.state().things.key("schema"), "none");
}

#[test]
fn an_atomic_step_that_ended_well_and_cannot_be_seen_is_undone() {
    let site = Site::new(
        "step migrate {
           observe = `get schema`, desired = \"1\", run = `put 1 schema`, rollback = `put none schema`, atomic = true
         }",
    );
    let (simulation, _) = site.run("1.0.0", &[fault("run get schema", 1, How::Before)]);
    assert_eq!(end(&simulation), End::Restored);
    assert_eq!(simulation.state().things.key("schema"), "none");
}

const COVERED: &str = "phase data {
    step migrate { observe = `get schema`, desired = \"1\", run = `put 1 schema` }
    step last { run = `put 1 last`, rollback = `put none last` }
    rollback { step restore { run = `put none schema` } }
  }";

#[test]
fn a_rollback_block_that_did_not_restore_runs_again_when_a_person_takes_the_run_up() {
    let site = Site::new(COVERED);
    let faults = [
        fault("apply e0/deploy/data/last", 0, How::Before),
        fault("undo e0/deploy/data/rollback/restore", 0, How::Lie),
    ];
    let (simulation, _) = site.run("1.0.0", &faults);
    assert!(matches!(end(&simulation), End::Stranded { .. }));
    let simulation = take_up(simulation.state(), &faults);
    assert_eq!(end(&simulation), End::Restored);
    assert_eq!(simulation.state().things.key("schema"), "none");
    assert_eq!(status(&simulation, "migrate"), EffectStatus::Undone);
}

#[test]
fn a_failed_undo_beside_a_point_of_no_return_strands() {
    let site = Site::new(
        "parallel {
           step mail { run = `put 1 mail`, irreversible = \"it is sent\" }
           step scale { run = `put 1 scale`, rollback = `put none scale` }
         }
         step last { run = `put 1 last`, rollback = `put none last` }",
    );
    let faults =
        [fault("apply e0/deploy/last", 0, How::Before), fault("undo e0/deploy/parallel/scale", 0, How::Before)];
    let (simulation, _) = site.run("1.0.0", &faults);
    let End::Stranded { why } = end(&simulation) else { panic!("{:?}", end(&simulation)) };
    assert_eq!(why, "the undo of deploy/parallel/scale failed: `put` ended with status 1");
}

#[test]
fn an_undo_behind_a_point_of_no_return_is_looked_at_as_well() {
    let site = Site::new(
        "step mail { run = `put 1 mail`, irreversible = \"it is sent\" }
         step scale { observe = `get scale`, run = `put 1 scale`, rollback = `put ${observed} scale` }
         step last { run = `put 1 last`, rollback = `put none last` }",
    );
    let faults = [fault("apply e0/deploy/last", 0, How::Before), fault("undo e0/deploy/scale", 0, How::Lie)];
    let (simulation, _) = site.run("1.0.0", &faults);
    let End::Stranded { why } = end(&simulation) else { panic!("{:?}", end(&simulation)) };
    assert_eq!(why, "deploy/scale was undone, and is not what it was: `1` instead of `none`");
}

#[test]
fn a_failed_undo_is_not_said_to_be_tried_again_where_the_stage_has_its_end() {
    let site = Site::new(
        "step scale { run = `put 1 scale`, rollback = `put none scale` }
         step last { run = `put 1 last`, rollback = `put none last` }",
    );
    let faults = [fault("apply e0/deploy/last", 0, How::Before), fault("undo e0/deploy/scale", 0, How::Before)];
    let simulation = site.taken_up("1.0.0", &faults, |event| matches!(event, Event::StageEnded { .. }));
    assert_eq!(status(&simulation, "scale"), EffectStatus::UndoFailed);
    // Once more, and now the run is over and its stage is gone through again.
    let simulation = take_up(simulation.state(), &[]);
    assert!(matches!(last_run(&simulation).finished, Some(Outcome::Restored { .. })));
    assert_eq!(simulation.state().things.key("scale"), "none");
}

#[test]
fn what_stands_before_a_covered_step_stays_until_the_rollback_block_has_ended() {
    let site = Site::new(
        "phase data {
           parallel {
             step first { run = `put 1 first` }
             phase second {
               file dump { path = \"e0/dump\", content = \"dump\" }
               step load { run = `put 1 load` }
             }
           }
           step last { run = `put 1 last`, rollback = `put none last` }
           rollback { step restore { run = `put none first load` } }
         }",
    );
    for seed in 0..8 {
        let site = Site { text: site.text.clone(), state: State::new(seed) };
        let (simulation, _) = site.run("1.0.0", &[fault("apply e0/deploy/data/last", 0, How::Before)]);
        let undone = simulation.state().journal().into_iter().filter_map(|record| match record.event {
            Event::UndoFinished { effect, .. } => Some(effect.name().to_owned()),
            _ => None,
        });
        assert_eq!(undone.collect::<Vec<_>>(), ["last", "restore", "dump"]);
    }
}

#[test]
fn what_an_inner_phase_covers_is_not_looked_at_for_what_an_outer_one_took_back() {
    let site = Site::new(
        "phase data {
           phase schema {
             step migrate { observe = `get schema`, desired = \"1\", run = `put 1 schema` }
             rollback { step restore { run = `put none schema` } }
           }
           step mail { run = `put 1 mail`, irreversible = \"it is sent\" }
           step load { run = `put 1 load` }
           rollback { step unload { run = `put none load` } }
         }",
    );
    let (simulation, _) = site.run("1.0.0", &[fault("apply e0/deploy/data/load", 0, How::Before)]);
    assert!(matches!(end(&simulation), End::Held { .. }), "{:?}", end(&simulation));
}

#[test]
fn what_a_condition_or_a_list_holds_is_in_order_also_where_it_stands_in_a_parallel() {
    let site = Site::new(
        "parallel {
           when env.name == \"e0\" {
             step first { run = `put 1 first`, rollback = `put none first` }
             step second { run = `put 1 second`, rollback = `put none second` }
           }
         }
         parallel hosts {
           each host in [\"a\", \"b\"] { step last { run = `put 1 ${host}`, rollback = `put none ${host}` } }
         }",
    );
    for (fails, stays) in [("parallel/first", "second"), ("hosts/host[\"a\"]/last", "host[\"b\"]")] {
        let (simulation, _) = site.run("1.0.0", &[fault(&format!("apply e0/deploy/{fails}"), 0, How::Before)]);
        let is_begun = simulation.state().begun.iter().any(|begun| begun.key.contains(&format!("/{stays}/")));
        assert!(!is_begun && end(&simulation) == End::Restored, "{fails}");
    }
}
