//! How long a call of a thread to the disk has been under way: a disk that hangs fails nothing by itself.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When a call to the disk counts as hanging: callers are refused, and it is told.
pub(crate) const HANGS: Duration = Duration::from_secs(5);

/// When a disk that hangs is given up, unless the operator says otherwise: the process must end for its supervisor.
pub const DISK_PATIENCE: Duration = Duration::from_secs(60);

/// The call of one thread.
#[derive(Debug)]
pub(crate) struct DiskWatch {
    began: Instant,
    /// When the call began, in milliseconds after `began`; zero: none is under way.
    since: AtomicU64,
}

impl Default for DiskWatch {
    fn default() -> Self {
        Self { began: Instant::now(), since: AtomicU64::new(0) }
    }
}

impl DiskWatch {
    /// Makes a call to the disk.
    pub(crate) fn call<T>(&self, call: impl FnOnce() -> T) -> T {
        self.since.store(self.millis().max(1), Ordering::Relaxed);
        let done = call();
        self.since.store(0, Ordering::Relaxed);
        done
    }

    /// Waits for something else within a call; the call is timed anew after it.
    pub(crate) fn pause<T>(&self, wait: impl FnOnce() -> T) -> T {
        self.since.store(0, Ordering::Relaxed);
        let waited = wait();
        self.since.store(self.millis().max(1), Ordering::Relaxed);
        waited
    }

    /// How long the call that is under way takes already.
    pub(crate) fn takes(&self) -> Duration {
        match self.since.load(Ordering::Relaxed) {
            0 => Duration::ZERO,
            since => Duration::from_millis(self.millis().saturating_sub(since)),
        }
    }

    /// What to tell of a disk that hangs.
    pub(crate) fn hangs(&self) -> Option<String> {
        let takes = self.takes();
        (takes >= HANGS).then(|| hanging(takes))
    }

    fn millis(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// The text about a disk that has not answered for so long.
pub(crate) fn hanging(takes: Duration) -> String {
    format!("the disk has not answered for {} seconds", takes.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_timed_while_it_is_under_way() {
        let watch = DiskWatch::default();
        assert_eq!(watch.takes(), Duration::ZERO);
        watch.call(|| {
            std::thread::sleep(Duration::from_millis(20));
            assert!(watch.takes() >= Duration::from_millis(15));
            assert_eq!(watch.hangs(), None);
        });
        assert_eq!(watch.takes(), Duration::ZERO);
    }
}
