//! When the server was made to fail on purpose: only then a call of a quiet tenant may fail.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// Why calls may fail for a while.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// The disk fails.
    Disk,
    /// The process is killed.
    Kill,
    /// The process is stopped and started again.
    Restart,
}

struct Window {
    purpose: Purpose,
    began: Instant,
    ended: Option<Instant>,
}

/// The windows of failures that were made, and the calls that failed in them.
#[derive(Default)]
pub struct Windows {
    windows: Mutex<Vec<Window>>,
    failed: Mutex<BTreeMap<Purpose, u64>>,
}

impl Windows {
    /// From now on calls may fail.
    pub fn open(&self, purpose: Purpose) {
        self.windows.lock().unwrap().push(Window { purpose, began: Instant::now(), ended: None });
    }

    /// From now on no call may fail.
    pub fn close(&self) {
        for window in self.windows.lock().unwrap().iter_mut().filter(|window| window.ended.is_none()) {
            window.ended = Some(Instant::now());
        }
    }

    /// Counts a call that was sent then and failed now; false where nothing was made to fail meanwhile.
    pub fn excuse(&self, sent: Instant) -> bool {
        let windows = self.windows.lock().unwrap();
        let excuse = windows.iter().rev().find(|window| window.ended.is_none_or(|ended| ended >= sent));
        let Some(excuse) = excuse else { return false };
        *self.failed.lock().unwrap().entry(excuse.purpose).or_default() += 1;
        true
    }

    /// How long calls might fail, and how many did, by what was done.
    pub fn summary(&self) -> (Duration, String) {
        let windows = self.windows.lock().unwrap();
        let length = |window: &Window| window.ended.unwrap_or_else(Instant::now) - window.began;
        let failed = self.failed.lock().unwrap();
        let of = |purpose: Purpose| {
            let these = windows.iter().filter(|window| window.purpose == purpose);
            let seconds = these.clone().map(length).sum::<Duration>().as_secs_f64();
            format!(
                "{} times {purpose:?} for {seconds:.1} s, {} calls failed in them",
                these.count(),
                failed.get(&purpose).copied().unwrap_or_default()
            )
        };
        let text = [Purpose::Disk, Purpose::Kill, Purpose::Restart].map(of).join("; ");
        (windows.iter().map(length).sum(), text)
    }
}
