//! Requests to stop, from the keyboard or the system.

use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::Notify;

/// Counts requests to stop: the first asks to stop at the next safe point, the second to stop at once.
#[derive(Debug, Default)]
pub struct Interrupt {
    count: AtomicU32,
    changed: Notify,
}

impl Interrupt {
    pub fn request(&self) {
        self.count.fetch_add(1, Ordering::SeqCst);
        self.changed.notify_waiters();
    }

    pub fn count(&self) -> u32 {
        self.count.load(Ordering::SeqCst)
    }

    /// Waits until at least `count` requests were made.
    pub async fn reached(&self, count: u32) {
        loop {
            let changed = self.changed.notified();
            if self.count() >= count {
                return;
            }
            changed.await;
        }
    }
}
