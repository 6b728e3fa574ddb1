//! How the world is touched.
//!
//! Every built-in kind of effect and check is one file here, and each keeps the same contract: observe, apply, undo.
//! All of them reach the world through the [`World`] trait, which has a real implementation ([`RealWorld`]) and can have
//! simulated ones. What is here gets its inputs resolved and decides nothing about order: that is the engine's.

mod check;
mod command;
mod directory;
mod disk;
mod effect;
mod file;
mod host;
mod http;
mod link;
mod mask;
mod metric;
mod net;
mod notify;
mod perform;
mod place;
mod process;
mod real;
mod run;
mod secret;
mod step;
mod tail;
#[cfg(test)]
mod testing;
mod words;
mod world;

pub use check::{Check, CheckKind, HttpCheck, TcpCheck};
pub use command::{Captured, Command, Ending, MAX_CAPTURED};
pub use directory::Directory;
pub use effect::{Context, Effect, Observed};
pub use file::FileEffect;
pub use host::Host;
pub use http::{HttpEffect, HttpRequest};
pub use link::Link;
pub use mask::{Mask, MaskedStream, Unmaskable};
pub use metric::{MetricCheck, NoData};
pub use notify::Notify;
pub use real::RealWorld;
pub use secret::{Given, Opened, Secret, SecretSource};
pub use step::{Refresh, Step};
pub use world::{Entry, HttpAnswer, HttpError, Later, RequestError, World};
