//! Plans made by hand, run against real files, programs and ports, and killed where it hurts.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod checks;
mod doubts;
mod manual;
mod notices;
mod requests;
mod support;
