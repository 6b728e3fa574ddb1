//! What is there, at every effect of a stage: looked at twice, and compared.

use futures_util::stream::{self, StreamExt as _};
use liftlock_journal::{Differs, State};
use liftlock_names::Address;
use liftlock_plan::{Effect, Stage};

use crate::Engine;
use crate::observe::{AT_ONCE, state_of};

/// What was observed at each effect of a stage, in the order of its body.
#[derive(Debug, Clone)]
pub struct Sight(Vec<(Address, State)>);

impl Sight {
    /// Looks at everything that can be observed. What needs a secret is not looked at, since only a run opens one.
    pub async fn of(engine: &Engine<'_>, stage: &Stage) -> Sight {
        let effects: Vec<&Effect> = stage.effects().into_iter().filter(|effect| !effect.is_notice()).collect();
        let seen = stream::iter(effects)
            .map(|effect| async move { (effect.address.clone(), state_of(engine, effect).await) })
            .buffered(AT_ONCE);
        Sight(seen.collect().await)
    }

    /// What is seen differently in `later`. Where nothing could be told before, there is nothing to be held against.
    pub fn differs(&self, later: &Sight) -> Vec<Differs> {
        let both = self.0.iter().zip(&later.0).filter(|((_, before), (_, after))| before != after);
        let told = both.filter(|((_, before), _)| !matches!(before, State::Unobserved | State::Unknown { .. }));
        told.map(|((at, before), (_, after))| Differs { at: at.clone(), before: before.clone(), after: after.clone() })
            .collect()
    }

    /// Whether anything could be told at an effect.
    pub fn tells(&self, effect: &Address) -> bool {
        let is_told = |state: &State| !matches!(state, State::Unobserved | State::Unknown { .. });
        self.0.iter().any(|(at, state)| at == effect && is_told(state))
    }
}
