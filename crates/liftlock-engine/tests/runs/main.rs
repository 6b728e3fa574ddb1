//! Plans made by hand, run in a folder of their own: what stands behind the plan, without the language.

#![allow(clippy::unwrap_used, reason = "what a test cannot set up fails it")]

mod hosts;
mod outputs;
mod previews;
mod retry;
mod secrets;
mod site;
