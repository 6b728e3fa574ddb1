//! Requests that change something, and those that get no answer.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use liftlock_engine::EngineError;
use liftlock_journal::{Event, Outcome, Settlement};
use liftlock_names::Part;
use liftlock_plan::{EffectKind, HttpEffect, HttpRequest, InDoubt, Invocation, Late, Node, Plan, Text};

use crate::support::{Site, address, node, plan, sh, step};

/// A server that hangs up on as many requests as it is told, and answers the others. It keeps what it was sent.
fn server(hangs_up: usize) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let heard = Arc::new(Mutex::new(Vec::new()));
    let hears = Arc::clone(&heard);
    std::thread::spawn(move || {
        for (index, connection) in listener.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let mut block = [0; 4096];
            let count = connection.read(&mut block).unwrap();
            hears.lock().unwrap().push(String::from_utf8_lossy(&block[..count]).to_lowercase());
            if index >= hangs_up {
                let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\nConnection: close\r\n\r\nmade");
            }
        }
    });
    (url, heard)
}

fn request(method: &str, url: &str) -> HttpRequest {
    let mut at = Text::from(format!("{url}/releases/"));
    at.push(Text::late(Late::ReleaseNumber));
    HttpRequest {
        method: method.to_owned(),
        url: at,
        headers: Default::default(),
        body: None,
        status: Vec::new(),
        timeout_ms: 10_000,
    }
}

fn flag(url: &str, observe: Option<Invocation>, idempotent: bool) -> Node {
    let desired = observe.as_ref().map(|_| "on".to_owned());
    let undo = Some(request("DELETE", url));
    let http = HttpEffect { request: request("POST", url), undo, observe, desired, idempotent };
    node("flag", EffectKind::Http(Box::new(http)))
}

fn undoing(body: Vec<Node>) -> Plan {
    let mut plan = plan(body);
    plan.on.in_doubt = InDoubt::Undo;
    plan
}

/// The methods and paths that arrived, and the keys that came with them.
fn lines(heard: &Mutex<Vec<String>>) -> (Vec<String>, Vec<String>) {
    let heard = heard.lock().unwrap();
    let first = |text: &String| text.lines().next().unwrap().trim_end_matches(" http/1.1").to_owned();
    let key = |text: &String| {
        let line = text.lines().find_map(|line| line.strip_prefix("idempotency-key: ")).unwrap();
        line.split_once('/').unwrap().1.to_owned()
    };
    (heard.iter().map(first).collect(), heard.iter().map(key).collect())
}

#[test]
fn a_request_is_made_and_taken_back_under_keys_of_its_own() {
    let (url, heard) = server(0);
    let site = Site::new();
    let state = site.run(&plan(vec![flag(&url, None, false), step("two", "exit 1", "true")]));
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    let (lines, keys) = lines(&heard);
    assert_eq!(lines, ["post /releases/1", "delete /releases/1"]);
    assert_eq!(keys, ["app/dev/deploy/flag", "app/dev/deploy/flag/undo"]);
}

#[test]
fn an_answer_that_never_comes_leaves_a_request_in_doubt() {
    let (url, heard) = server(1);
    let site = Site::new();
    match site.try_run(&plan(vec![flag(&url, None, false)])) {
        Err(EngineError::InDoubt { address, .. }) => assert_eq!(address.name(), "flag"),
        other => panic!("{other:?}"),
    }
    assert!(site.said().iter().all(|said| !said.starts_with("effect-failed")), "{:?}", site.said());
    let effect = address(Part::Deploy, "flag");
    site.say(Event::Settled { effect, settlement: Settlement::Retry, by: "grace".to_owned(), reason: None });
    assert_eq!(site.resume().finished, Some(Outcome::Released));
    assert_eq!(lines(&heard).1, ["app/dev/deploy/flag", "app/dev/deploy/flag"]);
}

#[test]
fn a_request_in_doubt_is_undone_where_the_plan_says_so() {
    let (url, heard) = server(1);
    let state = Site::new().run(&undoing(vec![flag(&url, None, false)]));
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!(lines(&heard).0, ["post /releases/1", "delete /releases/1"]);
}

#[test]
fn an_idempotent_request_without_an_answer_is_sent_again_under_the_same_key() {
    let (url, heard) = server(1);
    let site = Site::new();
    assert_eq!(site.run(&plan(vec![flag(&url, None, true)])).finished, Some(Outcome::Released));
    assert_eq!(lines(&heard).1, ["app/dev/deploy/flag", "app/dev/deploy/flag"]);

    // A server that answers neither is not asked a third time.
    let (url, heard) = server(2);
    let state = Site::new().run(&plan(vec![flag(&url, None, true)]));
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
    assert_eq!(lines(&heard).0, ["post /releases/1", "post /releases/1", "delete /releases/1"]);
}

#[test]
fn what_observe_prints_settles_a_request_without_an_answer() {
    // The request arrived, and what it changes can be seen.
    let (url, heard) = server(1);
    let site = Site::new();
    site.write("flag", "off\n");
    let looks = sh("cat flag; echo on > flag");
    assert_eq!(site.run(&plan(vec![flag(&url, Some(looks), false)])).finished, Some(Outcome::Released));
    assert_eq!(lines(&heard).0, ["post /releases/1"]);

    // It did not arrive, as can be seen too: it has failed, and nobody need be asked.
    let (url, _heard) = server(1);
    let site = Site::new();
    let state = site.run(&plan(vec![flag(&url, Some(sh("echo off")), false)]));
    assert!(matches!(state.finished, Some(Outcome::Restored { .. })), "{:?}", state.finished);
}
