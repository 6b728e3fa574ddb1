//! Requests to a small server, to a closed port, and to servers that give no answer.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;
use std::thread;

use super::*;
use crate::Effect;
use crate::testing::Site;
use crate::{Given, Secret, SecretSource};

/// What a server was sent.
struct Heard {
    line: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// A server that gives this answer to each request, and tells what it was sent.
fn server(status: u16, headers: &'static [&'static str], answer: &'static str) -> (String, mpsc::Receiver<Heard>) {
    let server = tiny_http::Server::http("127.0.0.1:0").unwrap();
    let url = format!("http://{}", server.server_addr());
    let (tell, heard) = mpsc::channel();
    thread::spawn(move || {
        for mut request in server.incoming_requests() {
            let mut body = String::new();
            request.as_reader().read_to_string(&mut body).unwrap();
            let line = format!("{} {}", request.method(), request.url());
            let sent = request.headers().iter();
            let sent = sent.map(|header| (header.field.to_string().to_lowercase(), header.value.to_string())).collect();
            let _ = tell.send(Heard { line, headers: sent, body });
            let mut response = tiny_http::Response::from_string(answer).with_status_code(status);
            headers.iter().for_each(|header| response.add_header(header.parse::<tiny_http::Header>().unwrap()));
            let _ = request.respond(response);
        }
    });
    (url, heard)
}

fn request(url: &str) -> HttpRequest {
    HttpRequest {
        method: "POST".to_owned(),
        url: format!("{url}/flags?of=shop"),
        headers: vec![("X-Team".to_owned(), "shop".into()), (HttpRequest::KEY.to_owned(), "run/one".into())],
        body: Some("{\"on\": true}".into()),
        status: Vec::new(),
        timeout: Duration::from_secs(20),
    }
}

fn effect(request: HttpRequest) -> Effect {
    Effect::Http(HttpEffect { request, undo: None, observe: None, desired: None })
}

#[track_caller]
fn fails(request: HttpRequest) -> Failure {
    Site::new().apply(&effect(request), &State::Unobserved).unwrap_err()
}

#[test]
fn a_request_arrives_as_it_is_meant_and_its_answer_is_output() {
    let (url, heard) = server(201, &[], "made flag 7");
    let site = Site::new();
    let (end, printed) = site.with(async |context| effect(request(&url)).apply(context, &State::Unobserved).await);
    end.unwrap();
    let heard = heard.recv().unwrap();
    assert_eq!((heard.line.as_str(), heard.body.as_str()), ("POST /flags?of=shop", "{\"on\": true}"));
    let header = |name: &str| heard.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
    assert_eq!((header("x-team"), header("idempotency-key")), (Some("shop"), Some("run/one")));
    assert_eq!(printed, "made flag 7\n");
}

#[test]
fn any_method_goes_with_a_body_or_without() {
    let (url, heard) = server(200, &[], "");
    for (method, body) in [("DELETE", Some("x")), ("PUT", None), ("PURGE", None), ("GET", None)] {
        let request = HttpRequest { method: method.to_owned(), body: body.map(Given::from), ..request(&url) };
        Site::new().apply(&effect(request), &State::Unobserved).unwrap();
        let heard = heard.recv().unwrap();
        assert_eq!((heard.line, heard.body), (format!("{method} /flags?of=shop"), body.unwrap_or_default().to_owned()));
    }
}

#[test]
fn a_status_that_is_not_welcome_fails_with_what_the_server_says() {
    let (url, _heard) = server(409, &[], "the flag\nis locked\n");
    let failure = fails(request(&url));
    let message = format!("`POST {url}/flags?of=shop` was answered with 409; expected one from 200 to 299");
    assert_eq!((failure.kind, failure.message), (FailureKind::Failed, message));
    assert_eq!(failure.tail, ["the flag", "is locked"]);
    let welcome = HttpRequest { status: vec![201, 409], ..request(&url) };
    Site::new().apply(&effect(welcome), &State::Unobserved).unwrap();
    let other = HttpRequest { status: vec![200, 201, 204], ..request(&url) };
    assert!(fails(other).message.ends_with("answered with 409; expected 200, 201 or 204"));
}

#[test]
fn a_redirection_is_an_answer_and_is_not_followed() {
    let (url, heard) = server(307, &["Location: /elsewhere"], "");
    assert!(fails(request(&url)).message.contains("was answered with 307"));
    assert_eq!(heard.try_iter().count(), 1);
}

#[test]
fn what_cannot_have_arrived_has_failed() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let url = format!("http://127.0.0.1:{port}");
    let failure = fails(request(&url));
    let message = format!("no answer to `POST {url}/flags?of=shop`: connection refused");
    assert_eq!((failure.kind, failure.message), (FailureKind::Failed, message));
    let failure = fails(HttpRequest { url: "no address".to_owned(), ..request(&url) });
    assert_eq!(failure.kind, FailureKind::Failed, "{}", failure.message);
    let failure = fails(HttpRequest { headers: vec![("a b".to_owned(), "x".into())], ..request(&url) });
    assert_eq!(failure.kind, FailureKind::Failed, "{}", failure.message);
}

