//! A deployment that compiles.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::expr::{Expr, ExprKind, Part, Word};
use liftlock_model::{Effect, EffectKind, Model};

use crate::Rule;
use crate::effects::effects_of;
use crate::same::resolved;
use crate::shell::{Shell, is_shell};

pub const RULE: Rule = Rule {
    code: Code("promotion/rebuild"),
    severity: Severity::Warning,
    page: include_str!("../../rules/promotion/rebuild.md"),
    absence: false,
    check,
};

/// Commands that make programs of sources; what stands behind these words is of no interest.
const BUILDS: &[&[&str]] = &[
    &["cargo", "build"],
    &["cargo", "install"],
    &["docker", "build"],
    &["docker", "buildx", "build"],
    &["docker", "compose", "build"],
    &["dotnet", "build"],
    &["dotnet", "publish"],
    &["go", "build"],
    &["go", "install"],
    &["gradle", "build"],
    &["./gradlew", "build"],
    &["mvn", "install"],
    &["mvn", "package"],
    &["npm", "run", "build"],
    &["pnpm", "build"],
    &["pnpm", "run", "build"],
    &["podman", "build"],
    &["yarn", "build"],
    &["yarn", "run", "build"],
];

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for effect in model.pipelines.values().flat_map(effects_of) {
        let Some(build) = program(effect).and_then(build_in) else { continue };
        let build = build.join(" ");
        findings.push(
            Finding::warning(
                RULE.code,
                format!("`{}` builds anew in each environment", effect.name),
                effect.span,
                format!("runs `{build}`"),
            )
            .with_help("build once, in the `build` of an artifact, and deploy `artifact.NAME.file`"),
        );
    }
}

fn program(effect: &Effect) -> Option<&Expr> {
    match &effect.kind {
        EffectKind::Step(step) => Some(&step.run),
        EffectKind::Refresh { run, .. } => Some(run),
        EffectKind::File { .. }
        | EffectKind::Link { .. }
        | EffectKind::Directory { .. }
        | EffectKind::Notify { .. }
        | EffectKind::Http(_)
        | EffectKind::Manual(_) => None,
    }
}

fn build_in(run: &Expr) -> Option<&'static [&'static str]> {
    let mut builds = BUILDS.iter().copied();
    match &*resolved(run).kind {
        ExprKind::Command(words) => {
            let words: Vec<&str> = words.iter().map_while(literal).collect();
            builds.find(|build| words.starts_with(build))
        }
        ExprKind::Script { interpreter, text } if is_shell(interpreter) => {
            let shell = Shell::read(text);
            builds.find(|build| shell.runs(build))
        }
        _ => None,
    }
}

fn literal(word: &Word) -> Option<&str> {
    match word {
        Word::One(parts) => match parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        },
        Word::Several(_) => None,
    }
}
