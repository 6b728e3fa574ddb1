//! Plans and records of the example shop, made by hand.
#![allow(dead_code, reason = "each test uses its part")]

use std::fs;
use std::path::Path;

use jiff::Timestamp;
use liftlock_journal::{Action, End, Event, Failure, FailureKind, Outcome, Record, State, Way};
use liftlock_names::{Address, Digest, Part, ReleaseRef, RunId};
use liftlock_plan::{
    ActionKind, ArtifactPlan, BuiltArtifactRef, Change, Check, CheckKind, Class, Coverage, Effect, EffectKind, FORMAT,
    FileArtifact, Gate, GateKind, HttpEffect, HttpRequest, ImageArtifact, ImageSource, Invocation, NoData, Node,
    OnFailure, Plan, Program, Stage, Step, Text, Timing,
};

pub const START: i64 = 1_795_183_331;

pub fn run() -> RunId {
    "1tk8w0m3xq".parse().unwrap()
}

pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).unwrap()
}

pub fn address(environment: &str, part: Part, path: &str) -> Address {
    let path = path.split('/').map(str::to_owned).collect();
    Address { pipeline: "storefront".to_owned(), environment: environment.to_owned(), part, path }
}

pub fn deploy(environment: &str, path: &str) -> Address {
    address(environment, Part::Deploy, path)
}

pub fn release(number: u64, version: &str) -> ReleaseRef {
    let digest = Some(Digest::of(version.as_bytes()));
    ReleaseRef { number, version: version.to_owned(), digest, run: "1tk8w0m300".parse().unwrap() }
}

pub fn command(words: &[&str]) -> Invocation {
    Invocation {
        program: Program::Command(words.iter().map(|word| Text::from(*word)).collect()),
        env: Default::default(),
        cwd: String::new(),
        stdin: None,
        timeout_ms: 600_000,
        on: None,
    }
}

fn effect(environment: &str, path: &str, kind: EffectKind, observed: State, change: Change) -> Node {
    Node::Effect(Box::new(Effect {
        address: deploy(environment, path),
        docs: None,
        kind,
        class: Class::Reversible,
        observed: Some(observed),
        change,
        applied_over: None,
    }))
}

fn step(run: &[&str], rollback: &[&str]) -> EffectKind {
    EffectKind::Step(Box::new(Step {
        observe: Some(command(&["ops/look"])),
        desired: None,
        preview: None,
        run: command(run),
        rollback: Some(command(rollback)),
        idempotent: true,
        atomic: false,
        retry: None,
        outputs: Vec::new(),
    }))
}

fn diff(text: &str) -> Change {
    Change::Diff { diff: text.to_owned(), by_structure: false, preview: None }
}

fn output(text: &str) -> State {
    State::Output { text: text.to_owned() }
}

fn check(environment: &str, name: &str, url: &str, contains: Option<&str>, within_ms: u64) -> Check {
    Check {
        address: address(environment, Part::Verify, name),
        docs: None,
        kind: CheckKind::Http {
            url: url.to_owned(),
            status: 200,
            contains: contains.map(str::to_owned),
            timing: Timing { within_ms, every_ms: 500, lasts_ms: 0 },
        },
    }
}

pub fn checks(environment: &str) -> Vec<Check> {
    let url = |path: &str| format!("http://{environment}.example/{path}");
    vec![
        check(environment, "health", &url("health"), None, 15_000),
        check(environment, "serves", &url("version"), Some("1.1.0"), 5000),
    ]
}

pub fn body(environment: &str) -> Vec<Node> {
    let path = |name: &str| format!("srv/{environment}/{name}");
    let home = path("releases/1.1.0");
    let toml = " listen   = \"127.0.0.1:4101\"\n-workers  = 2\n+workers  = 4\n";
    let file = State::File { digest: Digest::of(b"before"), bytes: 6, mode: 0o644 };
    vec![
        effect(
            environment,
            "releases",
            EffectKind::Directory { path: path("releases") },
            State::Directory,
            Change::InPlace,
        ),
        effect(
            environment,
            "unpack",
            step(&["ops/unpack", "${artifact.storefront.file}", &home], &["rm", "-rf", &home]),
            State::Absent,
            diff("+1.1.0\n"),
        ),
        effect(
            environment,
            "migrate",
            step(&["storefront", "schema", "up", "--to", "42"], &["storefront", "schema", "down", "--to", "41"]),
            output("41"),
            diff("-41\n+42\n"),
        ),
        Node::Phase {
            name: "switch".to_owned(),
            body: vec![
                effect(
                    environment,
                    "switch/config",
                    EffectKind::File { path: path("shop.toml"), content: "x".to_owned(), mode: None },
                    file,
                    diff(toml),
                ),
                effect(
                    environment,
                    "switch/current",
                    EffectKind::Link { path: path("current"), target: "releases/1.1.0".to_owned() },
                    State::Link { target: "releases/1.0.0".to_owned() },
                    diff("--> releases/1.0.0\n+-> releases/1.1.0\n"),
                ),
                effect(
                    environment,
                    "switch/service",
                    EffectKind::Refresh { run: command(&["ops/service", "restart", &path("")]) },
                    State::Unobserved,
                    Change::Runs { because: "`unpack` changes".to_owned() },
                ),
            ],
            rollback: None,
        },
    ]
}

