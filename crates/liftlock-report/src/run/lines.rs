//! A run for pipes and logs: one line for each event, nothing ever drawn twice.

use std::collections::HashMap;
use std::io::Write;

use liftlock_journal::{Event, Record};
use liftlock_names::Address;
use liftlock_plan::{Plan, checks_in};

use super::output::OpenLine;
use crate::plain::plain;
use crate::style::{Style, Tone};
use crate::words::{Subject, say};

/// Writes a line for each record, and the lines of programs with their address in front.
pub struct Lines {
    plan: Plan,
    style: Style,
    out: Box<dyn Write>,
    /// By what prints it; `None` is the build of the artifact.
    open: HashMap<Option<Address>, OpenLine>,
    environment_width: usize,
    address_width: usize,
}

impl Lines {
    pub fn new(plan: &Plan, style: Style, out: Box<dyn Write>) -> Self {
        let environments = plan.stages().map(|stage| stage.environment.chars().count());
        let addresses = plan.stages().flat_map(|stage| {
            let gates = stage.gates.iter().map(|gate| &gate.address);
            let effects = stage.effects().into_iter().map(|effect| &effect.address);
            let looks = checks_in(&stage.body).into_iter().map(|check| &check.address);
            gates.chain(effects).chain(looks).chain(stage.verify.iter().map(|check| &check.address))
        });
        Lines {
            environment_width: environments.max().unwrap_or(0).min(20),
            address_width: addresses
                .chain(plan.on.notices().map(|notice| &notice.address))
                .map(|address| address.within_stage().chars().count())
                .max()
                .unwrap_or(0)
                .min(40),
            plan: plan.clone(),
            style,
            out,
            open: HashMap::new(),
        }
    }

    pub fn record(&mut self, record: &Record) {
        let said = say(record, Some(&self.plan), &self.style);
        match (&record.event, said.of) {
            (Event::ArtifactReady { .. } | Event::ImageReady { .. } | Event::ArtifactFailed { .. }, _) => {
                self.flush(None)
            }
            (_, Subject::At(address)) => self.flush(Some(address)),
            _ => {}
        }
        if said.tone == Tone::Quiet {
            return;
        }
        let time = self.style.paint(Tone::Quiet, &self.style.time(record.at));
        let text = self.style.paint(said.tone, &said.text);
        let (environment, address) = said.of.columns();
        let (width, wide) = (self.environment_width, self.address_width);
        let line = match said.of {
            Subject::Run => format!("{time}  {text}"),
            Subject::Environment(_) => format!("{time}  {environment:width$}  {text}"),
            Subject::At(_) => format!("{time}  {environment:width$}  {address:wide$}  {text}"),
        };
        self.line(&line);
    }

    pub fn output(&mut self, of: Option<&Address>, block: &[u8]) {
        let before = self.before(of);
        // All lines of a block are written at once: nothing costs a flood of output as much as a write for each line.
        let mut text = String::with_capacity(block.len() + block.len() / 2);
        self.open.entry(of.cloned()).or_default().push(block, |line| add(&mut text, &before, line));
        // Nobody reads any more, and the run goes on.
        let _ = self.out.write_all(text.as_bytes());
    }

    /// Writes what programs have begun a line with and not ended.
    pub fn finish(&mut self) {
        let open: Vec<Option<Address>> = self.open.keys().cloned().collect();
        open.iter().for_each(|of| self.flush(of.as_ref()));
        // Nobody reads any more, and the run goes on.
        let _ = self.out.flush();
    }

    fn flush(&mut self, of: Option<&Address>) {
        let line = self.open.remove(&of.cloned()).and_then(|mut open| open.flush());
        if let Some(line) = line {
            let mut text = String::new();
            add(&mut text, &self.before(of), &line);
            let _ = self.out.write_all(text.as_bytes());
        }
    }

    /// What stands before each line that something prints.
    fn before(&self, of: Option<&Address>) -> String {
        let of = match of {
            None => "build".to_owned(),
            Some(address) => format!("{} {}", plain(&address.environment), plain(&address.within_stage())),
        };
        self.style.paint(Tone::Quiet, &format!("{of} |"))
    }

    fn line(&mut self, line: &str) {
        // Nobody reads any more, and the run goes on.
        let _ = writeln!(self.out, "{line}");
    }
}

/// Adds a line that something prints.
fn add(text: &mut String, before: &str, line: &str) {
    text.push_str(before);
    let line = line.trim_end();
    if !line.is_empty() {
        text.push(' ');
        text.push_str(line);
    }
    text.push('\n');
}
