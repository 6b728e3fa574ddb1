//! What goes wrong in a simulated world, and when.

/// Something that goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What it happens to: `apply ADDRESS` or `undo ADDRESS` (an address without its pipeline) of what is run for an
    /// effect, `run ARGV` of any other program, `GET URL`, `tcp HOST:PORT`, `write PATH`.
    pub at: String,
    /// At the how many-th time, from 0.
    pub nth: u32,
    /// How many times in a row.
    pub times: u32,
    pub how: How,
}

/// How something goes wrong. Where a kind of thing cannot fail in a way, it fails in the nearest way that it can.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum How {
    /// It ends badly, and has done nothing.
    Before,
    /// It ends badly, and a part of it is done.
    Half,
    /// It ends badly, and all of it is done.
    After,
    /// It says that it ended well, and has done nothing.
    Lie,
    /// It never ends, and has done nothing.
    Hang,
    /// It never ends, and all of it is done.
    HangAfter,
    /// It cannot be started.
    Missing,
}

/// How often each fault has been asked for, and whether it has happened.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    counts: Vec<u32>,
    /// How many faults have happened.
    pub happened: u32,
    /// How many of them to what looks or takes back, and so may keep an environment from being restored.
    pub to_ways_back: u32,
}

impl Asked {
    /// Counts that something is about to be done, and says how it goes wrong.
    pub fn at(&mut self, faults: &[Fault], what: impl FnOnce() -> String) -> Option<How> {
        if faults.is_empty() {
            return None;
        }
        self.counts.resize(faults.len(), 0);
        let what = what();
        let mut how = None;
        for (fault, count) in faults.iter().zip(&mut self.counts) {
            if fault.at != what {
                continue;
            }
            if (fault.nth..fault.nth.saturating_add(fault.times)).contains(count) {
                how = Some(fault.how);
            }
            *count += 1;
        }
        if how.is_some() {
            self.happened += 1;
            self.to_ways_back += u32::from(!what.starts_with("apply "));
        }
        how
    }
}
