//! The demo's time: that of the system, and some days more.

use postlude_host::Clock;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A day and a second: past the policy of the demo's factor.
pub(crate) const A_DAY_LATER: Duration = Duration::from_secs(24 * 3600 + 1);

/// One clock for Postlude, the IdP and the prompt site, which can be moved forward.
#[derive(Clone)]
pub(crate) struct DemoTime {
    clock: Clock,
    ahead_millis: Arc<AtomicU64>,
}

impl DemoTime {
    pub(crate) fn new() -> Self {
        let ahead_millis = Arc::new(AtomicU64::new(0));
        Self { clock: Clock::ahead(Arc::clone(&ahead_millis)), ahead_millis }
    }

    /// Takes up where kept data ended: the server's clock is never behind its store.
    pub(crate) fn catch_up(&self) {
        let ahead = self.clock.now().0.saturating_sub(Clock::system().now().0);
        self.ahead_millis.fetch_max(ahead, Ordering::SeqCst);
    }

    /// The clock.
    pub(crate) fn clock(&self) -> Clock {
        self.clock.clone()
    }

    /// Moves it forward.
    pub(crate) fn forward(&self, by: Duration) {
        self.ahead_millis.fetch_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// By how many whole hours it is ahead of the system's.
    pub(crate) fn hours_ahead(&self) -> u64 {
        self.ahead_millis.load(Ordering::SeqCst) / 1000 / 3600
    }
}
