//! Signals that ask for the end.

use liftlock_engine::Interrupt;
use tokio::signal::unix::{SignalKind, signal};

use crate::terminal;

/// Turns SIGINT, SIGTERM and SIGHUP into requests to stop, for as long as it is polled. A signal that cannot be caught
/// does what it does by default, and the run can be resumed.
pub async fn watch(interrupt: &Interrupt) {
    let streams = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
    let [Ok(mut int), Ok(mut term), Ok(mut hup)] = streams else { return std::future::pending().await };
    loop {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
            _ = hup.recv() => {}
        }
        interrupt.request();
        if interrupt.count() == 1 {
            terminal::say(
                "stopping at the next safe point; once more ends what is running, and the run can be resumed",
            );
        }
    }
}
