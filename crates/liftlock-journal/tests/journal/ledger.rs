//! What is where, told from all records.

use liftlock_journal::{Action, End, Event, Ledger, Outcome, WaitingGate};
use liftlock_names::{Address, Digest};

use crate::support::{Told, at, digest, release, resumed, run, started};

/// Releases by number, in runs of the same number, into environments.
#[derive(Default)]
struct Story(Told);

impl Story {
    fn released(mut self, number: u32, environments: &[&str]) -> Story {
        self.0.tell(&run(number), [started(u64::from(number), Action::Release)]);
        for environment in environments {
            let (environment, release) = ((*environment).to_owned(), release(u64::from(number)));
            self.0.tell(&run(number), [Event::StageReleased { environment, release }]);
        }
        self
    }

    fn rollback(mut self, by: u32, environment: &str, of: u32, end: End) -> Story {
        let action = Action::Rollback { environment: environment.to_owned(), of: run(of) };
        self.0.tell(&run(by), [started(900, action)]);
        self.ended(by, environment, end)
    }

    fn ended(mut self, number: u32, environment: &str, end: End) -> Story {
        let environment = environment.to_owned();
        self.0.tell(&run(number), [Event::StageEnded { environment, end }]);
        self
    }

    fn then(mut self, number: u32, event: Event) -> Story {
        self.0.tell(&run(number), [event]);
        self
    }

    fn fold(&self) -> Ledger {
        Ledger::fold(&self.0.records)
    }
}

/// The numbers of the releases that stand on one another.
fn stack(ledger: &Ledger, environment: &str) -> Vec<u64> {
    let state = ledger.environment("storefront", environment).unwrap();
    state.stack.iter().map(|released| released.release.number).collect()
}

fn rolled_back(ledger: &Ledger, environment: &str) -> Vec<(u64, bool)> {
    let state = ledger.environment("storefront", environment).unwrap();
    let history = state.history.iter();
    history.map(|entry| (entry.release.number, entry.rolled_back.is_some())).collect()
}

fn stranded() -> End {
    End::Stranded { why: "the undo broke".to_owned() }
}

fn is_in_trouble(ledger: &Ledger) -> bool {
    ledger.environment("storefront", "production").unwrap().trouble.is_some()
}

#[test]
fn releases_stand_on_one_another_and_the_last_is_current() {
    let ledger = Story::default().released(1, &["staging", "production"]).released(2, &["staging"]).fold();
    assert_eq!(stack(&ledger, "staging"), [1, 2]);
    let current = ledger.current("storefront", "production").unwrap();
    assert_eq!((&current.release, current.at), (&release(1), at(3)));
    assert_eq!(ledger.current("storefront", "nowhere"), None);
    assert_eq!(ledger.runs[&run(1)].reached, ["staging", "production"]);
    assert_eq!(ledger.sequence, 5);
}

#[test]
fn a_rollback_takes_the_release_off_and_marks_it() {
    let story = Story::default().released(1, &["production"]).released(2, &["production"]);
    let ledger = story.rollback(3, "production", 2, End::Restored).fold();
    assert_eq!(stack(&ledger, "production"), [1]);
    assert_eq!(rolled_back(&ledger, "production"), [(1, false), (2, true)]);
    assert_eq!(ledger.runs[&run(3)].reached, ["production"]);
}

#[test]
fn a_rollback_that_did_not_get_through_takes_nothing_off() {
    for end in [End::Untouched, stranded(), End::Held { why: String::new() }] {
        let story = Story::default().released(1, &["production"]);
        let ledger = story.rollback(2, "production", 1, end).fold();
        assert_eq!(stack(&ledger, "production"), [1]);
        assert_eq!(rolled_back(&ledger, "production"), [(1, false)]);
    }
}

#[test]
fn a_run_that_fails_later_and_undoes_an_earlier_stage_takes_its_own_release_off() {
    let story = Story::default().released(1, &["staging"]).released(2, &["staging"]);
    let ledger = story.ended(2, "production", End::Restored).ended(2, "staging", End::Restored).fold();
    assert_eq!(stack(&ledger, "staging"), [1]);
    assert_eq!(rolled_back(&ledger, "staging"), [(1, false), (2, true)]);
    assert!(ledger.runs[&run(2)].reached.is_empty());
}

#[test]
fn a_release_that_failed_and_was_restored_leaves_the_one_before_it() {
    let ledger = Story::default().released(1, &["production"]).released(2, &[]);
    let ledger = ledger.ended(2, "production", End::Restored).fold();
    assert_eq!(stack(&ledger, "production"), [1]);
    assert_eq!(rolled_back(&ledger, "production"), [(1, false)]);
}