pub fn stage(environment: &str, requires: &[&str], previous: Option<ReleaseRef>) -> Stage {
    Stage {
        environment: environment.to_owned(),
        protected: environment == "production",
        drill: false,
        drill_within_ms: None,
        lock: environment.to_owned(),
        requires: requires.iter().map(|name| (*name).to_owned()).collect(),
        previous,
        gates: Vec::new(),
        body: body(environment),
        verify: checks(environment),
        verify_restored: checks(environment),
        coverage: Coverage { restored: 9, total: 9 },
    }
}

pub fn gates() -> Vec<Gate> {
    let gate = |name: &str, kind| Gate { address: address("production", Part::Before, name), docs: None, kind };
    let people = ["ada@example.com", "grace@example.com"].map(str::to_owned);
    let date = |text: &str| text.parse().unwrap();
    vec![
        gate(
            "steady",
            GateKind::Soak {
                environment: "staging".to_owned(),
                lasts_ms: 5000,
                every_ms: 1000,
                checks: checks("staging"),
            },
        ),
        gate(
            "go",
            GateKind::Approval {
                group: "release-managers".to_owned(),
                members: people.to_vec(),
                need: 1,
                own: true,
                expires_ms: 86_400_000,
            },
        ),
        gate(
            "hours",
            GateKind::Window {
                calendar: "working_hours".to_owned(),
                zone: "Europe/Berlin".to_owned(),
                allow: vec![liftlock_plan::Window {
                    days: liftlock_plan::Days { from: 1, to: 4 },
                    hours: liftlock_plan::Hours {
                        from: jiff::civil::time(9, 0, 0, 0),
                        to: jiff::civil::time(16, 0, 0, 0),
                    },
                }],
                deny: vec![liftlock_plan::Freeze {
                    from: date("2026-12-18"),
                    to: date("2027-01-04"),
                    reason: "year-end freeze".to_owned(),
                }],
            },
        ),
    ]
}

/// A release of 1.1.0 over 1.0.0.
pub fn plan() -> Plan {
    let mut production = stage("production", &["staging"], Some(release(2, "0.9.0")));
    production.gates = gates();
    Plan {
        format: FORMAT,
        pipeline: "storefront".to_owned(),
        docs: None,
        action: ActionKind::Release,
        inputs: [("version", "1.1.0"), ("schema", "42")]
            .map(|(a, b)| (a.to_owned(), b.to_owned()))
            .into_iter()
            .collect(),
        version: "1.1.0".to_owned(),
        artifact: Some(ArtifactPlan::File(FileArtifact {
            name: "storefront".to_owned(),
            version: "1.1.0".to_owned(),
            sources: vec!["app/**".to_owned()],
            source_digest: Digest::of(b"sources"),
            source_files: 14,
            build: command(&["ops/build"]),
            file: "dist/storefront-1.1.0.tar.gz".to_owned(),
            built: None,
        })),
        waves: vec![
            vec![stage("dev", &[], Some(release(4, "1.0.0")))],
            vec![stage("staging", &["dev"], Some(release(4, "1.0.0")))],
            vec![production],
        ],
        on_failure: OnFailure::Stage,
        observed: true,
        on: Default::default(),
    }
}

