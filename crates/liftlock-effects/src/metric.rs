//! `metric`: what a Prometheus measures, asked through its HTTP interface.
//!
//! The interface is that of <https://prometheus.io/docs/prometheus/latest/querying/api/>, which others speak as well:
//! Thanos, Mimir, VictoriaMetrics.

use std::time::Duration;

use liftlock_journal::{Failure, FailureKind};
use serde_json::Value;

use crate::check::Miss;
use crate::{Context, tail};

/// A query whose every value has to be within bounds.
#[derive(Debug, Clone, PartialEq)]
pub struct MetricCheck {
    /// The server's address, without the path of its interface.
    pub server: String,
    pub query: String,
    pub above: Option<f64>,
    pub below: Option<f64>,
    /// The fewest samples that count as data; 0 where any number does.
    pub samples: u32,
    /// Says how many samples there are, all of its series together; without it, the series of `query` are counted.
    pub samples_query: Option<String>,
    pub no_data: NoData,
}

/// What it means that there is no data, or too little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoData {
    /// The check fails at once.
    Fail,
    /// The check passes.
    Pass,
    /// It is asked again.
    Wait,
}

/// One series as it is now.
#[derive(Debug, PartialEq)]
struct Series {
    /// `{instance="a"}`; empty where it has no labels.
    labels: String,
    value: f64,
}

impl MetricCheck {
    /// What it looks for, short.
    pub(crate) fn describe(&self) -> String {
        format!("`{}` is {}", self.query, self.bounds())
    }

    pub(crate) async fn attempt(&self, context: &Context<'_>, limit: Duration) -> Result<String, Miss> {
        let found = self.ask(&self.query, context, limit).await?;
        if self.samples > 0 {
            // What rests on too little proves nothing, good or bad.
            let count = match &self.samples_query {
                None => found.iter().filter(|series| !series.value.is_nan()).count() as f64,
                Some(query) => self.ask(query, context, limit).await?.iter().map(|series| series.value).sum(),
            };
            if count.is_nan() || count < f64::from(self.samples) {
                let why = format!("`{}` rests on {count} samples, and {} are wanted", self.query, self.samples);
                return self.no_data(why);
            }
        }
        let is_wrong = |series: &&Series| {
            self.above.is_some_and(|above| series.value <= above)
                || self.below.is_some_and(|below| series.value >= below)
        };
        let wrong: Vec<&Series> = found.iter().filter(is_wrong).collect();
        if let Some(first) = wrong.first() {
            let more = match wrong.len() {
                1 => String::new(),
                some => format!(" and wrong in {} more series", some - 1),
            };
            let at = if first.labels.is_empty() { String::new() } else { format!(" at {}", first.labels) };
            return Err(Miss::WrongAnswer {
                said: format!("`{}` is {}{at}{more}", self.query, first.value),
                expected: format!("expected {}", self.bounds()),
                body: tail::head(&wrong.iter().map(|series| series.line()).collect::<String>()),
            });
        }
        if let Some(series) = found.iter().find(|series| series.value.is_nan()) {
            return self.no_data(format!("`{}` is not a number {}", self.query, series.labels).trim_end().to_owned());
        }
        match found.as_slice() {
            [] => self.no_data(format!("`{}` has no data", self.query)),
            [only] => Ok(only.value.to_string()),
            several => {
                let least = several.iter().map(|series| series.value).fold(f64::INFINITY, f64::min);
                let most = several.iter().map(|series| series.value).fold(f64::NEG_INFINITY, f64::max);
                Ok(format!("{least} to {most} in {} series", several.len()))
            }
        }
    }

    fn bounds(&self) -> String {
        match (self.above, self.below) {
            (Some(above), Some(below)) => format!("above {above} and below {below}"),
            (Some(above), None) => format!("above {above}"),
            (None, Some(below)) => format!("below {below}"),
            (None, None) => "there".to_owned(),
        }
    }

    fn no_data(&self, why: String) -> Result<String, Miss> {
        match self.no_data {
            NoData::Pass => Ok(format!("{why}, which passes,")),
            NoData::Wait => Err(Miss::NoData { why }),
            NoData::Fail => Err(Miss::Final(unhealthy(why))),
        }
    }

    /// An instant query, as of now.
    async fn ask(&self, query: &str, context: &Context<'_>, limit: Duration) -> Result<Vec<Series>, Miss> {
        let server = self.server.trim_end_matches('/');
        let url = format!("{server}/api/v1/query?query={}", percent_encoded(query));
        let answer = context.world.get(&url, limit).await;
        let answer = answer.map_err(|error| Miss::NoAnswer { from: server.to_owned(), why: error.0 })?;
        let foreign = || Miss::WrongAnswer {
            said: format!("{server} answered {}", answer.status),
            expected: "expected an answer of Prometheus' HTTP interface".to_owned(),
            body: tail::head(&answer.body),
        };
        let document: Value = serde_json::from_str(&answer.body).map_err(|_| foreign())?;
        if document["status"] == "error" {
            let said = document["error"].as_str().unwrap_or("an error without a text");
            return Err(match document["errorType"].as_str() {
                // The query itself is at fault, and will be at the next try.
                Some("bad_data" | "execution") => {
                    Miss::Final(unhealthy(format!("{server} does not answer `{query}`: {said}")))
                }
                _ => Miss::NoAnswer { from: server.to_owned(), why: said.to_owned() },
            });
        }
        match document["data"]["resultType"].as_str() {
            Some("vector") => {
                let series = document["data"]["result"].as_array().map(|all| all.iter().map(series).collect());
                series.unwrap_or(None).ok_or_else(foreign)
            }
            Some("scalar") => {
                let value = value(&document["data"]["result"]).ok_or_else(foreign)?;
                Ok(vec![Series { labels: String::new(), value }])
            }
            Some(other) => {
                let why = format!("`{query}` gives a {other}; a query that gives a vector or a scalar is wanted");
                Err(Miss::Final(unhealthy(why)))
            }
            None => Err(foreign()),
        }
    }
}

impl Series {
    fn line(&self) -> String {
        format!("{} {}\n", if self.labels.is_empty() { "{}" } else { &self.labels }, self.value)
    }
}

fn unhealthy(message: String) -> Failure {
    Failure { kind: FailureKind::Unhealthy, message, tail: Vec::new() }
}

/// One element of a vector. A histogram has no single value, and is none.
fn series(element: &Value) -> Option<Series> {
    let labels = element["metric"].as_object()?;
    let name = labels.get("__name__").and_then(Value::as_str).unwrap_or_default();
    let others = labels.iter().filter(|(label, _)| *label != "__name__");
    let others: Vec<String> = others.map(|(label, value)| format!("{label}={value}")).collect();
    let others = if others.is_empty() { String::new() } else { format!("{{{}}}", others.join(",")) };
    Some(Series { labels: format!("{name}{others}"), value: value(&element["value"])? })
}

/// `[1435781451.781, "0.25"]`; the text may be `NaN`, `+Inf` or `-Inf`.
fn value(pair: &Value) -> Option<f64> {
    pair.get(1)?.as_str()?.parse().ok()
}

/// As RFC 3986 has it, section 2.1: all but the unreserved characters.
fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len() * 2);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => encoded.push(char::from(byte)),
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests;
