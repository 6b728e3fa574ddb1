//! An environment on a path in which nothing is done.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{EnvironmentId, Model, Node, Pipeline};

use crate::Rule;
use crate::reached::reached;
use crate::surely::{Here, may_be};

pub const RULE: Rule = Rule {
    code: Code("promotion/dead-wave"),
    severity: Severity::Warning,
    page: include_str!("../../rules/promotion/dead-wave.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        // A pipeline that does nothing anywhere is being written.
        if !pipeline.stages().any(|(id, _)| !reached(model, pipeline, id).is_empty()) {
            continue;
        }
        for (id, entered) in pipeline.stages().filter(|(id, _)| is_dead(model, pipeline, *id)) {
            let name = &model.environment(id).name;
            findings.push(
                Finding::warning(
                    RULE.code,
                    format!("nothing is done in `{name}`, and every release succeeds there"),
                    entered,
                    "no effect and no check is ever run here",
                )
                .with_help(format!("take `{name}` out of the path, or let `deploy` or `verify` do something there")),
            );
        }
    }
}

fn is_dead(model: &Model, pipeline: &Pipeline, id: EnvironmentId) -> bool {
    reached(model, pipeline, id).is_empty()
        && !has_check(Here { model, environment: id }, pipeline.deploy_in(id))
        && !pipeline.verify_in(id).any(|check| may_be(model, id, &check.frames))
}

fn has_check(here: Here<'_>, nodes: &[Node]) -> bool {
    nodes.iter().filter(|node| !here.is_never(node)).any(|node| match node {
        Node::Effect(_) => false,
        Node::Check(_) => true,
        Node::Phase { body, .. } | Node::Parallel { body, .. } | Node::Each { body, .. } | Node::When { body, .. } => {
            has_check(here, body)
        }
    })
}