/// A release into one environment, with one of each kind that the shop does not have.
pub fn kinds() -> Plan {
    let unknown = |why: &str| Change::Unknown { why: why.to_owned(), preview: None };
    let mut stage = stage("dev", &[], Some(release(4, "1.0.0")));
    let key = EffectKind::Manual {
        instructions: "Turn the key in cabinet 4.\nClose the door.".to_owned(),
        undo: Some("Turn it back.".to_owned()),
        atomic: false,
    };
    let request = |method: &str| HttpRequest {
        method: method.to_owned(),
        url: "https://flags.example/shop".into(),
        headers: Default::default(),
        body: None,
        status: Vec::new(),
        timeout_ms: 30_000,
    };
    let flag = EffectKind::Http(Box::new(HttpEffect {
        request: request("POST"),
        undo: Some(request("DELETE")),
        observe: None,
        desired: None,
        idempotent: false,
    }));
    let errors = CheckKind::Metric {
        server: "http://metrics.example".to_owned(),
        query: "sum(rate(errors[5m]))".to_owned(),
        above: None,
        below: Some(0.01),
        samples: 20,
        samples_query: None,
        no_data: NoData::Wait,
        timing: Timing { within_ms: 60_000, every_ms: 5000, lasts_ms: 600_000 },
    };
    let calm = Check { address: deploy("dev", "calm"), docs: None, kind: errors };
    let told = EffectKind::Notify { run: command(&["ops/tell", "dev is up"]) };
    stage.body = vec![
        effect("dev", "key", key, State::Unobserved, unknown("a person makes it")),
        effect("dev", "flag", flag, State::Unobserved, unknown("it has no `observe`")),
        Node::Check(Box::new(calm)),
        effect("dev", "told", told, State::Unobserved, Change::Unobserved),
    ];
    let mut plan = plan();
    plan.artifact = Some(ArtifactPlan::Image(ImageArtifact {
        name: "storefront".to_owned(),
        version: "1.1.0".to_owned(),
        image: "registry.example/shop/storefront:1.1.0".to_owned(),
        digest: Some(Digest::of(b"1.1.0")),
        source: ImageSource::Resolved {
            resolve: command(&["crane", "digest", "registry.example/shop/storefront:1.1.0"]),
        },
    }));
    plan.waves = vec![vec![stage]];
    let chat = EffectKind::Notify { run: command(&["ops/tell", "it failed"]) };
    if let Node::Effect(notice) = effect("dev", "chat", chat, State::Unobserved, Change::Unobserved) {
        plan.on.failure = vec![Effect { address: address(Address::RUN, Part::On, "failure/chat"), ..*notice }];
    }
    plan
}

/// Its records, in which a person is asked, is answered for, and the metric is not calm.
pub fn kinds_happening() -> Vec<Event> {
    let at = |path: &str| deploy("dev", path);
    let started = |path: &str| Event::EffectStarted { effect: at(path), attempt: 1, before: State::Unobserved };
    let done = |path: &str| Event::EffectFinished {
        effect: at(path),
        after: State::Unobserved,
        took_ms: 90,
        outputs: Default::default(),
    };
    let said = |way| Event::ManualConfirmed { effect: at("key"), way, by: "grace".to_owned(), failed: None };
    let message = "`sum(rate(errors[5m]))` is 0.07; expected below 0.01; it had passed for 2m of 10m";
    let unhealthy = failure(FailureKind::Unhealthy, message, &[]);
    let chat = address(Address::RUN, Part::On, "failure/chat");
    vec![
        image_ready(),
        Event::StageEntered { environment: "dev".to_owned(), replaces: Some(release(4, "1.0.0")) },
        started("key"),
        Event::ManualWaiting { effect: at("key"), way: Way::Up },
        said(Way::Up),
        done("key"),
        started("flag"),
        done("flag"),
        Event::CheckStarted { check: at("calm") },
        Event::CheckFailed { check: at("calm"), failure: unhealthy.clone(), took_ms: 120_000 },
        Event::StageFailed { environment: "dev".to_owned(), at: Some(at("calm")), failure: unhealthy },
        Event::UndoStarted { effect: at("flag") },
        Event::UndoFinished { effect: at("flag"), state: State::Unobserved, took_ms: 80 },
        Event::UndoStarted { effect: at("key") },
        Event::ManualWaiting { effect: at("key"), way: Way::Down },
        said(Way::Down),
        Event::UndoFinished { effect: at("key"), state: State::Unobserved, took_ms: 61_000 },
        Event::StageEnded { environment: "dev".to_owned(), end: End::Restored },
        Event::EffectStarted { effect: chat.clone(), attempt: 1, before: State::Unobserved },
        Event::NoticeFailed {
            effect: chat,
            failure: failure(FailureKind::Failed, "`ops/tell` ended with status 7", &[]),
            took_ms: 12,
        },
        Event::RunFinished { outcome: Outcome::Restored { why: message.to_owned() } },
    ]
}

pub fn built(plan: &mut Plan) {
    let name = "storefront-1.1.0.tar.gz".to_owned();
    if let Some(ArtifactPlan::File(artifact)) = &mut plan.artifact {
        artifact.built = Some(BuiltArtifactRef { digest: Digest::of(b"1.1.0"), name, bytes: 4_123_456 });
    }
}