#[test]
fn trouble_stays_until_its_own_run_or_a_rollback_ends_it() {
    let story = || Story::default().released(1, &["production"]).released(2, &[]).ended(2, "production", stranded());
    assert!(is_in_trouble(&story().fold()));
    assert!(is_in_trouble(&story().released(3, &[]).ended(3, "production", End::Untouched).fold()));
    assert!(is_in_trouble(&story().then(2, resumed("ada")).fold()));
    assert!(!is_in_trouble(&story().ended(2, "production", End::Restored).fold()));
    assert!(!is_in_trouble(&story().rollback(3, "production", 1, End::Restored).fold()));
    let release = Event::StageReleased { environment: "production".to_owned(), release: release(2) };
    assert!(!is_in_trouble(&story().then(2, release).fold()));
    let trouble = story().fold().environments[0].trouble.clone().unwrap();
    assert_eq!((trouble.run, trouble.at, trouble.why.as_str()), (run(2), at(4), "the undo broke"));
}

#[test]
fn a_digest_is_proven_where_it_succeeded_and_was_not_rolled_back() {
    let story = Story::default().released(1, &["staging"]).released(2, &["staging"]);
    let ledger = story.rollback(3, "staging", 2, End::Restored).fold();
    assert_eq!(ledger.proven("staging", &digest(1)), Some(at(2)));
    assert_eq!(ledger.proven("staging", &digest(2)), None);
    assert_eq!(ledger.proven("production", &digest(1)), None);
}

#[test]
fn a_version_keeps_its_digest_also_when_it_was_rolled_back() {
    let story = Story::default().released(1, &["staging"]);
    let ledger = story.rollback(2, "staging", 1, End::Restored).fold();
    assert_eq!(ledger.released_as("storefront", "1.1.0"), Some(digest(1)));
    assert_eq!(ledger.released_as("storefront", "1.2.0"), None);
    assert_eq!(ledger.released_as("backend", "1.1.0"), None);
}

#[test]
fn numbers_rise_with_releases_of_the_same_pipeline_only() {
    let story = Story::default().released(4, &[]).released(2, &[]);
    let ledger = story.rollback(5, "production", 4, End::Restored).fold();
    assert_eq!(ledger.next_number("storefront"), 5);
    assert_eq!(ledger.next_number("backend"), 1);
}

#[test]
fn the_newest_artifact_of_the_same_sources_is_the_one_to_take() {
    let ready = |sources: &str, content: &str, built| Event::ArtifactReady {
        artifact: "storefront".to_owned(),
        version: "1.1.0".to_owned(),
        digest: Digest::of(content.as_bytes()),
        name: "storefront.tar".to_owned(),
        bytes: 1,
        sources: Digest::of(sources.as_bytes()),
        built,
    };
    let story = Story::default().released(1, &[]).then(1, ready("s", "one", true));
    let story = story.then(1, ready("other", "two", true)).then(1, ready("s", "three", true));
    let ledger = story.then(1, ready("s", "three", false)).fold();
    let built = ledger.built("storefront", "storefront", &Digest::of(b"s")).unwrap();
    assert_eq!(built.digest, Digest::of(b"three"));
    assert_eq!(ledger.artifacts.len(), 3);
    assert_eq!(ledger.built("storefront", "docs", &Digest::of(b"s")), None);
}

#[test]
fn a_run_is_summed_up_while_it_waits_and_when_it_ended() {
    let gate = |name: &str| format!("storefront/production/before/{name}").parse::<Address>().unwrap();
    let waits = |name: &str| Event::GateWaiting {
        gate: gate(name),
        why: String::new(),
        until: None,
        approval: name == "approval",
    };
    let opened = Event::GateOpened { gate: gate("window"), why: String::new() };
    let story = Story::default().released(1, &[]).then(1, waits("window")).then(1, waits("approval"));
    let story = story.then(1, waits("window")).then(1, opened);
    let summary = story.fold().runs[&run(1)].clone();
    let waiting = WaitingGate { gate: gate("approval"), why: String::new(), approval: true };
    assert_eq!((summary.waiting, summary.outcome), (vec![waiting], None));
    let outcome = Outcome::Stranded { why: String::new() };
    let story = story.then(1, Event::RunFinished { outcome: outcome.clone() });
    let summary = story.fold().runs[&run(1)].clone();
    assert_eq!((summary.waiting, summary.outcome), (Vec::new(), Some(outcome)));
    let summary = story.then(1, resumed("ada")).fold().runs[&run(1)].clone();
    assert_eq!((summary.outcome, summary.last_at), (None, at(7)));
}

#[test]
fn records_of_a_run_whose_beginning_is_unknown_change_nothing_but_the_position() {
    let ledger = Story::default().ended(1, "production", End::Restored).fold();
    assert_eq!(ledger, Ledger { sequence: 1, ..Ledger::default() });
}

#[test]
fn runs_are_found_by_the_beginning_of_their_name() {
    let ledger = Story::default().released(1, &[]).released(2, &[]).fold();
    let whole = run(1);
    assert_eq!(ledger.runs_named(whole.as_str()), [&whole]);
    assert_eq!(ledger.runs_named("").len(), 2);
}
