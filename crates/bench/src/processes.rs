//! The bare loop in processes of their own: what a second processor brings on this machine when nothing at all is shared.

use crate::bare::Bare;
use crate::stats::Round;
use crate::table::print_line;
use anyhow::{Context, Result, ensure};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Runs before anything counts.
const WARM_UP: usize = 2000;

/// The loop of one process: ready, wait for a line, run, say the rate.
pub(crate) fn serve(component: &Path, duration: Duration) -> Result<()> {
    let bare = Bare::new(&std::fs::read(component)?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;
    runtime.block_on(async {
        for _ in 0..WARM_UP {
            bare.run().await?;
        }
        print_line("ready");
        std::io::stdin().lines().next().transpose()?;
        let (began, mut runs) = (Instant::now(), 0_u32);
        while began.elapsed() < duration {
            bare.run().await?;
            runs += 1;
        }
        print_line(&format!("{}", f64::from(runs) / began.elapsed().as_secs_f64()));
        Ok(())
    })
}

/// One round of some processes at once.
pub(crate) fn round(component: &Path, processes: usize, duration: Duration) -> Result<Round> {
    let mut running = (0..processes).map(|_| One::start(component, duration)).collect::<Result<Vec<_>>>()?;
    for process in &mut running {
        process.line()?;
    }
    for process in &mut running {
        let stdin = process.child.stdin.as_mut().context("the process has no input")?;
        stdin.write_all(b"go\n")?;
    }
    let mut rate = 0.0;
    for process in &mut running {
        rate += process.line()?.trim().parse::<f64>()?;
    }
    Ok(Round::of_rate(rate))
}

struct One {
    child: Child,
    output: BufReader<std::process::ChildStdout>,
}

impl One {
    fn start(component: &Path, duration: Duration) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("bare-loop")
            .arg(component)
            .arg(duration.as_millis().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let output = BufReader::new(child.stdout.take().context("the process has no output")?);
        Ok(Self { child, output })
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        ensure!(!line.is_empty(), "a process of the bare loop ended early");
        Ok(line)
    }
}

impl Drop for One {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