/// Every effect of `plan` gets another change.
pub fn change_all(plan: &mut Plan, change: &Change) {
    fn each(nodes: &mut [Node], change: &Change) {
        for node in nodes {
            match node {
                Node::Effect(effect) => effect.change = change.clone(),
                Node::Check(_) => {}
                Node::Phase { body, .. } | Node::Parallel { body, .. } => each(body, change),
            }
        }
    }
    plan.waves.iter_mut().flatten().for_each(|stage| each(&mut stage.body, change));
}

fn backwards(diff: &str) -> String {
    let turned = diff.lines().map(|line| match line.split_at(1) {
        ("+", rest) => format!("-{rest}\n"),
        ("-", rest) => format!("+{rest}\n"),
        _ => format!("{line}\n"),
    });
    turned.collect()
}

/// One environment, with a step of which both its `observe` and its `preview` tell what changes.
pub fn previewed() -> Plan {
    let mut plan = plan();
    plan.waves.truncate(1);
    if let Node::Effect(effect) = &mut plan.waves[0][0].body[2] {
        effect.change = Change::Diff {
            diff: "-41\n+42\n".to_owned(),
            by_structure: false,
            preview: Some("drop column sku\ndrop column price\n".to_owned()),
        };
    }
    plan
}

/// Going back from 1.1.0 in production.
pub fn rollback() -> Plan {
    let mut plan = plan();
    built(&mut plan);
    plan.waves = vec![vec![stage("production", &["staging"], Some(release(5, "1.1.0")))]];
    plan.action = ActionKind::Rollback { environment: "production".to_owned(), of: run(), number: 5, to: None };
    fn over(nodes: &mut [Node]) {
        for node in nodes {
            match node {
                Node::Effect(effect) => {
                    effect.applied_over = effect.observed.take();
                    match &mut effect.change {
                        Change::Diff { diff, .. } => *diff = backwards(diff),
                        Change::Runs { because } => *because = "what it takes notice of is put back".to_owned(),
                        _ => {}
                    }
                }
                Node::Check(_) => {}
                Node::Phase { body, .. } | Node::Parallel { body, .. } => over(body),
            }
        }
    }
    plan.waves.iter_mut().flatten().for_each(|stage| over(&mut stage.body));
    plan
}

/// The risks of a plan in a journal that knows nothing.
pub fn risks(plan: &Plan, now: Timestamp) -> Vec<liftlock_plan::Risk> {
    liftlock_plan::risks(plan, &Default::default(), &liftlock_plan::Past::new(|_| None), now)
}

/// One risk of every kind, with `text` wherever text comes from outside.
pub fn every_risk(text: &str) -> Vec<liftlock_plan::Risk> {
    use liftlock_plan::Risk;
    let text = || text.to_owned();
    let migrate = || deploy("production", "migrate");
    let digest = |text: &str| Digest::of(text.as_bytes());
    vec![
        Risk::Irreversible { effect: migrate(), why: text() },
        Risk::NotRestored { environment: "production".to_owned(), points: 2 },
        Risk::OtherArtifact { version: text(), released: digest("1"), built: None },
        Risk::OtherArtifact { version: "1.2.0".to_owned(), released: digest("1"), built: Some(digest("2")) },
        Risk::Unknown { effect: deploy("dev", "migrate"), why: text() },
        Risk::Unknown { effect: migrate(), why: text() },
        Risk::Larger { environment: "production".to_owned(), changes: 6, before: 2, release: 4 },
        Risk::FirstRelease { environments: vec!["dev".to_owned(), text()] },
        Risk::FirstTime {
            environments: vec!["dev".to_owned()],
            effects: (0..9).map(|at| format!("deploy/{at}")).collect(),
        },
        Risk::FreezeAhead {
            gate: address("production", Part::Before, "hours"),
            from: "2026-12-18".parse().unwrap(),
            to: "2027-01-04".parse().unwrap(),
            reason: text(),
        },
        Risk::Together { environments: vec!["eu".to_owned(), "us".to_owned()] },
        Risk::NotRehearsed { environment: "production".to_owned(), last: None },
        Risk::NotRehearsed { environment: "staging".to_owned(), last: Some(at(-100 * 86_400)) },
        Risk::DrillStale { environment: "production".to_owned(), within_ms: 30 * 86_400_000, last: None },
        Risk::DrillStale { environment: text(), within_ms: 86_400_000, last: Some(at(-3 * 86_400)) },
    ]
}

