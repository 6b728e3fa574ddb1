//! `http_request`: a request that changes something behind a server.
//!
//! It is sent under a key, the same for each time that one request is sent again, as the draft *The Idempotency-Key HTTP
//! Header Field* of the IETF has it: a server that knows the key takes it twice for once. A request that may have arrived
//! and got no answer is in doubt, as is a program that was killed.

use std::time::Duration;

use liftlock_journal::{Failure, FailureKind, State};

use crate::step::look;
use crate::{Command, Context, Given, Observed, tail, words};

/// A request, with the program that shows what it changes and the request that takes it back.
#[derive(Debug, Clone, PartialEq)]
pub struct HttpEffect {
    pub request: HttpRequest,
    pub undo: Option<HttpRequest>,
    pub observe: Option<Command>,
    /// What `observe` prints when it is in place.
    pub desired: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    pub method: String,
    pub url: String,
    /// The key is among them.
    pub headers: Vec<(String, Given)>,
    pub body: Option<Given>,
    /// The statuses that are welcome; where there are none, those from 200 to 299.
    pub status: Vec<u16>,
    pub timeout: Duration,
}

impl HttpEffect {
    pub(crate) async fn observe(&self, context: &mut Context<'_>) -> Observed {
        look(self.observe.as_ref(), context).await
    }

    pub(crate) fn desired(&self) -> Option<State> {
        self.desired.as_ref().map(|text| State::Output { text: text.clone() })
    }

    pub(crate) async fn apply(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        self.request.send(context).await
    }

    pub(crate) async fn undo(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        match &self.undo {
            Some(undo) => undo.send(context).await,
            None => {
                let message = format!("`{}` has no undo", self.request.display());
                Err(Failure { kind: FailureKind::Failed, message, tail: Vec::new() })
            }
        }
    }
}

impl HttpRequest {
    /// The key that tells a server which requests are one and the same.
    pub const KEY: &str = "Idempotency-Key";

    fn display(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// Sends it once. What the server says is passed on as output.
    async fn send(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        let prepared = context.prepare_request(self).await.map_err(|error| {
            let message = format!("`{}` could not be sent: {}", self.display(), words::reason(&error));
            Failure { kind: FailureKind::NotStarted, message, tail: Vec::new() }
        })?;
        let answer = match context.world.request(&prepared, context.mask).await {
            Ok(answer) => answer,
            Err(error) => {
                let (kind, after) = match error.may_have_arrived {
                    true => (FailureKind::InDoubt, ", and it may have arrived"),
                    false => (FailureKind::Failed, ""),
                };
                let message = format!("no answer to `{}`: {}{after}", self.display(), error.why);
                return Err(Failure { kind, message, tail: Vec::new() });
            }
        };
        if !answer.body.is_empty() {
            (context.output)(answer.body.as_bytes());
            if !answer.body.ends_with('\n') {
                (context.output)(b"\n");
            }
        }
        let is_welcome = match self.status.as_slice() {
            [] => (200..=299).contains(&answer.status),
            welcome => welcome.contains(&answer.status),
        };
        if is_welcome {
            return Ok(());
        }
        let message = format!("`{}` was answered with {}; expected {}", self.display(), answer.status, self.welcome());
        Err(Failure { kind: FailureKind::Failed, message, tail: tail::head(&answer.body) })
    }

    fn welcome(&self) -> String {
        match self.status.as_slice() {
            [] => "one from 200 to 299".to_owned(),
            welcome => words::or(welcome),
        }
    }
}

#[cfg(test)]
mod tests;
