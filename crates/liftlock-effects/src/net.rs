//! Connections and requests, and why there was none, in plain words.

use std::io::{self, Read as _};
use std::net::IpAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::time::timeout;
use ureq::Agent;
use ureq::http::Uri;

use crate::words::{reason, span};
use crate::{HttpAnswer, HttpError, HttpRequest, Mask, RequestError};

/// How much of a body is read.
const MAX_BODY: u64 = 1024 * 1024;

pub(crate) async fn connect(host: &str, port: u16, limit: Duration) -> io::Result<()> {
    let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    match timeout(limit, TcpStream::connect((host, port))).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(io::Error::new(error.kind(), reason(&error))),
        Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, format!("timed out after {}", span(limit)))),
    }
}

/// Blocks; every step of it, the look-up of the name too, ends within `limit`.
pub(crate) fn get(url: &str, limit: Duration) -> Result<HttpAnswer, HttpError> {
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(limit))
        .user_agent(concat!("liftlock/", env!("CARGO_PKG_VERSION")));
    // A proxy would ask itself, and not the service on this machine that is meant.
    let config = if is_this_machine(url) { config.proxy(None) } else { config };
    let failed = |error| HttpError(said(error, limit));

    let mut response = config.build().new_agent().get(url).call().map_err(failed)?;
    let status = response.status().as_u16();
    let mut body = Vec::new();
    let read = response.body_mut().as_reader().take(MAX_BODY).read_to_end(&mut body);
    read.map_err(|error| failed(ureq::Error::from(error)))?;
    Ok(HttpAnswer { status, body: String::from_utf8_lossy(&body).into_owned() })
}

/// How much of an answer to a [`request`] is kept, from its end.
const KEPT: usize = 64 * 1024;

/// How long a connection may take to come about. It is less than the whole time that a request has, so that it is certain
/// which of the two was over.
const CONNECT: Duration = Duration::from_secs(10);

/// Blocks; every step of it ends within the request's time-out. Redirections are not followed: what may change something
/// is sent once, to where it is meant for. An answer may well repeat a secret that it was sent.
pub(crate) fn request(request: &HttpRequest, mask: &Mask) -> Result<HttpAnswer, RequestError> {
    let limit = request.timeout;
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .allow_non_standard_methods(true)
        .max_redirects(0)
        .timeout_global(Some(limit))
        .timeout_connect(Some(CONNECT.min(limit / 2)))
        .timeout_resolve(Some(CONNECT.min(limit / 2)))
        .user_agent(concat!("liftlock/", env!("CARGO_PKG_VERSION")));
    // A proxy would ask itself, and not the service on this machine that is meant.
    let config = if is_this_machine(&request.url) { config.proxy(None) } else { config };
    let agent = config.build().new_agent();

    let mut built = ureq::http::Request::builder().method(request.method.as_str()).uri(&request.url);
    let unsent = |why: String| RequestError { why: format!("it cannot be sent: {why}"), may_have_arrived: false };
    for (name, value) in &request.headers {
        let value = value.value().map_err(|error| unsent(error.to_string()))?;
        built = built.header(name, value);
    }
    let invalid = |error: ureq::http::Error| unsent(error.to_string());
    let failed = |error: ureq::Error| {
        let may_have_arrived = may_have_arrived(&error);
        RequestError { why: said(error, limit), may_have_arrived }
    };
    let answer = match &request.body {
        Some(body) => {
            let body = body.value().map_err(|error| unsent(error.to_string()))?;
            agent.run(built.body(body).map_err(invalid)?)
        }
        None => agent.run(built.body(()).map_err(invalid)?),
    };
    let mut answer = answer.map_err(failed)?;
    let status = answer.status().as_u16();
    let mut kept = Vec::new();
    let mut keep = |shown: &[u8]| {
        kept.extend_from_slice(shown);
        if kept.len() > 2 * KEPT {
            kept.drain(..kept.len() - KEPT);
        }
    };
    let mut block = [0; 8192];
    let mut reader = answer.body_mut().as_reader();
    // Hidden before anything is cut off: of a secret that was cut in two, neither part would be known.
    let mut masked = mask.stream();
    // The status has been told: what is missing of the body does not make it untrue.
    while let Ok(count @ 1..) = reader.read(&mut block) {
        masked.push(&block[..count], &mut keep);
    }
    masked.finish(&mut keep);
    let body = String::from_utf8_lossy(&kept[kept.len().saturating_sub(KEPT)..]).into_owned();
    Ok(HttpAnswer { status, body })
}

/// Whether a request may have reached the server that gave no answer. Only where no connection came about it cannot have.
fn may_have_arrived(error: &ureq::Error) -> bool {
    use io::ErrorKind::{AddrNotAvailable, ConnectionRefused, HostUnreachable, NetworkUnreachable};
    match error {
        ureq::Error::Timeout(ureq::Timeout::Resolve | ureq::Timeout::Connect) => false,
        ureq::Error::Io(error) => {
            !matches!(error.kind(), ConnectionRefused | HostUnreachable | NetworkUnreachable | AddrNotAvailable)
        }
        ureq::Error::HostNotFound | ureq::Error::ConnectionFailed | ureq::Error::BadUri(_) | ureq::Error::Http(_) => {
            false
        }
        ureq::Error::Tls(_) | ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => false,
        _ => true,
    }
}

fn is_this_machine(url: &str) -> bool {
    let Ok(uri) = url.parse::<Uri>() else {
        return false;
    };
    let host = uri.host().unwrap_or("").trim_matches(['[', ']']);
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

fn said(error: ureq::Error, limit: Duration) -> String {
    match error {
        ureq::Error::Timeout(_) => format!("timed out after {}", span(limit)),
        ureq::Error::Io(error) => match error.kind() {
            io::ErrorKind::UnexpectedEof => "the connection was closed before the answer was complete".to_owned(),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => {
                format!("timed out after {}", span(limit))
            }
            _ => reason(&error),
        },
        ureq::Error::HostNotFound => "the host's name is not known".to_owned(),
        ureq::Error::ConnectionFailed => "no connection could be made".to_owned(),
        ureq::Error::BadUri(_) | ureq::Error::Http(_) => "the address is not one that can be asked".to_owned(),
        ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => "the answer is not HTTP".to_owned(),
        ureq::Error::TooManyRedirects => "it redirects too many times".to_owned(),
        ureq::Error::Rustls(error) => format!("no secure connection: {error}"),
        ureq::Error::Tls(why) => format!("no secure connection: {why}"),
        ureq::Error::ConnectProxyFailed(_) | ureq::Error::InvalidProxyUrl => {
            "the proxy does not let it through".to_owned()
        }
        other => other.to_string(),
    }
}
