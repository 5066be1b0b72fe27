//! The way from a route to the server's reload, which the server's own loop carries out.

use crate::config::Problem;
use crate::serve::ServeError;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Reloads that wait at most; more callers than that hear that the server is busy.
const WAITING: usize = 4;

/// How long a caller waits: longer than the slowest compilation of a pipeline's plugins.
const PATIENCE: Duration = Duration::from_secs(120);

/// Asks the server to reload.
#[derive(Debug, Clone)]
pub(crate) struct ReloadHandle(mpsc::Sender<Asked>);

/// Somebody waits for a reload.
#[derive(Debug)]
pub(crate) struct Asked(oneshot::Sender<Result<Vec<Problem>, ServeError>>);

impl ReloadHandle {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Asked>) {
        let (sender, asked) = mpsc::channel(WAITING);
        (Self(sender), asked)
    }

    /// Reloads: the warnings, or why the configuration was refused; none when nobody carried it out in time.
    pub(crate) async fn reload(&self) -> Option<Result<Vec<Problem>, ServeError>> {
        let (answer, answered) = oneshot::channel();
        self.0.try_send(Asked(answer)).ok()?;
        tokio::time::timeout(PATIENCE, answered).await.ok()?.ok()
    }
}

impl Asked {
    /// Tells what came of it. Who asked may be gone.
    pub(crate) fn answer(self, result: Result<Vec<Problem>, ServeError>) {
        match &result {
            Ok(_) => tracing::info!("reloaded"),
            Err(why) => tracing::error!(cause = %why, "reload refused; the configuration before it keeps serving"),
        }
        let _ = self.0.send(result);
    }
}
