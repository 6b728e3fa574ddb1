//! The project on disk: its folder, its release files, and what they mean.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use liftlock_check::codes::ALLOWANCE_UNUSED;
use liftlock_check::{Checked, Levels, Policy, RULES};
use liftlock_diagnostics::{Code, Finding, Severity, SourceId, Sources, Span};
use liftlock_model::{Loaded, Model, Pipeline, ReadFiles, Unit, allowances, load, load_shared, lower, side_by_side};
use walkdir::WalkDir;

use crate::exit::{Exit, Problem};
use crate::project_file::{self, ProjectFile};

/// Folders in which nobody keeps release files.
const LEFT_OUT: &[&str] = &["target", "node_modules"];

/// A file larger than this, in bytes, is no release file.
const LARGEST: u64 = 256 * 1024 * 1024;

/// Files as they are on disk, but for those that are to be changed.
#[derive(Debug, Default)]
pub struct Disk {
    /// By the path under which they are shown.
    pub instead: BTreeMap<PathBuf, String>,
}

impl ReadFiles for Disk {
    fn read(&self, path: &Path) -> io::Result<String> {
        if let Some(text) = self.instead.get(path) {
            return Ok(text.clone());
        }
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        if length > LARGEST {
            let why = format!("it has {length} bytes; a release file has at most {LARGEST}");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        file.read_to_end(&mut bytes)?;
        String::from_utf8(bytes).map_err(|error| {
            let at = error.utf8_error().valid_up_to();
            io::Error::new(io::ErrorKind::InvalidData, format!("it is not UTF-8 (byte {at}); save it as UTF-8"))
        })
    }
}

/// What release files say, with everything that is wrong with them.
pub struct Examined {
    pub sources: Sources,
    /// How many files there are.
    pub files: usize,
    /// Without repetitions, in the order of the sources.
    pub findings: Vec<Finding>,
    /// The models in which nothing is wrong.
    pub checked: Vec<Checked>,
}

impl Examined {
    /// Adds what was looked for besides.
    pub fn add(&mut self, findings: impl IntoIterator<Item = Finding>) {
        for finding in findings {
            // A file that several others import is looked at with each of them.
            if !self.findings.contains(&finding) {
                self.findings.push(finding);
            }
        }
        liftlock_diagnostics::sort(&mut self.findings);
    }

    /// The files that were read, imports and `liftlock.toml` included.
    pub fn read(&self) -> impl Iterator<Item = &Path> {
        self.sources.iter().map(|(_, source)| source.path.as_path())
    }

    pub fn has_errors(&self) -> bool {
        self.findings.iter().any(|finding| finding.severity == Severity::Error)
    }
}

/// The folder of the project around the current one: the nearest that holds release files, a journal
/// or a `liftlock.toml`.
pub fn find_root() -> Result<PathBuf, Problem> {
    let here = std::env::current_dir()
        .map_err(|error| Problem::usage(format!("the current folder cannot be told: {error}")))?;
    // What lies above the repository that one stands in is another project.
    let repository = here.ancestors().position(|folder| folder.join(".git").exists()).unwrap_or(usize::MAX);
    let root = here.ancestors().take(repository.saturating_add(1)).find(|folder| is_root(folder));
    root.map(Path::to_owned).ok_or_else(|| {
        Problem::usage(format!("there are no release files in `{}` or above", here.display()))
            .with_help("`liftlock init` writes a first one; `-C DIR` names another folder")
    })
}

fn is_root(folder: &Path) -> bool {
    folder.join(".liftlock").is_dir() || folder.join(project_file::NAME).is_file() || has_release_files(folder)
}

fn has_release_files(folder: &Path) -> bool {
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().any(|entry| is_release_file(&entry.path())))
}

fn is_release_file(path: &Path) -> bool {
    has_ending(path) && path.is_file()
}

fn has_ending(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "release")
}

/// Whether a folder of this name is passed by.
pub fn is_left_out(folder: &str) -> bool {
    folder.starts_with('.') || LEFT_OUT.contains(&folder)
}

/// The release files at and below the named paths, or those of the project where none is named. There is at least one.
pub fn named_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let files = if paths.is_empty() {
        let root = find_root()?;
        let here = std::env::current_dir().is_ok_and(|here| here == root);
        release_files(&[if here { ".".into() } else { root }])?
    } else {
        release_files(paths)?
    };
    if files.is_empty() {
        return Err(Problem::usage("there are no release files here")
            .with_help("release files end in `.release`; name a file or a folder"));
    }
    Ok(files)
}

/// The text of a file, as `check` would read it.
pub fn read(path: &Path) -> io::Result<String> {
    Disk::default().read(path)
}

