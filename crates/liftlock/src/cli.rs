//! What can be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::{SignedDuration, Span, SpanRelativeTo};

/// Releases as code: checked before they run, shown as diffs, undone when they fail.
#[derive(Debug, Parser)]
#[command(name = "liftlock", version, propagate_version = true)]
#[command(after_help = "Without a command, liftlock says what can be done here.\n\n\
    Exit codes: 0 done; 1 findings, or a release that failed and was undone; 2 usage; 3 waiting for a gate \
    (--no-wait); 4 stale plan; 5 a lock is held or a newer release is there; 6 a person is needed; 130 interrupted.")]
pub struct Cli {
    #[command(flatten)]
    pub options: Options,
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Everywhere")]
pub struct Options {
    /// Work as if started in this folder
    #[arg(short = 'C', value_name = "DIR", global = true)]
    pub directory: Option<PathBuf>,
    /// The journal's file, instead of `.liftlock/journal.db` in the project; or `postgres://USER@HOST/DB` with the records
    /// of several machines (the password from PGPASSWORD, TLS by `?sslmode=verify-full&sslrootcert=FILE`), each of which
    /// keeps artifacts below its own `.liftlock/`
    #[arg(long, value_name = "FILE", global = true, env = "LIFTLOCK_STORE", hide_env_values = true)]
    pub store: Option<PathBuf>,
    /// How results are written to standard output; only `check` has others than human and json
    #[arg(long = "output", value_name = "FORMAT", global = true, value_enum, default_value_t = Format::Human)]
    pub format: Format,
    /// Whether to use colour
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t = When::Auto)]
    pub color: When,
    /// Whether diffs show old and new side by side [auto: on terminals of 140 columns and more]
    #[arg(long, value_name = "WHEN", global = true, value_enum, default_value_t = When::Auto, hide_default_value = true)]
    pub side_by_side: When,
    /// Show long diffs in full
    #[arg(long, global = true)]
    pub full: bool,
    /// Say less: results, warnings and questions stay, progress and confirmations go
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Who you are, for approvals and the record [default: git's user.email, then the user's name]
    #[arg(long = "as", value_name = "PERSON", global = true, env = "LIFTLOCK_AS")]
    pub person: Option<String>,
}

/// What can follow `--output`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Format {
    Human,
    /// One versioned record a line
    Json,
    /// A comment for a pull request, of `plan` and `diff`
    Markdown,
    /// `path:line:column: severity[code] message`
    Concise,
    /// Workflow commands, and the summary of the step
    Github,
    /// A code quality report
    Gitlab,
    /// SARIF 2.1.0
    Sarif,
    /// XML as Checkstyle writes it
    Checkstyle,
}

/// The forms of what is no list of findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Output {
    Human,
    Json,
    /// Of plans only.
    Markdown,
}

