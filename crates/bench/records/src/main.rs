//! `bench-records`: what a light login's record costs in each engine that was weighed, one process for each row.

mod engine;
mod fjall;
mod measure;
mod ours;
mod sled;

use anyhow::{Context, Result, bail};
use engine::Engine;
use mimalloc::MiMalloc;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Instant;

/// As the server has it.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

const USAGE: &str = "usage: bench-records [RECORDS] [WRITERS,..] [ENGINE,..]

Writes so many records (1000000) by so many callers at once (1,16) into each engine: sled, sled-packed, fjall, fjall-blobs, log.
Needs some 3 GB below target/bench/records for each million.";

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.iter().any(|argument| argument.starts_with('-')) {
        println!("{USAGE}");
        return Ok(());
    }
    if let [step, name, folder, records, writers] = arguments.as_slice() {
        let (folder, began) = (Path::new(folder), Instant::now());
        let engine = open(name, folder)?;
        return match step.as_str() {
            "write" => measure::write(name, &engine, folder, records.parse()?, writers.parse()?),
            "open" => measure::look_up(name, &engine, records.parse()?, began.elapsed()),
            other => bail!("there is no step `{other}`"),
        };
    }
    let argument = |number: usize, default: &str| arguments.get(number).map_or(default, String::as_str).to_owned();
    let records = argument(0, "1000000");
    println!("{}", measure::HEADER);
    for writers in argument(1, "1,16").split(',') {
        for name in argument(2, "sled,sled-packed,fjall,fjall-blobs,log").split(',') {
            let folder = Path::new("target/bench/records").join(name);
            if folder.exists() {
                std::fs::remove_dir_all(&folder)?;
            }
            std::fs::create_dir_all(&folder)?;
            // A process each, and another one that opens it again: memory and caches are its own.
            for step in ["write", "open"] {
                let program = std::env::current_exe()?;
                let mut command = Command::new(program);
                command.args([step, name]).arg(&folder).args([&records, writers]);
                if !command.status().context("it cannot be started")?.success() {
                    bail!("`{name}` failed");
                }
            }
            std::fs::remove_dir_all(&folder)?;
        }
    }
    Ok(())
}

fn open(name: &str, folder: &Path) -> Result<Arc<dyn Engine>> {
    Ok(match name {
        "sled" => Arc::new(engine::Queued::new(sled::Separate::open(folder)?)),
        "sled-packed" => Arc::new(engine::Queued::new(sled::Packed::open(folder)?)),
        "fjall" => Arc::new(engine::Queued::new(fjall::Fjall::open(folder, false)?)),
        "fjall-blobs" => Arc::new(engine::Queued::new(fjall::Fjall::open(folder, true)?)),
        "log" => Arc::new(ours::Log::open(folder)?),
        other => bail!("there is no engine `{other}`\n{USAGE}"),
    })
}
