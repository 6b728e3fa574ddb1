//! The program as its users run it: on real projects, in real folders, with real processes.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod architecture;
mod check;
mod coverage;
mod findings;
mod fmt;
mod graph;
mod going_back;
mod kill;
mod order;
mod plan;
mod plan_is_run;
mod plan_schema;
mod project;
mod reference;
mod release;
mod risk;
mod saved;
mod stdlib;
mod storefront;
mod watch;
