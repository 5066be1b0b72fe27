//! The command line, and the order of the measurements.

use crate::effort::Effort;
use crate::folder::Folder;
use crate::minimal::Step;
use crate::report::{Report, print_line};
use crate::{
    bare_http, durable, engine_rows, fairness, login_rows, markdown, minimal, opening_rows, peers, runs_alone,
    size_rows, slow_partner,
};
use anyhow::{Result, ensure};
use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;
use std::time::Instant;

/// Measures what a login costs, prints the rows and what was promised of them, and writes both as JSON.
#[derive(Debug, Parser)]
#[command(
    after_help = "Examples:\n  postlude-bench --quick\n  postlude-bench --only http,steps --connections 1,16\n  \
                        postlude-bench markdown --into docs/performance.md"
)]
pub(crate) struct Args {
    #[command(subcommand)]
    subject: Option<Subject>,
    /// Short rounds, and a tenth of the large installation: does everything work, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Only these parts
    #[arg(long, value_delimiter = ',', value_name = "PART")]
    only: Vec<Part>,
    /// Connections of the part http
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256])]
    connections: Vec<usize>,
    /// Rounds of each section, instead of 5 (3 with --quick)
    #[arg(long)]
    rounds: Option<usize>,
    /// Where the report is written as JSON
    #[arg(long, default_value = REPORT)]
    json: PathBuf,
    /// The repository, for plugins, peers and the folder of the data
    #[arg(long, default_value = ".")]
    root: PathBuf,
    /// The `postlude` that is measured, instead of the one beside this program
    #[arg(long, value_name = "FILE")]
    program: Option<PathBuf>,
}

const REPORT: &str = "target/bench/latest.json";

/// A part of the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// Runs in loops: bare wasmtime, our sandbox, our pipeline
    Engine,
    /// Logins in closed loops, beside a bare handler and the minimal server
    Http,
    /// What each step from the bare handler to ours costs
    Steps,
    /// Logins at fixed rates
    Open,
    /// Suspensions and factor records, beside the disk
    Durable,
    /// A quiet tenant beside a busy one
    Fairness,
    /// Pipelines of 1, 5 and 20 actions
    Pipelines,
    /// The same decision elsewhere
    Peers,
    /// A login at a large installation
    Sizes,
    /// From start to ready over many records
    Opening,
}

/// What is run instead: subjects, each in a process of its own beside the load, and the tables of an earlier report.
#[derive(Debug, Subcommand)]
enum Subject {
    /// The report as Markdown tables
    Markdown {
        /// The report
        #[arg(long, default_value = REPORT)]
        json: PathBuf,
        /// A file whose text between the lines `<!-- bench: begin -->` and `<!-- bench: end -->` is replaced; else they are printed
        #[arg(long)]
        into: Option<PathBuf>,
    },
    /// A bare axum handler that decodes the same JSON and answers a constant
    #[command(hide = true)]
    BareHttp {
        /// Before each answer, run the action by this
        #[arg(long, requires = "component")]
        run: Option<engine_rows::Subject>,
        /// The component
        component: Option<PathBuf>,
    },
    /// A server that does what a login needs and nothing else
    #[command(hide = true)]
    Minimal {
        /// The component
        component: PathBuf,
        /// Where its journal is written
        folder: PathBuf,
        /// The steps that it does
        #[arg(long)]
        step: Vec<Step>,
    },
    /// A webhook in Rust: the same action behind axum
    #[command(hide = true)]
    Webhook,
    /// A partner's site that answers late
    #[command(hide = true)]
    SlowPartner,
    /// Writes sessions into a server's folder, and waits to be killed
    #[command(hide = true)]
    WriteSessions {
        /// The folder
        folder: PathBuf,
        /// The plugin whose factors they have
        plugin: PathBuf,
        /// How many
        records: usize,
    },
    /// The bare wasmtime loop: for each line with a number of milliseconds it prints how many runs a second it made
    #[command(hide = true)]
    RunsAlone {
        /// The component
        component: PathBuf,
        /// On how many threads
        threads: usize,
    },
}

impl Args {
    pub(crate) fn run(mut self) -> Result<()> {
        match self.subject.take() {
            Some(subject) => subject.run(),
            None => self.measure(),
        }
    }

    fn measure(self) -> Result<()> {
        let began = Instant::now();
        let mut effort = if self.quick { Effort::QUICK } else { Effort::FULL };
        effort.rounds = self.rounds.unwrap_or(effort.rounds).max(1);
        let folder = Folder::new(&self.root, self.program.clone())?;
        let mut report = Report::new(self.quick);
        let mut failed = Vec::new();
        for part in Part::value_variants() {
            if !self.only.is_empty() && !self.only.contains(part) {
                continue;
            }
            // A part that fails leaves the others their rows: a run takes long.
            if let Err(why) = self.part(*part, &folder, &effort, &mut report) {
                let name = part.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default();
                report.skip(&format!("the rest of the part {name}"), &format!("{why:#}"));
                failed.push(name);
            }
            report.minutes = began.elapsed().as_secs_f64() / 60.0;
            report.write(&self.json)?;
        }
        report.conclude();
        print_line(&format!("\nthe report is in {}", self.json.display()));
        ensure!(failed.is_empty(), "these parts failed, the report says why: {}", failed.join(", "));
        Ok(())
    }

    fn part(&self, part: Part, folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
        match part {
            Part::Engine => engine_rows::measure(folder, effort, report),
            Part::Http => login_rows::closed(folder, effort, &self.connections, report),
            Part::Steps => login_rows::steps(folder, effort, report),
            Part::Open => login_rows::open(folder, effort, report),
            Part::Durable => durable::measure(folder, effort, report),
            Part::Fairness => fairness::measure(folder, effort, report),
            Part::Pipelines => size_rows::pipelines(folder, effort, report),
            Part::Peers => peers::measure(folder, effort, report),
            Part::Sizes => size_rows::sizes(folder, effort, report),
            Part::Opening => opening_rows::measure(folder, effort, report),
        }
    }
}

impl Subject {
    fn run(self) -> Result<()> {
        match self {
            Self::Markdown { json, into } => markdown::write(&Report::read(&json)?, into.as_deref()),
            Self::BareHttp { run: Some(run), component: Some(component) } => {
                bare_http::serve(bare_http::running(run, &component)?)
            }
            Self::BareHttp { .. } => bare_http::serve(bare_http::constant()),
            Self::Minimal { component, folder, step } => minimal::serve(&step, &component, &folder),
            Self::Webhook => bare_http::serve(bare_http::webhook()),
            Self::SlowPartner => slow_partner::serve(),
            Self::WriteSessions { folder, plugin, records } => opening_rows::write_sessions(&folder, &plugin, records),
            Self::RunsAlone { component, threads } => runs_alone::serve(&component, threads),
        }
    }
}
