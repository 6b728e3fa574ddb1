//! A protected environment that is entered at once.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::{GateKind, Model};

use crate::Rule;

pub const RULE: Rule = Rule {
    code: Code("promotion/no-soak"),
    severity: Severity::Info,
    page: include_str!("../../rules/promotion/no-soak.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for pipeline in model.pipelines.values() {
        for waves in pipeline.path.windows(2) {
            let [before, wave] = waves else { continue };
            let Some((soaked, _)) = before.environments.first() else { continue };
            for (id, entered) in &wave.environments {
                let environment = model.environment(*id);
                let gates = pipeline.before.get(id).map(Vec::as_slice).unwrap_or_default();
                let soaks = gates.iter().any(|gate| matches!(gate.kind, GateKind::Soak { .. }));
                // Without any gate there is more to be said than this.
                if !environment.protected || soaks || gates.is_empty() {
                    continue;
                }
                let (name, soaked) = (&environment.name, &model.environment(*soaked).name);
                findings.push(
                    Finding::info(
                        RULE.code,
                        format!("a release may enter `{name}` as soon as `{soaked}` has it"),
                        *entered,
                        "entered without time in the environment before",
                    )
                    .with_help(format!(
                        "let it stand for a while: `before {name} {{ soak {{ environment = {soaked}, for = 30m }} }}`"
                    )),
                );
            }
        }
    }
}
