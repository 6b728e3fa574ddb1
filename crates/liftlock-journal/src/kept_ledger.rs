//! A ledger as bytes, which a store may keep beside its records so that they need not all be folded anew.
//!
//! It is nothing but a copy of what the records say, and always one that can be thrown away. Every text and every digest
//! stands in it once, since those of ten thousand runs are mostly the same.

use std::borrow::Cow;
use std::collections::HashMap;

use indexmap::IndexMap;
use jiff::Timestamp;
use liftlock_names::{Digest, ReleaseRef};
use serde::{Deserialize, Serialize};

use crate::run_summary::{RunSummary, WaitingGate};
use crate::stored::Stored;
use crate::{Action, BuiltArtifact, EnvironmentState, Ledger, Outcome, Released, Trouble};

/// The version of these bytes. It rises with every change to them, and with every change to what a ledger is folded to.
pub(crate) const FORMAT: u32 = 2;

/// The bytes of a ledger; `None` where it is one that no records make.
pub(crate) fn encode(ledger: &Ledger) -> Option<Vec<u8>> {
    let mut book = Book::default();
    let runs = ledger.runs.iter().map(|(run, summary)| book.run(run.as_str(), summary));
    let runs = runs.collect::<Option<_>>()?;
    let environments = ledger.environments.iter();
    let environments = environments.map(|((pipeline, name), state)| book.environment(pipeline, name, state));
    let environments = environments.collect::<Option<_>>()?;
    let artifacts = ledger.artifacts.iter().map(|artifact| book.artifact(artifact)).collect::<Option<_>>()?;
    let texts = book.texts.iter().map(|text| &**text).collect();
    let digests = book.digests;
    postcard::to_stdvec(&Kept { sequence: ledger.sequence, texts, digests, runs, environments, artifacts }).ok()
}

/// The ledger that the bytes are; `None` where they are none.
pub(crate) fn decode(bytes: &[u8]) -> Option<Ledger> {
    let kept: Kept = postcard::from_bytes(bytes).ok()?;
    let mut ledger = Ledger { sequence: kept.sequence, ..Ledger::default() };
    ledger.runs = IndexMap::with_capacity(kept.runs.len());
    for run in &kept.runs {
        ledger.runs.insert(kept.text(run.run)?.parse().ok()?, kept.summary(run)?);
    }
    for environment in &kept.environments {
        let key = (kept.text(environment.pipeline)?.to_owned(), kept.text(environment.name)?.to_owned());
        ledger.environments.insert(key, kept.state(environment)?);
    }
    ledger.artifacts = all(&kept.artifacts, |artifact| kept.built(artifact))?;
    Some(ledger)
}

/// What each is, where all are something, in no more memory than they need: a long history is mostly this.
fn all<T, U>(kept: &[T], of: impl Fn(&T) -> Option<U>) -> Option<Vec<U>> {
    let mut all = Vec::with_capacity(kept.len());
    for one in kept {
        all.push(of(one)?);
    }
    Some(all)
}

/// The place of a text, or of a digest, among all of them.
type At = u32;

#[derive(Serialize, Deserialize)]
struct Kept<'a> {
    sequence: u64,
    #[serde(borrow)]
    texts: Vec<&'a str>,
    digests: Vec<[u8; 32]>,
    runs: Vec<Run>,
    environments: Vec<Environment>,
    artifacts: Vec<Artifact>,
}

/// Seconds since 1970, and nanoseconds.
#[derive(Clone, Copy, Serialize, Deserialize)]
struct Moment(i64, i32);

#[derive(Serialize, Deserialize)]
struct Run {
    run: At,
    pipeline: At,
    action: Act,
    version: At,
    number: u64,
    plan_hash: At,
    by: At,
    host: At,
    started_at: Moment,
    last_at: Moment,
    reached: Vec<At>,
    waiting: Vec<(At, At, bool)>,
    ends: Option<At>,
    outcome: Option<Ended>,
    /// The JSON text of what a drill has shown.
    drill: Option<At>,
}

#[derive(Serialize, Deserialize)]
enum Act {
    Release,
    /// The environment, and the run that was taken back.
    Rollback(At, At),
    /// The JSON text of any other action.
    Otherwise(At),
}

