//! Metrics from a server that answers like Prometheus, and from a Prometheus.

use std::collections::HashMap;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::*;
use crate::testing::Site;
use crate::{Check, CheckKind, HttpCheck};

const MS: Duration = Duration::from_millis(1);

/// A server that answers queries by their text; of several answers it gives the last one ever after.
struct Fake {
    server: Arc<tiny_http::Server>,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Fake {
    fn new(answers: &[(&str, u16, &[&str])]) -> Fake {
        let server = Arc::new(tiny_http::Server::http("127.0.0.1:0").unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let mut answers: HashMap<String, (u16, Vec<String>)> = answers
            .iter()
            .map(|(query, status, texts)| {
                let texts = texts.iter().rev().map(|text| (*text).to_owned()).collect();
                (format!("/api/v1/query?query={}", percent_encoded(query)), (*status, texts))
            })
            .collect();
        let (its, asks) = (Arc::clone(&server), Arc::clone(&asked));
        std::thread::spawn(move || {
            for request in its.incoming_requests() {
                asks.lock().unwrap().push(request.url().to_owned());
                let Some((status, texts)) = answers.get_mut(request.url()) else {
                    let _ = request.respond(tiny_http::Response::from_string("no such page").with_status_code(404));
                    continue;
                };
                let text = if texts.len() > 1 { texts.pop().unwrap() } else { texts[0].clone() };
                let _ = request.respond(tiny_http::Response::from_string(text).with_status_code(*status));
            }
        });
        Fake { server, asked }
    }

    fn metric(&self, query: &str) -> MetricCheck {
        MetricCheck {
            server: format!("http://{}/", self.server.server_addr()),
            query: query.to_owned(),
            above: None,
            below: Some(0.5),
            samples: 0,
            samples_query: None,
            no_data: NoData::Fail,
        }
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.server.unblock();
    }
}

fn vector(elements: &[(&str, &str)]) -> String {
    let elements: Vec<String> = elements
        .iter()
        .map(|(instance, value)| {
            format!(r#"{{"metric":{{"instance":"{instance}"}},"value":[1795183331.2,"{value}"]}}"#)
        })
        .collect();
    format!(r#"{{"status":"success","data":{{"resultType":"vector","result":[{}]}}}}"#, elements.join(","))
}

fn run(metric: MetricCheck, within: Duration) -> Result<String, Failure> {
    let check = Check { kind: CheckKind::Metric(metric), within, every: 10 * MS, lasts: Duration::ZERO };
    Site::new().with(async |context| check.check(context).await).0
}

#[track_caller]
fn says(metric: MetricCheck, message: &str) -> Failure {
    let failure = run(metric, Duration::ZERO).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Unhealthy, message));
    failure
}

#[track_caller]
fn passes(metric: MetricCheck, seen: &str) {
    let text = run(metric, Duration::ZERO).unwrap();
    assert!(text.starts_with(seen), "{text}");
}

#[test]
fn a_value_within_its_bounds_passes_and_is_said() {
    let fake = Fake::new(&[("a", 200, &[&vector(&[("x", "0.25")])])]);
    passes(fake.metric("a"), "0.25 in ");
    passes(MetricCheck { above: Some(0.2), ..fake.metric("a") }, "0.25 in ");
    says(
        MetricCheck { above: Some(0.25), ..fake.metric("a") },
        "`a` is 0.25 at {instance=\"x\"}; expected above 0.25 and below 0.5",
    );
}

#[test]
fn a_bound_itself_is_out_of_bounds() {
    let fake = Fake::new(&[("a", 200, &[&vector(&[("x", "0.5")])])]);
    says(fake.metric("a"), "`a` is 0.5 at {instance=\"x\"}; expected below 0.5");
}

#[test]
fn every_series_has_to_be_within_the_bounds() {
    let fake = Fake::new(&[
        ("a", 200, &[&vector(&[("x", "0.1"), ("y", "0.9"), ("z", "+Inf")])]),
        ("b", 200, &[&vector(&[("x", "0.1"), ("y", "0.2")])]),
    ]);
    let failure =
        says(fake.metric("a"), "`a` is 0.9 at {instance=\"y\"} and wrong in 1 more series; expected below 0.5");
    assert_eq!(failure.tail, [r#"{instance="y"} 0.9"#, r#"{instance="z"} inf"#]);
    passes(fake.metric("b"), "0.1 to 0.2 in 2 series in ");
}

#[test]
fn the_query_reaches_the_server_as_it_is_written() {
    let query = "sum(rate(http_requests_total{code=~\"5..\", path!=\"/ä b\"}[5m])) / 2 + 1 & x";
    let fake = Fake::new(&[(query, 200, &[&vector(&[("x", "0")])])]);
    passes(fake.metric(query), "0 in ");
    let asked = fake.asked.lock().unwrap()[0].clone();
    assert!(asked.is_ascii() && !asked.contains([' ', '+', '"']) && asked.matches('&').count() == 0, "{asked}");
}

#[test]
fn no_series_and_what_is_no_number_are_no_data() {
    let fake = Fake::new(&[("none", 200, &[&vector(&[])]), ("nan", 200, &[&vector(&[("x", "0.1"), ("y", "NaN")])])]);
    says(fake.metric("none"), "`none` has no data");
    says(fake.metric("nan"), "`nan` is not a number {instance=\"y\"}");
    let pass = |query: &str| MetricCheck { no_data: NoData::Pass, ..fake.metric(query) };
    passes(pass("none"), "`none` has no data, which passes, in ");
    passes(pass("nan"), "`nan` is not a number");
}

#[test]
fn no_data_that_fails_is_not_asked_again_and_no_data_that_waits_is() {
    let fake = Fake::new(&[("late", 200, &[&vector(&[]), &vector(&[]), &vector(&[("x", "0.1")])])]);
    let hour = Duration::from_secs(3600);
    assert_eq!(run(fake.metric("late"), hour).unwrap_err().message, "`late` has no data");
    let seen = run(MetricCheck { no_data: NoData::Wait, ..fake.metric("late") }, hour).unwrap();
    assert!(seen.starts_with("0.1 in ") && seen.ends_with(" at try 2"), "{seen}");
}

#[test]
fn too_few_samples_prove_nothing() {
    let fake = Fake::new(&[
        ("rate", 200, &[&vector(&[("x", "0.9")])]),
        ("count", 200, &[&vector(&[("x", "7"), ("y", "12")])]),
        ("nothing", 200, &[&vector(&[("x", "NaN")])]),
    ]);
    let of = |samples, query: Option<&str>| MetricCheck {
        samples,
        samples_query: query.map(str::to_owned),
        no_data: NoData::Pass,
        ..fake.metric("rate")
    };
    passes(of(20, Some("count")), "`rate` rests on 19 samples, and 20 are wanted, which passes, in ");
    passes(of(1, Some("nothing")), "`rate` rests on NaN samples, and 1 are wanted");
    says(of(19, Some("count")), "`rate` is 0.9 at {instance=\"x\"}; expected below 0.5");
    passes(of(2, None), "`rate` rests on 1 samples, and 2 are wanted");
}

#[test]
fn what_the_server_says_about_a_query_is_shown() {
    let bad = r#"{"status":"error","errorType":"bad_data","error":"1:4: parse error: unclosed left parenthesis"}"#;
    let busy = r#"{"status":"error","errorType":"unavailable","error":"TSDB not ready"}"#;
    let fake = Fake::new(&[("sum(", 400, &[bad]), ("busy", 503, &[busy, &vector(&[("x", "0.1")])])]);
    let server = fake.metric("a").server.trim_end_matches('/').to_owned();
    let started = Instant::now();
    let failure = run(fake.metric("sum("), Duration::from_secs(3600)).unwrap_err();
    let message = format!("{server} does not answer `sum(`: 1:4: parse error: unclosed left parenthesis");
    assert_eq!((failure.message, started.elapsed().as_secs()), (message, 0));
    // A server that is only busy is asked again, whatever no data means.
    let seen = run(fake.metric("busy"), Duration::from_secs(60)).unwrap();
    assert!(seen.ends_with(" at try 2"), "{seen}");
}

#[test]
fn what_is_no_prometheus_is_said_so() {
    let fake = Fake::new(&[
        ("page", 200, &["<html>hello</html>"]),
        ("range", 200, &[&vector(&[]).replace("vector", "matrix")]),
    ]);
    let server = fake.metric("a").server.trim_end_matches('/').to_owned();
    let failure =
        says(fake.metric("page"), &format!("{server} answered 200; expected an answer of Prometheus' HTTP interface"));
    assert_eq!(failure.tail, ["<html>hello</html>"]);
    says(fake.metric("range"), "`range` gives a matrix; a query that gives a vector or a scalar is wanted");
    says(fake.metric("nowhere"), &format!("{server} answered 404; expected an answer of Prometheus' HTTP interface"));
}

#[test]
fn a_metric_that_has_to_last_may_be_without_data_for_as_long_as_it_may_wait() {
    let (good, none) = (vector(&[("x", "0.1")]), vector(&[]));
    let fake = Fake::new(&[("gap", 200, &[&good, &none, &good]), ("gone", 200, &[&good, &none])]);
    let check = |query: &str, within| Check {
        kind: CheckKind::Metric(MetricCheck { no_data: NoData::Wait, ..fake.metric(query) }),
        within,
        every: 20 * MS,
        lasts: 100 * MS,
    };
    let run = |check: Check| Site::new().with(async |context| check.check(context).await).0;
    let seen = run(check("gap", Duration::from_secs(5))).unwrap();
    assert!(seen.contains(", and for 100ms after that ("), "{seen}");
    let failure = run(check("gone", 60 * MS)).unwrap_err();
    assert!(failure.message.starts_with("`gone` has no data; it had passed for "), "{}", failure.message);
}

/// A Prometheus that watches itself, in a folder of its own.
struct Prometheus {
    process: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Prometheus {
    /// `None` where there is no `prometheus` on the PATH.
    fn start() -> Option<Prometheus> {
        if Command::new("prometheus").arg("--version").output().is_err() {
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let address = format!("127.0.0.1:{}", free_port());
        let config = format!(
            "global: {{scrape_interval: 200ms, scrape_timeout: 200ms}}\n\
             scrape_configs: [{{job_name: self, static_configs: [{{targets: ['{address}']}}]}}]\n"
        );
        std::fs::write(folder.path().join("prometheus.yml"), config).unwrap();
        let process = Command::new("prometheus")
            .arg(format!("--config.file={}", folder.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address={address}"))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Prometheus { process, address, _folder: folder })
    }

    fn metric(&self, query: &str, above: Option<f64>, no_data: NoData) -> MetricCheck {
        let server = format!("http://{}", self.address);
        MetricCheck { server, query: query.to_owned(), above, below: None, samples: 0, samples_query: None, no_data }
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port below those from which the system takes the ports of outgoing connections.
fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let base = 27_200 + u16::try_from(std::process::id() % 500).unwrap() * 8;
    loop {
        let port = base + NEXT.fetch_add(1, Ordering::Relaxed);
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

#[test]
fn a_real_prometheus_is_understood() {
    let Some(mut prometheus) = Prometheus::start() else {
        eprintln!("skipped: there is no `prometheus` on the PATH");
        return;
    };
    let ready = HttpCheck { url: format!("http://{}/-/ready", prometheus.address), status: 200, contains: None };
    let ready =
        Check { kind: CheckKind::Http(ready), within: Duration::from_secs(60), every: 50 * MS, lasts: Duration::ZERO };
    if let Err(failure) = Site::new().with(async |context| ready.check(context).await).0 {
        let _ = prometheus.process.kill();
        let mut said = String::new();
        prometheus.process.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        panic!("{}\n{said}", failure.message);
    }
    let minute = Duration::from_secs(60);
    let seen = run(prometheus.metric("up", Some(0.5), NoData::Wait), minute).unwrap();
    assert!(seen.starts_with("1 in "), "{seen}");
    let seen = run(prometheus.metric("vector(1) == bool 1", Some(0.0), NoData::Fail), Duration::ZERO).unwrap();
    assert!(seen.starts_with("1 in "), "{seen}");
    run(prometheus.metric("scalar(up)", Some(0.0), NoData::Fail), Duration::ZERO).unwrap();
    let sampled = MetricCheck {
        samples: 2,
        samples_query: Some("count_over_time(up[1m])".to_owned()),
        ..prometheus.metric("up", Some(0.5), NoData::Wait)
    };
    run(sampled, minute).unwrap();

    let fails =
        |query: &str| run(prometheus.metric(query, Some(0.5), NoData::Fail), Duration::ZERO).unwrap_err().message;
    assert_eq!(fails("no_such_metric"), "`no_such_metric` has no data");
    assert_eq!(fails("0 / vector(0)"), "`0 / vector(0)` is not a number");
    assert!(fails("sum(").contains("does not answer `sum(`: ") && fails("sum(").contains("parse error"));
    assert!(fails("up[1m]").contains("gives a matrix"), "{}", fails("up[1m]"));
    let wrong = run(prometheus.metric("up", Some(1.0), NoData::Fail), Duration::ZERO).unwrap_err().message;
    assert!(wrong.starts_with("`up` is 1 at up{instance=\"127.0.0.1:"), "{wrong}");
}
