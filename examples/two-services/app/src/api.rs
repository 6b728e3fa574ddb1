//! The API: which interfaces it speaks, and what it says in each.

use crate::VERSION;
use crate::server::Answer;

/// The paths at which there are news. What is taken away here is missed by every front that has not been replaced yet.
const SPOKEN: &[&str] = if cfg!(feature = "hasty") {
    &["/v3/news"]
} else if cfg!(feature = "dated") {
    &["/v1/news", "/v2/news"]
} else {
    &["/v1/news"]
};

pub fn answer(path: &str) -> Answer {
    if !SPOKEN.contains(&path) {
        return (404, format!("api {VERSION} speaks {}\n", SPOKEN.join(" and ")));
    }
    let date = if path == "/v1/news" { "" } else { "2 November: " };
    (200, format!("{date}the shop opens at nine (api {VERSION})\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_that_is_not_spoken_is_told_which_ones_are() {
        let (status, body) = answer("/v0/news");
        assert_eq!(status, 404);
        assert!(SPOKEN.iter().all(|path| body.contains(path)), "{body}");
    }
}
