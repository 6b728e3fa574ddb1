//! The baseline of `check`: the file of findings that are known.

use std::fs;
use std::path::Path;

use liftlock_diagnostics::{Baseline, BaselineError};

use crate::exit::Problem;
use crate::project::Examined;
use crate::{atomic, terminal};

/// Takes the findings out that the file knows, and says which of its entries are true no more.
pub fn apply(path: &Path, examined: &mut Examined) -> Result<(), Problem> {
    let unreadable = |why: String| {
        Problem::usage(format!("the baseline `{}` cannot be read: {why}", path.display()))
            .with_help("make one with `liftlock check --write-baseline FILE`")
    };
    let text = fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let baseline = Baseline::from_text(&text).map_err(|error| {
        unreadable(match error {
            BaselineError::Unreadable(why) => why,
            BaselineError::OtherFormat(format) => {
                format!("it is of format {format}, which this liftlock does not know")
            }
        })
    })?;
    for entry in baseline.subtract(&mut examined.findings, &examined.sources) {
        let (shown, code) = (path.display(), &entry.code);
        let line = format!("`{shown}` knows a finding of `{code}` in `{}` that is there no more", entry.path);
        terminal::say(&liftlock_report::plain(&line));
    }
    Ok(())
}

/// Writes the findings to the file.
pub fn write(path: &Path, examined: &Examined) -> Result<(), Problem> {
    let baseline = Baseline::of(&examined.findings, &examined.sources);
    atomic::write(path, &baseline.to_text())
        .map_err(|error| Problem::failed(format!("`{}` cannot be written: {error}", path.display())))
}
