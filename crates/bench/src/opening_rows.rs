//! The rows of the start: from the process to `/readyz`, over a store with nothing and over one with millions of records.

use crate::effort::Effort;
use crate::fill::Filling;
use crate::folder::Folder;
use crate::report::{Bound, Report, Row, progress};
use crate::server::{Installation, Server};
use anyhow::{Result, ensure};
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long a start may take, whatever is stored.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Starts over nothing, over records whose writer was killed, and over the same after a stop.
pub(crate) fn measure(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    let records = effort.opening;
    let (empty, full) = (folder.server("empty")?, folder.server("full")?);
    progress(&format!("opening: writing {records} sessions"));
    written_and_killed(folder, &full, records)?;
    report.section(&format!("From start to ready, {records} sessions"));
    started(folder, &empty, "nothing stored", report)?;
    started(folder, &full, "after a kill of the process that wrote all of them", report)?;
    let stopped = started(folder, &full, "after a stop", report)?;
    let what = format!("from start to ready with {records} sessions, after a stop, in seconds");
    report.promise(what, stopped.as_secs_f64(), Bound::AtMost(READY_WITHIN.as_secs_f64()));
    Ok(())
}

/// Has another process write sessions, and kills it once they are there.
fn written_and_killed(folder: &Folder, dir: &Path, records: usize) -> Result<()> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("write-sessions").arg(dir).arg(folder.plugin("custom-factor")?).arg(records.to_string());
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let mut line = String::new();
    let read = child.stdout.take().map(|stdout| BufReader::new(stdout).read_line(&mut line)).transpose();
    child.kill()?;
    child.wait()?;
    read?;
    ensure!(line == DONE, "the sessions could not be written");
    Ok(())
}

/// What the writer prints before it is killed.
const DONE: &str = "written\n";

/// The process that is killed.
pub(crate) fn write_sessions(dir: &Path, plugin: &Path, records: usize) -> Result<()> {
    let filling = Filling::open(dir, "acme", plugin)?;
    filling.sessions("opening", records)?;
    let mut stdout = std::io::stdout();
    stdout.write_all(DONE.as_bytes())?;
    stdout.flush()?;
    loop {
        std::thread::park();
    }
}

/// The time of one start.
fn started(folder: &Folder, dir: &Path, name: &str, report: &mut Report) -> Result<Duration> {
    let began = Instant::now();
    let server = Server::start(folder, dir, &Installation::default())?;
    let took = began.elapsed();
    drop(server);
    report.row(Row { name: name.to_owned(), p50: Some(took.as_secs_f64() * 1e6), ..Row::default() });
    Ok(took)
}
