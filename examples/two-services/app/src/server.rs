//! Answers requests, a few at once.

use std::thread;

use tiny_http::{Response, Server};

use crate::VERSION;

/// How many threads answer.
const WORKERS: usize = 4;

/// What is answered to whoever asks for a path: the status and the body.
pub type Answer = (u16, String);

/// Answers until the process is ended.
///
/// # Errors
/// Where nobody can listen at `address`.
pub fn serve(address: &str, answer: impl Fn(&str) -> Answer + Sync) -> Result<(), String> {
    let server = Server::http(address).map_err(|cause| format!("cannot listen on `{address}`: {cause}"))?;
    println!("bulletin {VERSION} listens on {address}");
    thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    let (status, body) = match request.url() {
                        "/version" => (200, format!("{VERSION}\n")),
                        path => answer(path),
                    };
                    // The one who asked may be gone already; that concerns nobody else.
                    let _ = request.respond(Response::from_string(body).with_status_code(status));
                }
            });
        }
    });
    Ok(())
}
