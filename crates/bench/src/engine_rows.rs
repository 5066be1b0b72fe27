//! The rows of the engine: the bare loop, the sandbox, the pipeline, and what a second thread brings.

use crate::bare::Bare;
use crate::effort::Effort;
use crate::folder::Folder;
use crate::prepared::Prepared;
use crate::processes;
use crate::stats::{Round, Rounds};
use crate::table::Table;
use anyhow::{Context, Result, ensure};
use postlude_model::login::{Status, TraceDecision};
use postlude_model::run::{Ending, RunInput};
use postlude_sandbox::{Plugin, Sandbox};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// The names of rows that others are compared with.
pub(crate) const BARE: &str = "bare wasmtime loop, custom-factor";
pub(crate) const SANDBOX: &str = "our sandbox, the same run";
const PIPELINE: &str = "our pipeline in the process: decide, run, fold";
pub(crate) const BARE_TWO: &str = "bare wasmtime loop, two threads";
const BARE_ONE: &str = "bare wasmtime loop, one thread";
const PROCESS_ONE: &str = "bare wasmtime loop, one process";
const PROCESS_TWO: &str = "bare wasmtime loop, two processes, which share nothing";
const SANDBOX_ONE: &str = "our sandbox, one thread";
const SANDBOX_TWO: &str = "our sandbox, two threads";

/// Rounds of the loops are short: more of them keep a neighbour on the machine from deciding a ratio.
const OFTEN: usize = 3;

/// What the sandbox may cost, what the bare loop may take, and what two threads must bring.
const SANDBOX_AT_MOST: f64 = 1.25;
const BARE_AT_MOST_US: f64 = 8.0;
const TWO_THREADS_AT_LEAST: f64 = 1.7;

/// All that runs one plugin's action.
pub(crate) struct Subjects {
    bare: Bare,
    sandbox: Sandbox,
    plugin: Plugin,
    prepared: Prepared,
    input: RunInput,
}

/// What runs it.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Subject {
    /// wasmtime and nothing around it
    Bare,
    /// `Sandbox::run`
    Sandbox,
    /// The login around it as well
    Pipeline,
}

/// Measures and adds the rows.
pub(crate) fn measure(folder: &Folder, effort: &Effort, table: &mut Table) -> Result<()> {
    let subjects = Subjects::load(&folder.plugin("custom-factor")?)?;
    let runtime = runtime()?;
    let all = [Subject::Bare, Subject::Sandbox, Subject::Pipeline];
    for subject in all {
        // Caches, the pool and the branch predictor are warm before anything counts.
        runtime.block_on(subjects.round(subject, effort.runs / 2))?;
    }
    let mut rounds = all.map(|_| Rounds::default());
    for _ in 0..effort.rounds * OFTEN {
        for (subject, rounds) in all.into_iter().zip(&mut rounds) {
            rounds.0.push(runtime.block_on(subjects.round(subject, effort.runs))?);
        }
    }
    let [bare, sandbox, pipeline] = &rounds;
    table.latency(BARE, bare, None);
    table.latency(SANDBOX, sandbox, Some(BARE));
    table.latency(PIPELINE, pipeline, Some(BARE));
    let ratio = sandbox.ratio(bare, Round::p50);
    table.target("sandbox against the bare loop", ratio, ratio <= SANDBOX_AT_MOST, "at most 1.25");
    table.target("bare loop in us", bare.p50(), bare.p50() <= BARE_AT_MOST_US, "at most 8, where the machine allows");
    two_threads(&subjects, effort, table)?;
    two_processes(folder, effort, table)
}

/// What the machine gives two processors that share nothing: no thread can bring more than that.
fn two_processes(folder: &Folder, effort: &Effort, table: &mut Table) -> Result<()> {
    let component = folder.plugin("custom-factor")?;
    let mut rounds = [Rounds::default(), Rounds::default()];
    for _ in 0..effort.rounds {
        for (processes, rounds) in (1..).zip(&mut rounds) {
            rounds.0.push(processes::round(&component, processes, effort.round)?);
        }
    }
    let [one, two] = &rounds;
    table.rate(PROCESS_ONE, one.rate(), None);
    table.rate(PROCESS_TWO, two.rate(), Some(PROCESS_ONE));
    Ok(())
}

