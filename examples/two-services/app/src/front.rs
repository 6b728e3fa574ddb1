//! The front: asks the API by the one interface that it knows, and shows what it hears.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::VERSION;
use crate::server::Answer;

/// How long the API has for an answer.
const PATIENCE: Duration = Duration::from_secs(2);

/// The path at which this front expects the news.
const ASKED: &str = if cfg!(feature = "hasty") {
    "/v3/news"
} else if cfg!(feature = "dated") {
    "/v2/news"
} else {
    "/v1/news"
};

pub fn answer(path: &str, api: &str) -> Answer {
    if path != "/" {
        return (404, "there is nothing here\n".to_owned());
    }
    match ask(api) {
        Ok(response) => page(&response),
        Err(cause) => (502, format!("front {VERSION} cannot reach the api: {cause}\n")),
    }
}

/// What people see, of what the API has answered.
fn page(response: &str) -> Answer {
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or((response, ""));
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status != "200" {
        return (502, format!("front {VERSION} asks for {ASKED} in vain: {body}"));
    }
    (200, format!("front {VERSION}: {body}"))
}

/// The whole answer of the API, which closes the connection behind it.
fn ask(api: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(api)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET {ASKED} HTTP/1.0\r\nHost: {api}\r\nConnection: close\r\n\r\n")?;
    let mut response = String::new();
    stream.read_to_string(&mut response)?;
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_other_than_200_is_no_page() {
        assert_eq!(page("HTTP/1.0 200 OK\r\n\r\nnews\n"), (200, format!("front {VERSION}: news\n")));
        for other in ["HTTP/1.0 404 Not Found\r\n\r\nno\n", "HTTP/1.0 500\r\n\r\n", "", "nonsense"] {
            assert_eq!(page(other).0, 502, "{other}");
        }
    }
}
