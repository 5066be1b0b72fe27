//! The runs that are due on one core: they follow each other, so that each finds the engine's code in the caches.

use crate::bare::Bare;
use anyhow::{Context, Result};
use std::sync::{Mutex, PoisonError};
use tokio::sync::{Notify, oneshot};

/// The runs that wait on one core.
#[derive(Debug, Default)]
pub(crate) struct RunQueue {
    waiting: Mutex<Vec<oneshot::Sender<Result<()>>>>,
    due: Notify,
}

impl RunQueue {
    /// Waits until the core's task has made this run.
    pub(crate) async fn run(&self) -> Result<()> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(sender);
        self.due.notify_one();
        receiver.await.context("the core's queue ended")?
    }

    /// Makes the runs of this core, for as long as its runtime lives.
    pub(crate) async fn drain(&self, bare: &Bare) {
        loop {
            self.due.notified().await;
            // Requests that are ready already come first: their runs become due as well.
            tokio::task::yield_now().await;
            let due = std::mem::take(&mut *self.waiting.lock().unwrap_or_else(PoisonError::into_inner));
            // All runs come before the first answer is sent.
            let ran: Vec<_> = due.into_iter().map(|sender| (bare.run_limited(), sender)).collect();
            // A request that went away needs no answer.
            ran.into_iter().for_each(|(ran, sender)| drop(sender.send(ran)));
        }
    }
}
