//! Doing something again whenever files change.
//!
//! The files are looked at, not subscribed to: that works the same on every file system, those of containers and of
//! network mounts too, and a project has few release files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use crate::exit::{Exit, Problem};
use crate::session::runtime;

/// How long a change may go unnoticed.
const PAUSE: Duration = Duration::from_millis(200);

/// What is looked at of a file; `None` where it is not there.
type Stamp = Option<(SystemTime, u64)>;

/// Calls `pass` now and after each change of a file, until the user ends it. `files` lists what is there to be watched, and
/// is asked anew each time, since files come and go; `pass` returns what it has read besides.
pub fn watch(
    files: impl Fn() -> Vec<PathBuf>,
    mut pass: impl FnMut() -> Result<BTreeSet<PathBuf>, Problem>,
) -> Result<Exit, Problem> {
    runtime()?.block_on(async {
        // Kept for the whole time, so that an interrupt in the middle of a pass is not lost.
        let mut interrupts = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::interrupt())
            .map_err(|error| Problem::failed(format!("the system does not tell about interrupts: {error}")))?;
        let mut besides = BTreeSet::new();
        loop {
            // Looked at before they are read: what changes meanwhile is a change.
            let mut seen = stamps(files(), &besides);
            besides = pass()?;
            for path in &besides {
                seen.entry(path.clone()).or_insert_with(|| stamp(path));
            }
            let mut pause = PAUSE;
            loop {
                tokio::select! {
                    _ = interrupts.recv() => return Ok(Exit::Interrupted),
                    () = tokio::time::sleep(pause) => {}
                }
                let began = Instant::now();
                let now = stamps(files(), &besides);
                if now != seen {
                    break;
                }
                // A folder that takes long to look through is looked through less often.
                pause = PAUSE.max(began.elapsed() * 10);
            }
        }
    })
}

fn stamps(files: Vec<PathBuf>, besides: &BTreeSet<PathBuf>) -> BTreeMap<PathBuf, Stamp> {
    let all = files.into_iter().chain(besides.iter().cloned());
    all.map(|path| (path.clone(), stamp(&path))).collect()
}

fn stamp(path: &Path) -> Stamp {
    let metadata = std::fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}
