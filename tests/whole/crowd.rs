//! Fifty runners at once on one journal: whatever they get in each other's way, the journal is whole, and no environment
//! is ever entered by two.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};

use liftlock_journal::{Action, End, Event, Query, Record, RunState, Verification};
use liftlock_names::RunId;

use crate::postgres_server::Server;
use crate::project::Project;

const RUNNERS: usize = 50;

/// Three pipelines, each into an environment of its own. The step fails where somebody else is in its midst.
fn project() -> Project {
    let pipeline = |name: &str, environment: &str| {
        format!(
            "environment {environment} {{}}
             pipeline {name} {{
               promote artifact.app through {environment}
               deploy {{
                 step alone {{
                   run = ```sh
                   mkdir in-{environment} && sleep 0.02 && rmdir in-{environment}
                   ```
                   rollback = `true`
                 }}
               }}
             }}"
        )
    };
    let text = format!(
        "edition 2026
         input version: semver
         artifact app {{
           version = input.version
           sources = [\"app.txt\"]
           build   = `cp app.txt app-${{version}}.txt`
           file    = \"app-${{version}}.txt\"
         }}
         {}\n{}\n{}\n",
        pipeline("inner", "dev"),
        pipeline("middle", "staging"),
        pipeline("outer", "production"),
    );
    Project::with(&[("app.release", &text), ("app.txt", "app\n")])
}

#[test]
fn fifty_runners_share_a_file() {
    let project = project();
    let journal = project.path("journal.db").display().to_string();
    let codes = crowd(&project, &journal);
    assert!(codes.get(&0).is_some_and(|released| *released >= 3), "{codes:?}");
}

#[test]
fn fifty_runners_share_a_server() {
    let Some(server) = Server::shared() else { return };
    let codes = crowd(&project(), &server.database());
    assert!(codes.get(&0).is_some_and(|released| *released >= 3), "{codes:?}");
}

/// Lets them loose, and returns how many ended with which code.
fn crowd(project: &Project, journal: &str) -> BTreeMap<i32, usize> {
    let start = |number: usize| {
        Command::new(env!("CARGO_BIN_EXE_liftlock-under-test"))
            .args(["run", ["inner", "middle", "outer"][number % 3], "--yes", "--output", "json", "--as", "ada"])
            .args(["--set", &format!("version=1.0.{number}"), "--store", journal])
            .current_dir(project.path(""))
            .env_remove("LIFTLOCK_TEST_KILL")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let runners: Vec<_> = (0..RUNNERS).map(start).collect();
    // Each on a thread: one whose pipes are full would wait for the others to be read.
    let waits = runners.into_iter().map(|runner| std::thread::spawn(move || runner.wait_with_output().unwrap()));
    let waits: Vec<_> = waits.collect();
    let mut codes = BTreeMap::new();
    let mut acknowledged = Vec::new();
    for wait in waits {
        let output = wait.join().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        let code = output.status.code().unwrap();
        // Released; the plan was overtaken by another release; another is in the environment, or newer.
        assert!([0, 4, 5].contains(&code), "{code}\n{stderr}");
        *codes.entry(code).or_default() += 1;
        acknowledged.extend(shown(&String::from_utf8(output.stdout).unwrap()));
    }

    let store = liftlock::open_store(Path::new(journal), false).unwrap().unwrap();
    let records = store.read(&Query::default()).unwrap();
    assert_eq!(store.verify().unwrap(), Verification::Whole { records: records.len() as u64 });
    let kept: BTreeSet<_> = records.iter().map(|record| (record.sequence, record.hash.to_string())).collect();
    assert!(acknowledged.iter().all(|record| kept.contains(record)), "an acknowledged record is missing");
    assert!(acknowledged.len() >= RUNNERS);
    numbers_rise(&records);
    nobody_meets_another(&records);
    every_run_ended(&records);
    codes
}

/// The records that a runner showed, each with its hash: what the journal had acknowledged.
fn shown(stdout: &str) -> Vec<(u64, String)> {
    let values = stdout.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
    let records = values.filter(|value| value["type"] == "record");
    records.map(|value| (value["sequence"].as_u64().unwrap(), value["hash"].as_str().unwrap().to_owned())).collect()
}

/// The releases of each pipeline are numbered from 1, one by one, in the order in which they began.
fn numbers_rise(records: &[Record]) {
    let mut last: BTreeMap<&str, u64> = BTreeMap::new();
    for record in records {
        if let Event::RunStarted { pipeline, number, action: Action::Release, .. } = &record.event {
            let before = last.insert(pipeline, *number).unwrap_or_default();
            assert_eq!(*number, before + 1, "{pipeline}");
        }
    }
    assert_eq!(last.len(), 3);
}

/// Between the record that a run enters an environment and the one that it is through, no other run does anything there.
fn nobody_meets_another(records: &[Record]) {
    let mut inside: BTreeMap<&str, &RunId> = BTreeMap::new();
    let mut entered = 0;
    for record in records {
        match &record.event {
            Event::StageEntered { environment, .. } => {
                let other = inside.insert(environment, &record.run);
                assert_eq!(other, None, "{} enters {environment}", record.run);
                entered += 1;
            }
            Event::EffectStarted { effect, .. } | Event::EffectFinished { effect, .. } => {
                assert_eq!(inside.get(effect.environment.as_str()), Some(&&record.run), "{effect}");
            }
            // One that was turned away says that it has changed nothing.
            Event::StageEnded { environment, end: End::Untouched }
                if inside.get(environment.as_str()) != Some(&&record.run) => {}
            Event::StageReleased { environment, .. } | Event::StageEnded { environment, .. } => {
                assert_eq!(inside.remove(environment.as_str()), Some(&record.run), "{environment}");
            }
            _ => {}
        }
    }
    assert!(inside.is_empty() && entered >= 3, "{entered} entered, {inside:?} are still inside");
}

/// No run is left in the middle, and no lock with it.
fn every_run_ended(records: &[Record]) {
    let runs: BTreeSet<_> = records.iter().map(|record| &record.run).collect();
    for run in runs {
        let of_run: Vec<_> = records.iter().filter(|record| record.run == *run).cloned().collect();
        let state = RunState::fold(&of_run).unwrap();
        assert!(state.finished.is_some(), "{run} has no end");
    }
}

#[test]
fn on_a_server_any_machine_sees_what_another_does_and_can_approve_it() {
    let Some(server) = Server::shared() else { return };
    let journal = server.database();
    let text = "edition 2026
        environment dev {}
        group owners { members = [\"ada\", \"grace\"] }
        artifact app { version = \"1.0.0\", sources = [\"app.txt\"], build = `cp app.txt out.txt`, file = \"out.txt\" }
        pipeline app {
          promote artifact.app through dev
          before dev { approval go { from = group.owners } }
          deploy { file conf { path = \"conf\", content = \"new\" } }
        }
        ";
    let here = Project::with(&[("app.release", text), ("app.txt", "app\n")]);
    let there = here.twin();
    let with = |project: &Project, arguments: &[&str], code: i32| {
        project.liftlock_with(arguments, &[("LIFTLOCK_STORE", &journal)]).expect(code)
    };
    with(&here, &["run", "--as", "ada", "--yes", "--no-wait"], 3);
    let status = with(&there, &["status"], 0);
    assert!(status.stdout.contains("go"), "{}", status.stdout);
    with(&there, &["approve", "go", "--as", "grace"], 0);
    with(&here, &["resume", "--no-wait"], 0);
    assert_eq!(here.read("conf"), "new");
    with(&there, &["log", "--verify"], 0);
    assert!(!there.path(".liftlock/journal.db").exists() && !here.path(".liftlock/journal.db").exists());
}
