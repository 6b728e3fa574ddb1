//! What drawings say of gates, effects and checks, in a few words.

use std::fmt::Write as _;

use liftlock_check::{Class, class};
use liftlock_model::{CheckKind, Effect, EffectKind, GateKind, Model, OnFailure};

/// What a gate waits for.
pub(crate) fn gate(model: &Model, kind: &GateKind) -> String {
    match kind {
        GateKind::Approval { from, need, own, expires } => {
            let own = if *own { ", also by the one who starts the run" } else { "" };
            format!("{need} of {}{own}, for {}", model.group(*from).name, duration(*expires))
        }
        GateKind::Window { calendar } => format!("open by {}", model.calendar(*calendar).name),
        GateKind::Soak { environment, lasts, .. } => {
            format!("{} in {}", duration(*lasts), model.environment(*environment).name)
        }
        GateKind::Check(check) => format!("{} passes", check_kind(check)),
    }
}

pub(crate) fn effect_kind(kind: &EffectKind) -> &'static str {
    match kind {
        EffectKind::Step(_) => "step",
        EffectKind::File { .. } => "file",
        EffectKind::Link { .. } => "link",
        EffectKind::Directory { .. } => "directory",
        EffectKind::Refresh { .. } => "refresh",
        EffectKind::Notify { .. } => "notify",
        EffectKind::Http(_) => "http_request",
        EffectKind::Manual(_) => "manual",
    }
}

pub(crate) fn check_kind(kind: &CheckKind) -> &'static str {
    match kind {
        CheckKind::Http { .. } => "http",
        CheckKind::Tcp { .. } => "tcp",
        CheckKind::Command { .. } => "command",
        CheckKind::Metric(_) => "metric",
    }
}

/// What takes an effect back.
pub(crate) fn undone_by(effect: &Effect, covered: bool) -> &'static str {
    match (class(effect, covered), &effect.kind) {
        (Class::Covered, _) => "the rollback of its phase",
        (Class::Irreversible, _) => "nothing: a point of no return",
        (_, EffectKind::Notify { .. }) => "nothing: it only tells",
        (Class::ReadOnly, _) => "nothing: it only reads",
        (Class::Uncovered, _) => "nothing",
        (Class::Reversible, EffectKind::Step(_)) => "its rollback",
        (Class::Reversible, EffectKind::Http(_)) => "its rollback request",
        (Class::Reversible, EffectKind::Manual(_)) => "a person",
        (Class::Reversible, EffectKind::Refresh { .. }) => "running once more",
        (Class::Reversible, EffectKind::File { .. } | EffectKind::Link { .. } | EffectKind::Directory { .. }) => {
            "putting back what was there"
        }
    }
}

/// What a failure takes back.
pub(crate) fn on_failure(on_failure: OnFailure) -> &'static str {
    match on_failure {
        OnFailure::Stage => "if something fails, the environment that it fails in is restored",
        OnFailure::Pipeline => "if something fails, every environment of the run is restored",
        OnFailure::None => "if something fails, nothing is undone",
    }
}

/// Milliseconds as the language writes them: `1h30m`.
pub(crate) fn duration(ms: u64) -> String {
    let units = [(604_800_000, "w"), (86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s"), (1, "ms")];
    let (mut rest, mut text) = (ms, String::new());
    for (unit, name) in units {
        // A week or a day is worth its unit only where nothing is left over: nobody writes `24h` as `1d` and `30h` as `1d6h`.
        let is_large = unit > 3_600_000;
        if rest >= unit && (!is_large || (rest % unit == 0 && rest > unit)) {
            let _ = write!(text, "{}{name}", rest / unit);
            rest %= unit;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_people_write_them() {
        let written = [(0, "0s"), (250, "250ms"), (5_400_000, "1h30m"), (86_400_000, "24h"), (108_000_000, "30h")];
        for (ms, expected) in written {
            assert_eq!(duration(ms), expected);
        }
        assert_eq!((duration(604_800_000), duration(1_209_600_000)), ("7d".to_owned(), "2w".to_owned()));
    }
}
