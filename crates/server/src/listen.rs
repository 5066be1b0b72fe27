//! A listener: accepts, bounds and, at the end, drains connections.

use crate::cores::Cores;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustix::process::{Resource, getrlimit};
use socket2::SockRef;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// How long a client may take for its request's head: slower ones hold connections, not logins.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);

/// Bytes of a request's head.
const HEADER_BYTES: usize = 32 * 1024;

/// How long a client may take nothing of what was sent to it: slower ones hold an answer in memory. The kernel counts.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

/// Open connections of the API and the public routes together, where there are files for as many.
const CONNECTIONS: u64 = 8192;

/// Files that connections leave to the rest of the process: a quarter of what it may have, and at least this many, but never more than
/// half. The store holds open what it needs of them.
const RESERVE: u64 = 128;

/// Open connections of a listener for metrics alone.
const METRICS_CONNECTIONS: usize = 64;

/// The connections that listeners may have open together.
#[derive(Debug, Clone)]
pub(crate) struct Places(Arc<Semaphore>);

impl Places {
    /// As many as the process has files for.
    pub(crate) fn for_logins() -> Self {
        let files = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
        Self(Arc::new(Semaphore::new(connections(files))))
    }

    /// Those of a listener for metrics alone.
    pub(crate) fn for_metrics() -> Self {
        Self(Arc::new(Semaphore::new(METRICS_CONNECTIONS)))
    }
}

/// The connections of a process that may have so many files.
fn connections(files: u64) -> usize {
    let reserve = (files / 4).max(RESERVE).min(files / 2);
    usize::try_from(files.saturating_sub(reserve).min(CONNECTIONS)).unwrap_or(usize::MAX)
}

/// How long open requests may take once the server stops. Longer than any run.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until `stop` says so, then waits for the requests that are under way.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    cores: Arc<Cores>,
    Places(places): Places,
    mut stop: watch::Receiver<bool>,
) {
    let graceful = GracefulShutdown::new();
    loop {
        let place = tokio::select! {
            place = Arc::clone(&places).acquire_owned() => place,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.wait_for(|stop| *stop) => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(why) => {
                // Out of file descriptors, most likely: those in use will come back.
                tracing::warn!(cause = %why, "a connection was not accepted");
                tokio::time::sleep(Duration::from_millis(50)).await;
                continue;
            }
        };
        let _ = stream.set_nodelay(true);
        let _ = SockRef::from(&stream).set_tcp_user_timeout(Some(READ_TIMEOUT));
        let (router, watcher) = (router.clone(), graceful.watcher());
        let dealt = cores.serve(stream, async move |stream| {
            let _place = place;
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEADER_TIMEOUT)
                .max_buf_size(HEADER_BYTES)
                .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
            if let Err(why) = watcher.watch(connection).await {
                tracing::debug!(cause = %why, "a connection ended early");
            }
        });
        if let Err(why) = dealt {
            tracing::warn!(cause = %why, "a connection was not served");
        }
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, graceful.shutdown()).await.is_err() {
        tracing::warn!("connections were still open when the server stopped");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_files_to_the_rest() {
        let of = |files| (files, connections(files));
        assert_eq!(
            [of(64), of(256), of(1024), of(4096), of(1 << 20)],
            [(64, 32), (256, 128), (1024, 768), (4096, 3072), (1 << 20, 8192)]
        );
    }
}
