//! The compiling process: limits itself, reads a component from standard input, writes its code to standard output, ends.

use super::limits::OPEN_FILES;
use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetError, RulesetStatus, Scope};
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
    shut_in().map_err(io::Error::other)?;
    Ok(())
}

/// Takes from this thread, and from those that it starts, every file, program and TCP port, and the signals and abstract sockets of
/// other processes, as far as the kernel has Landlock (Linux 5.13; TCP 6.7, signals 6.12). What is open already stays: the three pipes.
fn shut_in() -> Result<RulesetStatus, RulesetError> {
    let newest = ABI::V6;
    let rules = Ruleset::default().handle_access(AccessFs::from_all(newest))?;
    let rules = rules.handle_access(AccessNet::from_all(newest))?.scope(Scope::from_all(newest))?;
    rules.create()?.restrict_self().map(|status| status.ruleset)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::net::{TcpListener, TcpStream};
    use std::process::Command;

    /// P49, P44: a drill. Code that runs where components are compiled reads no file, writes none, starts no program, connects to
    /// nothing and listens nowhere.
    #[test]
    fn what_is_shut_in_reaches_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (file, listener) = (folder.path().join("file"), TcpListener::bind("127.0.0.1:0").unwrap());
        fs::write(&file, "secret").unwrap();
        let address = listener.local_addr().unwrap();
        // The kernel shuts in one thread and those that it starts: this one goes with the test.
        let tried = std::thread::spawn(move || {
            let shut = shut_in().unwrap();
            let tried = [
                fs::read(&file).map(drop),
                fs::write(file.with_extension("new"), "x"),
                fs::remove_file(&file),
                fs::read_dir("/etc").map(drop),
                Command::new("/bin/true").status().map(drop),
                TcpStream::connect(address).map(drop),
                TcpListener::bind("127.0.0.1:0").map(drop),
            ];
            (shut, tried.map(|tried| tried.map_err(|why| why.kind())))
        });
        let (shut, tried) = tried.join().unwrap();
        // An older kernel has less of it, or nothing.
        if shut == RulesetStatus::FullyEnforced {
            assert_eq!(tried, [Err(io::ErrorKind::PermissionDenied); 7]);
        }
        assert!(TcpStream::connect(address).is_ok(), "other threads are as they were");
    }
}
