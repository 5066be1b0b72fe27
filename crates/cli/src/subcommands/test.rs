//! `postlude test`: plays stories of logins against a plugin, in the real sandbox and pipeline, in memory.

mod human;
mod review;
mod sources;
mod suite;

use crate::output::{self, Paint};
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use postlude_stories::play::{SnapshotMode, StoryResult};
use postlude_stories::report;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use suite::{Loaded, SuiteOptions, Suites};

/// Play stories: logins, prompts and time that passes, with what is expected of them.
///
/// Stories are files `stories/*.toml` of a project: see docs/testing.md. Each story runs in a host of its own, in memory: the sandbox and
/// the pipeline are the server's, while the clock, the network, the browsers and the prompt site are simulated. Attacks that every
/// plugin has to stand are played as well, without being written: a stolen state, a replayed reply, a result for another user.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude test\n  postlude test acme-face --filter prompt\n  \
    postlude test acme-face.wasm --stories stories\n  postlude test stories/face.toml --accept\n  \
    postlude test --config postlude.toml --reporter junit --output report.xml\n\n\
    Exit codes: 0 every story passed; 1 a story failed, or the plugin was not built; 2 wrong usage, or a mistake in a file of stories.")]
pub(crate) struct Args {
    /// Projects, plugin files (.wasm) or files of stories (.toml)
    #[arg(default_value = ".", value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// The folder of stories [default: stories, in the project or beside the plugin]
    #[arg(long, value_name = "DIR")]
    stories: Option<PathBuf>,
    /// Play only stories whose name contains this
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Play the pipeline of a configuration file, with its real grants, settings and policy
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The tenant of that configuration, where it has several
    #[arg(long, requires = "config")]
    tenant: Option<String>,
    /// The form of the report
    #[arg(long, value_enum, default_value_t = Reporter::Human)]
    reporter: Reporter,
    /// Write the report to a file, and the human one to standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Store the answers of steps with `snapshot = true`
    #[arg(long, conflicts_with = "review")]
    accept: bool,
    /// Show each answer that is not the stored one, and ask whether to store it
    #[arg(long)]
    review: bool,
    /// Play the stock stories, which is the default
    #[arg(long, overrides_with = "no_stock")]
    stock: bool,
    /// Leave the stock stories out
    #[arg(long)]
    no_stock: bool,
    /// List the stories, and play none
    #[arg(long)]
    list: bool,
    /// Show every frame of a backtrace, those of the language's runtime too
    #[arg(long)]
    all_frames: bool,
    /// Stories at the same time [default: one for each processor]
    #[arg(long, short, value_name = "NUMBER")]
    jobs: Option<usize>,
}

/// The form of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reporter {
    Human,
    Junit,
    Tap,
    Json,
}

/// Wrong usage, or a mistake in a file of stories.
const MISTAKE: u8 = 2;

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let sources = match sources::find(&args.paths, args.stories.as_deref()) {
        Ok(sources) => sources,
        Err(why) => return Ok(mistake(&format!("{why:#}"))),
    };
    let files = match suite::read_files(&sources) {
        Ok(files) => files,
        Err(problems) => return Ok(mistakes(&problems)),
    };
    if args.list {
        files.iter().for_each(|files| human::list(files, args.wanted()));
        return Ok(ExitCode::SUCCESS);
    }
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(jobs.max(1)).enable_all().build()?;
    let suites = Suites::new(args.options())?;
    let loaded = runtime.block_on(suites.load(&sources, files))?;
    let began = Instant::now();
    let mut results = runtime.block_on(play(&loaded, args, jobs));
    let took = began.elapsed();
    if results.is_empty() {
        bail!("no story was played{}; write one into `stories/`, see docs/testing.md", args.filtered());
    }
    if args.review {
        review::review(&mut results)?;
    }
    report(args, &results, took)?;
    let refused = results.iter().any(|result| matches!(result.verdict, postlude_stories::play::Verdict::Refused(_)));
    Ok(match results.iter().all(StoryResult::is_good) {
        true => ExitCode::SUCCESS,
        false if refused => ExitCode::from(MISTAKE),
        false => ExitCode::from(1),
    })
}

impl Args {
    fn wanted(&self) -> impl Fn(&str) -> bool + use<> {
        let filter = self.filter.clone();
        move |name| filter.as_ref().is_none_or(|filter| name.contains(filter.as_str()))
    }

    fn filtered(&self) -> String {
        self.filter.as_ref().map(|filter| format!(": none has `{filter}` in its name")).unwrap_or_default()
    }

    fn options(&self) -> SuiteOptions {
        let snapshots = if self.accept { SnapshotMode::Accept } else { SnapshotMode::Compare };
        SuiteOptions { config: self.config.clone(), tenant: self.tenant.clone(), snapshots }
    }
}

async fn play(loaded: &[Loaded], args: &Args, jobs: usize) -> Vec<StoryResult> {
    let mut results = Vec::new();
    for suite in loaded {
        results.extend(suite.play(jobs, !args.no_stock, args.wanted()).await);
    }
    results
}

fn report(args: &Args, results: &[StoryResult], took: std::time::Duration) -> Result<()> {
    let text = match args.reporter {
        Reporter::Human => None,
        Reporter::Junit => Some(report::junit(results).map_err(anyhow::Error::msg)?),
        Reporter::Tap => Some(report::tap(results)),
        Reporter::Json => Some(format!("{}\n", serde_json::to_string_pretty(&report::json(results))?)),
    };
    match (text, &args.output) {
        (None, None) => human::show(results, took, args.all_frames),
        (None, Some(_)) => bail!("`--output` needs a `--reporter` of junit, tap or json"),
        (Some(text), None) => output::line(text.trim_end_matches('\n')),
        (Some(text), Some(file)) => {
            std::fs::write(file, text).with_context(|| format!("`{}` cannot be written", file.display()))?;
            human::show(results, took, args.all_frames);
        }
    }
    Ok(())
}

/// Says what is wrong with the command line or a file of stories.
fn mistake(why: &str) -> ExitCode {
    output::note(format!("{} {why}", output::coloured_note(Paint::Bad, "error:")));
    ExitCode::from(MISTAKE)
}

fn mistakes(problems: &[postlude_config::Problem]) -> ExitCode {
    problems.iter().for_each(output::note);
    let count = problems.iter().filter(|problem| problem.is_error()).count();
    mistake(&format!("the stories have {count} {}", if count == 1 { "mistake" } else { "mistakes" }))
}
