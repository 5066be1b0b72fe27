//! Shuts the compiling process in: by Landlock, which rules what it may reach, and by seccomp, which rules what it may ask of the kernel.

use landlock::{ABI, Access as _, AccessFs, AccessNet, Ruleset, RulesetAttr as _, RulesetError, RulesetStatus, Scope};
use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule, TargetArch,
};
use std::collections::BTreeMap;
use std::fmt::Display;

/// What the kernel had of it.
#[derive(Debug)]
pub(super) struct ShutIn {
    landlock: Result<RulesetStatus, RulesetError>,
    seccomp: Result<(), Unfiltered>,
}

/// Why system calls are not filtered.
#[derive(Debug, thiserror::Error)]
enum Unfiltered {
    #[error("{0}")]
    Filter(#[from] seccompiler::BackendError),
    #[error("{0}")]
    Kernel(#[from] seccompiler::Error),
}

impl ShutIn {
    /// What does not hold, a line for each.
    pub(super) fn missing(&self) -> Vec<String> {
        let line = |what: &str, why: &dyn Display| format!("{what}: {why}; resource limits hold all the same");
        let landlock = match &self.landlock {
            Ok(RulesetStatus::FullyEnforced) => None,
            Ok(RulesetStatus::PartiallyEnforced) => Some(line("Landlock", &"the kernel has a part of it")),
            Ok(RulesetStatus::NotEnforced) => Some(line("Landlock", &"the kernel does not have it")),
            Err(why) => Some(line("Landlock", why)),
        };
        let seccomp = self.seccomp.as_ref().err().map(|why| line("seccomp", why));
        landlock.into_iter().chain(seccomp).collect()
    }
}

/// Takes from this thread, and from those that it starts, every file, program and connection, and every system call that a compiler
/// does not need, as far as the kernel can. What is open already stays: the three pipes.
pub(super) fn shut_in() -> ShutIn {
    let landlock = reach_nothing();
    ShutIn { landlock, seccomp: filter_calls() }
}

/// Landlock: no file, no TCP port, no signal and no abstract socket of other processes (Linux 5.13; TCP 6.7, signals 6.12).
fn reach_nothing() -> Result<RulesetStatus, RulesetError> {
    let newest = ABI::V6;
    let rules = Ruleset::default().handle_access(AccessFs::from_all(newest))?;
    let rules = rules.handle_access(AccessNet::from_all(newest))?.scope(Scope::from_all(newest))?;
    rules.create()?.restrict_self().map(|status| status.ruleset)
}

fn filter_calls() -> Result<(), Unfiltered> {
    let architecture = TargetArch::try_from(std::env::consts::ARCH)?;
    let (no_clone3, usual_calls) = (no_clone3(architecture)?, usual_calls(architecture)?);
    // In this order: the second one lets nobody set filters.
    seccompiler::apply_filter(&no_clone3)?;
    seccompiler::apply_filter(&usual_calls)?;
    Ok(())
}

/// Calls of a compiler, its allocators and its threads, on the libraries for which the program is built. Any other one fails with
/// EPERM: a new allocator that asks for more gets an error and no signal.
const USUAL: &[c_long] = &[
    // The three pipes.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_ppoll,
    // Memory of its own.
    libc::SYS_brk,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_mincore,
    libc::SYS_membarrier,
    // Threads of its own.
    libc::SYS_futex,
    libc::SYS_futex_waitv,
    libc::SYS_set_robust_list,
    libc::SYS_get_robust_list,
    libc::SYS_set_tid_address,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_restart_syscall,
    // Signals to itself: stack overflows, aborts.
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // Who and when it is.
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_getrusage,
    libc::SYS_uname,
    libc::SYS_sysinfo,
    libc::SYS_getcpu,
    // `confine` sets no limit any more: hard limits cannot be raised without privileges.
    libc::SYS_prlimit64,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

fn usual_calls(architecture: TargetArch) -> Result<BpfProgram, Unfiltered> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = USUAL.iter().map(|call| (*call, Vec::new())).collect();
    // Memory with data: what is compiled here runs elsewhere.
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![only_if(2, SeccompCmpOp::MaskedEq(executable), 0)?]);
    }
    // Threads, and no processes.
    let thread = u64::from(libc::CLONE_THREAD.unsigned_abs());
    rules.insert(libc::SYS_clone, vec![only_if(0, SeccompCmpOp::MaskedEq(thread), thread)?]);
    // The other filter answers.
    rules.insert(libc::SYS_clone3, Vec::new());
    // An abort, and no other process.
    let own = u64::from(std::process::id());
    rules.insert(libc::SYS_tgkill, vec![only_if(0, SeccompCmpOp::Eq, own)?]);
    // Names of threads and of mappings.
    let names = [libc::PR_SET_NAME.unsigned_abs(), libc::PR_SET_VMA.unsigned_abs()];
    let names = names.map(|option| only_if(0, SeccompCmpOp::Eq, u64::from(option)));
    rules.insert(libc::SYS_prctl, names.into_iter().collect::<Result<_, _>>()?);
    let refused = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    Ok(SeccompFilter::new(rules, refused, SeccompAction::Allow, architecture)?.try_into()?)
}

