//! A variable of a script that nobody sets.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;
use crate::scripts::{Script, scripts};

pub const RULE: Rule = Rule {
    code: Code("steps/unbound-variable"),
    severity: Severity::Warning,
    page: include_str!("../../rules/steps/unbound-variable.md"),
    absence: false,
    check,
};

/// What a shell sets by itself, or a login does.
const COMMON: &[&str] = &[
    "CI",
    "COLUMNS",
    "DISPLAY",
    "EDITOR",
    "EUID",
    "FUNCNAME",
    "GROUPS",
    "HOME",
    "HOSTNAME",
    "HOSTTYPE",
    "IFS",
    "LANG",
    "LANGUAGE",
    "LINENO",
    "LINES",
    "LOGNAME",
    "MACHTYPE",
    "MAIL",
    "OLDPWD",
    "OPTARG",
    "OPTERR",
    "OPTIND",
    "OSTYPE",
    "PATH",
    "PIPESTATUS",
    "PPID",
    "PS1",
    "PS2",
    "PS4",
    "PWD",
    "RANDOM",
    "REPLY",
    "SECONDS",
    "SHELL",
    "SHELLOPTS",
    "SHLVL",
    "SSH_AUTH_SOCK",
    "TEMP",
    "TERM",
    "TMP",
    "TMPDIR",
    "TZ",
    "UID",
    "USER",
    "_",
];

/// Families of such names; `LIFTLOCK_` is what the runner gives to every program.
const COMMON_PREFIXES: &[&str] = &["LIFTLOCK_", "BASH", "EPOCH", "LC_", "XDG_"];

/// What `observe` printed before a step.
const OBSERVED: &str = "LIFTLOCK_OBSERVED";

/// The file that a step gives out its outputs by.
const OUTPUT: &str = "LIFTLOCK_OUTPUT";

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for script in scripts(model) {
        for name in script.shell.unset() {
            if name == OUTPUT && !script.gives_out {
                findings.push(without_output(&script));
                continue;
            }
            if name == OBSERVED && !script.is_told {
                findings.push(without_observation(&script));
                continue;
            }
            if is_common(name) || script.is_given(name) {
                continue;
            }
            findings.push(
                Finding::warning(
                    RULE.code,
                    format!("nobody sets `${name}` for the `{}` of `{}`", script.attribute, script.owner),
                    script.span,
                    format!("its script uses `${name}`"),
                )
                .with_help(format!(
                    "set it: `env = {{ {name} = … }}`; if it comes from outside, say so in the script: \
                     `${{{name}:?is not set}}`"
                )),
            );
        }
    }
}

/// A step without `outputs`, or another of its scripts, has no such file.
fn without_output(script: &Script<'_>) -> Finding {
    let finding = Finding::warning(
        RULE.code,
        format!("the `{}` of `{}` has no file to write outputs to", script.attribute, script.owner),
        script.span,
        format!("its script uses `${OUTPUT}`"),
    );
    match script.attribute {
        "run" => finding.with_help("name what the step gives out: `outputs = [\"id\"]`"),
        _ => finding.with_help("give it out in the `run` of a step: what is undone or looked at gives out nothing"),
    }
}

/// A step without `observe`, or a script that comes before it is told anything.
fn without_observation(script: &Script<'_>) -> Finding {
    let help = match script.attribute {
        "run" | "rollback" => "let the step say what is there before it: ``observe = `…` ``".to_owned(),
        _ => "only the `run` and the `rollback` of a step are told".to_owned(),
    };
    Finding::warning(
        RULE.code,
        format!("the `{}` of `{}` is not told what was observed", script.attribute, script.owner),
        script.span,
        format!("its script uses `${OBSERVED}`"),
    )
    .with_help(help)
}

fn is_common(name: &str) -> bool {
    COMMON.contains(&name) || COMMON_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