impl Options {
    /// The form of what is no list of findings; a verb that was given another format has been refused.
    pub fn output(&self) -> Output {
        match self.format {
            Format::Json => Output::Json,
            Format::Markdown => Output::Markdown,
            _ => Output::Human,
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum When {
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Write a first release file, from what is in the folder and a few questions
    #[command(after_help = "Example:\n  liftlock init\n  liftlock init --yes -C ~/src/shop")]
    Init(InitArgs),
    /// Find what is wrong with release files
    #[command(after_help = "Example:\n  liftlock check\n  liftlock check storefront.release --output json\n  \
        liftlock check --output github\n  liftlock check --output sarif > liftlock.sarif\n  \
        liftlock check --deny names/allowance-unused\n  liftlock check --fix\n  \
        liftlock check --unsafe-fixes --diff\n  \
        liftlock check --write-baseline known.json\n  liftlock check --baseline known.json\n  \
        liftlock check --coverage\n  liftlock check --min-coverage 90\n  liftlock check --watch\n\n\
        In the source, `# allow rollback/missing -- REASON` above an item or behind it allows a finding there; \
        in liftlock.toml, `[rules]` gives levels: \"names/allowance-unused\" = \"deny\".")]
    Check(CheckArgs),
    /// Write release files in the one style
    #[command(after_help = "Example:\n  liftlock fmt\n  liftlock fmt --check\n  \
        cat storefront.release | liftlock fmt -")]
    Fmt(FmtArgs),
    /// Say what a finding is about
    #[command(after_help = "Example:\n  liftlock explain rollback/missing\n  liftlock explain --list")]
    Explain(ExplainArgs),
    /// Draw the path of a pipeline: its gates, its effects, and the way back
    #[command(after_help = "Example:\n  liftlock graph\n  liftlock graph storefront --format svg > storefront.svg\n  \
        liftlock graph storefront --format dot | dot -Tpng > storefront.png")]
    Graph(GraphArgs),
    /// Write the runbook of a pipeline: its path, gates, effects and undo, who approves, and what happens when it fails
    #[command(after_help = "Example:\n  liftlock doc storefront --out docs/storefront.md\n  \
        liftlock doc storefront --out docs/storefront.md --check\n  liftlock doc storefront --out storefront.html")]
    Doc(DocArgs),
    /// Show what a release would change
    #[command(
        after_help = "Example:\n  liftlock plan --set version=1.5.0\n  liftlock plan --rollback production\n  liftlock plan --rollback production --to 1.4.0\n  liftlock plan --output markdown | gh pr comment --body-file -"
    )]
    Plan(PlanArgs),
    /// Show two environments side by side: their settings, and what runs there
    #[command(after_help = "Example:\n  liftlock compare staging production\n  \
        liftlock compare staging production --output json")]
    Compare(CompareArgs),
    /// Show what changes between two plans, or since another git revision
    #[command(after_help = "Exit codes: 0 no difference; 2 differences; 1 errors.\n\n\
        Example:\n  liftlock diff old.json new.json\n  liftlock diff --against main --set version=1.5.0\n  \
        liftlock diff --against origin/main --output markdown | gh pr comment --body-file -")]
    Diff(DiffArgs),
    /// Show what was changed by hand in an environment since its release
    #[command(after_help = "Exit codes: 0 no drift; 2 drift; 1 errors.\n\n\
        Example:\n  liftlock drift production\n  liftlock drift production --output json")]
    Drift(DriftArgs),
    /// Let every effect of a release fail for real, and look whether all of it is undone
    #[command(
        after_help = "Releases into an environment marked `drill = true` again and again: each effect runs and is \
        declared failed, then runs again and is interrupted, and each time everything is undone and looked at.\n\n\
        Exit codes: 0 all that was drilled was undone; 1 the release failed by itself, or a read-only step changed \
        something; 6 an undo left something behind.\n\n\
        Example:\n  liftlock drill dev --set version=1.5.0 --dry-run\n  liftlock drill dev --set version=1.5.0"
    )]
    Drill(DrillArgs),
    /// Plan, ask, and release
    #[command(after_help = "Example:\n  liftlock run --set version=1.5.0\n  liftlock run plan.json --yes")]
    Run(RunArgs),
    /// Take up a run that was interrupted, waits, or needs a person
    #[command(after_help = "Example:\n  liftlock resume\n  liftlock resume 1tk8w0m3xq\n  liftlock resume --settle \
        storefront/dev/deploy/migrate=undone\n  liftlock resume --leave \"mended by hand, see ticket 4711\"")]
    Resume(ResumeArgs),
    /// Ask a run to stop at the next safe point and undo the stage it is in
    #[command(after_help = "Example:\n  liftlock cancel 1tk8w0m3xq --reason \"wrong version\"")]
    Cancel(DecisionArgs),
    /// Approve at a gate of a run
    #[command(after_help = "Example:\n  liftlock approve 1tk8w0m3xq go --as ada@example.com")]
    Approve(ApproveArgs),
    /// Refuse at a gate of a run, for good
    #[command(after_help = "Example:\n  liftlock reject 1tk8w0m3xq go --reason \"not on a Friday\"")]
    Reject(ApproveArgs),
    /// Say that what a run asks a person to do is done
    #[command(
        after_help = "Example:\n  liftlock confirm 1tk8w0m3xq storefront/production/deploy/key --as ada@example.com\n  \
        liftlock confirm --failed \"the key does not fit\""
    )]
    Confirm(ConfirmArgs),
    /// Take the current release of an environment back
    #[command(after_help = "Example:\n  liftlock rollback production\n  liftlock rollback production --to 1.4.0")]
    Rollback(RollbackArgs),
    /// What is where, what is under way, what waits
    #[command(after_help = "Example:\n  liftlock status")]
    Status,
    /// What was done
    #[command(after_help = "Example:\n  liftlock history --limit 5")]
    History(HistoryArgs),
    /// Every record of a run
    #[command(after_help = "Example:\n  liftlock log\n  liftlock log 1tk8w0m3xq --follow\n  liftlock log --verify")]
    Log(LogArgs),
    /// Write what a shell needs to complete verbs and flags
    #[command(
        after_help = "Example:\n  liftlock completions bash > ~/.local/share/bash-completion/completions/liftlock\n  \
        liftlock completions zsh > \"${fpath[1]}/_liftlock\"\n  \
        liftlock completions fish > ~/.config/fish/completions/liftlock.fish"
    )]
    Completions(CompletionsArgs),
    /// Write the help as manual pages
    #[command(after_help = "Example:\n  liftlock man | man -l -\n  liftlock man --out ~/.local/share/man/man1")]
    Man(ManArgs),
}

