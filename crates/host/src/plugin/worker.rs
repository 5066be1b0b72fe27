//! The compiling process: limits itself, reads a component from standard input, writes its code to standard output, ends.

use super::limits::OPEN_FILES;
use super::shut_in::shut_in;
use postlude_model::limits::CLOSED_WASI_COMPONENT_BYTES;
use rustix::process::{Resource, Rlimit, Signal, nice, set_parent_process_death_signal, setrlimit};
use std::io::{self, Read, Write};

/// What stands before the reason when a component is refused; code begins otherwise.
pub(super) const REFUSED: &[u8] = b"refused\n";
/// The whole answer when memory ran out where the compiler could still say so.
pub(super) const OUT_OF_MEMORY: &[u8] = b"out of memory\n";

/// What the compiling process may use.
#[derive(Debug, Clone, Copy)]
pub struct WorkerLimits {
    /// Address space, in bytes.
    pub memory_bytes: u64,
    /// Processor time, in seconds.
    pub cpu_seconds: u64,
    /// How much it gives way to other processes, 0 to 19.
    pub niceness: u32,
}

/// Compiles one component within limits, from standard input to standard output. For a process that does nothing else: the
/// limits stay, and it opens no file and no connection any more. Ends by a signal, or with an allocation error on standard error, when a limit is reached.
///
/// # Errors
/// When the limits cannot be set, or standard input and output do not work.
pub fn worker(limits: &WorkerLimits) -> io::Result<()> {
    confine(limits)?;
    let mut component = Vec::new();
    io::stdin().lock().take(CLOSED_WASI_COMPONENT_BYTES as u64 + 1).read_to_end(&mut component)?;
    let mut out = io::stdout().lock();
    match postlude_sandbox::precompile(&component) {
        Ok(code) => out.write_all(&code)?,
        Err(why) => refuse(&mut out, &why.to_string())?,
    }
    out.flush()
}

fn refuse(out: &mut impl Write, why: &str) -> io::Result<()> {
    let memory = ["out of memory", "Cannot allocate memory"].iter().any(|text| why.contains(text));
    if memory {
        return out.write_all(OUT_OF_MEMORY);
    }
    out.write_all(REFUSED)?;
    out.write_all(why.as_bytes())
}

/// Sets every limit before the first byte is read.
fn confine(limits: &WorkerLimits) -> io::Result<()> {
    // Whoever asked is gone: nobody waits for the code.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    nice(limits.niceness.min(19).cast_signed())?;
    // Where memory runs short, this process goes before any that serves logins. Not every system has the file.
    let _ = std::fs::write("/proc/self/oom_score_adj", "1000");
    let hard = |most: u64| Rlimit { current: Some(most), maximum: Some(most) };
    setrlimit(Resource::Core, hard(0))?;
    setrlimit(Resource::Fsize, hard(0))?;
    setrlimit(Resource::Nofile, hard(OPEN_FILES))?;
    setrlimit(Resource::As, hard(limits.memory_bytes))?;
    // The soft limit ends the process by SIGXCPU, which says what happened; the hard one is for whoever ignores that.
    let cpu = limits.cpu_seconds;
    setrlimit(Resource::Cpu, Rlimit { current: Some(cpu), maximum: Some(cpu.saturating_add(1)) })?;
    for missing in shut_in().missing() {
        // Whoever asked logs it.
        let _ = writeln!(io::stderr(), "{missing}");
    }
    Ok(())
}
