//! Answers requests, and counts the answers by their status.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use tiny_http::{Request, Response, Server};

use crate::VERSION;

/// How many threads answer.
const WORKERS: usize = 4;

/// How many requests were answered with a greeting, and how many with an apology.
#[derive(Default)]
struct Answered {
    well: AtomicU64,
    ill: AtomicU64,
}

/// Answers until the process is ended.
///
/// # Errors
/// Where nobody can listen at `address`.
pub fn serve(address: &str) -> Result<(), String> {
    let server = Server::http(address).map_err(|cause| format!("cannot listen on `{address}`: {cause}"))?;
    println!("greeter {VERSION} listens on {address}");
    let answered = Answered::default();
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    answer(request, &answered);
                }
            });
        }
    });
    Ok(())
}

fn answer(request: Request, answered: &Answered) {
    let (status, body) = match request.url() {
        "/" => greet(answered),
        "/version" => (200, format!("{VERSION}\n")),
        "/metrics" => (200, answered.metrics()),
        _ => (404, "there is nothing here\n".to_owned()),
    };
    // The one who asked may be gone already; that concerns nobody else.
    let _ = request.respond(Response::from_string(body).with_status_code(status));
}

fn greet(answered: &Answered) -> (u16, String) {
    let before = answered.well.load(Ordering::Relaxed) + answered.ill.load(Ordering::Relaxed);
    if fails(before) {
        answered.ill.fetch_add(1, Ordering::Relaxed);
        return (500, "no greeting comes to mind\n".to_owned());
    }
    answered.well.fetch_add(1, Ordering::Relaxed);
    (200, format!("hello from {VERSION}\n"))
}

/// Whether the request behind `before` others fails: the mistake of version 1.2.0.
fn fails(before: u64) -> bool {
    cfg!(feature = "hasty") && before % 5 == 4
}

impl Answered {
    /// In the text format that Prometheus reads.
    fn metrics(&self) -> String {
        let mut text = "# HELP greeter_requests_total Greetings, by the status of the answer.\n\
                        # TYPE greeter_requests_total counter\n"
            .to_owned();
        for (code, count) in [(200, &self.well), (500, &self.ill)] {
            let count = count.load(Ordering::Relaxed);
            text.push_str(&format!("greeter_requests_total{{version=\"{VERSION}\",code=\"{code}\"}} {count}\n"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_answer_is_counted_by_its_status() {
        let answered = Answered::default();
        for _ in 0..10 {
            greet(&answered);
        }
        let ill = if cfg!(feature = "hasty") { 2 } else { 0 };
        let metrics = answered.metrics();
        assert!(metrics.contains(&format!("code=\"200\"}} {}\n", 10 - ill)), "{metrics}");
        assert!(metrics.contains(&format!("code=\"500\"}} {ill}\n")), "{metrics}");
    }
}
