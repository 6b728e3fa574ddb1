//! Hosts of which nobody knows whether they all run the same in the end.

use liftlock_diagnostics::{Code, Finding, Severity, Span};
use liftlock_model::{EnvironmentId, Frame, Model, Node, Pipeline};

use crate::Rule;
use crate::effects::checks;
use crate::rollout::rollouts;
use crate::surely::may_be;

pub const RULE: Rule = Rule {
    code: Code("strategy/no-convergence-check"),
    severity: Severity::Warning,
    page: include_str!("../../rules/strategy/no-convergence-check.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        let mut reported: Vec<Span> = Vec::new();
        for (id, _) in pipeline.stages() {
            let environment = model.environment(id);
            if !environment.protected || looks_at_each(model, pipeline, id) {
                continue;
            }
            for rollout in rollouts(model, id, pipeline.deploy_in(id)) {
                // Of waves that nothing judges there is more to be said than this.
                let has_several = rollout.hosts.is_none_or(|hosts| hosts > 1) && rollout.at_most.is_none();
                if !has_several || rollout.looks() || rollout.is_held() || reported.contains(&rollout.span) {
                    continue;
                }
                reported.push(rollout.span);
                let name = rollout.name;
                findings.push(
                    Finding::warning(
                        RULE.code,
                        format!("nothing tells whether every `{name}` of `{}` runs the release in the end", environment.name),
                        rollout.span,
                        "is changed, and never looked at",
                    )
                    .with_label(environment.span, "is `protected`")
                    .with_help(format!(
                        "ask each for its version: ``verify {{ each {name} in … {{ command runs {{ run = `ops/runs ${{{name}}} \
                         ${{release.version}}` }} }} }}``"
                    )),
                );
            }
        }
    }
}

/// Whether anything goes over a list in order to look: in the body, or behind it.
fn looks_at_each(model: &Model, pipeline: &Pipeline, id: EnvironmentId) -> bool {
    let is_each = |frame: &Frame| matches!(frame, Frame::Each { .. });
    let behind = pipeline.verify_in(id).filter(|check| may_be(model, id, &check.frames));
    behind.into_iter().any(|check| check.frames.iter().any(is_each)) || has_look(pipeline.deploy_in(id))
}

fn has_look(nodes: &[Node]) -> bool {
    nodes.iter().any(|node| match node {
        Node::Effect(_) | Node::Check(_) => false,
        Node::Each { body, .. } => !checks(body).is_empty(),
        Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::When { body, .. } => has_look(body),
    })
}
