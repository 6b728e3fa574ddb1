//! `step` and `refresh`: programs that change the world.

use liftlock_journal::{Failure, State};

use crate::place::failure;
use crate::{Command, Context, MAX_CAPTURED, Observed};

/// A program, with the probe that shows its state and the program that undoes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub observe: Option<Command>,
    /// What `observe` prints when the step is in place.
    pub desired: Option<String>,
    pub run: Command,
    pub rollback: Option<Command>,
}

/// A program that makes what runs take notice of what changed. Its undo is to run it again.
#[derive(Debug, Clone, PartialEq)]
pub struct Refresh {
    pub run: Command,
}

impl Step {
    pub(crate) async fn observe(&self, context: &mut Context<'_>) -> Observed {
        look(self.observe.as_ref(), context).await
    }

    pub(crate) fn desired(&self) -> Option<State> {
        self.desired.as_ref().map(|text| State::Output { text: text.clone() })
    }

    pub(crate) async fn apply(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        perform(&self.run, context).await
    }

    pub(crate) async fn undo(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        match &self.rollback {
            Some(rollback) => perform(rollback, context).await,
            None => Err(failure(format!("`{}` has no undo", self.run.display()))),
        }
    }
}

impl Refresh {
    pub(crate) fn observe(&self) -> Observed {
        Observed { state: State::Unobserved, content: None }
    }

    pub(crate) async fn apply(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        perform(&self.run, context).await
    }
}

pub(crate) async fn perform(command: &Command, context: &mut Context<'_>) -> Result<(), Failure> {
    let outcome = context.run(command).await;
    command.succeeded(outcome).map(drop)
}

/// The state that a probe tells, where there is one.
pub(crate) async fn look(probe: Option<&Command>, context: &Context<'_>) -> Observed {
    let state = match probe {
        None => State::Unobserved,
        Some(probe) => observed(probe, context).await,
    };
    Observed { state, content: None }
}

/// What a probe says. Its output is an answer, not news, and is not passed on.
async fn observed(probe: &Command, context: &Context<'_>) -> State {
    let outcome = context.ask(probe).await;
    let stdout = match probe.succeeded(outcome) {
        Ok(captured) => captured.stdout,
        Err(failure) => {
            let last = failure.tail.iter().rev().find(|line| !line.trim().is_empty());
            let why = match last {
                Some(line) => format!("{}: {}", failure.message, line.trim()),
                None => failure.message,
            };
            return State::Unknown { why };
        }
    };
    if stdout.len() >= MAX_CAPTURED {
        // Two states that differ behind the first MiB would look the same.
        return State::Unknown { why: format!("`{}` printed more than a MiB", probe.display()) };
    }
    let text = String::from_utf8_lossy(&stdout);
    State::Output { text: text.strip_suffix('\n').unwrap_or(&text).to_owned() }
}

#[cfg(test)]
mod tests {
    use liftlock_journal::FailureKind;

    use super::*;
    use crate::Effect;
    use crate::testing::Site;

    fn step(site: &Site) -> Step {
        Step {
            observe: Some(site.sh("cat version")),
            desired: Some("2".to_owned()),
            run: site.sh("echo 2 > version; echo raised"),
            rollback: Some(site.sh("echo 1 > version")),
        }
    }

    fn output(text: &str) -> State {
        State::Output { text: text.to_owned() }
    }

    #[test]
    fn a_step_goes_forth_and_back() {
        let site = Site::new();
        std::fs::write(site.path().join("version"), "1\n").unwrap();
        let effect = Effect::Step(step(&site));
        let before = site.enact(&effect);
        assert_eq!(before, output("1"));
        site.undo(&effect, &before).unwrap();
        assert_eq!(site.state(&effect), before);
    }

    #[test]
    fn what_the_program_prints_is_passed_on_and_what_the_probe_prints_is_not() {
        let site = Site::new();
        let effect = Effect::Step(step(&site));
        let ((), printed) = site.with(async |context| {
            effect.apply(context, &State::Unobserved).await.unwrap();
            assert_eq!(effect.observe(context).await.state, output("2"));
        });
        assert_eq!(printed, "raised\n");
    }

    #[test]
    fn an_observation_is_what_is_printed_without_its_last_line_end() {
        let site = Site::new();
        let observe = |script: &str| {
            let observe = Some(site.sh(script));
            site.state(&Effect::Step(Step { observe, ..step(&site) }))
        };
        assert_eq!(observe("printf ' a\\n\\n'"), output(" a\n"));
        assert_eq!(observe("true"), output(""));
        assert_eq!(observe("printf '\\377'"), output("\u{fffd}"));
    }

    #[test]
    fn a_probe_that_fails_leaves_the_state_unknown() {
        let site = Site::new();
        let observe = |program: Command| match site.state(&Effect::Step(Step { observe: Some(program), ..step(&site) }))
        {
            State::Unknown { why } => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(observe(site.sh("echo 1; echo locked >&2; exit 3")), "`sh` ended with status 3: locked");
        assert_eq!(observe(site.sh("exit 3")), "`sh` ended with status 3");
        let missing = crate::testing::command(site.path(), &["no-such-program"]);
        assert_eq!(observe(missing), "`no-such-program` is not there: not on the PATH");
        let flood = site.sh("head -c 2000000 /dev/zero");
        assert!(observe(flood).ends_with("printed more than a MiB"));
    }

    #[test]
    fn without_a_probe_nobody_can_tell() {
        let site = Site::new();
        let effect = Effect::Step(Step { observe: None, desired: None, ..step(&site) });
        assert_eq!(site.state(&effect), State::Unobserved);
        assert_eq!(effect.desired(&State::Unobserved), None);
    }

    #[test]
    fn a_program_that_fails_says_how() {
        let site = Site::new();
        let fails = |run: Command| site.apply(&Effect::Refresh(Refresh { run }), &State::Unobserved).unwrap_err();

        let failure = fails(site.sh("echo why; exit 2"));
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Failed, "`sh` ended with status 2"));
        assert_eq!(failure.tail, ["why"]);

        let failure = fails(site.sh("kill -9 $$"));
        let message = "`sh` was ended by signal 9 (SIGKILL)";
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::Failed, message));

        let mut slow = site.sh("echo begun; sleep 30");
        slow.timeout = std::time::Duration::from_secs(1);
        let failure = fails(slow);
        let message = "`sh` was stopped after its time-out of 1s";
        assert_eq!((failure.kind, failure.message.as_str()), (FailureKind::TimedOut, message));
        assert_eq!(failure.tail, ["begun"]);
    }

    #[test]
    fn a_step_without_a_rollback_has_no_undo() {
        let site = Site::new();
        let effect = Effect::Step(Step { rollback: None, ..step(&site) });
        let failure = site.undo(&effect, &output("1")).unwrap_err();
        assert_eq!(failure.message, "`sh -c 'echo 2 > version; echo raised'` has no undo");
    }

    #[test]
    fn a_refresh_is_undone_by_running_it_again() {
        let site = Site::new();
        let effect = Effect::Refresh(Refresh { run: site.sh("echo restarted >> log") });
        site.apply(&effect, &State::Unobserved).unwrap();
        site.undo(&effect, &State::Unobserved).unwrap();
        assert_eq!(std::fs::read_to_string(site.path().join("log")).unwrap(), "restarted\nrestarted\n");
    }
}
