//! The rows of the start: from the process to `/readyz`, over a store with nothing and over one with millions of records.

use crate::effort::Effort;
use crate::fill::Filling;
use crate::folder::Folder;
use crate::report::{Bound, Report, Row, progress};
use crate::server::{Installation, Server};
use anyhow::Result;
use std::path::Path;
use std::time::{Duration, Instant};

/// How long a start may take, whatever is stored.
const READY_WITHIN: Duration = Duration::from_secs(2);

/// Starts over nothing, over records that the last process wrote, and once more over the same.
pub(crate) fn measure(folder: &Folder, effort: &Effort, report: &mut Report) -> Result<()> {
    let records = effort.opening;
    let (empty, full) = (folder.server("empty")?, folder.server("full")?);
    progress(&format!("opening: writing {records} sessions"));
    let filling = Filling::open(&full, "acme", &folder.plugin("custom-factor")?)?;
    filling.sessions("opening", records)?;
    filling.close()?;
    report.section(&format!("From start to ready, {records} sessions"));
    started(folder, &empty, "nothing stored", report)?;
    let name = "the records were written since the last start";
    let first = started(folder, &full, name, report)?;
    started(folder, &full, "started again", report)?;
    let what = format!("from start to ready with {records} sessions, written since the last start, in seconds");
    report.promise(what, first.as_secs_f64(), Bound::AtMost(READY_WITHIN.as_secs_f64()));
    Ok(())
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
