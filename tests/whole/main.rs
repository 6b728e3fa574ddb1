//! The program as its users run it: on real projects, in real folders, with real processes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod architecture;
mod by_hand;
mod check;
mod coverage;
mod crowd;
mod doc;
mod drill;
mod examples;
mod findings;
mod fmt;
mod going_back;
mod graph;
mod image;
mod init;
mod kill;
mod language;
mod order;
mod plan;
mod plan_is_run;
mod plan_schema;
#[path = "../../crates/liftlock-journal/tests/journal/server.rs"]
#[allow(dead_code, reason = "it serves the tests of the journal as well")]
mod postgres_server;
mod project;
mod reference;
mod release;
mod risk;
mod saved;
mod stdlib;
mod storefront;
mod watch;
