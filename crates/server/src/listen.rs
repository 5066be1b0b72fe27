//! A listener: accepts, bounds and, at the end, drains connections.

use crate::cores::Cores;
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
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

/// Open connections of one listener.
const CONNECTIONS: usize = 4096;

/// How long open requests may take once the server stops. Longer than any run.
const DRAIN: Duration = Duration::from_secs(10);

/// Serves until `stop` says so, then waits for the requests that are under way.
pub(crate) async fn serve(listener: TcpListener, router: Router, cores: Arc<Cores>, mut stop: watch::Receiver<bool>) {
    let graceful = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS));
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
