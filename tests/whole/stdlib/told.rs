//! `std/chat` and `std/webhook`: what arrives at whoever is told.

use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::site::{have, site};
use crate::project::free_port;

/// A request: its first line, its headers in lower case, and its body.
struct Request {
    line: String,
    headers: BTreeMap<String, String>,
    body: Value,
}

/// Answers every request with 200, and hands it on.
fn listen(port: u16) -> Receiver<Request> {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            if answer(stream, &sender).is_none() {
                return;
            }
        }
    });
    receiver
}

fn answer(mut stream: TcpStream, sender: &Sender<Request>) -> Option<()> {
    let mut text = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = stream.read(&mut part).ok()?;
        text.extend_from_slice(&part[..read]);
        let whole = String::from_utf8_lossy(&text).into_owned();
        let Some((head, body)) = whole.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let line = lines.next()?.to_owned();
        let header = |line: &str| line.split_once(": ").map(|(name, value)| (name.to_lowercase(), value.to_owned()));
        let headers: BTreeMap<String, String> = lines.filter_map(header).collect();
        if body.len() < headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0) {
            continue;
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").ok()?;
        return sender.send(Request { line, headers, body: serde_json::from_str(body).unwrap() }).ok();
    }
}

#[test]
fn people_and_programs_are_told_what_has_failed_and_secrets_are_on_no_command_line() {
    if !have(&["curl", "bash"]) {
        return;
    }
    let site = site("chat");
    let port = free_port();
    site.write("chat.release", &site.read("chat.release").replace("127.0.0.1:1\"", &format!("127.0.0.1:{port}\"")));
    let requests = listen(port);
    let hook = format!("http://127.0.0.1:{port}/hook/s3cret-address");
    let variables = [("HOOK", hook.as_str()), ("MATRIX", "s3cret-token")];
    let ended = site.liftlock_with(&["run", "chat", "--yes"], &variables).expect(1);
    assert!(ended.stdout.contains("is restored"), "{}", ended.stdout);
    assert!(!format!("{}{}", ended.stdout, ended.stderr).contains("s3cret"), "{}", ended.stderr);

    let next = || requests.recv_timeout(Duration::from_secs(10)).unwrap();
    let slack = next();
    assert_eq!(slack.line, "POST /hook/s3cret-address HTTP/1.1");
    assert_eq!(slack.headers["content-type"], "application/json");
    let summary = slack.body["text"].as_str().unwrap().to_owned();
    assert!(summary.contains("deploy/broken"), "{summary}");
    assert_eq!(next().body["attachments"][0]["content"]["body"][0]["text"], summary.as_str());
    assert_eq!(next().body["content"], summary.as_str());

    let matrix = next();
    assert!(
        matrix.line.starts_with("PUT /_matrix/client/v3/rooms/%21abc%3Aexample.com/send/m.room.message/"),
        "{}",
        matrix.line
    );
    assert_eq!(matrix.headers["authorization"], "Bearer s3cret-token");
    assert_eq!(matrix.body["body"], summary.as_str());
}

#[test]
fn a_text_of_any_kind_arrives_as_it_is() {
    if !have(&["curl", "bash"]) {
        return;
    }
    let site = site("webhook");
    let port = free_port();
    let requests = listen(port);
    let hook = format!("http://127.0.0.1:{port}/hook");
    let variables = [("HOOK", hook.as_str()), ("MATRIX", "s3cret \"and\" quoted")];
    site.liftlock_with(&["run", "webhook", "--yes", "--set", "where=\u{1F680} \t$(id) '@' \"@\""], &variables)
        .expect(0);
    let request = requests.recv_timeout(Duration::from_secs(10)).unwrap();
    assert_eq!(request.headers["authorization"], "s3cret \"and\" quoted");
    assert_eq!(request.body["kind"], "release");
    let expected = "a \"quoted\" \\ text of\ntwo lines, & more, at \u{1F680} \t$(id) '@' \"@\"";
    assert_eq!(request.body["message"], expected);
}
