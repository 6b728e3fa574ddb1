//! `liftlock init`: a first pipeline, from what is in the folder.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use liftlock_check::Levels;
use liftlock_diagnostics::human;
use liftlock_syntax::format;

use crate::cli::{Format, InitArgs};
use crate::exit::{Exit, Problem};
use crate::init::answers::Answers;
use crate::init::draft::draft;
use crate::init::survey::{Survey, survey};
use crate::project::{self, Disk};
use crate::session::Session;
use crate::{atomic, findings, identity, terminal};

/// What is made by releases of the first pipeline, and belongs to no commit.
const MADE: &[&str] = &[".liftlock/", ".artifacts/", ".srv/"];

pub fn run(arguments: &InitArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    if session.options.format != Format::Human {
        return Err(Problem::usage("`init` talks to people, and writes a release file"));
    }
    let here = Path::new(".");
    if let Some(there) = project::release_files(&[here.to_owned()])?.first() {
        return Err(Problem::usage(format!("there is a release file already: `{}`", there.display()))
            .with_help("`liftlock` alone says what can be done with it"));
    }
    let survey = survey(here, &identity::who(session.options.person.as_deref()).by);
    terminal::tell(session.options, &liftlock_report::plain(&survey.build.says()));
    let asks = !arguments.yes && terminal::can_ask();
    let answers = if asks { Answers::asked(&survey)? } else { Answers::of(&survey) };
    let path = PathBuf::from(format!("{}.release", answers.name));
    let text = checked(&path, &draft(&survey, &answers), session)?;
    write_new(&path, &text)?;
    let ignored = if survey.is_git { ignore(here)? } else { Vec::new() };
    if !session.options.quiet {
        terminal::say(&next(&path, &survey, &answers, &ignored));
    }
    Ok(Exit::Done)
}

/// The text in the one style, in which `check` finds nothing. Everything a draft is made of has been looked at before; a draft
/// with findings is a fault of this program, and nobody is to be left with it.
fn checked(path: &Path, draft: &str, session: &Session<'_>) -> Result<String, Problem> {
    let text = format(draft).map_err(|_| broken())?;
    let disk = Disk { instead: BTreeMap::from([(path.to_owned(), text.clone())]) };
    let examined = project::review_on(&disk, &[path.to_owned()], None, &Levels::default())?;
    if examined.findings.is_empty() {
        return Ok(text);
    }
    findings::print(&examined, session.options)?;
    terminal::say(&human::summary(&examined.findings, examined.files));
    Err(broken())
}

fn broken() -> Problem {
    Problem::failed(
        "the first pipeline that was made is not in order, which is a fault of liftlock; nothing was written",
    )
    .with_help("`liftlock init --yes` takes simpler answers; please report this with what was answered")
}

/// Writes a file that must not be there.
fn write_new(path: &Path, text: &str) -> Result<(), Problem> {
    if fs::symlink_metadata(path).is_ok() {
        return Err(Problem::usage(format!("there is a `{}` already", path.display())));
    }
    unwritable(path, atomic::write(path, text))
}

fn unwritable(path: &Path, result: io::Result<()>) -> Result<(), Problem> {
    result.map_err(|error| {
        Problem::failed(format!("`{}` cannot be written: {}", path.display(), terminal::reason(&error)))
    })
}

/// Adds to `.gitignore` what it does not leave out yet; says what was added.
fn ignore(folder: &Path) -> Result<Vec<&'static str>, Problem> {
    let path = folder.join(".gitignore");
    let known = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
        // What cannot be read is better left alone.
        Err(_) => return Ok(Vec::new()),
    };
    let is_known = |entry: &&&str| {
        known
            .lines()
            .any(|line| line.trim().trim_start_matches('/').trim_end_matches('/') == entry.trim_end_matches('/'))
    };
    let added: Vec<&'static str> = MADE.iter().filter(|entry| !is_known(entry)).copied().collect();
    if added.is_empty() {
        return Ok(added);
    }
    let gap = if known.is_empty() || known.ends_with('\n') { "" } else { "\n" };
    let lines: String = added.iter().map(|entry| format!("/{entry}\n")).collect();
    unwritable(&path, atomic::write(&path, &format!("{known}{gap}{lines}")))?;
    Ok(added)
}

/// What was done, and what comes next.
fn next(path: &Path, survey: &Survey, answers: &Answers, ignored: &[&str]) -> String {
    let mut lines = vec![format!(
        "`{}` releases {} through {}; `check` finds nothing in it",
        path.display(),
        answers.name,
        answers.environments.join(" -> ")
    )];
    if !ignored.is_empty() {
        lines.push(format!("`.gitignore` leaves out {}, which releases make", ignored.join(", ")));
    }
    if !survey.others.is_empty() {
        lines.push(format!("not looked into: {}; what is done there can become steps", survey.others.join(", ")));
    }
    let version = survey.version.as_deref().unwrap_or("0.1.0");
    let first = answers.environments.first().map_or("dev", String::as_str);
    lines.push(String::new());
    lines.push(format!("liftlock plan --set version={version}   # what a release would do; changes nothing"));
    lines.push(format!("liftlock run --set version={version} --to {first}   # release, into folders below `.srv`"));
    lines.push("liftlock doc --out RUNBOOK.md       # the same as a runbook for people".to_owned());
    lines.join("\n")
}
