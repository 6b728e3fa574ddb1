//! What is there, at every effect of a stage: looked at twice, and compared.

use futures_util::stream::{self, StreamExt as _};
use liftlock_effects::Mask;
use liftlock_journal::{Differs, State};
use liftlock_names::Address;
use liftlock_plan::{Effect, Stage};

use crate::Engine;
use crate::hidden::hide_state;
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
    ///
    /// Secrets may have been opened between the two. They were hidden in what was seen last and not in what was seen first,
    /// and so what is known of them now is hidden in both.
    pub fn differs(&self, later: &Sight, mask: &Mask) -> Vec<Differs> {
        let told = self.0.iter().zip(&later.0).filter(|((_, before), _)| before.is_told());
        let hidden = told.map(|((at, before), (_, after))| Differs {
            at: at.clone(),
            before: hide_state(before.clone(), mask),
            after: hide_state(after.clone(), mask),
        });
        hidden.filter(|differs| differs.before != differs.after).collect()
    }

    /// Whether anything could be told at an effect.
    pub fn tells(&self, effect: &Address) -> bool {
        self.0.iter().any(|(at, state)| at == effect && state.is_told())
    }
}
