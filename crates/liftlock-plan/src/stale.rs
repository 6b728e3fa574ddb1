//! What has changed since a plan was made.

use crate::document::{Effect, Plan, Stage};

/// One thing that a plan rests on and that is no longer so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// `staging`, or the address of an effect.
    pub at: String,
    pub then: String,
    pub now: String,
}

/// What `then` rests on and `now`, the same plan made anew, does not find: releases and observations.
pub fn differences(then: &Plan, now: &Plan) -> Vec<Difference> {
    let mut differences = Vec::new();
    for (old, new) in then.stages().zip(now.stages()) {
        if old.previous != new.previous {
            let name = |stage: &Stage| match &stage.previous {
                Some(release) => format!("release {} ({})", release.number, release.version),
                None => "no release".to_owned(),
            };
            differences.push(Difference { at: old.environment.clone(), then: name(old), now: name(new) });
        }
        for (old, new) in old.effects().into_iter().zip(new.effects()) {
            if old.observed != new.observed {
                differences.push(Difference { at: old.address.to_string(), then: describe(old), now: describe(new) });
            }
        }
    }
    differences
}

fn describe(effect: &Effect) -> String {
    effect.observed.as_ref().map_or_else(|| "not observed".to_owned(), ToString::to_string)
}
