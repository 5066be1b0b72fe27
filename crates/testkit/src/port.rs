//! Ports for servers of tests.

use std::sync::atomic::{AtomicU64, Ordering};
use tokio::net::TcpListener;

/// A listener below the ephemeral ports (32,768 and up on Linux): a server that restarts on its port must not find it taken by
/// an outgoing connection of another program.
pub(crate) async fn free_port() -> TcpListener {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let start = u64::from(std::process::id()) * 97;
    for _ in 0..1000 {
        let port = 12_000 + (start + NEXT.fetch_add(1, Ordering::SeqCst)) % 20_000;
        if let Ok(listener) = TcpListener::bind(format!("127.0.0.1:{port}")).await {
            return listener;
        }
    }
    panic!("no free port among 1,000");
}
