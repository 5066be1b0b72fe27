//! The measurements of one engine, in a process of its own.

use crate::engine::{Engine, USERS, mix};
use anyhow::{Result, bail, ensure};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub const HEADER: &str = "engine, callers | processor time a login | a second | get p50, p99 | absent p50, p99 | list of 20 p50 | memory | disk";

/// Looks of each kind.
const LOOKS: u64 = 20_000;

/// Writes the records.
pub fn write(name: &str, engine: &Arc<dyn Engine>, folder: &Path, records: u64, writers: u64) -> Result<()> {
    let (processor, began) = (processor_time()?, Instant::now());
    std::thread::scope(|scope| -> Result<()> {
        let callers: Vec<_> = (0..writers)
            .map(|caller| {
                let step = usize::try_from(writers).unwrap_or(1);
                scope.spawn(move || (caller..records).step_by(step).try_for_each(|number| engine.begin(number)))
            })
            .collect();
        for caller in callers {
            match caller.join() {
                Ok(done) => done?,
                Err(_) => bail!("a caller panicked"),
            }
        }
        Ok(())
    })?;
    engine.finish()?;
    let (processor, took) = (processor_time()? - processor, began.elapsed());
    println!(
        "{name}, {writers} | {:.2} us | {:.0} | | | | {:.0} MB | {:.0} MB",
        processor.as_secs_f64() * 1e6 / records as f64,
        records as f64 / took.as_secs_f64(),
        resident()?,
        bytes_of(folder)? as f64 / 1e6
    );
    Ok(())
}

/// Looks for records in what was opened again.
pub fn look_up(name: &str, engine: &Arc<dyn Engine>, records: u64, opened: Duration) -> Result<()> {
    let memory = resident()?;
    let mut found = look(LOOKS, |number| {
        ensure!(engine.get(mix(number) % records)?, "{number} is missing");
        Ok(())
    })?;
    let mut absent = look(LOOKS, |number| {
        ensure!(!engine.get(records + number)?, "{number} is there");
        Ok(())
    })?;
    let mut listed = 0;
    let mut lists = look(LOOKS / 10, |user| {
        listed += engine.list(user % USERS, 20)?;
        Ok(())
    })?;
    ensure!(listed > 0, "the lists are empty");
    engine.finish()?;
    println!(
        "{name}, opened again in {:.0} ms | | | {:.1}, {:.1} us | {:.1}, {:.1} us | {:.0} us | {memory:.0} MB |",
        opened.as_secs_f64() * 1e3,
        quantile(&mut found, 0.5),
        quantile(&mut found, 0.99),
        quantile(&mut absent, 0.5),
        quantile(&mut absent, 0.99),
        quantile(&mut lists, 0.5),
    );
    Ok(())
}

/// Microseconds of each look.
fn look(times: u64, mut one: impl FnMut(u64) -> Result<()>) -> Result<Vec<f64>> {
    let timed = |number| {
        let began = Instant::now();
        one(number)?;
        Ok(began.elapsed().as_secs_f64() * 1e6)
    };
    (0..times).map(timed).collect()
}

fn quantile(values: &mut [f64], part: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() as f64 * part) as usize).copied().unwrap_or_default()
}

/// The processor time of this process, all threads, in steps of 10 ms.
fn processor_time() -> Result<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
    let ticks: u64 = fields.skip(11).take(2).map(str::parse::<u64>).sum::<Result<u64, _>>()?;
    Ok(Duration::from_millis(ticks * 10))
}

fn resident() -> Result<f64> {
    let pages: f64 = std::fs::read_to_string("/proc/self/statm")?.split(' ').nth(1).unwrap_or_default().parse()?;
    Ok(pages * 4096.0 / 1e6)
}

fn bytes_of(folder: &Path) -> Result<u64> {
    let mut bytes = 0;
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        bytes += if metadata.is_dir() { bytes_of(&entry.path())? } else { metadata.blocks() * 512 };
    }
    Ok(bytes)
}
