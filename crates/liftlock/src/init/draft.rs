//! The first pipeline of a project, as text. It is written so that it can be run at once, on this machine, and so that each
//! place that wants another value says so.

use std::fmt::Write as _;

use super::answers::Answers;
use super::survey::{Build, Survey};

/// The text of the file, in the one style once it is formatted.
pub fn draft(survey: &Survey, answers: &Answers) -> String {
    let mut text = "edition 2026\n\nimport \"std/archive\"\n\n".to_owned();
    environments(&mut text, answers);
    artifact(&mut text, survey, answers);
    pipeline(&mut text, answers);
    text
}

fn environments(text: &mut String, answers: &Answers) {
    text.push_str(
        "# What every environment says about itself. Add what differs between them: an address, a number of workers, a secret.\n\
         settings {\n  # Where the releases are kept in this environment.\n  root: path\n}\n\n",
    );
    let mut before: Option<&str> = None;
    for name in &answers.environments {
        let _ = writeln!(text, "environment {name} {{");
        if let Some(before) = before {
            let _ = writeln!(text, "  requires = [{before}]");
        }
        if is_protected(answers, name) {
            text.push_str("  protected = true\n");
        }
        // A path on this machine, so that a first release needs nothing else; hidden, so that no release file in a release is taken
        // for one of the project.
        let _ = writeln!(text, "  root = \".srv/{name}\"\n}}\n");
        before = Some(name);
    }
    if is_gated(answers) {
        let members: Vec<String> = answers.approvers.iter().map(|person| format!("\"{person}\"")).collect();
        let _ = writeln!(
            text,
            "# Who may let a release through.\ngroup approvers {{\n  members = [{}]\n}}\n",
            members.join(", ")
        );
    }
}

/// The last of several environments is the one that matters.
fn is_protected(answers: &Answers, name: &str) -> bool {
    is_gated(answers) && answers.environments.last().is_some_and(|last| last == name)
}

fn is_gated(answers: &Answers) -> bool {
    answers.environments.len() > 1
}

fn artifact(text: &mut String, survey: &Survey, answers: &Answers) {
    let name = &answers.name;
    let sources: Vec<String> = survey.sources.iter().map(|source| format!("\"{source}\"")).collect();
    let _ = write!(
        text,
        "# Given by `--set version=…`.\ninput version: semver\n\n\
         # One archive, built once: the same bytes for every environment. While its sources stay the same, nothing is built.\n\
         artifact {name} {{\n  version = input.version\n  sources = [{}]\n  env = {{ FILE = file, VERSION = version }}\n  build = ```bash\n    \
         mkdir -p .artifacts\n",
        sources.join(", ")
    );
    for line in build(&survey.build, &survey.sources) {
        let _ = writeln!(text, "    {line}");
    }
    let _ = writeln!(text, "  ```\n  file = \".artifacts/{name}-${{version}}.tar.gz\"\n}}\n");
}

/// The lines of the script that makes the archive `$FILE`.
fn build(build: &Build, sources: &[String]) -> Vec<String> {
    match build {
        Build::Cargo { program } => {
            vec!["cargo build --release".to_owned(), format!("tar -czf \"$FILE\" -C target/release {program}")]
        }
        Build::Npm { output } => {
            vec!["npm ci".to_owned(), "npm run build".to_owned(), format!("tar -czf \"$FILE\" -C {output} .")]
        }
        Build::Go => vec!["go build -o build/ .".to_owned(), "tar -czf \"$FILE\" -C build .".to_owned()],
        Build::Make { target } => vec![
            "rm -rf dist".to_owned(),
            format!("make {target} VERSION=\"$VERSION\""),
            "test -n \"$(ls -A dist)\" # an empty archive is no release".to_owned(),
            "tar -czf \"$FILE\" -C dist .".to_owned(),
        ],
        Build::Archive => {
            let files: Vec<&str> = sources.iter().map(|source| source.trim_end_matches("/**")).collect();
            vec![format!("tar -czf \"$FILE\" -- {}", files.join(" "))]
        }
    }
}

fn pipeline(text: &mut String, answers: &Answers) {
    let name = &answers.name;
    let path = answers.environments.join(" -> ");
    let _ = writeln!(
        text,
        "pipeline {name} {{\n  # An environment takes only a digest that has succeeded in those it requires.\n  \
         promote artifact.{name} through {path}\n"
    );
    if let [.., before, last] = answers.environments.as_slice() {
        let (own, allowed) = match answers.approvers.as_slice() {
            [_] => (", self = true", " # allow gates/self-approval -- one person works on this so far"),
            _ => ("", ""),
        };
        let _ = writeln!(
            text,
            "  # What has to be open before {last} is entered. See `calendar` in the reference for hours and freezes.\n  \
             before {last} {{\n    # Time in {before}, in which the checks below go on passing.\n    \
             soak steady {{ environment = {before}, for = 1m }}\n    \
             approval go {{ from = group.approvers{own} }}{allowed}\n  }}\n"
        );
    }
    let _ = write!(
        text,
        "  # From top to bottom, the same in every environment. Each step can be taken back, or has to say why not.\n  \
         deploy {{\n    let home = \"${{env.root}}/releases/${{release.version}}\"\n\n    \
         archive.unpack app {{\n      archive = artifact.{name}.file\n      folder = home\n      label = release.version\n    }}\n    \
         # What is live. On the way back it points to what it pointed to before.\n    \
         link current {{\n      path = \"${{env.root}}/current\"\n      target = \"releases/${{release.version}}\"\n    }}\n    \
         # Restart what serves it: refresh service {{ run = `systemctl --user restart {name}` }}\n  }}\n\n  \
         # How you know that it works. Add what only your service can say:\n  \
         # http health {{ url = \"${{env.url}}/health\", status = 200, within = 30s }}\n  \
         verify {{\n    command live {{ run = `grep -qx ${{release.version}} ${{env.root}}/current/.unpacked` }}\n  }}\n\n  \
         # What was applied in the environment is undone, and observed to be undone.\n  \
         on failure {{ rollback = stage }}\n}}\n"
    );
}