#[derive(Serialize, Deserialize)]
enum Ended {
    Released,
    RolledBack,
    /// The JSON text of any other outcome.
    Otherwise(At),
}

#[derive(Serialize, Deserialize)]
struct Environment {
    pipeline: At,
    name: At,
    history: Vec<Entry>,
    /// Which of the history stand on one another.
    stack: Vec<u32>,
    trouble: Option<Need>,
    left: Option<Need>,
    restored: Option<Moment>,
    occupied: Option<At>,
    finished: usize,
    /// When, and the JSON text of what it has shown.
    drill: Option<(Moment, At)>,
}

#[derive(Serialize, Deserialize)]
struct Entry {
    number: u64,
    version: At,
    digest: Option<At>,
    run: At,
    at: Moment,
    rolled_back: Option<Moment>,
    finished: usize,
}

#[derive(Serialize, Deserialize)]
struct Need {
    run: At,
    at: Moment,
    why: At,
}

#[derive(Serialize, Deserialize)]
struct Artifact {
    pipeline: At,
    artifact: At,
    version: At,
    digest: At,
    stored: Place,
    sources: At,
}

#[derive(Serialize, Deserialize)]
enum Place {
    /// The name, and the size in bytes.
    File(At, u64),
    Image(At),
}

/// Collects the texts and digests of a ledger, and gives each its place.
#[derive(Default)]
struct Book<'a> {
    texts: Vec<Cow<'a, str>>,
    places: HashMap<Cow<'a, str>, At>,
    digests: Vec<[u8; 32]>,
    digest_places: HashMap<Digest, At>,
}

impl<'a> Book<'a> {
    fn text(&mut self, text: impl Into<Cow<'a, str>>) -> Option<At> {
        let text = text.into();
        if let Some(at) = self.places.get(&text) {
            return Some(*at);
        }
        let at = At::try_from(self.texts.len()).ok()?;
        self.texts.push(text.clone());
        self.places.insert(text, at);
        Some(at)
    }

    fn digest(&mut self, digest: &Digest) -> Option<At> {
        if let Some(at) = self.digest_places.get(digest) {
            return Some(*at);
        }
        let at = At::try_from(self.digests.len()).ok()?;
        self.digests.push(*digest.bytes());
        self.digest_places.insert(*digest, at);
        Some(at)
    }

    fn run(&mut self, run: &'a str, summary: &'a RunSummary) -> Option<Run> {
        Some(Run {
            run: self.text(run)?,
            pipeline: self.text(&summary.pipeline)?,
            action: match &summary.action {
                Action::Release => Act::Release,
                Action::Rollback { environment, of } => Act::Rollback(self.text(environment)?, self.text(of.as_str())?),
                action @ Action::Drill { .. } => Act::Otherwise(self.json(action)?),
            },
            version: self.text(&summary.version)?,
            number: summary.number,
            plan_hash: self.digest(&summary.plan_hash)?,
            by: self.text(&summary.by)?,
            host: self.text(&summary.host)?,
            started_at: moment(summary.started_at),
            last_at: moment(summary.last_at),
            reached: summary.reached.iter().map(|reached| self.text(reached)).collect::<Option<_>>()?,
            waiting: summary.waiting.iter().map(|waiting| self.waiting(waiting)).collect::<Option<_>>()?,
            ends: match &summary.ends {
                None => None,
                Some(ends) => Some(self.text(ends)?),
            },
            outcome: match &summary.outcome {
                None => None,
                Some(Outcome::Released) => Some(Ended::Released),
                Some(Outcome::RolledBack) => Some(Ended::RolledBack),
                Some(outcome) => Some(Ended::Otherwise(self.json(outcome)?)),
            },
            drill: match &summary.drill {
                None => None,
                Some(drill) => Some(self.json(drill)?),
            },
        })
    }

    /// What is rare enough to be kept as JSON.
    fn json(&mut self, value: &impl Serialize) -> Option<At> {
        self.text(serde_json::to_string(value).ok()?)
    }

    fn waiting(&mut self, waiting: &'a WaitingGate) -> Option<(At, At, bool)> {
        Some((self.text(waiting.gate.to_string())?, self.text(&waiting.why)?, waiting.approval))
    }