#[derive(Debug, Default, Args)]
pub struct CheckArgs {
    /// Files and folders [default: the project around the current folder]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub levels: LevelArgs,
    #[command(flatten)]
    pub fixes: FixArgs,
    /// Leave out the findings that this file knows; they still keep a release from being planned
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    /// Write what is found to a file, for `--baseline`, instead of reporting it
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "diff"])]
    pub write_baseline: Option<PathBuf>,
    /// Show how each failure of each stage ends, what leads to it, and what is undone
    #[arg(long, conflicts_with_all = ["diff", "write_baseline"])]
    pub coverage: bool,
    /// Fail where less than this share of the failure points of a stage ends restored, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub min_coverage: Option<u8>,
    /// Check again whenever a file changes, until interrupted
    #[arg(long, conflicts_with_all = ["fix", "unsafe_fixes", "diff", "write_baseline"])]
    pub watch: bool,
}

/// What is done about findings that have a fix.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct FixArgs {
    /// Apply the fixes that are certainly what is meant
    #[arg(long)]
    pub fix: bool,
    /// Apply also those that only probably are; look at them with `--diff` first
    #[arg(long)]
    pub unsafe_fixes: bool,
    /// Show what would be applied, and write nothing; exit with 1 if there is anything
    #[arg(long)]
    pub diff: bool,
}

/// How much findings weigh; goes before `[rules]` in `liftlock.toml`.
#[derive(Debug, Clone, Default, Args)]
pub struct LevelArgs {
    /// Make findings of a rule, or of an area such as `rollback`, errors
    #[arg(long, value_name = "RULE")]
    pub deny: Vec<String>,
    /// Make them warnings, where they are no errors by themselves
    #[arg(long, value_name = "RULE")]
    pub warn: Vec<String>,
    /// Leave them out, where they are no errors by themselves
    #[arg(long, value_name = "RULE")]
    pub allow: Vec<String>,
}

