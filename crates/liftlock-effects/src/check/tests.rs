//! Checks against a small server, a closed port and programs.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::thread;

use super::*;
use crate::testing::{Site, command};

const MS: Duration = Duration::from_millis(1);

/// A server that gives each answer once and the last one ever after, or keeps silent where it is empty.
fn server(answers: &'static [&'static str]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut silent = Vec::new();
        for (index, connection) in listener.incoming().enumerate() {
            let mut connection = connection.unwrap();
            let mut reader = BufReader::new(connection.try_clone().unwrap());
            let mut line = String::new();
            while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
                line.clear();
            }
            match answers[index.min(answers.len() - 1)] {
                "" => silent.push(connection),
                answer => connection.write_all(answer.as_bytes()).unwrap_or(()),
            }
        }
    });
    address
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nready";
const MOVED: &str = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
const DOWN: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 17\r\n\r\nno database\x1b[2J\nx\n";

fn http(address: SocketAddr, contains: Option<&str>, within: Duration) -> Check {
    let url = format!("http://{address}/health");
    let http = HttpCheck { url, status: 200, contains: contains.map(str::to_owned) };
    Check { kind: CheckKind::Http(http), within, every: 50 * MS, lasts: Duration::ZERO }
}

fn run(check: &Check) -> Result<String, Failure> {
    Site::new().with(async |context| check.check(context).await).0
}

#[track_caller]
fn says(check: &Check, message: &str) -> Failure {
    let failure = run(check).unwrap_err();
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Unhealthy, message));
    failure
}

#[test]
fn an_answer_as_expected_passes_and_says_what_was_seen() {
    let seen = run(&http(server(&[OK]), Some("ready"), Duration::ZERO)).unwrap();
    assert!(seen.starts_with("200 in ") && seen.ends_with(" ms"), "{seen}");
}

#[test]
fn a_service_that_comes_up_in_time_passes() {
    let seen = run(&http(server(&[DOWN, DOWN, OK]), None, Duration::from_secs(10))).unwrap();
    assert!(seen.starts_with("200 in ") && seen.ends_with(" ms at try 3"), "{seen}");
}

#[test]
fn an_unwelcome_status_is_an_answer() {
    let address = server(&[DOWN]);
    let message = format!("http://{address}/health answered 503 for 200ms; expected 200");
    let failure = says(&http(address, None, 200 * MS), &message);
    assert_eq!(failure.tail, ["no database", "x"]);
    says(&http(address, None, Duration::ZERO), &format!("http://{address}/health answered 503; expected 200"));
}

#[test]
fn a_not_found_can_be_what_is_expected() {
    let address = server(&["HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"]);
    let http = HttpCheck { url: format!("http://{address}/old"), status: 404, contains: None };
    assert!(
        run(&Check { kind: CheckKind::Http(http), within: Duration::ZERO, every: MS, lasts: Duration::ZERO }).is_ok()
    );
}

#[test]
fn a_redirection_is_followed() {
    assert!(run(&http(server(&[MOVED, OK]), Some("ready"), Duration::ZERO)).is_ok());
}

#[test]
fn a_body_without_the_text_fails() {
    let address = server(&[OK]);
    let message = format!("http://{address}/health answered 200 for 100ms; expected `1.2.0` in its body");
    assert_eq!(says(&http(address, Some("1.2.0"), 100 * MS), &message).tail, ["ready"]);
}

#[test]
fn a_refused_connection_is_said_so() {
    let address = SocketAddr::from(([127, 0, 0, 1], free_port()));
    let message = format!("no answer from http://{address}/health within 100ms: connection refused");
    says(&http(address, None, 100 * MS), &message);
    let tcp = CheckKind::Tcp(TcpCheck { host: "127.0.0.1".to_owned(), port: address.port() });
    let message = format!("no answer from {address}: connection refused");
    says(&Check { kind: tcp, within: Duration::ZERO, every: MS, lasts: Duration::ZERO }, &message);
}

#[test]
fn a_server_that_keeps_silent_is_given_up() {
    let address = server(&[""]);
    let message = format!("no answer from http://{address}/health: timed out after 1s");
    says(&http(address, None, Duration::ZERO), &message);
}

#[test]
fn what_is_not_http_and_what_breaks_off_are_no_answers() {
    let address = server(&["HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nready"]);
    let message =
        format!("no answer from http://{address}/health: the connection was closed before the answer was complete");
    says(&http(address, None, Duration::ZERO), &message);
    let address = server(&["220 mail.example.com ESMTP\r\n\r\n"]);
    says(
        &http(address, None, Duration::ZERO),
        &format!("no answer from http://{address}/health: the answer is not HTTP"),
    );
}

