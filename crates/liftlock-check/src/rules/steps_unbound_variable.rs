//! A variable of a script that nobody sets.

use liftlock_diagnostics::{Code, Finding, Severity};
use liftlock_model::Model;

use crate::Rule;
use crate::scripts::scripts;

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

fn check(model: &Model, findings: &mut Vec<Finding>) {
    for script in scripts(model) {
        for name in script.shell.unset().filter(|name| !is_common(name) && !script.is_given(name)) {
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

fn is_common(name: &str) -> bool {
    COMMON.contains(&name) || COMMON_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}