#[derive(Debug, Args)]
pub struct FmtArgs {
    /// Files and folders, or `-` for standard input [default: the project around the current folder]
    pub paths: Vec<PathBuf>,
    /// Write nothing; exit with 1 when a file is not in the style
    #[arg(long)]
    pub check: bool,
    /// Write nothing; show what would change
    #[arg(long)]
    pub diff: bool,
}

#[derive(Debug, Args)]
pub struct ExplainArgs {
    /// The finding's code, such as `rollback/missing`
    #[arg(required_unless_present = "list")]
    pub rule: Option<String>,
    /// List every page
    #[arg(long)]
    pub list: bool,
}

#[derive(Debug, Args)]
pub struct InitArgs {
    /// Do not ask; take what was found
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct DocArgs {
    /// The pipeline, where there are several
    pub pipeline: Option<String>,
    /// One HTML page instead of Markdown; the same as a FILE that ends in `.html`
    #[arg(long)]
    pub html: bool,
    /// Write to a file instead of standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Write nothing; exit with 1, and show the difference, where the file is not what would be written
    #[arg(long, requires = "out")]
    pub check: bool,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The pipeline, where there are several
    pub pipeline: Option<String>,
    /// How it is drawn
    #[arg(long = "format", value_name = "FORMAT", value_enum, default_value_t = Picture::Text)]
    pub picture: Picture,
}

/// The forms of a graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Picture {
    /// For a terminal
    Text,
    /// A flowchart for Markdown
    Mermaid,
    /// For Graphviz
    Dot,
    /// A picture
    Svg,
}

/// What is to be released.
#[derive(Debug, Clone, Args)]
pub struct ReleaseArgs {
    /// Stop behind this environment
    #[arg(long, value_name = "ENV")]
    pub to: Option<String>,
    /// Give an input its value; goes before the values files
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Take inputs from a TOML file; a later file goes before an earlier one
    #[arg(long, value_name = "FILE")]
    pub values: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// The pipeline, where there are several
    pub pipeline: Option<String>,
    #[command(flatten)]
    pub release: ReleaseArgs,
    /// Plan to take the current release of an environment back; with `--to RELEASE` every one above that release
    #[arg(long, value_name = "ENV", conflicts_with_all = ["set", "values"])]
    pub rollback: Option<String>,
    /// Write the plan to a file, for `liftlock run FILE`
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// How long the written plan may be run
    #[arg(long, value_name = "DURATION", default_value = "24h", value_parser = lifetime, requires = "out")]
    pub expires: SignedDuration,
    /// Observe nothing
    #[arg(long)]
    pub offline: bool,
    /// Exit with 0 when there is nothing to do, 2 when there are changes, 1 on errors
    #[arg(long)]
    pub detailed_exitcode: bool,
}

/// How long a plan holds: `24h`, `90m`, `7d`.
fn lifetime(text: &str) -> Result<SignedDuration, String> {
    let wrong = || "a duration such as 24h, 90m or 7d is wanted".to_owned();
    let span: Span = text.parse().map_err(|_| wrong())?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    if duration.is_positive() { Ok(duration) } else { Err("a plan has to hold for a while".to_owned()) }
}

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// The one environment
    #[arg(value_name = "ENV")]
    pub left: String,
    /// The other environment
    #[arg(value_name = "ENV")]
    pub right: String,
}

#[derive(Debug, Args)]
pub struct DiffArgs {
    /// A plan saved by `liftlock plan --out`; with `--against` the pipeline, where there are several
    #[arg(value_name = "OLD or PIPELINE")]
    pub first: Option<String>,
    /// The plan to compare it with
    #[arg(value_name = "NEW")]
    pub second: Option<String>,
    /// Compare what the release files say now with what they say in this git revision
    #[arg(long, value_name = "REV")]
    pub against: Option<String>,
    #[command(flatten)]
    pub release: ReleaseArgs,
}

#[derive(Debug, Args)]
pub struct DriftArgs {
    /// The environment
    pub environment: String,
    /// The pipeline, where several release into the environment
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
}

