//! Runs that are done when nothing else wants the processor: those of plugins that spent their budget lately.
//!
//! Slices alone do not keep such a plugin from others: between two of them its core is free, but a processor that computes all the time is
//! one that the system seldom gives to whoever wakes up. Threads that the system lets run only on an idle processor take nothing from anyone.

use postlude_model::run::Report;
use std::fmt;
use std::future::Future;
use std::panic::{AssertUnwindSafe, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use tokio::sync::oneshot;

/// What is spawned.
pub type BackgroundWork = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Spawns work on a thread that computes in the background.
type Spawn = Arc<dyn Fn(BackgroundWork) + Send + Sync>;

/// The threads that compute in the background, once there are some.
#[derive(Default)]
pub struct Background(OnceLock<Spawn>);

impl Background {
    /// Uses these threads from now on; false where there were some before.
    pub fn start(&self, spawn: Spawn) -> bool {
        self.0.set(spawn).is_ok()
    }

    /// Whether there are threads.
    pub fn is_there(&self) -> bool {
        self.0.get().is_some()
    }

    /// Does a run there. None where no thread took it, or it ended with the thread. Dropping the future ends the run.
    ///
    /// # Panics
    /// When the run does.
    pub async fn run(&self, run: impl Future<Output = Report> + Send + 'static) -> Option<Report> {
        use futures_util::FutureExt as _;
        let (mut sender, receiver) = oneshot::channel();
        let work = async move {
            let done = tokio::select! {
                biased;
                () = sender.closed() => return,
                done = AssertUnwindSafe(run).catch_unwind() => done,
            };
            // Whoever waited may be gone.
            let _ = sender.send(done);
        };
        self.0.get()?(Box::pin(work));
        Some(receiver.await.ok()?.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl fmt::Debug for Background {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Background").field(&self.is_there()).finish()
    }
}