fn two_threads(subjects: &Subjects, effort: &Effort, table: &mut Table) -> Result<()> {
    let kinds = [(Subject::Bare, 1), (Subject::Bare, 2), (Subject::Sandbox, 1), (Subject::Sandbox, 2)];
    let mut rounds = kinds.map(|_| Rounds::default());
    for _ in 0..effort.rounds {
        for ((subject, threads), rounds) in kinds.into_iter().zip(&mut rounds) {
            rounds.0.push(subjects.threads(subject, threads, effort.round)?);
        }
    }
    let [bare_one, bare_two, one, two] = &rounds;
    table.rate(BARE_ONE, bare_one.rate(), None);
    table.rate(BARE_TWO, bare_two.rate(), Some(BARE_ONE));
    table.rate(SANDBOX_ONE, one.rate(), Some(BARE_ONE));
    table.rate(SANDBOX_TWO, two.rate(), Some(SANDBOX_ONE));
    let ratio = two.ratio(one, |round| round.rate);
    table.target("two threads against one", ratio, ratio >= TWO_THREADS_AT_LEAST, "at least 1.7");
    Ok(())
}

fn runtime() -> Result<Runtime> {
    Ok(tokio::runtime::Builder::new_current_thread().enable_time().build()?)
}

impl Subjects {
    /// With this component in its place.
    pub(crate) fn load(component: &Path) -> Result<Self> {
        let component = std::fs::read(component)?;
        let sandbox = Sandbox::new(Default::default())?;
        let plugin = sandbox.load(&component)?;
        let prepared = Prepared::new(plugin.digest())?;
        let input = prepared.input()?;
        Ok(Self { bare: Bare::new(&component)?, sandbox, plugin, prepared, input })
    }

    async fn round(&self, subject: Subject, runs: usize) -> Result<Round> {
        let mut latencies = Vec::with_capacity(runs);
        let whole = Instant::now();
        for _ in 0..runs {
            latencies.push(self.run(subject).await?);
        }
        Ok(Round::new(latencies, whole.elapsed()))
    }

    /// Measures one run. Preparations are not counted.
    pub(crate) async fn run(&self, subject: Subject) -> Result<Duration> {
        match subject {
            Subject::Bare => {
                let began = Instant::now();
                self.bare.run().await?;
                Ok(began.elapsed())
            }
            Subject::Sandbox => {
                // Made once: what a login costs beside its run is the next row's.
                let input = self.input.clone();
                let began = Instant::now();
                let report = self.sandbox.run(&self.plugin, input).await;
                let took = began.elapsed();
                ensure!(matches!(report.ending, Ending::Decided(_)), "the run failed: {report:?}");
                Ok(took)
            }
            Subject::Pipeline => {
                let began = Instant::now();
                let mut login = self.prepared.login();
                while let Some(input) = login.next_run() {
                    login.feed(self.sandbox.run(&self.plugin, *input).await)?;
                }
                let finished = login.finish();
                let took = began.elapsed();
                let skipped = finished.record.trace.first().is_some_and(|run| run.decision == TraceDecision::Skipped);
                let continued = matches!(finished.record.status, Status::Continued(_));
                ensure!(skipped && continued && !finished.synced, "the login went another way: {finished:?}");
                Ok(took)
            }
        }
    }

    /// Some threads at once, each with its own runtime, for the same time.
    fn threads(&self, subject: Subject, threads: usize, duration: Duration) -> Result<Round> {
        let mut rate = 0.0;
        std::thread::scope(|scope| -> Result<()> {
            let thread = || scope.spawn(|| runtime()?.block_on(self.rate(subject, duration)));
            let running: Vec<_> = (0..threads).map(|_| thread()).collect();
            for thread in running {
                rate += thread.join().ok().context("a thread panicked")??;
            }
            Ok(())
        })?;
        Ok(Round::of_rate(rate))
    }

    async fn rate(&self, subject: Subject, duration: Duration) -> Result<f64> {
        let (began, mut runs) = (Instant::now(), 0_u32);
        while began.elapsed() < duration {
            self.run(subject).await?;
            runs += 1;
        }
        Ok(f64::from(runs) / began.elapsed().as_secs_f64())
    }
}
