//! Stages whose rollback coverage is below what was asked for.

use liftlock_diagnostics::Finding;
use liftlock_model::Model;

use crate::codes::COVERAGE;
use crate::coverage;

/// An error for each stage of which less than `least` percent of the failure points end restored.
pub fn below(model: &Model, least: u8) -> Vec<Finding> {
    let mut findings = Vec::new();
    for pipeline in model.pipelines.values() {
        for (environment, entered) in pipeline.stages() {
            let coverage = coverage(model, pipeline, environment);
            let (restored, total) = (coverage.restored(), coverage.total());
            if restored * 100 >= usize::from(least) * total {
                continue;
            }
            let name = &model.environment(environment).name;
            findings.push(
                Finding::error(
                    COVERAGE,
                    format!("the rollback coverage of `{name}` is {}%, below {least}%", coverage.percent()),
                    entered,
                    format!("{restored} of {total} failure points end restored"),
                )
                .with_help("`liftlock check --coverage` shows the others, and what leads to them"),
            );
        }
    }
    findings
}
