//! What one durable append costs, beside two bare writes with `fdatasync` in the same folder.
//!
//! One bare write makes its file longer each time, so that the file system has to keep the new length as well. The other
//! writes over what is there, as SQLite's log does once it has been through a checkpoint; it is the one that the append
//! is to be held against. All take turns, and medians are compared: the machine may be shared, and where the ranges
//! overlap, the ratio says nothing finer. `cargo bench -p liftlock-journal`; the disk is that which `TMPDIR` lies on.

use std::error::Error;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use liftlock_journal::{Event, Guard, SqliteStore, State, Store as _};
use liftlock_names::RunId;

const ROUNDS: usize = 15;
const APPENDS: usize = 300;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let store = SqliteStore::open(&folder.path().join("journal.db"))?;
    let mut bare = File::create(folder.path().join("bare"))?;
    let run = RunId::new(Timestamp::UNIX_EPOCH, 1);
    let effect: liftlock_names::Address = "storefront/production/deploy/migrate".parse()?;
    let after = State::Output { text: "0042".to_owned() };
    // The end of one effect and the beginning of the next: what a chain of effects appends at each step.
    let step = [
        Event::EffectFinished {
            effect: effect.clone(),
            after: after.clone(),
            took_ms: 12,
            outputs: Default::default(),
        },
        Event::EffectStarted { effect, attempt: 1, before: after },
    ];
    // Two pages and their headers: the least that the log takes for the records and their index.
    let bytes = vec![b'x'; 2 * (4096 + 24)];
    let over = File::create(folder.path().join("over"))?;
    over.write_all_at(&vec![b'x'; bytes.len() * APPENDS], 0)?;
    over.sync_all()?;
    // The log is to have been through a checkpoint, as that of any journal in use.
    for _ in 0..2 * APPENDS {
        store.append(&run, Timestamp::UNIX_EPOCH, &step, Guard::Always)?;
    }

    let (mut appends, mut longer, mut overs, mut reads) = (vec![], vec![], vec![], vec![]);
    for _ in 0..ROUNDS {
        appends.push(each(APPENDS, || {
            store.append(&run, Timestamp::UNIX_EPOCH, &step, Guard::Always)?;
            Ok(())
        })?);
        longer.push(each(APPENDS, || {
            bare.write_all(&bytes)?;
            bare.sync_data()?;
            Ok(())
        })?);
        let mut offset = 0;
        overs.push(each(APPENDS, || {
            over.write_all_at(&bytes, offset)?;
            over.sync_data()?;
            offset += bytes.len() as u64;
            Ok(())
        })?);
        reads.push(each(APPENDS, || {
            store.head()?;
            Ok(())
        })?);
    }
    println!("{:<32}{:>10}{:>10}{:>10}", "µs", "median", "least", "most");
    let append = show("append of two records", appends);
    let longer = show("write behind the end, fdatasync", longer);
    let over = show("write over, fdatasync", overs);
    show("head", reads);
    println!("append: {:.2} of writing behind the end, {:.2} of writing over", append / longer, append / over);
    Ok(())
}

/// The mean time of one of `count` calls, in microseconds.
fn each(count: usize, mut call: impl FnMut() -> Result<(), Box<dyn Error>>) -> Result<f64, Box<dyn Error>> {
    let start = Instant::now();
    for _ in 0..count {
        call()?;
    }
    let taken: Duration = start.elapsed();
    Ok(taken.as_secs_f64() * 1e6 / count as f64)
}

/// Prints the figures of all rounds, and returns their median.
fn show(what: &str, mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let median = figures[figures.len() / 2];
    let (least, most) = (figures[0], figures[figures.len() - 1]);
    println!("{what:<32}{median:>10.1}{least:>10.1}{most:>10.1}");
    median
}
