//! A run on a terminal: what is over stays as it was printed, what is under way moves below it.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use liftlock_journal::{Event, Failure, Record};
use liftlock_names::{Address, Part};
use liftlock_plan::{Plan, checks_in};

use super::output::OpenLine;
use crate::plain::{plain, printed};
use crate::plan::gates::check_sentence;
use crate::style::{Style, Tone};
use crate::units::took;
use crate::words::{Subject, say};

/// How often what is under way is drawn anew.
const TICK: Duration = Duration::from_millis(120);

/// Prints what is over, and draws a line for each thing under way: its address, its time, its last line of output.
pub struct Tree {
    plan: Plan,
    style: Style,
    screen: MultiProgress,
    /// By what it is; `None` is the build of the artifact.
    under_way: HashMap<Option<Address>, (ProgressBar, OpenLine)>,
    /// Stages that have a heading.
    headed: HashSet<String>,
    /// Effects that are done or need not be done, and checks in bodies that have passed.
    done: HashSet<Address>,
    /// Whether lines of several stages can follow one another, so that each has to say which it is of.
    is_mixed: bool,
    width: usize,
}

impl Tree {
    /// Draws on standard error.
    pub fn new(plan: &Plan, style: Style) -> Self {
        Tree::on(plan, style, ProgressDrawTarget::stderr())
    }

    /// Draws elsewhere. Where that is no terminal nothing is drawn at all.
    pub fn on(plan: &Plan, style: Style, target: ProgressDrawTarget) -> Self {
        let effects = plan.stages().flat_map(|stage| stage.effects());
        let widths = effects.map(|effect| effect.address.within_stage().chars().count());
        Tree {
            width: widths.max().unwrap_or(0).clamp(12, 40),
            is_mixed: plan.waves.iter().any(|wave| wave.len() > 1),
            plan: plan.clone(),
            style,
            screen: MultiProgress::with_draw_target(target),
            under_way: HashMap::new(),
            headed: HashSet::new(),
            done: HashSet::new(),
        }
    }

    pub fn record(&mut self, record: &Record) {
        let said = say(record, Some(&self.plan), &self.style);
        match (&record.event, said.of) {
            (
                Event::EffectStarted { effect, .. }
                | Event::UndoStarted { effect }
                | Event::CheckStarted { check: effect },
                _,
            ) => {
                self.heading(said.of);
                self.begin(Some(effect), &said.text);
                return;
            }
            (Event::ArtifactReady { .. } | Event::ImageReady { .. } | Event::ArtifactFailed { .. }, _) => {
                self.end(None)
            }
            (Event::GateWaiting { .. } | Event::ManualWaiting { .. } | Event::ManualConfirmed { .. }, _) => {}
            (_, Subject::At(address)) => self.end(Some(address)),
            _ => {}
        }
        if said.tone == Tone::Quiet {
            return;
        }
        self.heading(said.of);
        let mark = self.style.paint(said.tone, self.mark(&record.event, said.tone));
        let text = self.style.paint(said.tone, &said.text);
        let (environment, address) = said.of.columns();
        let width = self.width;
        match said.of {
            Subject::Run => self.print(&text),
            Subject::Environment(_) if self.is_mixed => self.print(&format!("  {mark} {environment}: {text}")),
            Subject::Environment(_) => self.print(&format!("  {mark} {text}")),
            Subject::At(_) if self.is_mixed => self.print(&format!("  {mark} {environment} {address:width$}  {text}")),
            Subject::At(_) => self.print(&format!("  {mark} {address:width$}  {text}")),
        }
        if let Some(failure) = failure(&record.event) {
            failure.tail.iter().for_each(|line| self.print(&format!("      | {}", printed(line.as_bytes()))));
        }
        self.follow(record);
    }

    pub fn output(&mut self, of: Option<&Address>, block: &[u8]) {
        // What a soak's checks print has no record that ends it.
        if of.is_none_or(|address| matches!(address.part, Part::Deploy | Part::On)) {
            self.begin(of, "");
        }
        let Some((bar, open)) = self.under_way.get_mut(&of.cloned()) else { return };
        let mut last = String::new();
        open.push(block, |line| line.clone_into(&mut last));
        if let Some(line) = open.so_far().or(Some(last)).filter(|line| !line.trim().is_empty()) {
            bar.set_message(line);
        }
    }

    /// Takes the moving lines away.
    pub fn finish(&mut self) {
        for (_, (bar, _)) in self.under_way.drain() {
            bar.finish_and_clear();
        }
        // The terminal is gone, and the run goes on.
        let _ = self.screen.clear();
    }