#[test]
fn an_endless_body_is_read_up_to_a_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let _ = connection.write_all(b"HTTP/1.1 200 OK\r\n\r\n");
        while connection.write_all(&[b'x'; 65536]).is_ok() {}
    });
    assert!(run(&http(address, None, Duration::ZERO)).is_ok());
}

#[test]
fn a_connection_that_is_taken_passes() {
    let address = server(&[OK]);
    let tcp = CheckKind::Tcp(TcpCheck { host: "localhost".to_owned(), port: address.port() });
    let seen = run(&Check { kind: tcp, within: Duration::ZERO, every: MS, lasts: Duration::ZERO }).unwrap();
    assert!(seen.starts_with("answered in "), "{seen}");
}

#[test]
fn a_program_is_tried_until_it_ends_with_0() {
    let site = Site::new();
    let check = |script: &str, within| Check {
        kind: CheckKind::Command(site.sh(script)),
        within,
        every: 20 * MS,
        lasts: Duration::ZERO,
    };
    let third = "echo x >> tries; test $(wc -l < tries) -ge 3";
    let passes = check(third, Duration::from_secs(10));
    let seen = site.with(async |context| passes.check(context).await).0.unwrap();
    assert!(seen.starts_with("ended with 0 in ") && seen.ends_with(" at try 3"), "{seen}");

    let fails = check("echo bad; exit 4", Duration::ZERO);
    let (failure, printed) = site.with(async |context| fails.check(context).await.unwrap_err());
    assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Unhealthy, "`sh` ended with status 4"));
    assert_eq!((failure.tail.join("\n").as_str(), printed.as_str()), ("bad", "bad\n"));
    says(&check("exit 4", 50 * MS), "`sh` ended with status 4; tried for 50ms");
}

#[test]
fn a_program_that_is_not_there_is_not_tried_again() {
    let kind = CheckKind::Command(command("/".as_ref(), &["no-such-program"]));
    let failure =
        run(&Check { kind, within: Duration::from_secs(3600), every: MS, lasts: Duration::ZERO }).unwrap_err();
    assert_eq!(failure.kind, FailureKind::NotStarted);
}

#[test]
fn checks_describe_themselves() {
    let tcp = |host: &str| CheckKind::Tcp(TcpCheck { host: host.to_owned(), port: 80 }).describe();
    assert_eq!(tcp("db.internal"), "tcp db.internal:80 answers");
    assert_eq!(tcp("::1"), "tcp [::1]:80 answers");
    let program = CheckKind::Command(command("/".as_ref(), &["ops/smoke", "two words"]));
    assert_eq!(program.describe(), "`ops/smoke 'two words'` ends with 0");
    let http = http(SocketAddr::from(([127, 0, 0, 1], 1)), None, MS).kind;
    assert_eq!(http.describe(), "GET http://127.0.0.1:1/health is 200");
}

#[test]
fn a_check_that_has_to_last_is_looked_at_until_the_time_is_over() {
    let site = Site::new();
    let kind = CheckKind::Command(site.sh("echo x >> looks"));
    let check = Check { kind, within: Duration::ZERO, every: 50 * MS, lasts: 200 * MS };
    let seen = site.with(async |context| check.check(context).await).0.unwrap();
    assert!(seen.contains(", and for 200ms after that ("), "{seen}");
    // The first look, one after each pause, and the last when the time is over; a busy machine takes fewer.
    let looks = std::fs::read_to_string(site.path().join("looks")).unwrap().lines().count();
    assert!((3..=5).contains(&looks), "{looks}");
}

#[test]
fn one_failure_while_it_has_to_last_is_final() {
    let site = Site::new();
    let kind = CheckKind::Command(site.sh("echo x >> looks; test $(wc -l < looks) -ne 3"));
    let check = Check { kind, within: Duration::from_secs(60), every: 10 * MS, lasts: Duration::from_secs(60) };
    let failure = site.with(async |context| check.check(context).await).0.unwrap_err();
    assert_eq!(failure.kind, FailureKind::Unhealthy);
    assert!(failure.message.starts_with("`sh` ended with status 1; it had passed for "), "{}", failure.message);
    assert!(failure.message.ends_with("ms of 1m"), "{}", failure.message);
}

#[test]
fn what_never_passes_is_not_watched() {
    let site = Site::new();
    let kind = CheckKind::Command(site.sh("exit 4"));
    let check = Check { kind, within: Duration::ZERO, every: MS, lasts: Duration::from_secs(3600) };
    says(&check, "`sh` ended with status 4");
}
