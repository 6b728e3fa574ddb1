//! `liftlock check`: what is wrong with release files.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use liftlock_check::Levels;
use liftlock_diagnostics::human;
use liftlock_draw::coverage;
use liftlock_model::Model;

use crate::cli::{CheckArgs, FixArgs, Format, Output};
use crate::exit::{Exit, Problem};
use crate::fixing::Fixed;
use crate::project::Disk;
use crate::session::Session;
use crate::terminal::Stream;
use crate::watch::watch;
use crate::{baseline, findings, fixing, levels, project, project_file, terminal};

pub fn run(arguments: &CheckArgs, session: &Session<'_>) -> Result<Exit, Problem> {
    refuse_format(arguments, session.options.format)?;
    let levels = levels::asked(&arguments.levels)?;
    if arguments.watch {
        return watched(arguments, session, &levels);
    }
    pass(arguments, session, &levels).map(|(exit, _)| exit)
}

/// Checks whenever a file changes. What cannot be read at one moment may be there at the next.
fn watched(arguments: &CheckArgs, session: &Session<'_>, levels: &Levels) -> Result<Exit, Problem> {
    project::named_files(&arguments.paths)?;
    let files = || {
        let mut files = project::named_files(&arguments.paths).unwrap_or_default();
        files.extend(project::find_root().ok().map(|root| root.join(project_file::NAME)));
        files.extend(arguments.baseline.clone());
        files
    };
    let clears = session.options.format == Format::Human && Stream::Stdout.is_terminal();
    let mut read = BTreeSet::new();
    watch(files, || {
        if clears {
            terminal::clear();
        }
        match pass(arguments, session, levels) {
            Ok((_, sources)) => read = sources,
            Err(problem) => problem.print(session.options),
        }
        Ok(read.clone())
    })
}

/// One look at all files; says also which were read.
fn pass(arguments: &CheckArgs, session: &Session<'_>, levels: &Levels) -> Result<(Exit, BTreeSet<PathBuf>), Problem> {
    let files = project::named_files(&arguments.paths)?;
    let root = project::find_root().ok();
    let FixArgs { fix, unsafe_fixes, diff } = arguments.fixes;
    let mut fixed = match fix || unsafe_fixes || diff {
        true => fixing::fix(&files, root.as_deref(), levels, unsafe_fixes)?,
        false => Fixed::nothing(project::review_on(&Disk::default(), &files, root.as_deref(), levels)?),
    };
    // What is covered is shown of models in which rules find errors, too: those are the ones to look at.
    let models = match arguments.coverage || arguments.min_coverage.is_some() {
        true => project::understood(&files)?.0,
        false => Vec::new(),
    };
    if let Some(least) = arguments.min_coverage {
        let below = models.iter().flat_map(|model| liftlock_check::below(model, least));
        fixed.examined.add(below);
    }
    if let Some(path) = &arguments.baseline {
        baseline::apply(path, &mut fixed.examined)?;
    }
    if diff {
        return Ok((show_diff(&fixed, session), BTreeSet::new()));
    }
    fixed.write()?;
    if fixed.count > 0 && !session.options.quiet {
        terminal::say(&format!("mended {}", counted(&fixed)));
    }
    let examined = fixed.examined;
    if let Some(path) = &arguments.write_baseline {
        baseline::write(path, &examined)?;
        if !session.options.quiet {
            let known = human::summary(&examined.findings, examined.files);
            terminal::say(&format!("`{}` now knows {known}", path.display()));
        }
        return Ok((Exit::Done, BTreeSet::new()));
    }
    findings::print(&examined, session.options)?;
    if arguments.coverage {
        terminal::print(&drawn(&models, session));
    }
    if !session.options.quiet {
        let summary = human::summary(&examined.findings, examined.files);
        let style = || terminal::style(session.options, Stream::Stderr);
        let at = if arguments.watch { format!("{}  ", style().time(Timestamp::now())) } else { String::new() };
        terminal::say(&format!("{at}{summary}"));
    }
    let exit = if examined.has_errors() { Exit::Failed } else { Exit::Done };
    Ok((exit, examined.read().map(Path::to_owned).collect()))
}

/// The forms of other programs hold findings only, those of one look.
fn refuse_format(arguments: &CheckArgs, format: Format) -> Result<(), Problem> {
    let is_a_document = !matches!(format, Format::Human | Format::Json | Format::Concise);
    if arguments.watch && is_a_document {
        return Err(Problem::usage("`--watch` looks more than once, and this form is written once")
            .with_help("take `--output human`, `concise` or `json`"));
    }
    if arguments.coverage && !matches!(format, Format::Human | Format::Json) {
        return Err(Problem::usage("`--coverage` has no such form").with_help(
            "take `--output human` or `json`; `--min-coverage` alone gives findings, which have every form",
        ));
    }
    Ok(())
}

/// The rollback coverage of all models.
fn drawn(models: &[Model], session: &Session<'_>) -> String {
    let style = terminal::style(session.options, Stream::Stdout);
    let draw = |model: &Model| match session.options.output() {
        Output::Json => coverage::json(model),
        Output::Human | Output::Markdown => coverage::human(model, &style),
    };
    let drawn: Vec<String> = models.iter().map(draw).filter(|text| !text.is_empty()).collect();
    drawn.join(if session.options.output() == Output::Json { "" } else { "\n" })
}

/// What would be applied; anything that would is a reason to fail.
fn show_diff(fixed: &Fixed, session: &Session<'_>) -> Exit {
    let diff = fixed.diff();
    if Stream::Stdout.is_terminal() {
        // The texts of the files must not steer the terminal; elsewhere the diff is to be applied as it is.
        let lines: Vec<_> = diff.lines().map(liftlock_report::plain).collect();
        terminal::print(&lines.join("\n"));
    } else {
        terminal::print(&diff);
    }
    if !session.options.quiet {
        let left = human::summary(&fixed.examined.findings, fixed.examined.files);
        terminal::say(&format!("would mend {}, and leave {left}", counted(fixed)));
    }
    if fixed.files() > 0 || fixed.examined.has_errors() { Exit::Failed } else { Exit::Done }
}

/// Such as `2 findings in 1 file`.
fn counted(fixed: &Fixed) -> String {
    let plural = |count: usize, noun: &str| format!("{count} {noun}{}", if count == 1 { "" } else { "s" });
    format!("{} in {}", plural(fixed.count, "finding"), plural(fixed.files(), "file"))
}