    fn environment(&mut self, pipeline: &'a str, name: &'a str, state: &'a EnvironmentState) -> Option<Environment> {
        // What stands is also in the history, and in the same order.
        let mut from = 0;
        let mut stack = Vec::with_capacity(state.stack.len());
        for standing in &state.stack {
            let at = from + state.history[from..].iter().position(|entry| entry == standing)?;
            stack.push(u32::try_from(at).ok()?);
            from = at + 1;
        }
        Some(Environment {
            pipeline: self.text(pipeline)?,
            name: self.text(name)?,
            history: state.history.iter().map(|released| self.entry(released)).collect::<Option<_>>()?,
            stack,
            trouble: self.need(state.trouble.as_ref())?,
            left: self.need(state.left.as_ref())?,
            restored: state.restored.map(moment),
            occupied: match &state.occupied {
                None => None,
                Some(run) => Some(self.text(run.as_str())?),
            },
            finished: state.finished,
            drill: match &state.drill {
                None => None,
                Some((at, drill)) => Some((moment(*at), self.json(drill)?)),
            },
        })
    }

    fn entry(&mut self, released: &'a Released) -> Option<Entry> {
        let release = &released.release;
        Some(Entry {
            number: release.number,
            version: self.text(&release.version)?,
            digest: match &release.digest {
                None => None,
                Some(digest) => Some(self.digest(digest)?),
            },
            run: self.text(release.run.as_str())?,
            at: moment(released.at),
            rolled_back: released.rolled_back.map(moment),
            finished: released.finished,
        })
    }

    /// The outer `None` is that there is no place left.
    fn need(&mut self, trouble: Option<&'a Trouble>) -> Option<Option<Need>> {
        let Some(Trouble { run, at, why }) = trouble else { return Some(None) };
        Some(Some(Need { run: self.text(run.as_str())?, at: moment(*at), why: self.text(why)? }))
    }

    fn artifact(&mut self, artifact: &'a BuiltArtifact) -> Option<Artifact> {
        Some(Artifact {
            pipeline: self.text(&artifact.pipeline)?,
            artifact: self.text(&artifact.artifact)?,
            version: self.text(&artifact.version)?,
            digest: self.digest(&artifact.digest)?,
            stored: match &artifact.stored {
                Stored::File { name, bytes } => Place::File(self.text(name)?, *bytes),
                Stored::Image { image } => Place::Image(self.text(image)?),
            },
            sources: self.digest(&artifact.sources)?,
        })
    }
}

fn moment(at: Timestamp) -> Moment {
    Moment(at.as_second(), at.subsec_nanosecond())
}

impl Moment {
    fn timestamp(self) -> Option<Timestamp> {
        Timestamp::new(self.0, self.1).ok()
    }
}

