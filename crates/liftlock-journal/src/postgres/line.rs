//! The connection to the server: made, lost, and made again.
//!
//! A connection that breaks is made again for a while before anybody is told. What was asked is then asked anew, which is
//! why it has to bear being asked twice. A transaction whose end got lost is over, one way or the other, by the time
//! the next one has the lock of all that write.

use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use postgres::{Client, IsolationLevel, Transaction};

use super::address::Address;
use super::failure;
use crate::StoreError;

/// How long a server may be away before it is said to be: a restart goes by unnoticed.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long to wait before the next try.
const PAUSE: Duration = Duration::from_millis(200);

/// `LiLk`: the advisory lock that all who write to a journal take, one after the other.
const WRITER: i64 = 0x4c69_4c6b;

/// What holds for every transaction, whatever the server is told to do by default. An acknowledged record is on disk; a
/// level of its own above that is the server's to choose. A machine that vanishes in the midst of a transaction gives
/// the lock back sooner than others lose their patience.
const SESSION: &str = "
SELECT pg_catalog.set_config('synchronous_commit', 'on', false)
WHERE pg_catalog.current_setting('synchronous_commit') = 'off';
SET default_transaction_isolation = 'read committed';
SET idle_in_transaction_session_timeout = '10s';
SET lock_timeout = '20s';
SET client_min_messages = 'warning';
";

/// A connection, or the place of one that broke.
pub(super) struct Line {
    address: Address,
    client: Mutex<Option<Client>>,
}

impl Line {
    /// Connects. A server that is not there is reported at once: most likely the address is wrong.
    pub fn open(address: Address) -> Result<Line, StoreError> {
        let client = aside(&address.shown, || {
            let until = Instant::now() + PATIENCE;
            loop {
                match connect(&address) {
                    Err(error) if failure::is_passing(&error) && Instant::now() < until => thread::sleep(PAUSE),
                    result => return result.map_err(|error| failure::at_the_door(&address.shown, &error)),
                }
            }
        })?;
        Ok(Line { address, client: Mutex::new(Some(client)) })
    }

    /// The address as it may be shown.
    pub fn address(&self) -> &str {
        &self.address.shown
    }

    /// Does `work`, again where the connection broke.
    pub fn ask<T: Send>(
        &self,
        mut work: impl FnMut(&mut Client) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        aside(self.address(), || {
            // A thread that died while it held the connection left at most a transaction behind, which was rolled back.
            let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
            let mut until = None;
            loop {
                let result = match slot.take() {
                    Some(client) => Ok(client),
                    None => connect(&self.address).map_err(|error| failure::at_the_door(self.address(), &error)),
                };
                let result = result.and_then(|client| work(slot.insert(client)));
                if !matches!(result, Err(StoreError::Unreachable { .. })) {
                    return result;
                }
                *slot = None;
                if Instant::now() >= *until.get_or_insert_with(|| Instant::now() + PATIENCE) {
                    return result;
                }
                thread::sleep(PAUSE);
            }
        })
    }

    /// Does `work` in one transaction that nobody else writes beside, again where the connection broke. Nothing is kept
    /// where `work` fails.
    pub fn write<T: Send>(
        &self,
        mut work: impl FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        self.ask(|client| {
            let fault = |error| failure::of(self.address(), &error);
            let mut transaction = begin(client).map_err(fault)?;
            let result = work(&mut transaction)?;
            transaction.commit().map_err(fault)?;
            Ok(result)
        })
    }
}

/// Begins a transaction once all others that write are over, so that nothing it reads can be outdated by the time it
/// writes: each statement sees what was there when it began.
pub(super) fn begin(client: &mut Client) -> Result<Transaction<'_>, postgres::Error> {
    let transaction = client.build_transaction().isolation_level(IsolationLevel::ReadCommitted).read_only(false);
    let mut transaction = transaction.start()?;
    transaction.batch_execute(&format!("SELECT pg_catalog.pg_advisory_xact_lock({WRITER})"))?;
    Ok(transaction)
}

fn connect(address: &Address) -> Result<Client, postgres::Error> {
    let mut client = address.config.connect(address.tls.clone())?;
    client.batch_execute(SESSION)?;
    Ok(client)
}

/// Does `work` on a thread of its own, and waits for it. The client has a runtime of its own, which may not wait within
/// another, and the engine calls the store from within one.
fn aside<T: Send>(address: &str, work: impl FnOnce() -> Result<T, StoreError> + Send) -> Result<T, StoreError> {
    thread::scope(|scope| match thread::Builder::new().spawn_scoped(scope, work) {
        Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
        Err(error) => Err(StoreError::Server { address: address.to_owned(), why: error.to_string() }),
    })
}

impl Drop for Line {
    fn drop(&mut self) {
        let client = self.client.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        // To take leave of the server is to wait as well. One that hears nothing ends the session by itself.
        let _ = aside(&self.address.shown, || {
            drop(client);
            Ok(())
        });
    }
}

impl std::fmt::Debug for Line {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Line").field(&self.address.shown).finish()
    }
}
