//! `postlude test`: plays stories of logins against a plugin, in the real sandbox and pipeline, in memory.

mod human;
mod record;
mod review;
mod sources;
mod suite;
mod watch;

use crate::api::Target;
use crate::output::{self, Paint};
use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;
use postlude_stories::fuzz::FuzzOptions;
use postlude_stories::play::{SnapshotMode, StoryResult, Verdict};
use postlude_stories::report;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use suite::{Loaded, SuiteOptions, Suites};
use tokio::runtime::Runtime;
use watch::{Change, Watch};

/// Play stories: logins, prompts and time that passes, with what is expected of them.
///
/// Stories are files `stories/*.toml` of a project: see docs/testing.md. Each story runs in a host of its own, in memory: the sandbox and
/// the pipeline are the server's, while the clock, the network, the browsers and the prompt site are simulated. Attacks that every
/// plugin has to stand are played as well, without being written: a stolen state, a replayed reply, a result for another user.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  postlude test\n  postlude test acme-face --filter prompt\n  \
    postlude test acme-face.wasm --stories stories\n  postlude test stories/face.toml --accept\n  \
    postlude test --config postlude.toml --reporter junit --output report.xml\n  \
    postlude test --fuzz 1000 --seed 7\n  postlude test --record LOGIN --key-file operator.key > stories/login.toml\n\n\
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
    /// Build projects without optimisation, so that backtraces name source lines
    #[arg(long)]
    debug: bool,
    /// Show every frame of a backtrace, those of the language's runtime too
    #[arg(long)]
    all_frames: bool,
    /// Play again whenever a source or a story changes, until Ctrl-C
    #[arg(long, conflicts_with_all = ["review", "fuzz", "list", "output"])]
    watch: bool,
    /// Try NUMBER events and replies that are made up from the manifest, instead of playing stories
    #[arg(long, value_name = "NUMBER")]
    fuzz: Option<u32>,
    /// What --fuzz makes up, by this number; the same one makes the same up
    #[arg(long, requires = "fuzz", default_value_t = 0)]
    seed: u64,
    /// Print the story of a login that a server has the record of, instead of playing stories
    #[arg(long, value_name = "LOGIN", conflicts_with_all = ["watch", "fuzz", "list"])]
    record: Option<String>,
    #[command(flatten)]
    server: Target,
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
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, std::num::NonZero::get));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(jobs.max(1)).enable_all().build()?;
    if let Some(login) = &args.record {
        return record::run(login, &args.server, &runtime);
    }
    let session = Session { args, jobs, runtime, suites: Suites::new(args.options())? };
    if args.watch { session.watch() } else { session.once() }
}

/// One call of the command: with `--watch` its stories are played many times.
struct Session<'a> {
    args: &'a Args,
    jobs: usize,
    runtime: Runtime,
    suites: Suites,
}

impl Session<'_> {
    fn once(&self) -> Result<ExitCode> {
        let Self { args, runtime, .. } = self;
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
        let loaded = runtime.block_on(self.suites.load(&sources, files))?;
        if let Some(cases) = args.fuzz {
            return self.fuzz(&loaded, cases);
        }
        let began = Instant::now();
        let mut results = runtime.block_on(self.play(&loaded));
        let took = began.elapsed();
        if results.is_empty() {
            bail!("no story was played{}; write one into `stories/`, see docs/testing.md", args.filtered());
        }
        if args.review {
            review::review(&mut results)?;
        }
        report(args, &results, took)?;
        let refused = results.iter().any(|result| matches!(result.verdict, Verdict::Refused(_)));
        Ok(match results.iter().all(StoryResult::is_good) {
            true => ExitCode::SUCCESS,
            false if refused => ExitCode::from(MISTAKE),
            false => ExitCode::from(1),
        })
    }

    async fn play(&self, loaded: &[Loaded]) -> Vec<StoryResult> {
        let mut results = Vec::new();
        for suite in loaded {
            results.extend(suite.play(self.jobs, !self.args.no_stock, self.args.wanted()).await);
        }
        results
    }

    fn fuzz(&self, loaded: &[Loaded], cases: u32) -> Result<ExitCode> {
        let mut good = true;
        for suite in loaded {
            let began = Instant::now();
            let found = suite.fuzz(&self.runtime, FuzzOptions { cases, seed: self.args.seed })?;
            good &= human::fuzzed(&found, self.args.seed, began.elapsed(), self.args.all_frames);
        }
        Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(1) })
    }

    /// Plays again after each change, until Ctrl-C. What is wrong with a change is said, and the next one is waited for.
    fn watch(&self) -> Result<ExitCode> {
        let watch = Watch::new(&self.args.paths)?;
        loop {
            let began = Instant::now();
            if let Err(why) = self.once() {
                output::fail(&why);
            }
            let waits =
                format!("answered in {:.2} s; waiting for a change, Ctrl-C ends", began.elapsed().as_secs_f64());
            output::note(output::coloured_note(Paint::Quiet, &waits));
            match watch.wait() {
                Some(Change::Plugins) => self.suites.forget_plugins(),
                Some(Change::Stories) => {}
                None => return Ok(ExitCode::SUCCESS),
            }
        }
    }
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
        SuiteOptions { config: self.config.clone(), tenant: self.tenant.clone(), snapshots, debug: self.debug }
    }
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
