//! The rows of the engine: the bare loop, the sandbox, the pipeline, and what a second thread brings.

use crate::bare::Bare;
use crate::effort::Effort;
use crate::floor;
use crate::folder::Folder;
use crate::prepared::Prepared;
use crate::report::{Bound, Report, Row, progress};
use crate::runs_alone::RunsAlone;
use crate::stats::{Round, Rounds};
use anyhow::{Context, Result, ensure};
use postlude_model::login::{Status, TraceDecision};
use postlude_model::run::{Ending, RunInput};
use postlude_sandbox::{Plugin, Sandbox};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

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
    /// wasmtime with a limiter, without a fiber
    Limited,
    /// `Sandbox::run`
    Sandbox,
    /// The login around it as well
    Pipeline,
}

/// Measures and adds the rows.
pub(crate) fn measure(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    progress("engine: runs in a loop");
    let subjects = Subjects::load(&folder.plugin("custom-factor")?)?;
    let runtime = runtime()?;
    let all = [Subject::Bare, Subject::Limited, Subject::Sandbox, Subject::Pipeline];
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
    let [bare, limited, sandbox, pipeline] = &rounds;
    let against = |row: Row, rounds: &Rounds| row.against(rounds.ratio(bare, Round::p50), "of the bare loop");
    report.section("One run of custom-factor, in a loop on one thread");
    report.row(Row::of("bare wasmtime loop, on fibers", bare));
    report.row(against(Row::of("bare wasmtime loop with a limiter, in its caller", limited), limited));
    report.row(against(Row::of("our sandbox, the same run", sandbox), sandbox));
    report.row(against(Row::of("our pipeline in the process: decide, run, fold", pipeline), pipeline));
    let ratio = sandbox.ratio(bare, Round::p50);
    report.promise("our sandbox, of the bare loop", ratio, Bound::AtMost(SANDBOX_AT_MOST));
    let micros = bare.median(Round::p50);
    report.promise("bare loop in us, where the machine allows", micros, Bound::AtMost(BARE_AT_MOST_US));
    floor::measure(&subjects.bare, effort, report)?;
    two_threads(&subjects, effort, report)?;
    two_processes(folder, effort, report)
}

/// What the machine gives two processors that share nothing: no thread can bring more than that.
fn two_processes(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    let component = folder.plugin("custom-factor")?;
    let [mut first, mut second] = [RunsAlone::start(&component, 1)?, RunsAlone::start(&component, 1)?];
    let mut rounds = [Rounds::default(), Rounds::default()];
    for _ in 0..effort.rounds {
        let [one, two] = &mut rounds;
        one.0.push(first.round(effort.round)?);
        first.begin(effort.round)?;
        second.begin(effort.round)?;
        two.0.push(Round::of_rate(first.end()?.rate + second.end()?.rate));
    }
    let [one, two] = &rounds;
    report.row(Row::rate("bare loop, one process", one.rate()));
    let ratio = two.ratio(one, |round| round.rate);
    report.row(Row::rate("bare loop, two processes, which share nothing", two.rate()).against(ratio, "of one process"));
    Ok(())
}

fn two_threads(subjects: &Subjects, effort: &Effort, report: &mut Report) -> Result<()> {
    let kinds = [(Subject::Bare, 1), (Subject::Bare, 2), (Subject::Sandbox, 1), (Subject::Sandbox, 2)];
    let mut rounds = kinds.map(|_| Rounds::default());
    for _ in 0..effort.rounds {
        for ((subject, threads), rounds) in kinds.into_iter().zip(&mut rounds) {
            rounds.0.push(subjects.threads(subject, threads, effort.round)?);
        }
    }
    let [bare_one, bare_two, one, two] = &rounds;
    let gain = |two: &Rounds, one: &Rounds| two.ratio(one, |round| round.rate);
    report.section("Runs on two processors");
    report.row(Row::rate("bare loop, one thread", bare_one.rate()));
    let ratio = gain(bare_two, bare_one);
    report.row(Row::rate("bare loop, two threads", bare_two.rate()).against(ratio, "of one thread"));
    report.row(Row::rate("our sandbox, one thread", one.rate()));
    let ratio = gain(two, one);
    report.row(Row::rate("our sandbox, two threads", two.rate()).against(ratio, "of one thread"));
    report.promise("our sandbox on two threads, of one", ratio, Bound::AtLeast(TWO_THREADS_AT_LEAST));
    Ok(())
}

/// One round of our sandbox, as the peers are compared with.
pub(crate) fn sandbox_round(folder: &Folder, effort: &Effort) -> Result<Round> {
    let subjects = Subjects::load(&folder.plugin("custom-factor")?)?;
    runtime()?.block_on(async {
        subjects.round(Subject::Sandbox, effort.runs / 2).await?;
        subjects.round(Subject::Sandbox, effort.runs).await
    })
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
            Subject::Limited => {
                let began = Instant::now();
                self.bare.run_limited()?;
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
