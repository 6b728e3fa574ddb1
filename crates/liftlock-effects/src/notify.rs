//! `notify`: a program that tells somebody.

use liftlock_journal::{Failure, State};

use crate::step::perform;
use crate::{Command, Context, Observed};

/// A program that changes nothing. There is nothing to observe and nothing to take back.
#[derive(Debug, Clone, PartialEq)]
pub struct Notify {
    pub run: Command,
}

impl Notify {
    pub(crate) fn observe(&self) -> Observed {
        Observed { state: State::Unobserved, content: None }
    }

    pub(crate) async fn apply(&self, context: &mut Context<'_>) -> Result<(), Failure> {
        perform(&self.run, context).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Effect;
    use crate::testing::Site;

    #[test]
    fn a_notice_is_sent_and_not_taken_back() {
        let site = Site::new();
        let effect = Effect::Notify(Notify { run: site.sh("echo said >> log") });
        assert_eq!((site.state(&effect), effect.desired(&State::Unobserved)), (State::Unobserved, None));
        site.apply(&effect, &State::Unobserved).unwrap();
        site.undo(&effect, &State::Unobserved).unwrap();
        assert_eq!(std::fs::read_to_string(site.path().join("log")).unwrap(), "said\n");
    }
}