    /// Begins what follows from a record without a record of its own: the build, the checks, the wait at a gate.
    fn follow(&mut self, record: &Record) {
        match &record.event {
            Event::RunStarted { .. } if self.builds() => self.begin(None, ""),
            Event::GateWaiting { gate, .. } => self.begin(Some(gate), "waiting"),
            Event::StageReleased { environment, .. } | Event::StageEnded { environment, .. } => {
                let keys = self.under_way.keys().flatten();
                let own: Vec<Address> = keys.filter(|key| key.environment == *environment).cloned().collect();
                own.iter().for_each(|address| self.end(Some(address)));
            }
            Event::EffectFinished { effect, .. }
            | Event::EffectInPlace { effect, .. }
            | Event::EffectNotNeeded { effect }
            | Event::NoticeFailed { effect, .. }
            | Event::CheckPassed { check: effect, .. }
                if effect.part == Part::Deploy =>
            {
                self.done.insert(effect.clone());
                let stage = self.plan.stage(&effect.environment);
                let is_last = |stage: &&liftlock_plan::Stage| {
                    let effects = stage.effects();
                    let mut addresses = effects.iter().map(|effect| &effect.address);
                    let mut looks = checks_in(&stage.body).into_iter().map(|check| &check.address);
                    addresses.all(|address| self.done.contains(address)) && looks.all(|it| self.done.contains(it))
                };
                let check = stage.filter(is_last).and_then(|stage| stage.verify.first()).cloned();
                if let Some(check) = check {
                    self.begin(Some(&check.address), &check_sentence(&check.kind));
                }
            }
            Event::CheckPassed { check, .. } => {
                let stage = self.plan.stage(&check.environment);
                let checks = stage.map(|stage| stage.verify.iter());
                let next = checks.and_then(|mut checks| {
                    checks.find(|known| known.address == *check)?;
                    checks.next()
                });
                if let Some(next) = next.cloned() {
                    self.begin(Some(&next.address), &check_sentence(&next.kind));
                }
            }
            _ => {}
        }
    }

    fn builds(&self) -> bool {
        self.plan.artifact.as_ref().is_some_and(liftlock_plan::ArtifactPlan::is_to_be_built)
    }

    fn begin(&mut self, of: Option<&Address>, message: &str) {
        let key = of.cloned();
        if self.under_way.contains_key(&key) {
            return;
        }
        let name = match of {
            None => "build".to_owned(),
            Some(address) if self.is_mixed => {
                format!("{} {}", plain(&address.environment), plain(&address.within_stage()))
            }
            Some(address) => plain(&address.within_stage()).into_owned(),
        };
        let bar = ProgressBar::new_spinner().with_style(self.moving());
        let bar = bar.with_prefix(format!("{name:width$}", width = self.width)).with_message(message.to_owned());
        let bar = self.screen.add(bar);
        bar.enable_steady_tick(TICK);
        self.under_way.insert(key, (bar, OpenLine::default()));
    }

    fn end(&mut self, of: Option<&Address>) {
        if let Some((bar, _)) = self.under_way.remove(&of.cloned()) {
            bar.finish_and_clear();
            self.screen.remove(&bar);
        }
    }

    fn moving(&self) -> ProgressStyle {
        let elapsed = |state: &ProgressState, out: &mut dyn std::fmt::Write| {
            let seconds = state.elapsed().as_secs();
            let _ = out.write_str(&if seconds == 0 { "0 s".to_owned() } else { took(seconds * 1000) });
        };
        // The template is a constant that parses; should it not, the built-in look does as well.
        ProgressStyle::with_template("  {spinner} {prefix}  {took:>8}  {wide_msg}")
            .unwrap_or_else(|_| ProgressStyle::default_spinner())
            .with_key("took", elapsed)
            .tick_chars(if self.style.unicode { "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏ " } else { "-\\|/ " })
    }

    fn heading(&mut self, of: Subject<'_>) {
        let Some(environment) = of.environment() else { return };
        if self.is_mixed || !self.headed.insert(environment.to_owned()) {
            return;
        }
        let name = self.style.paint(Tone::Strong, &plain(environment));
        self.print(&format!("\n{name}"));
    }

    fn mark(&self, event: &Event, tone: Tone) -> &'static str {
        match (event, tone, self.style.unicode) {
            (Event::EffectInPlace { .. }, _, _) => "=",
            (Event::EffectNotNeeded { .. }, _, _) => "-",
            (Event::UndoFinished { .. }, _, true) => "↩",
            (Event::UndoFinished { .. }, _, false) => "<",
            (_, Tone::Good, true) => "✓",
            (_, Tone::Good, false) => "+",
            (_, Tone::Bad, true) => "✗",
            (_, Tone::Bad, false) => "x",
            (_, Tone::Attention, _) => "!",
            (_, Tone::Strong, _) => ">",
            (_, Tone::Quiet | Tone::Plain, true) => "·",
            (_, Tone::Quiet | Tone::Plain, false) => ".",
        }
    }

    fn print(&self, line: &str) {
        // The terminal is gone, and the run goes on.
        let _ = self.screen.println(line);
    }
}

/// What failed in an event that is the first to say so.
fn failure(event: &Event) -> Option<&Failure> {
    match event {
        Event::ArtifactFailed { failure, .. }
        | Event::EffectFailed { failure, .. }
        | Event::CheckFailed { failure, .. }
        | Event::NoticeFailed { failure, .. }
        | Event::UndoFailed { failure, .. } => Some(failure),
        _ => None,
    }
}
