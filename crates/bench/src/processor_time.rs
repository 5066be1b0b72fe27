//! How much processor time a process has used, over all its threads.

use anyhow::{Context, Result};
use std::time::Duration;

/// How coarse the kernel's sum for a process is.
const TICK: Duration = Duration::from_millis(10);

/// What the kernel counted until a moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ProcessorTime {
    /// In user mode and in the kernel, threads that ended included, in ticks (proc_pid_stat(5), fields 14 and 15).
    all: Duration,
    /// The same to the nanosecond, of the threads that live (the first field of their `schedstat`).
    living: Duration,
}

impl ProcessorTime {
    /// Of the process with this number, or of `self`.
    pub(crate) fn of(process: &str) -> Result<Self> {
        let text = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name of the program stands in parentheses and may contain anything; field 3 follows it.
        let fields = text.rsplit_once(')').map(|(_, fields)| fields).context("no processor time in /proc")?;
        let ticks = fields.split_whitespace().skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
        let mut nanos = 0;
        for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
            // A thread that ended in between is in the other sum.
            let Ok(text) = std::fs::read_to_string(thread?.path().join("schedstat")) else { continue };
            nanos += text.split(' ').next().and_then(|word| word.parse::<u64>().ok()).unwrap_or_default();
        }
        Ok(Self { all: TICK * ticks, living: Duration::from_nanos(nanos) })
    }

    /// What was used since an earlier moment: to the nanosecond, unless threads ended in between.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let all = self.all.saturating_sub(earlier.all);
        let living = self.living.saturating_sub(earlier.living);
        // User mode and kernel are rounded each on its own, at both moments.
        if all.abs_diff(living) <= TICK * 4 { living } else { all }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_of_threads_that_ended_is_counted() {
        let before = ProcessorTime::of("self").unwrap();
        // By its own time, however little of the machine it gets.
        let own = || {
            let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
            text.split(' ').next().unwrap().parse().map(Duration::from_nanos).unwrap()
        };
        let busy = move || {
            while own() < Duration::from_millis(100) {
                std::hint::black_box((0_u64..10_000).sum::<u64>());
            }
        };
        std::thread::spawn(busy).join().unwrap();
        let used = ProcessorTime::of("self").unwrap().since(&before);
        // Other threads of the tests count as well; ticks are rounded.
        assert!(used > Duration::from_millis(60), "{used:?}");
    }

    #[test]
    fn the_precise_sum_counts_while_it_is_whole() {
        let at = |all, living| ProcessorTime { all: TICK * all, living: Duration::from_micros(living) };
        assert_eq!(at(12, 119_500).since(&at(2, 20_000)), Duration::from_micros(99_500));
        // A thread that had used 60 ms ended.
        assert_eq!(at(12, 59_500).since(&at(2, 20_000)), Duration::from_millis(100));
    }
}