/// The C library goes back to `clone` where the kernel has no `clone3`, whose flags no filter can read.
fn no_clone3(architecture: TargetArch) -> Result<BpfProgram, Unfiltered> {
    let unknown = SeccompAction::Errno(libc::ENOSYS.unsigned_abs());
    let rules = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    Ok(SeccompFilter::new(rules, SeccompAction::Allow, unknown, architecture)?.try_into()?)
}

fn only_if(argument: u8, comparison: SeccompCmpOp, value: u64) -> Result<SeccompRule, Unfiltered> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, comparison, value)?;
    Ok(SeccompRule::new(vec![condition])?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustix::fs::MemfdFlags;
    use rustix::process::{Pid, Signal, kill_process, test_kill_process};
    use std::fs;
    use std::io::{self, ErrorKind};
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::unix::net::UnixStream;
    use std::process::Command;

    /// The kernel shuts in one thread and those that it starts: this one goes with the test.
    fn shut_in_here<T: Send + 'static>(drill: impl FnOnce() -> T + Send + 'static) -> (ShutIn, T) {
        std::thread::spawn(|| (shut_in(), drill())).join().unwrap()
    }

    /// P49, P44: a drill. Code that runs where components are compiled reads no file, writes none, starts no program, connects to
    /// nothing and listens nowhere.
    #[test]
    fn what_is_shut_in_reaches_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (file, listener) = (folder.path().join("file"), TcpListener::bind("127.0.0.1:0").unwrap());
        fs::write(&file, "secret").unwrap();
        let address = listener.local_addr().unwrap();
        let (shut, tried) = shut_in_here(move || {
            let tried = [
                fs::read(&file).map(drop),
                fs::write(file.with_extension("new"), "x"),
                fs::remove_file(&file),
                fs::read_dir("/etc").map(drop),
                Command::new("/bin/true").status().map(drop),
                TcpStream::connect(address).map(drop),
                TcpListener::bind("127.0.0.1:0").map(drop),
            ];
            tried.map(|tried| tried.map_err(|why| why.kind()))
        });
        // Each of the two alone refuses all of these; an older kernel has less of Landlock, or nothing.
        if shut.seccomp.is_ok() || matches!(shut.landlock, Ok(RulesetStatus::FullyEnforced)) {
            assert_eq!(tried, [Err(ErrorKind::PermissionDenied); 7]);
        }
        assert!(TcpStream::connect(address).is_ok(), "other threads are as they were");
    }

    /// P49: the second wall stands without the first. What no Landlock knows of is refused too: datagrams, local sockets, memory with a
    /// name, signals to other processes, a process of its own. What a compiler needs goes on: memory and threads.
    #[test]
    fn a_call_that_no_compiler_needs_fails() {
        let parent = rustix::process::getppid().unwrap_or(Pid::INIT);
        let (filtered, (refused, usual)) = std::thread::spawn(move || {
            let filtered = filter_calls();
            let own = |result: rustix::io::Result<()>| result.map_err(io::Error::from);
            let refused = [
                fs::read("/etc/hostname").map(drop),
                UdpSocket::bind("127.0.0.1:0").map(drop),
                UnixStream::pair().map(drop),
                own(rustix::fs::memfd_create("x", MemfdFlags::CLOEXEC).map(drop)),
                own(test_kill_process(parent)),
                own(kill_process(parent, Signal::CHILD)),
                Command::new("/bin/true").status().map(drop),
            ];
            let refused = refused.map(|tried| tried.map_err(|why| why.kind()));
            let sum = std::thread::spawn(|| vec![1_u8; 8 << 20].iter().map(|byte| u64::from(*byte)).sum::<u64>());
            (filtered, (refused, sum.join().unwrap()))
        })
        .join()
        .unwrap();
        filtered.expect("the kernels that tests run on have seccomp");
        assert_eq!(refused, [Err(ErrorKind::PermissionDenied); 7]);
        assert_eq!(usual, 8 << 20);
    }

    /// A kernel without either is said, and is no reason not to compile.
    #[test]
    fn what_is_missing_is_said() {
        let none = ShutIn {
            landlock: Ok(RulesetStatus::NotEnforced),
            seccomp: Err(seccompiler::Error::Prctl(io::Error::from_raw_os_error(libc::EINVAL)).into()),
        };
        let lines = none.missing();
        assert_eq!(lines[0], "Landlock: the kernel does not have it; resource limits hold all the same");
        assert!(lines[1].starts_with("seccomp: ") && lines.len() == 2, "{lines:?}");
        let (shut, ()) = shut_in_here(|| ());
        assert!(shut.missing().iter().all(|line| !line.starts_with("seccomp")), "{:?}", shut.missing());
    }
}
