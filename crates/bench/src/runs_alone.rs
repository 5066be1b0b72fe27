//! The bare loop in a process of its own: how many runs a second the machine makes when nothing else is done.

use crate::bare::Bare;
use crate::report::print_line;
use crate::stats::Round;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs of each thread before anything counts.
const WARM_UP: usize = 2000;

/// The process: each line that comes in is a number of milliseconds for which it runs; then it prints the rate of all its threads.
pub(crate) fn serve(component: &Path, threads: usize) -> Result<()> {
    let bare = Bare::new(&std::fs::read(component)?)?;
    on_threads(threads, || runs(&bare, |made, _| made >= WARM_UP))?;
    print_line("ready");
    for line in std::io::stdin().lines() {
        let lasts = Duration::from_millis(line?.trim().parse()?);
        let rate = on_threads(threads, || runs(&bare, |_, took| took >= lasts))?;
        print_line(&format!("{rate}"));
    }
    Ok(())
}

/// The rates of some threads together, each of which does this.
fn on_threads(threads: usize, run: impl Fn() -> Result<f64> + Sync) -> Result<f64> {
    std::thread::scope(|scope| {
        let running: Vec<_> = (0..threads).map(|_| scope.spawn(&run)).collect();
        running.into_iter().map(|thread| thread.join().ok().context("a thread panicked")?).sum()
    })
}

/// Runs on this thread until it is enough; how many a second there were.
fn runs(bare: &Bare, enough: impl Fn(usize, Duration) -> bool) -> Result<f64> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        let (began, mut made) = (Instant::now(), 0);
        while !enough(made, began.elapsed()) {
            bare.run().await?;
            made += 1;
        }
        Ok(crate::stats::count(made) / began.elapsed().as_secs_f64())
    })
}

/// Such a process, from outside. It ends with this value.
#[derive(Debug)]
pub(crate) struct RunsAlone {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl RunsAlone {
    pub(crate) fn start(component: &Path, threads: usize) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("runs-alone")
            .arg(component)
            .arg(threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(child.stdout.take().context("the process has no output")?);
        let input = child.stdin.take();
        let mut process = Self { child, input, output };
        ensure!(process.line()?.trim() == "ready", "the bare loop did not start");
        Ok(process)
    }

    /// One round.
    pub(crate) fn round(&mut self, lasts: Duration) -> Result<Round> {
        self.begin(lasts)?;
        self.end()
    }

    /// Begins a round, which runs beside those of other processes.
    pub(crate) fn begin(&mut self, lasts: Duration) -> Result<()> {
        let input = self.input.as_mut().context("the process has no input")?;
        Ok(writeln!(input, "{}", lasts.as_millis())?)
    }

    /// Waits for the end of a round.
    pub(crate) fn end(&mut self) -> Result<Round> {
        Ok(Round::of_rate(self.line()?.trim().parse().context("the bare loop failed")?))
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line)
    }
}

impl Drop for RunsAlone {
    fn drop(&mut self) {
        // Without its input the process ends.
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