/// The release files at and below `paths`, shown relative to the current folder.
pub fn release_files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Problem> {
    let mut files = Vec::new();
    for path in paths {
        if path.is_file() {
            files.push(path.clone());
            continue;
        }
        if !path.is_dir() {
            return Err(Problem::usage(format!("there is no file or folder `{}`", path.display())));
        }
        let walk = WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            entry.depth() == 0 || !is_left_out(&name)
        });
        for entry in walk {
            let entry = match entry {
                Ok(entry) => entry,
                // Something that was there a moment ago, which releases come and go with.
                Err(error) if error.depth() > 0 && is_gone(&error) => continue,
                Err(error) => return Err(Problem::failed(error.to_string())),
            };
            // What is no link is known without asking for it again.
            let is_file = entry.file_type().is_file() || entry.path_is_symlink() && entry.path().is_file();
            if is_file && has_ending(entry.path()) {
                files.push(entry.path().strip_prefix(".").unwrap_or(entry.path()).to_owned());
            }
        }
    }
    Ok(files)
}

fn is_gone(error: &walkdir::Error) -> bool {
    error.io_error().is_some_and(|error| error.kind() == io::ErrorKind::NotFound)
}

/// Reads, parses, lowers and checks `files` and what they import. `root` is the folder of the project, whose levels
/// hold where `asked` gives no other.
pub fn examine(files: &[PathBuf], root: Option<&Path>, asked: &Levels) -> Result<Examined, Problem> {
    examine_on(&Disk::default(), files, root, asked)
}

/// What the files mean, whatever the rules say of it: the models of those that were understood.
pub fn understood(files: &[PathBuf]) -> Result<Vec<Model>, Problem> {
    let loaded = load(files, &Disk::default());
    refuse_unreadable(&loaded)?;
    let is_error = |finding: &&Finding| finding.severity == Severity::Error;
    let broken: HashSet<SourceId> =
        loaded.findings.iter().filter(is_error).map(|finding| finding.span().source).collect();
    let mut models = Vec::new();
    for root in loaded.roots() {
        let unit = loaded.unit(root);
        let (model, lowering) = lower(&unit);
        let is_broken = unit.iter().any(|unit| broken.contains(&unit.file.source))
            || lowering.iter().any(|finding| is_error(&finding));
        if !is_broken {
            models.push(model);
        }
    }
    Ok(models)
}

/// The pipelines of the models: the one that is named, or all of them. There is at least one.
pub fn pipelines<'m>(models: &'m [Model], named: Option<&str>) -> Result<Vec<(&'m Model, &'m Pipeline)>, Problem> {
    let all = models.iter().flat_map(|model| model.pipelines.values().map(move |pipeline| (model, pipeline)));
    let all: Vec<(&Model, &Pipeline)> = all.collect();
    if all.is_empty() {
        return Err(Problem::usage("there is no pipeline here")
            .with_help("`liftlock check` says whether the files can be understood"));
    }
    let Some(name) = named else { return Ok(all) };
    let named: Vec<_> = all.iter().copied().filter(|(_, pipeline)| pipeline.name == name).collect();
    if named.is_empty() {
        return Err(
            Problem::usage(format!("there is no pipeline `{name}`")).with_help(format!("known here: {}", names(&all)))
        );
    }
    Ok(named)
}

/// The pipeline that is meant where only one can be.
pub fn only<'m>(pipelines: &[(&'m Model, &'m Pipeline)]) -> Result<(&'m Model, &'m Pipeline), Problem> {
    match pipelines {
        [pipeline] => Ok(*pipeline),
        several => {
            Err(Problem::usage("there are several pipelines").with_help(format!("name one of {}", names(several))))
        }
    }
}

fn names(pipelines: &[(&Model, &Pipeline)]) -> String {
    pipelines.iter().map(|(_, pipeline)| format!("`{}`", pipeline.name)).collect::<Vec<_>>().join(", ")
}

/// As [`examine`], of files that may stand elsewhere than on disk.
pub fn examine_on(
    disk: &dyn ReadFiles,
    files: &[PathBuf],
    root: Option<&Path>,
    asked: &Levels,
) -> Result<Examined, Problem> {
    let (levels, project_file) = levels(root, asked)?;
    let loaded = load(files, disk);
    refuse_unreadable(&loaded)?;
    let roots = loaded.roots();
    let parsed = by_source(&loaded.findings);
    let units =
        side_by_side(&roots, |root| ExaminedUnit::of(&loaded.unit(*root), &[], &parsed, &loaded.sources, &levels));
    Ok(joined(loaded, units, project_file))
}