/// Nothing here trusts the bytes: what does not fit together is no ledger.
impl Kept<'_> {
    fn text(&self, at: At) -> Option<&str> {
        self.texts.get(at as usize).copied()
    }

    fn json<T: serde::de::DeserializeOwned>(&self, at: At) -> Option<T> {
        serde_json::from_str(self.text(at)?).ok()
    }

    fn owned(&self, at: At) -> Option<String> {
        self.text(at).map(str::to_owned)
    }

    fn digest(&self, at: At) -> Option<Digest> {
        self.digests.get(at as usize).copied().map(Digest::from)
    }

    fn summary(&self, run: &Run) -> Option<RunSummary> {
        let waiting = run.waiting.iter().map(|(gate, why, approval)| {
            Some(WaitingGate { gate: self.text(*gate)?.parse().ok()?, why: self.owned(*why)?, approval: *approval })
        });
        Some(RunSummary {
            pipeline: self.owned(run.pipeline)?,
            action: match run.action {
                Act::Release => Action::Release,
                Act::Rollback(environment, of) => {
                    Action::Rollback { environment: self.owned(environment)?, of: self.text(of)?.parse().ok()? }
                }
                Act::Otherwise(text) => self.json(text)?,
            },
            version: self.owned(run.version)?,
            number: run.number,
            plan_hash: self.digest(run.plan_hash)?,
            by: self.owned(run.by)?,
            host: self.owned(run.host)?,
            started_at: run.started_at.timestamp()?,
            last_at: run.last_at.timestamp()?,
            reached: run.reached.iter().map(|reached| self.owned(*reached)).collect::<Option<_>>()?,
            waiting: waiting.collect::<Option<_>>()?,
            ends: match run.ends {
                None => None,
                Some(ends) => Some(self.owned(ends)?),
            },
            outcome: match run.outcome {
                None => None,
                Some(Ended::Released) => Some(Outcome::Released),
                Some(Ended::RolledBack) => Some(Outcome::RolledBack),
                Some(Ended::Otherwise(text)) => Some(self.json(text)?),
            },
            drill: match run.drill {
                None => None,
                Some(drill) => Some(self.json(drill)?),
            },
        })
    }

    fn state(&self, environment: &Environment) -> Option<EnvironmentState> {
        let history = all(&environment.history, |entry| self.released(entry))?;
        let stack = all(&environment.stack, |at| history.get(*at as usize).cloned())?;
        Some(EnvironmentState {
            stack,
            trouble: self.trouble(environment.trouble.as_ref())?,
            left: self.trouble(environment.left.as_ref())?,
            restored: match environment.restored {
                None => None,
                Some(at) => Some(at.timestamp()?),
            },
            occupied: match environment.occupied {
                None => None,
                Some(run) => Some(self.text(run)?.parse().ok()?),
            },
            finished: environment.finished,
            drill: match environment.drill {
                None => None,
                Some((at, drill)) => Some((at.timestamp()?, self.json(drill)?)),
            },
            history,
        })
    }

    fn released(&self, entry: &Entry) -> Option<Released> {
        let release = ReleaseRef {
            number: entry.number,
            version: self.owned(entry.version)?,
            digest: match entry.digest {
                None => None,
                Some(digest) => Some(self.digest(digest)?),
            },
            run: self.text(entry.run)?.parse().ok()?,
        };
        let rolled_back = match entry.rolled_back {
            None => None,
            Some(at) => Some(at.timestamp()?),
        };
        Some(Released { release, at: entry.at.timestamp()?, rolled_back, finished: entry.finished })
    }

    /// The outer `None` is that the bytes are no ledger.
    fn trouble(&self, need: Option<&Need>) -> Option<Option<Trouble>> {
        let Some(need) = need else { return Some(None) };
        let (run, at) = (self.text(need.run)?.parse().ok()?, need.at.timestamp()?);
        Some(Some(Trouble { run, at, why: self.owned(need.why)? }))
    }

    fn built(&self, artifact: &Artifact) -> Option<BuiltArtifact> {
        Some(BuiltArtifact {
            pipeline: self.owned(artifact.pipeline)?,
            artifact: self.owned(artifact.artifact)?,
            version: self.owned(artifact.version)?,
            digest: self.digest(artifact.digest)?,
            stored: match artifact.stored {
                Place::File(name, bytes) => Stored::File { name: self.owned(name)?, bytes },
                Place::Image(image) => Stored::Image { image: self.owned(image)? },
            },
            sources: self.digest(artifact.sources)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Drill, DrillResult, Drilled, FailureKind, Fault, FaultKind};

    fn at(second: i64) -> Timestamp {
        Timestamp::new(1_795_000_000 + second, 7).unwrap()
    }

    /// A ledger in which everything stands that can stand in one.
    fn everything() -> Ledger {
        let run = |number| liftlock_names::RunId::new(at(0), number);
        let release = |number: u64, digest| ReleaseRef {
            number,
            version: format!("1.{number}.0"),
            digest,
            run: run(u32::try_from(number).unwrap()),
        };
        let summary = |number: u64, action, outcome| RunSummary {
            pipeline: "shop".to_owned(),
            action,
            version: format!("1.{number}.0"),
            number,
            plan_hash: Digest::of(b"plan"),
            by: "ada".to_owned(),
            host: "here".to_owned(),
            started_at: at(0),
            last_at: at(5),
            reached: vec!["dev".to_owned()],
            waiting: vec![WaitingGate {
                gate: "shop/dev/before/go".parse().unwrap(),
                why: "1 of 2".to_owned(),
                approval: true,
            }],
            ends: Some("cancelled by ada".to_owned()),
            outcome,
            drill: None,
        };
        let released = |number, rolled_back| Released {
            release: release(number, Some(Digest::of(b"app"))),
            at: at(1),
            rolled_back,
            finished: 3,
        };
        let trouble = || Trouble { run: run(2), at: at(2), why: "it broke".to_owned() };
        let why = || "it broke".to_owned();
        let rollback = Action::Rollback { environment: "dev".to_owned(), of: run(1) };
        let mut ledger = Ledger { sequence: 9, ..Ledger::default() };
        for (number, outcome) in [
            None,
            Some(Outcome::Released),
            Some(Outcome::RolledBack),
            Some(Outcome::Restored { why: why() }),
            Some(Outcome::Left { why: why() }),
            Some(Outcome::Refused { why: why(), kind: FailureKind::Stale }),
            Some(Outcome::Stranded { why: why() }),
        ]
        .into_iter()
        .enumerate()
        {
            let action = if number == 2 { rollback.clone() } else { Action::Release };
            ledger.runs.insert(run(u32::try_from(number).unwrap()), summary(number as u64, action, outcome));
        }
        let fault = Fault { effect: "shop/dev/deploy/unpack".parse().unwrap(), fault: FaultKind::Failure };
        let drilled = Drilled { effect: "shop/dev/deploy/unpack".parse().unwrap(), result: DrillResult::Proven };
        let drill = Drill {
            format: 1,
            pipeline: "shop".to_owned(),
            environment: "dev".to_owned(),
            version: "1.7.0".to_owned(),
            by: "ada".to_owned(),
            started_at: at(0),
            rounds: 2,
            effects: vec![drilled],
        };
        let action = Action::Drill { environment: "dev".to_owned(), fault };
        let round = RunSummary { drill: Some(drill.clone()), ..summary(7, action, None) };
        ledger.runs.insert(run(7), round);
        let state = EnvironmentState {
            stack: vec![released(1, None), released(4, None)],
            history: vec![released(1, None), released(2, Some(at(8))), released(4, None)],
            trouble: Some(trouble()),
            left: Some(trouble()),
            restored: Some(at(4)),
            occupied: Some(run(3)),
            finished: 12,
            drill: Some((at(9), drill)),
        };
        ledger.environments.insert(("shop".to_owned(), "dev".to_owned()), state);
        ledger.environments.insert(("shop".to_owned(), "production".to_owned()), EnvironmentState::default());
        ledger.artifacts.push(BuiltArtifact {
            pipeline: "shop".to_owned(),
            artifact: "app".to_owned(),
            version: "1.1.0".to_owned(),
            digest: Digest::of(b"app"),
            stored: Stored::File { name: "app.tar".to_owned(), bytes: 1 << 40 },
            sources: Digest::of(b"sources"),
        });
        ledger.artifacts.push(BuiltArtifact {
            pipeline: "shop".to_owned(),
            artifact: "web".to_owned(),
            version: "1.1.0".to_owned(),
            digest: Digest::of(b"web"),
            stored: Stored::Image { image: "registry.example.com/shop/web@sha256:00".to_owned() },
            sources: Digest::of(b"sources"),
        });
        ledger
    }

    #[test]
    fn a_ledger_comes_back_as_it_was() {
        for ledger in [Ledger::default(), everything()] {
            assert_eq!(decode(&encode(&ledger).unwrap()), Some(ledger));
        }
    }

    #[test]
    fn whoever_changes_the_bytes_raises_the_format() {
        let bytes = encode(&everything()).unwrap();
        assert_eq!((FORMAT, Digest::of(&bytes).short()), (2, "d386176f7699".to_owned()));
    }

    #[test]
    fn bytes_that_are_no_ledger_are_none() {
        let bytes = encode(&everything()).unwrap();
        for length in 0..bytes.len() {
            assert_eq!(decode(&bytes[..length]), None, "{length} bytes");
        }
        // Whatever stands in a place, nothing goes wrong.
        for at in 0..bytes.len() {
            for byte in [0, 1, 0x7f, 0xff] {
                let mut other = bytes.clone();
                other[at] = byte;
                let _ = decode(&other);
            }
        }
    }
}
