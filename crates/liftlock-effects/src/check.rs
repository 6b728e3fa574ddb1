//! The checks, which change nothing: `http`, `tcp` and `command` are here, `metric` has a file of its own.

use std::time::Duration;

use jiff::Timestamp;
use liftlock_journal::{Failure, FailureKind};

use crate::metric::MetricCheck;
use crate::{Command, Context, tail, words};

/// The pause between two tries is never shorter, so that an impatient check does not occupy a processor.
const SHORTEST_PAUSE: Duration = Duration::from_millis(10);

/// A check that is tried until it passes, or `within` is over.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    pub kind: CheckKind,
    /// For how long it may fail; zero means it is tried once.
    pub within: Duration,
    /// The pause between two tries, and between two looks while it has to go on passing.
    pub every: Duration,
    /// For how long it has to go on passing once it has passed; one failure in that time is final.
    pub lasts: Duration,
}

#[derive(Debug, Clone, PartialEq)]
pub enum CheckKind {
    Http(HttpCheck),
    Tcp(TcpCheck),
    /// Passes if the program ends with status 0.
    Command(Command),
    Metric(MetricCheck),
}

#[derive(Debug, Clone, PartialEq)]
pub struct HttpCheck {
    pub url: String,
    pub status: u16,
    /// A text that the body must contain.
    pub contains: Option<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct TcpCheck {
    pub host: String,
    pub port: u16,
}

/// What a try found instead of what it looked for.
pub(crate) enum Miss {
    NoAnswer {
        from: String,
        why: String,
    },
    WrongAnswer {
        said: String,
        expected: String,
        body: Vec<String>,
    },
    /// Nobody knows yet, and that is to be waited out.
    NoData {
        why: String,
    },
    /// Trying again will not change it: the program is not there, say.
    Final(Failure),
    Program(Failure),
}

impl Check {
    /// Tries until it passes, watches it for as long as it has to go on passing, and says what was seen.
    ///
    /// # Errors
    /// What the last look found: [`FailureKind::Unhealthy`], or [`FailureKind::NotStarted`] for a program that is not
    /// there.
    pub async fn check(&self, context: &mut Context<'_>) -> Result<String, Failure> {
        let seen = self.pass(context).await?;
        if self.lasts.is_zero() {
            return Ok(seen);
        }
        let looks = self.hold(context).await?;
        Ok(format!("{seen}, and for {} after that ({looks} looks)", words::span(self.lasts)))
    }

    /// Looks every so often until it has passed for as long as it has to; the last look is taken when that is over.
    async fn hold(&self, context: &mut Context<'_>) -> Result<u64, Failure> {
        let started = context.world.now();
        let mut slept = Duration::ZERO;
        let mut looks = 0;
        // For how long nobody has known; that may last as long as it may take to pass at first.
        let mut unknown = Duration::ZERO;
        loop {
            let left = self.lasts.saturating_sub(since(started, slept, context));
            if left.is_zero() && unknown.is_zero() {
                return Ok(looks);
            }
            let pause = self.every.max(SHORTEST_PAUSE);
            let pause = if left.is_zero() { pause } else { pause.min(left) };
            context.world.sleep(pause).await;
            slept += pause;
            looks += 1;
            match self.kind.attempt(context, self.limit()).await {
                Ok(_) => unknown = Duration::ZERO,
                Err(Miss::NoData { .. }) if unknown + pause <= self.within => unknown += pause,
                Err(miss) => {
                    let held = Duration::from_millis(as_millis(since(started, slept, context)));
                    let mut failure = miss.failure(Duration::ZERO);
                    let (held, lasts) = (words::span(held), words::span(self.lasts));
                    failure.message.push_str(&format!("; it had passed for {held} of {lasts}"));
                    return Err(failure);
                }
            }
        }
    }

    /// A try of `http` and `tcp` is given up after `within`, but not before 1 s and at the latest after 5 s; one of
    /// `command` has the time-out of its program.
    fn limit(&self) -> Duration {
        self.within.clamp(Duration::from_secs(1), Duration::from_secs(5))
    }