/// As [`examine_on`], without the models: a file that no other one needs is forgotten as soon as its findings are known.
pub fn review_on(
    disk: &dyn ReadFiles,
    files: &[PathBuf],
    root: Option<&Path>,
    asked: &Levels,
) -> Result<Examined, Problem> {
    let (levels, project_file) = levels(root, asked)?;
    let loaded = load_shared(files, disk);
    refuse_unreadable(&loaded)?;
    let parsed = by_source(&loaded.findings);
    let forgotten = |unit: &[Unit<'_>], own: Vec<Finding>| {
        let unit = ExaminedUnit::of(unit, &own, &parsed, &loaded.sources, &levels);
        ExaminedUnit { own, sound: None, ..unit }
    };
    let mut units = side_by_side(&loaded.tops(), |top| loaded.look_into(*top, disk, forgotten));
    let seen = units.iter().flat_map(|unit| unit.sources.iter().copied()).collect();
    let roots = loaded.roots_beside(seen);
    units.extend(side_by_side(&roots, |root| forgotten(&loaded.unit(*root), Vec::new())));
    Ok(joined(loaded, units, project_file))
}

/// The levels that hold, and the file that gives some of them.
fn levels(root: Option<&Path>, asked: &Levels) -> Result<(Levels, Option<ProjectFile>), Problem> {
    let mut levels = asked.clone();
    let project_file = match root {
        Some(root) => project_file::read(root, &mut levels)?,
        None => None,
    };
    Ok((levels, project_file))
}

fn refuse_unreadable(loaded: &Loaded) -> Result<(), Problem> {
    match loaded.unreadable.first() {
        Some((path, error)) => Err(Problem::new(Exit::Failed, format!("`{}` cannot be read: {error}", path.display()))),
        None => Ok(()),
    }
}

fn by_source(findings: &[Finding]) -> HashMap<SourceId, Vec<&Finding>> {
    let mut by_source: HashMap<SourceId, Vec<&Finding>> = HashMap::new();
    for finding in findings {
        by_source.entry(finding.span().source).or_default().push(finding);
    }
    by_source
}

/// What one root and its imports say.
struct ExaminedUnit {
    sources: HashSet<SourceId>,
    /// What parsing found in a root that was parsed for this alone.
    own: Vec<Finding>,
    findings: Vec<Finding>,
    sound: Option<Checked>,
}

impl ExaminedUnit {
    fn of(
        unit: &[Unit<'_>],
        own: &[Finding],
        parsed: &HashMap<SourceId, Vec<&Finding>>,
        sources: &Sources,
        levels: &Levels,
    ) -> Self {
        let (model, lowering) = lower(unit);
        let of_unit: HashSet<SourceId> = unit.iter().map(|unit| unit.file.source).collect();
        let held = unit.iter().filter_map(|unit| parsed.get(&unit.file.source)).flatten().copied();
        let earlier: Vec<Finding> = held.chain(own).cloned().chain(lowering).collect();
        let allowances = unit.iter().flat_map(|unit| allowances(unit.file, sources)).collect();
        let (sound, findings) = liftlock_check::check(model, earlier, &Policy { levels: levels.clone(), allowances });
        ExaminedUnit { sources: of_unit, own: Vec::new(), findings, sound }
    }
}

fn joined(loaded: Loaded, units: Vec<ExaminedUnit>, project_file: Option<ProjectFile>) -> Examined {
    let Loaded { mut sources, mut findings, .. } = loaded;
    let mut checked = Vec::new();
    let mut sharing: HashMap<SourceId, usize> = HashMap::new();
    for unit in units {
        unit.sources.into_iter().for_each(|source| *sharing.entry(source).or_default() += 1);
        findings.extend(unit.own);
        findings.extend(unit.findings);
        checked.extend(unit.sound);
    }
    drop_what_another_unit_has(&mut findings, &sharing);
    // A file that several others import is examined with each of them.
    let mut seen = HashSet::new();
    findings.retain(|finding| seen.insert((finding.code, finding.span(), finding.message.clone())));
    liftlock_diagnostics::sort(&mut findings);
    let files = sources.iter().count();
    if let Some(project_file) = project_file {
        findings.extend(project_file.into_findings(&mut sources));
    }
    Examined { files, sources, findings, checked }
}

/// Drops what only some of the units miss that share a file: a group that one pipeline has no use for is not unused when
/// the pipeline of another file has. Errors stay, since they have stopped their unit.
fn drop_what_another_unit_has(findings: &mut Vec<Finding>, units: &HashMap<SourceId, usize>) {
    let is_absence =
        |code: Code| code == ALLOWANCE_UNUSED || RULES.iter().any(|rule| rule.code == code && rule.absence);
    let mut missed: HashMap<(Code, Span), usize> = HashMap::new();
    for finding in findings.iter() {
        *missed.entry((finding.code, finding.span())).or_default() += 1;
    }
    findings.retain(|finding| {
        let span = finding.span();
        let sharing = units.get(&span.source).copied().unwrap_or_default();
        let has_stopped = finding.severity == Severity::Error && finding.code != ALLOWANCE_UNUSED;
        has_stopped
            || !is_absence(finding.code)
            || missed.get(&(finding.code, span)).is_some_and(|missed| *missed >= sharing)
    });
}
