//! A setting that nothing uses.

use std::collections::HashSet;

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;
use liftlock_model::expr::Reference;

use crate::Rule;
use crate::references::references;

pub const RULE: Rule = Rule {
    code: Code("parity/unused-setting"),
    severity: Severity::Warning,
    page: include_str!("../../rules/parity/unused-setting.md"),
    absence: true,
    check,
};

fn check(model: &Model, findings: &mut Vec<Finding>) {
    if model.pipelines.is_empty() {
        return;
    }
    let mut used: HashSet<&str> = HashSet::new();
    references(model, &mut |reference| {
        if let Reference::CurrentSetting(name) | Reference::Setting(_, name) = reference {
            used.insert(name);
        }
    });
    for setting in model.settings.values().filter(|setting| !used.contains(setting.name.as_str())) {
        findings.push(
            Finding::warning(
                RULE.code,
                format!("nothing uses the setting `{}`", setting.name),
                setting.span,
                "set in every environment, and without effect",
            )
            .with_help(format!("use it as `env.{}`, or remove it here and from the environments", setting.name)),
        );
    }
}