/// Records of one run, a second apart.
pub fn records(plan: &Plan, events: Vec<Event>) -> Vec<Record> {
    let started = Event::RunStarted {
        pipeline: plan.pipeline.clone(),
        action: match &plan.action {
            ActionKind::Release => Action::Release,
            ActionKind::Drill { environment, fault } => {
                Action::Drill { environment: environment.clone(), fault: fault.clone() }
            }
            ActionKind::Rollback { environment, of, .. } => {
                Action::Rollback { environment: environment.clone(), of: of.clone() }
            }
        },
        version: plan.version.clone(),
        number: 5,
        plan_hash: plan.hash(),
        plan: plan.canonical(),
        by: "ada@example.com".to_owned(),
        host: "ci-3".to_owned(),
        process: 4711,
        approve: Vec::new(),
    };
    let record = |(at_second, event): (usize, Event)| Record {
        sequence: at_second as u64 + 1,
        run: run(),
        at: at(at_second as i64),
        hash: Digest::of(&at_second.to_le_bytes()),
        event,
    };
    std::iter::once(started).chain(events).enumerate().map(record).collect()
}

pub fn failure(kind: FailureKind, message: &str, tail: &[&str]) -> Failure {
    Failure { kind, message: message.to_owned(), tail: tail.iter().map(|line| (*line).to_owned()).collect() }
}

pub fn image_ready() -> Event {
    let digest = Digest::of(b"1.1.0");
    Event::ImageReady {
        artifact: "storefront".to_owned(),
        version: "1.1.0".to_owned(),
        digest,
        image: format!("registry.example/shop/storefront@{digest}"),
        sources: None,
        built: false,
    }
}

pub fn artifact_ready() -> Event {
    Event::ArtifactReady {
        artifact: "storefront".to_owned(),
        version: "1.1.0".to_owned(),
        digest: Digest::of(b"1.1.0"),
        name: "storefront-1.1.0.tar.gz".to_owned(),
        bytes: 4_123_456,
        sources: Digest::of(b"sources"),
        built: true,
    }
}

fn up(environment: &str) -> Vec<Event> {
    let finished = |path: &str, after: State, took_ms| {
        let effect = deploy(environment, path);
        let started = Event::EffectStarted { effect: effect.clone(), attempt: 1, before: State::Absent };
        [started, Event::EffectFinished { effect, after, took_ms, outputs: Default::default() }]
    };
    let mut events = vec![
        Event::LeaseTaken { lock: environment.to_owned(), token: 1, host: String::new(), process: 0 },
        Event::StageEntered { environment: environment.to_owned(), replaces: Some(release(4, "1.0.0")) },
        Event::EffectInPlace { effect: deploy(environment, "releases"), state: State::Directory },
    ];
    events.extend(finished("unpack", output("1.1.0"), 85));
    events.extend(finished("migrate", output("42"), 3249));
    events.extend(finished("switch/config", State::Absent, 1));
    events.extend(finished("switch/current", State::Link { target: "releases/1.1.0".to_owned() }, 1));
    events.extend(finished("switch/service", State::Unobserved, 412));
    events
}

/// A stage that succeeds.
pub fn released(environment: &str) -> Vec<Event> {
    let mut events = up(environment);
    for name in ["health", "serves"] {
        events.push(Event::CheckPassed {
            check: address(environment, Part::Verify, name),
            detail: "answered 200".to_owned(),
            took_ms: 12,
        });
    }
    events.push(Event::StageReleased { environment: environment.to_owned(), release: release(5, "1.1.0") });
    events.push(Event::LeaseReleased { lock: environment.to_owned(), token: 1 });
    events
}

/// A stage whose health check fails, up to where it is to be undone.
pub fn unhealthy(environment: &str) -> Vec<Event> {
    let message = "http://127.0.0.1:4102/health answered 503 for 15s; expected 200";
    let failure = failure(FailureKind::Unhealthy, message, &["503 Service Unavailable", "database is locked"]);
    let health = address(environment, Part::Verify, "health");
    let mut events = up(environment);
    events.push(Event::CheckFailed { check: health.clone(), failure: failure.clone(), took_ms: 15_004 });
    events.push(Event::StageFailed { environment: environment.to_owned(), at: Some(health), failure });
    events
}

pub fn undone(environment: &str, path: &str) -> Vec<Event> {
    let effect = deploy(environment, path);
    let state = State::Absent;
    vec![Event::UndoStarted { effect: effect.clone() }, Event::UndoFinished { effect, state, took_ms: 40 }]
}

/// Compares with `tests/data/NAME`; `BLESS=1` rewrites it.
pub fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, text).unwrap();
    }
    let wanted = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == wanted, "{name} differs; look at it, and accept it with BLESS=1\n{text}");
}