#[test]
fn what_may_have_arrived_is_in_doubt() {
    // One server keeps silent, the other hangs up when it has been sent something.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let failure = fails(HttpRequest { timeout: Duration::from_millis(300), ..request(&url) });
    let message = format!("no answer to `POST {url}/flags?of=shop`: timed out after 300ms, and it may have arrived");
    assert_eq!((failure.kind, failure.message), (FailureKind::InDoubt, message));

    let rude = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", rude.local_addr().unwrap());
    thread::spawn(move || {
        let (mut connection, _) = rude.accept().unwrap();
        let _ = connection.read(&mut [0; 1024]);
    });
    let failure = fails(request(&url));
    assert_eq!(failure.kind, FailureKind::InDoubt, "{}", failure.message);
}

/// What `printf` of a text prints, as a secret.
fn secret(text: &str) -> Given {
    let source = SecretSource::Program(["printf", text].map(str::to_owned).to_vec());
    Given::Secret(Secret { name: "secret.x".to_owned(), source })
}

#[test]
fn a_secret_reaches_the_server_and_is_hidden_where_the_answer_repeats_it() {
    for status in [200, 403] {
        let (url, heard) = server(status, &[], "no hunter22 and no s3cret-token here");
        let headers = vec![("Authorization".to_owned(), secret("s3cret-token"))];
        let request = HttpRequest { headers, body: Some(secret("hunter22")), ..request(&url) };
        let (end, printed) = Site::new().with(async |context| effect(request).apply(context, &State::Unobserved).await);
        let heard = heard.recv().unwrap();
        let token = heard.headers.iter().find(|(name, _)| name == "authorization").map(|(_, value)| value.as_str());
        assert_eq!((token, heard.body.as_str()), (Some("s3cret-token"), "hunter22"));
        assert_eq!(printed, "no *** and no *** here\n");
        if let Err(failure) = end {
            assert_eq!((status, failure.tail), (403, vec!["no *** and no *** here".to_owned()]));
        }
    }
}

#[test]
fn a_secret_that_cannot_be_opened_or_sent_keeps_the_request_from_being_made() {
    let (url, heard) = server(200, &[], "");
    let short = fails(HttpRequest { body: Some(secret("abc")), ..request(&url) });
    let begin = format!("`POST {url}/flags?of=shop` could not be sent: secret.x cannot be opened: it has fewer");
    assert!(short.kind == FailureKind::NotStarted && short.message.starts_with(&begin), "{}", short.message);
    let headers = vec![("X-Token".to_owned(), secret("two\nlines"))];
    let unfit = fails(HttpRequest { headers, ..request(&url) });
    assert_eq!(unfit.kind, FailureKind::Failed);
    assert!(unfit.message.contains("it cannot be sent") && !unfit.message.contains("two"), "{}", unfit.message);
    assert_eq!(heard.try_iter().count(), 0);
}

#[test]
fn of_a_long_answer_the_end_is_kept() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        // What is left unread when it is closed would reset the connection.
        let mut sent = Vec::new();
        while !sent.ends_with(b"true}") {
            let mut block = [0; 1024];
            let count = connection.read(&mut block).unwrap();
            sent.extend_from_slice(&block[..count]);
        }
        let length = 1_000_000 + 3;
        let _ = write!(connection, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        let _ = connection.write_all(&vec![b'x'; 1_000_000]);
        let _ = connection.write_all(b"end");
    });
    let (end, printed) =
        Site::new().with(async |context| effect(request(&url)).apply(context, &State::Unobserved).await);
    end.unwrap();
    assert_eq!(printed.len(), 64 * 1024 + 1);
    assert!(printed.ends_with("xend\n"));
}

#[test]
fn a_request_goes_forth_and_back() {
    let (url, heard) = server(200, &[], "");
    let site = Site::new();
    std::fs::write(site.path().join("flag"), "off\n").unwrap();
    let undo = HttpRequest { method: "DELETE".to_owned(), body: None, ..request(&url) };
    let observe = Some(site.sh("cat flag"));
    let http = HttpEffect { request: request(&url), undo: Some(undo), observe, desired: Some("on".to_owned()) };
    let effect = Effect::Http(http.clone());
    let before = site.state(&effect);
    assert_eq!(before, State::Output { text: "off".to_owned() });
    site.apply(&effect, &before).unwrap();
    site.undo(&effect, &before).unwrap();
    let lines: Vec<String> = heard.try_iter().map(|heard| heard.line).collect();
    assert_eq!(lines, ["POST /flags?of=shop", "DELETE /flags?of=shop"]);
    let failure = site.undo(&Effect::Http(HttpEffect { undo: None, ..http }), &before).unwrap_err();
    assert_eq!(failure.message, format!("`POST {url}/flags?of=shop` has no undo"));
}
