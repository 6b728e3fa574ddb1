//! `liftlock log`: every record of a run.

use std::time::Duration;

use liftlock_journal::{Event, Query, Record, Verification};

use crate::cli::{LogArgs, Output};
use crate::exit::{Exit, Problem};
use crate::session::{Opened, Session};
use crate::terminal::{self, Stream};
use crate::{project, runs};

/// How often new records are looked for.
const POLL: Duration = Duration::from_millis(250);

pub fn run(arguments: &LogArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    let Some(opened) = session.open_existing(&project::find_root()?)? else {
        return Err(Problem::usage("nothing was run here yet").with_help("begin with `liftlock run`"));
    };
    if arguments.verify {
        return verify(&opened);
    }
    let ledger = opened.ledger()?;
    let run = match (&arguments.run, ledger.runs.last()) {
        (None, Some((newest, _))) => newest.clone(),
        (named, _) => runs::find(&ledger, named.as_deref(), |_| true, "yet")?,
    };
    let style = terminal::style(session.options, Stream::Stdout);
    let mut plan = None;
    let mut show = |records: &[Record]| match session.options.output() {
        Output::Json => {
            for record in records {
                terminal::print(&liftlock_report::log::json_line(record));
            }
        }
        Output::Human | Output::Markdown => {
            // The first record alone holds the plan.
            plan = plan.take().or_else(|| liftlock_report::log::plan_of(records));
            terminal::print(&liftlock_report::log::human_with(records, plan.as_ref(), &style));
        }
    };
    let mut query = Query { run: Some(run), ..Query::default() };
    loop {
        let records = opened.store.read(&query)?;
        if !records.is_empty() {
            show(&records);
        }
        if let Some(last) = records.last() {
            query.after = last.sequence;
        }
        let is_over = records.iter().any(|record| matches!(record.event, Event::RunFinished { .. }));
        if !arguments.follow || is_over {
            return Ok(Exit::Done);
        }
        std::thread::sleep(POLL);
    }
}

fn verify(opened: &Opened) -> Result<Exit, Problem> {
    match opened.store.verify()? {
        Verification::Whole { records } => {
            terminal::print(&format!(
                "the journal is whole: {records} records, each with the hash of the one before it"
            ));
            Ok(Exit::Done)
        }
        Verification::Broken { sequence, why } => {
            Err(Problem::failed(format!("the journal was changed: record {sequence}: {why}"))
                .with_help("put back a copy of the file, and find out who changed it"))
        }
    }
}