    /// Tries until it passes, and says what was seen then. The last try is made when `within` is just over.
    async fn pass(&self, context: &mut Context<'_>) -> Result<String, Failure> {
        let started = context.world.now();
        let mut slept = Duration::ZERO;
        let mut attempt = 1_u64;
        loop {
            let tried = context.world.now();
            let miss = match self.kind.attempt(context, self.limit()).await {
                Ok(seen) => {
                    let took = context.world.now().duration_since(tried).as_millis().max(0);
                    let attempt = if attempt > 1 { format!(" at try {attempt}") } else { String::new() };
                    return Ok(format!("{seen} in {took} ms{attempt}"));
                }
                Err(miss) => miss,
            };
            let left = self.within.saturating_sub(since(started, slept, context));
            if left.is_zero() || matches!(miss, Miss::Final(_)) {
                return Err(miss.failure(self.within));
            }
            let pause = self.every.max(SHORTEST_PAUSE).min(left);
            context.world.sleep(pause).await;
            slept += pause;
            attempt += 1;
        }
    }
}

/// How long ago something began. A clock that is set back must not make a check last for ever, hence the sum of the
/// pauses since then as well.
fn since(started: Timestamp, slept: Duration, context: &Context<'_>) -> Duration {
    let passed = Duration::try_from(context.world.now().duration_since(started)).unwrap_or_default();
    passed.max(slept)
}

fn as_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

impl CheckKind {
    /// What it looks for, short.
    pub fn describe(&self) -> String {
        match self {
            CheckKind::Http(http) => match &http.contains {
                Some(text) => format!("GET {} is {} and contains `{text}`", http.url, http.status),
                None => format!("GET {} is {}", http.url, http.status),
            },
            CheckKind::Tcp(tcp) => format!("tcp {} answers", tcp.address()),
            CheckKind::Command(command) => format!("`{}` ends with 0", command.display()),
            CheckKind::Metric(metric) => metric.describe(),
        }
    }

    async fn attempt(&self, context: &mut Context<'_>, limit: Duration) -> Result<String, Miss> {
        match self {
            CheckKind::Http(http) => http.attempt(context, limit).await,
            CheckKind::Metric(metric) => metric.attempt(context, limit).await,
            CheckKind::Tcp(tcp) => match context.world.connect(&tcp.host, tcp.port, limit).await {
                Ok(()) => Ok("answered".to_owned()),
                Err(error) => Err(Miss::NoAnswer { from: tcp.address(), why: words::reason(&error) }),
            },
            CheckKind::Command(command) => {
                let outcome = context.run(command).await;
                match command.succeeded(outcome) {
                    Ok(_) => Ok("ended with 0".to_owned()),
                    Err(failure) if failure.kind == FailureKind::NotStarted => Err(Miss::Final(failure)),
                    Err(failure) => Err(Miss::Program(failure)),
                }
            }
        }
    }
}

impl HttpCheck {
    async fn attempt(&self, context: &Context<'_>, limit: Duration) -> Result<String, Miss> {
        let HttpCheck { url, status, contains } = self;
        let answer = context.world.get(url, limit).await;
        let answer = answer.map_err(|error| Miss::NoAnswer { from: url.clone(), why: error.0 })?;
        let wrong =
            |said: String, expected: String| Miss::WrongAnswer { said, expected, body: tail::head(&answer.body) };
        if answer.status != *status {
            return Err(wrong(format!("{url} answered {}", answer.status), format!("expected {status}")));
        }
        match contains {
            Some(text) if !answer.body.contains(text) => {
                Err(wrong(format!("{url} answered {status}"), format!("expected `{text}` in its body")))
            }
            _ => Ok(status.to_string()),
        }
    }
}

impl TcpCheck {
    /// `host:port`, with an IPv6 address in brackets.
    fn address(&self) -> String {
        match self.host.contains(':') && !self.host.starts_with('[') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }
}

impl Miss {
    fn failure(self, within: Duration) -> Failure {
        let after = |word: &str| match within.is_zero() {
            true => String::new(),
            false => format!(" {word} {}", words::span(within)),
        };
        let (message, tail) = match self {
            Miss::Final(failure) => return failure,
            Miss::NoData { why } => (format!("{why}{}", after("for")), Vec::new()),
            Miss::NoAnswer { from, why } => (format!("no answer from {from}{}: {why}", after("within")), Vec::new()),
            Miss::WrongAnswer { said, expected, body } => (format!("{said}{}; {expected}", after("for")), body),
            Miss::Program(failure) if within.is_zero() => (failure.message, failure.tail),
            Miss::Program(failure) => (format!("{}; tried{}", failure.message, after("for")), failure.tail),
        };
        Failure { kind: FailureKind::Unhealthy, message, tail }
    }
}

#[cfg(test)]
mod tests;
