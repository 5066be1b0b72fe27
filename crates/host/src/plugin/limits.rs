//! What compiling one component may cost, each limit with the reason for its number.

use std::time::Duration;

/// Address space of a compiling process before it has read anything: the program itself, its libraries and its stack.
const BASE_MEMORY_BYTES: u64 = 512 << 20;
/// Address space per byte of the component. The largest component without WASI then has 1 GiB, the
/// largest of all 2.5: one function of 7.6 MB has been seen to take 6.5 GB, and ordinary plugins take less than the base.
const MEMORY_PER_BYTE: u64 = 64;
/// Processor time of the smallest component.
const BASE_CPU: Duration = Duration::from_secs(5);
/// Component bytes that buy one more second of processor time: the largest component without WASI has 37 seconds, the
/// largest of all 133. SpiderMonkey's 12 MB have been seen to take 25 in a build for debugging, on a busy machine.
const BYTES_PER_CPU_SECOND: u64 = 256 << 10;
/// Time by the wall clock before the processor time counts: a process may wait long for its turn on a busy machine, and
/// what burns instead of waiting ends by its processor time.
const BASE_DEADLINE: Duration = Duration::from_secs(60);
/// How much longer than its processor time a compilation may take on top of that: it runs at a low priority.
const PATIENCE: u32 = 6;
/// Bytes of machine code before the component's own share: an image has sections and tables whatever is in it.
const BASE_CODE_BYTES: u64 = 4 << 20;
/// Bytes of machine code per byte of the component; the plugins of this repository have 3.
const CODE_PER_BYTE: u64 = 8;
/// Bytes of a compiling process's standard error that are read; its reason is in the first lines.
pub(super) const STDERR_BYTES: u64 = 4096;
/// Files that a compiling process may have open: its three pipes, and what its libraries look into.
pub(super) const OPEN_FILES: u64 = 16;
/// How much a compiling process gives way once logins are served (nice, 0 to 19): it gets a third of what a login does where
/// both want the same processor. More, and it would not be done in time on a busy machine.
const NICENESS: u32 = 5;
/// Compiled files that are kept although the configuration does not name their plugins: for suspended logins of earlier
/// revisions, and for the way back to an earlier configuration.
pub(super) const UNNAMED_FILES: usize = 64;

/// What compiling one component may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Address space of the process, in bytes.
    pub(super) memory_bytes: u64,
    /// Processor time, whole seconds.
    pub(super) cpu: Duration,
    /// Time by the wall clock, from start to end.
    pub(super) deadline: Duration,
    /// Bytes of machine code.
    pub(super) code_bytes: u64,
    /// How much it gives way to other processes.
    pub(super) niceness: u32,
}

impl Limits {
    /// The limits of a component of this many bytes.
    pub(super) fn of(component: usize) -> Self {
        let size = u64::try_from(component).unwrap_or(u64::MAX);
        let cpu = BASE_CPU + Duration::from_secs(size / BYTES_PER_CPU_SECOND);
        Self {
            memory_bytes: BASE_MEMORY_BYTES.saturating_add(size.saturating_mul(MEMORY_PER_BYTE)),
            cpu,
            deadline: BASE_DEADLINE + cpu * PATIENCE,
            code_bytes: Self::code_bytes(size),
            niceness: 0,
        }
    }

    /// Lets the compilation give way to logins.
    pub(super) const fn giving_way(self) -> Self {
        Self { niceness: NICENESS, ..self }
    }

    const fn code_bytes(size: u64) -> u64 {
        BASE_CODE_BYTES.saturating_add(size.saturating_mul(CODE_PER_BYTE))
    }

    /// Bytes of machine code of the largest component.
    pub(super) const fn largest_code_bytes() -> u64 {
        Self::code_bytes(postlude_model::limits::CLOSED_WASI_COMPONENT_BYTES as u64)
    }
}

/// How many components compile at the same time: half of the processors, so that logins keep the others.
pub(super) fn at_once() -> usize {
    (processors() / 2).max(1)
}

/// How many plugins are read and authenticated at the same time.
pub(super) fn loads_at_once() -> usize {
    processors() * 2
}

fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A number of bytes as people write it.
pub(super) fn shown(bytes: u64) -> String {
    match bytes {
        _ if bytes >= 1 << 30 && bytes.is_multiple_of(1 << 30) => format!("{} GiB", bytes >> 30),
        _ => format!("{} MiB", bytes >> 20),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use postlude_model::limits::CLOSED_WASI_COMPONENT_BYTES;

    #[test]
    fn limits_grow_with_the_component_up_to_a_ceiling() {
        let (small, large) = (Limits::of(1000), Limits::of(CLOSED_WASI_COMPONENT_BYTES));
        assert_eq!((small.memory_bytes >> 20, small.cpu.as_secs(), small.deadline.as_secs()), (512, 5, 90));
        assert_eq!((large.memory_bytes >> 20, large.cpu.as_secs(), large.deadline.as_secs()), (2560, 133, 858));
        assert_eq!(large.code_bytes, Limits::largest_code_bytes());
        assert_eq!([1 << 30, 512 << 20, 3 << 29].map(shown), ["1 GiB", "512 MiB", "1536 MiB"]);
    }
}