#[derive(Debug, Args)]
pub struct DrillArgs {
    /// The environment, marked `drill = true`
    #[arg(value_name = "ENV")]
    pub environment: String,
    /// The pipeline, where there are several
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Give an input its value; goes before the values files [default: those of the release that stands there]
    #[arg(long, value_name = "NAME=VALUE")]
    pub set: Vec<String>,
    /// Take inputs from a TOML file; a later file goes before an earlier one
    #[arg(long, value_name = "FILE")]
    pub values: Vec<PathBuf>,
    /// Only show what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct RunArgs {
    /// The pipeline, where there are several, or a plan saved by `liftlock plan --out`
    #[arg(value_name = "PIPELINE or PLAN")]
    pub target: Option<String>,
    #[command(flatten)]
    pub release: ReleaseArgs,
    #[command(flatten)]
    pub go: GoArgs,
    /// Approve at this gate, as yourself, when the run gets there
    #[arg(long, value_name = "GATE")]
    pub approve: Vec<String>,
}

/// How a run goes.
#[derive(Debug, Clone, Args)]
pub struct GoArgs {
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
    /// End at a closed gate with exit code 3 instead of waiting
    #[arg(long)]
    pub no_wait: bool,
}

#[derive(Debug, Args)]
pub struct ResumeArgs {
    /// The run, or the beginning of its name [default: the one that is not over]
    pub run: Option<String>,
    /// End at a closed gate with exit code 3 instead of waiting
    #[arg(long)]
    pub no_wait: bool,
    /// Say how an effect is to be taken that the runner cannot judge
    #[arg(long, value_name = "ADDRESS=done|undone|retry")]
    pub settle: Vec<String>,
    /// Leave the environments that need a person as they are, and let others enter
    #[arg(long, value_name = "REASON", conflicts_with = "settle")]
    pub leave: Option<String>,
}

#[derive(Debug, Args)]
pub struct DecisionArgs {
    /// The run, or the beginning of its name [default: the one that is not over]
    pub run: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Debug, Args)]
pub struct ApproveArgs {
    /// The run, or the beginning of its name [default: the one that waits]
    pub run: Option<String>,
    /// The gate, by its name or address [default: the one that waits]
    pub gate: Option<String>,
    /// Why
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Debug, Args)]
pub struct ConfirmArgs {
    /// The run, or the beginning of its name [default: the one that waits]
    pub run: Option<String>,
    /// The effect, by its name or address [default: the one that waits]
    pub address: Option<String>,
    /// It could not be done, for this reason
    #[arg(long, value_name = "WHY")]
    pub failed: Option<String>,
}

#[derive(Debug, Args)]
pub struct RollbackArgs {
    /// The environment
    pub environment: String,
    /// Go back to this release, by its number or version, or to `none`: what was there before the first. What was released
    /// above it is taken back one after the other, newest first
    #[arg(long, value_name = "RELEASE")]
    pub to: Option<String>,
    /// The pipeline, where several release into the environment
    #[arg(long, value_name = "PIPELINE")]
    pub pipeline: Option<String>,
    /// Do not ask
    #[arg(short, long)]
    pub yes: bool,
}

#[derive(Debug, Args)]
pub struct CompletionsArgs {
    /// The shell that completes
    #[arg(value_enum)]
    pub shell: Shell,
}

#[derive(Debug, Args)]
pub struct ManArgs {
    /// A folder for the page of every verb, instead of one page on standard output
    #[arg(long, value_name = "DIR")]
    pub out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct HistoryArgs {
    /// At most so many runs, newest first
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct LogArgs {
    /// The run, or the beginning of its name [default: the newest]
    pub run: Option<String>,
    /// Go on until the run is over
    #[arg(long, conflicts_with = "verify")]
    pub follow: bool,
    /// Recompute the chain of hashes of the whole journal
    #[arg(long)]
    pub verify: bool,
}
